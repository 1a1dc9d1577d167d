"""Whether all numbers are finite, without an array of answers."""

from __future__ import annotations

from autograd_cnn.kernels.jit import jit
from autograd_cnn.kernels.layout import Floats


@jit
def all_finite(numbers: Floats) -> bool:
    """Return whether no number of an array that `layout.readable` gave is infinite or NaN."""
    bad = 0
    for x in numbers.ravel():
        bad += x - x != 0
    return bad == 0
