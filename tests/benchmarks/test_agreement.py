"""From the same weights, on the same images, our losses are PyTorch's, step by step.

They are compared with losses of PyTorch that golden_losses.json keeps, and, where PyTorch is installed, with its own
at the benchmarks' full batches. float32 drifts apart by rounding alone: PyTorch's own losses in float32 are up to
3·10⁻⁶ from those in float64.
"""

from __future__ import annotations

import json
from contextlib import nullcontext
from functools import cache
from typing import Any

import numpy as np
import pytest

from autograd_cnn.kernels import forced
from tests.benchmarks.golden_losses import BATCHES, FILE, STEPS
from tests.benchmarks.networks import NETWORKS
from tests.benchmarks.training_steps import our_compiled_training, our_training, torch_training
from tests.benchmarks.work import has

TOLERANCES = {"float32": 1e-4, "float64": 1e-10}
CASES = [pytest.param(name, dtype, id=f"{name}, {dtype}") for name in NETWORKS for dtype in TOLERANCES]

WAYS = our_training, our_compiled_training


@cache
def golden() -> Any:
    return json.loads(FILE.read_text())["losses"]


@pytest.mark.parametrize("compiled", [False, True], ids=["eager", "compiled"])
@pytest.mark.parametrize("plain", [False, True], ids=["as planned", "plain loops"])
@pytest.mark.parametrize(("name", "dtype"), CASES)
def test_losses_of_fifty_steps_are_those_of_pytorch(name: str, dtype: str, plain: bool, compiled: bool) -> None:
    steps = 5 if plain and name == "CIFAR ConvNet" else STEPS  # seconds, not a minute
    with forced("plain") if plain else nullcontext():
        step = WAYS[compiled](name, np.dtype(dtype), BATCHES.get(name))
        losses = [step() for _ in range(steps)]
    np.testing.assert_allclose(losses, golden()[name][dtype][:steps], rtol=TOLERANCES[dtype])
    assert losses[-1] < losses[0]


@pytest.mark.skipif(not has("PyTorch"), reason="PyTorch is missing: pip install 'autograd-cnn[peers]'")
@pytest.mark.parametrize("compiled", [False, True], ids=["eager", "compiled"])
@pytest.mark.parametrize(("name", "dtype"), CASES)
def test_full_batches_beside_pytorch(name: str, dtype: str, compiled: bool) -> None:
    steps = [maker(name, np.dtype(dtype)) for maker in (WAYS[compiled], torch_training)]
    ours, theirs = ([step() for _ in range(STEPS)] for step in steps)
    np.testing.assert_allclose(ours, theirs, rtol=TOLERANCES[dtype])
