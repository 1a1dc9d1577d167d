"""What the first use costs, each in a fresh process: imports, and the first training step with and without a cache."""

from __future__ import annotations

import functools
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from tests.benchmarks.work import OURS, Measured, Step, Steps

_COMPILED = ", compiled"
_TIMED = """
import time
{before}
wall, process = time.perf_counter(), time.process_time()
{timed}
print(time.perf_counter() - wall, time.process_time() - process)
"""


def importing() -> Steps:
    """Import us; import NumPy."""
    return {
        OURS: lambda: _measure("import autograd_cnn"),
        "NumPy": lambda: _measure("import numpy"),
    }


def first_training(name: str, *, cold: bool) -> Steps:
    """Take the first training step of a process, with a warm or an empty cache of machine code."""
    cache = tempfile.TemporaryDirectory()

    def step() -> Measured:
        if not cold:
            return _first(name, cache.name)
        with tempfile.TemporaryDirectory() as empty:
            return _first(name, empty)

    if not cold:
        step()
    return {OURS: step}


def _first(name: str, cache: str) -> Measured:
    before = f"from tests.benchmarks.startup_steps import prepared; step = prepared({name!r})"
    return _measure("step()", before, NUMBA_CACHE_DIR=cache)


def prepared(name: str) -> Step:
    """Return a training step of the demo's network, or one of the benchmarks', that was not taken yet."""
    from tests.benchmarks.training_steps import our_compiled_training, our_training

    if name.endswith(_COMPILED):
        return our_compiled_training(name.removesuffix(_COMPILED))
    if name != "demo":
        return our_training(name)
    import numpy as np

    import autograd_cnn as ag
    from autograd_cnn import functional as F  # noqa: N812 - as everywhere
    from viz.demo import network

    model = network("relu", None, np.random.default_rng(0))
    return lambda: F.cross_entropy(model(ag.Tensor(np.ones((64, 1, 8, 8), np.float32))), np.zeros(64, int)).backward()


@functools.cache
def _bytecode() -> tempfile.TemporaryDirectory[str]:
    """Where Python keeps what it makes of sources: ours and everybody's, whatever was written at installation."""
    return tempfile.TemporaryDirectory()


def _measure(timed: str, before: str = "", **environment: str) -> Measured:
    program = _TIMED.format(before=before, timed=timed)
    environment |= {"AUTOGRAD_CNN_PROGRESS": "0", "PYTHONPATH": str(Path(__file__).parents[2])}
    environment |= {"PYTHONDONTWRITEBYTECODE": "", "PYTHONPYCACHEPREFIX": _bytecode().name}
    command = [sys.executable, "-c", program]
    run = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True, env=os.environ | environment)
    wall, process = map(float, run.stdout.split())
    return Measured(wall, process)
