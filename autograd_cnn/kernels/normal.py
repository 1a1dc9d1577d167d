"""The normal distribution's cumulative share, accurate in both tails.

Φ(x) = erfc(−x/√2)/2 keeps its relative accuracy far to the left, where (1 + erf(x/√2))/2 would cancel
to 0 already at −8.3. It is computed in float64 and rounded once to the dtype of the result. The rounded
x/√2 is off by up to 2⁻⁵³ of itself, which erfc magnifies by about x²: the relative error is at most
(x² + 4)·2⁻⁵².
"""

from __future__ import annotations

import math

import numpy as np

from autograd_cnn.kernels.jit import jit
from autograd_cnn.kernels.layout import Floats, floating_dtype, readable
from autograd_cnn.kernels.threads import share_out

# What a value costs, in multiply-adds.
ERROR_FUNCTION = 60


def normal_cdf(x: Floats) -> Floats:
    """Return the share of the standard normal distribution below each element of ``x``, of any shape."""
    dtype = floating_dtype("normal_cdf", x)
    y = np.empty(x.shape, dtype)
    share_out(_normal_cdf, x.size, x.size * ERROR_FUNCTION, readable(x, dtype).reshape(-1), y.reshape(-1))
    return y


@jit
def _normal_cdf(first: int, last: int, x: Floats, y: Floats) -> None:
    for i in range(first, last):
        y[i] = 0.5 * math.erfc(np.float64(x[i]) * -math.sqrt(0.5))
