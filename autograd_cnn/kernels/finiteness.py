"""Whether all numbers are finite, without an array of answers."""

from __future__ import annotations

from autograd_cnn.kernels.jit import jit
from autograd_cnn.kernels.layout import Floats


@jit
def all_finite(numbers: Floats) -> bool:
    """Return whether no number of an array that `layout.readable` gave is infinite or NaN."""
    flat = numbers.reshape(numbers.size)
    bad = 0
    for k in range(flat.size):
        bad += flat[k] - flat[k] != 0
    return bad == 0
