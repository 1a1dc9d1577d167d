"""From the same weights, on the same images, our losses are PyTorch's: it needs the ``peers`` extra."""

import numpy as np
import pytest

from tests.benchmarks.networks import IMAGES
from tests.benchmarks.steps import OURS, training

pytest.importorskip("torch", reason="PyTorch is missing: pip install 'autograd-cnn[peers]'")


@pytest.mark.parametrize("name", IMAGES)
@pytest.mark.parametrize(("dtype", "tolerance"), [(np.float32, 1e-4), (np.float64, 1e-10)])
def test_losses_of_fifty_steps(name: str, dtype: type, tolerance: float) -> None:
    steps = training(name, dtype)
    count = 50 if name != "CIFAR ConvNet" else 15  # seconds, not minutes; the losses part early or not at all
    losses = [[steps[who]() for _ in range(count)] for who in (OURS, "PyTorch")]
    np.testing.assert_allclose(*losses, rtol=tolerance)
    assert losses[0][-1] < losses[0][0]
