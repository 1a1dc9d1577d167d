"""Numeric derivatives: the independent oracle of the gradient tests."""

from itertools import pairwise

import numpy as np


def central(f, x, step=1e-3):
    """Derivative of a scalar function at every element of `x`: central differences, extrapolated twice.

    Three step sizes, each half of the one before, cancel the errors of order h² and h⁴ (Richardson).
    """
    x = np.array(x, dtype=np.float64)
    result = np.zeros_like(x)
    for i in np.ndindex(x.shape):
        level = []
        for h in (step, step / 2, step / 4):
            up, down = x.copy(), x.copy()
            up[i] += h
            down[i] -= h
            level.append((f(up) - f(down)) / (up[i] - down[i]))
        first = [(4 * fine - coarse) / 3 for coarse, fine in pairwise(level)]
        result[i] = (16 * first[1] - first[0]) / 15
    return result


def relative_error(a, b, floor=1e-3):
    """Largest difference, relative to the largest entry (at least `floor`)."""
    a, b = np.asarray(a, np.float64), np.asarray(b, np.float64)
    assert a.shape == b.shape
    if a.size == 0:
        return 0.0
    return float(np.abs(a - b).max() / max(np.abs(a).max(), np.abs(b).max(), floor))
