"""``autograd-cnn warmup``: what it says, what it caches, and that nothing is left to compile for a network."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from autograd_cnn.health.wording import counted


@pytest.fixture
def run(tmp_path):
    """Run a program with a cache of its own."""
    environment = {k: v for k, v in os.environ.items() if k != "NUMBA_DISABLE_JIT"}
    environment |= {"NUMBA_CACHE_DIR": str(tmp_path / "cache"), "AUTOGRAD_CNN_PROGRESS": "0"}

    def run(*arguments, **more):
        return subprocess.run(
            [sys.executable, "-W", "error", *arguments],
            capture_output=True,
            text=True,
            check=False,
            cwd=tmp_path,
            env=environment | more,
        )

    return run


MACHINE_CODE = """
import numpy as np
import autograd_cnn as ag
from autograd_cnn import functional as F, nn
from autograd_cnn.kernels.compiles import announced, name
from viz.demo import network
from viz.warmup_command import warmup

def loaded():
    code = set()
    for kernel in announced():
        if hasattr(kernel, "signatures"):
            code |= {(name(kernel), str(signature)) for signature in kernel.signatures}
        else:  # called by its address: what it was made for stands in its closure
            closure = kernel.py_func.__closure__
            code.add((name(kernel), *(str(cell.cell_contents) for cell in closure)))
    return code

warmup(float64=False)
ready = loaded()
assert len(ready) > 5
digits = network("relu", None, np.random.default_rng(0)), (1, 8, 8)
lenet = nn.Sequential(
    nn.Conv2d(1, 6, 5, padding=2), nn.Tanh(), nn.AvgPool2d(2), nn.Conv2d(6, 16, 5), nn.ReLU(), nn.MaxPool2d(2),
    nn.Flatten(), nn.Linear(400, 84), nn.Linear(84, 10),
), (1, 28, 28)
cifar = nn.Sequential(
    nn.Conv2d(3, 32, 3, padding=1), nn.BatchNorm2d(32), nn.ReLU(), nn.Conv2d(32, 32, 3, padding=1), nn.MaxPool2d(2),
    nn.Conv2d(32, 64, 3, padding=1), nn.ReLU(), nn.Flatten(), nn.Linear(16384, 10),
), (3, 32, 32)
for model, shape in (digits, lenet, cifar):
    images = ag.Tensor(np.ones((64, *shape), np.float32), requires_grad=True)
    labels = np.zeros(64, int)
    F.cross_entropy(model(images), labels).backward()
    ag.compile(lambda x, y: F.cross_entropy(model(x), y))(images.value, labels).backward()
    ag.softmax(model.eval()(images), axis=1)
print(*(loaded() - ready), sep="\\n", end="")
"""


def test_after_it_nothing_is_left_to_compile(run):
    """The machine code that networks load is among what it loaded or compiled; its cache is that of all tests."""
    environment = {"NUMBA_CACHE_DIR": os.environ.get("NUMBA_CACHE_DIR", "")}
    finished = run("-c", MACHINE_CODE, PYTHONPATH=str(Path(__file__).parents[2]), **environment)
    assert (finished.returncode, finished.stderr) == (0, "")
    _, left = finished.stdout.split("to clear it: autograd-cnn warmup --clear\n")
    assert left == ""


ONE_KERNEL = """
import sys
import numpy as np
from autograd_cnn import kernels
from viz import warmup_command
from viz.cli import main
warmup_command.networks = lambda dtype: [(None, (2, 4))]
warmup_command._use = lambda network, shape, dtype: kernels.log_softmax(np.zeros(shape, dtype))
sys.exit(main(sys.argv[1:]))
"""


def test_what_it_compiles_is_told_cached_and_cleared(run, tmp_path):
    """A single kernel, in a cache of its own."""
    first = run("-c", ONE_KERNEL, "warmup")
    assert (first.returncode, first.stderr) == (0, "")
    lines = first.stdout.splitlines()
    assert lines[0] == "kernels for float32:"
    compiled = [line for line in lines if line.startswith("  ")]
    assert any(line.startswith("  softmax.log_softmax ") for line in compiled)
    assert all(line.endswith(" s") for line in compiled)
    assert lines[-3].startswith(f"{counted(len(compiled), 'kernel')} compiled, the rest loaded from the cache;")
    assert lines[-2].startswith("cache: cache")
    assert lines[-1] == "to clear it: autograd-cnn warmup --clear"

    second = run("-c", ONE_KERNEL, "warmup").stdout.splitlines()
    assert second[1] == "  all in the cache already"
    assert second[2].startswith("0 kernels compiled")

    files = {*(tmp_path / "cache").rglob("*.nb[ic]")}
    assert files
    cleared = run("-m", "viz", "warmup", "--clear")
    assert cleared.stdout.startswith(f"{len(files)} files deleted from cache")
    assert not any(file.exists() for file in files)


def test_without_jit_there_is_nothing_to_do(run):
    assert "NUMBA_DISABLE_JIT is set" in run("-m", "viz", "warmup", NUMBA_DISABLE_JIT="1").stdout
    assert run("-m", "viz", "warmup", "--clear", NUMBA_DISABLE_JIT="1").stdout == "there is no cache to clear\n"


def test_float64_comes_on_request(monkeypatch, capsys):
    """In this process, whose kernels are compiled or cached already."""
    from viz import warmup_command
    from viz.cli import main

    used = []
    monkeypatch.setattr(warmup_command, "_use", lambda network, shape, dtype: used.append(dtype))
    monkeypatch.setattr(warmup_command.config, "DISABLE_JIT", 0)
    assert main(["warmup"]) == 0
    assert {*used} == {"float32"}
    assert main(["warmup", "--float64"]) == 0
    assert {*used} == {"float32", "float64"}
    assert "kernels for float64:" in capsys.readouterr().out


@pytest.mark.parametrize("compiled", [0, 1, 3])
def test_one_line_for_all_kernels_of_the_demo_and_none_where_all_are_cached(compiled, capsys):
    from autograd_cnn.kernels import compiles
    from viz.compile_lines import one_line

    with one_line():
        for kernel in range(compiled):
            compiles._announcer.watcher.begun(f"kernel {kernel}")
            compiles._announcer.watcher.ended(f"kernel {kernel}", 1.0)
    printed = capsys.readouterr().out
    assert printed.count("Compiling kernels (once; later runs load them from the cache) ...") == (compiled > 0)
    assert printed.count("\n") == (compiled > 0)
