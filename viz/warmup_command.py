"""``autograd-cnn warmup``: compile the kernels now, so that no training waits for them later."""

from __future__ import annotations

import importlib
import os
import pkgutil
import time
from pathlib import Path

import numpy as np
from numpy.typing import DTypeLike

import autograd_cnn as ag
from autograd_cnn import functional, kernels, nn
from autograd_cnn.kernels.compiles import watched
from autograd_cnn.kernels.jit import cached_files, config
from viz.compile_lines import Lines
from viz.errors import SaveError


def warmup(*, float64: bool) -> None:
    """Compile and cache what the networks of the demo, LeNet-5 and a small CIFAR net need; tell how long it took.

    Parameters
    ----------
    float64 : bool
        For this dtype too, not for float32 alone.
    """
    if config.DISABLE_JIT:
        print("nothing to compile: NUMBA_DISABLE_JIT is set, so kernels run as plain Python")
        return
    lines, start = Lines(), time.perf_counter()
    with watched(lines):
        for dtype in ("float32", "float64") if float64 else ("float32",):
            print(f"kernels for {dtype}:", flush=True)
            before = lines.count
            for network, shape in networks(dtype):
                _use(network, shape, dtype)
            if lines.count == before:
                print("  all in the cache already")
    seconds = time.perf_counter() - start
    print(f"{lines.count} kernels compiled, the rest loaded from the cache; {seconds:.1f} s in all")
    _tell_of_the_cache()


def networks(dtype: DTypeLike) -> list[tuple[nn.Module, tuple[int, ...]]]:
    """Return small networks with the layers of LeNet-5 (and the demo), and of a CIFAR net, and their input shapes.

    Kernels are compiled for a dtype and serve every size of window, image and batch.
    """
    lenet = [nn.Conv2d(1, 4, 5, dtype=dtype), nn.Tanh(), nn.MaxPool2d(2), nn.Flatten(), nn.Linear(16, 10, dtype=dtype)]
    cifar = [
        nn.Conv2d(3, 4, 3, padding=1, dtype=dtype),
        nn.BatchNorm2d(4, dtype=dtype),
        nn.ReLU(),
        nn.AvgPool2d(2),
        nn.Flatten(),
        nn.Linear(64, 10, dtype=dtype),
    ]
    return [(nn.Sequential(*lenet), (1, 8, 8)), (nn.Sequential(*cifar), (3, 8, 8))]


def _use(network: nn.Module, shape: tuple[int, ...], dtype: DTypeLike) -> None:
    """Do one step of training and one prediction."""
    images = ag.Tensor(np.zeros((2, *shape), dtype), requires_grad=True)
    functional.cross_entropy(network(images), np.array([0, 1])).backward()
    with ag.no_grad():
        functional.softmax(network.eval()(images), dim=1)


def clear() -> None:
    """Delete all cached machine code of the kernels.

    Raises
    ------
    SaveError
        When a file cannot be deleted.
    """
    for module in pkgutil.iter_modules(kernels.__path__):  # kernels are known when their file has been imported
        importlib.import_module(f"{kernels.__name__}.{module.name}")
    found = cached_files()
    for folder, files in found.items():
        for file in files:
            try:
                file.unlink(missing_ok=True)
            except OSError as error:
                raise SaveError(f"{file}: {error.strerror}; it cannot be deleted") from None
        print(f"{len(files)} files deleted from {_short(folder)}")
    if not found:
        print("there is no cache to clear")


def _tell_of_the_cache() -> None:
    found = cached_files()
    for folder, files in found.items():
        size = sum(file.stat().st_size for file in files)
        print(f"cache: {_short(folder)} ({len(files)} files, {size / 1e6:.1f} MB)")
    if found:
        print("to clear it: autograd-cnn warmup --clear")
    else:
        print("no cache: no folder can be written to; set NUMBA_CACHE_DIR to one that can")


def _short(folder: Path) -> str:
    return os.path.relpath(folder) if folder.is_relative_to(Path.cwd()) else str(folder)
