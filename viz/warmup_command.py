"""``autograd-cnn warmup``: compile the kernels now, so that no training waits for them later."""

from __future__ import annotations

import importlib
import os
import pkgutil
import time
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import DTypeLike

import autograd_cnn as ag
from autograd_cnn import functional, kernels, nn
from autograd_cnn.health.wording import counted
from autograd_cnn.kernels.compiles import watched
from autograd_cnn.kernels.jit import cached_files, config
from viz.compile_lines import Lines
from viz.errors import SaveError


def warmup(*, float64: bool) -> None:
    """Compile and cache what the networks of the demo, LeNet-5 and a CIFAR net need; tell how long it took.

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
    print(f"{counted(lines.count, 'kernel')} compiled, the rest loaded from the cache; {seconds:.1f} s in all")
    _tell_of_the_cache()


def networks(dtype: DTypeLike) -> list[tuple[nn.Module, tuple[int, ...]]]:
    """Return the networks of the demo, LeNet-5, a CIFAR net and one with other layers, and shapes of their images.

    Most kernels are compiled for a dtype alone. Which algorithm a convolution takes, and the size of its tiles, depend
    on channels and batch: they are those of the real networks, so that the first training finds all it needs.
    """
    convolution, linear = partial(nn.Conv2d, dtype=dtype), partial(nn.Linear, dtype=dtype)
    demo: list[nn.Module] = [convolution(1, 8, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2)]
    demo += [convolution(8, 16, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2), convolution(16, 32, 3, padding=1), nn.ReLU()]
    demo += [convolution(32, 32, 3, padding=1), nn.ReLU(), nn.Flatten(), linear(128, 10)]
    lenet: list[nn.Module] = [convolution(1, 6, 5, padding=2), nn.ReLU(), nn.MaxPool2d(2)]
    lenet += [convolution(6, 16, 5), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten()]
    lenet += [linear(400, 120), nn.ReLU(), linear(120, 84), nn.ReLU(), linear(84, 10)]
    cifar: list[nn.Module] = []
    for before, after in ((3, 32), (32, 64), (64, 128)):
        cifar += [convolution(before, after, 3, padding=1), nn.ReLU()]
        cifar += [convolution(after, after, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2)]
    cifar += [nn.Flatten(), linear(2048, 10)]
    others: list[nn.Module] = [convolution(3, 8, 3, stride=2, padding=1, fit="floor"), nn.BatchNorm2d(8, dtype=dtype)]
    others += [convolution(8, 32, 3, padding=1), nn.BatchNorm2d(32, dtype=dtype)]  # of images that lie otherwise
    others += [nn.Tanh(), nn.AvgPool2d(2), nn.Flatten(), linear(512, 10)]
    shapes = ((64, 1, 8, 8), (64, 1, 28, 28), (64, 3, 32, 32), (64, 3, 16, 16))
    return [(nn.Sequential(*layers), shape) for layers, shape in zip((demo, lenet, cifar, others), shapes, strict=True)]


def _use(network: nn.Module, shape: tuple[int, ...], dtype: DTypeLike) -> None:
    """Do one step of training, gate by gate and compiled, and one prediction."""
    images, labels = ag.Tensor(np.zeros(shape, dtype), requires_grad=True), np.zeros(shape[0], int)
    functional.cross_entropy(network(images), labels).backward()
    loss = ag.compile(lambda x, y: functional.cross_entropy(network(x), y))
    loss(images.value, labels).backward()
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
