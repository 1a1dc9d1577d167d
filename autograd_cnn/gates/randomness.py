"""Sources of random numbers: gates without inputs, so that what was drawn stands in the graph and its pictures.

A layer draws a mask, then multiplies: the multiply gate sends the gradient through what was kept. The draw is
told by a seed among the attributes: called with them again, a source gives the same numbers.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import DTypeLike

from autograd_cnn.registry import Value, gate


@gate("keep?")
def keep_mask(
    *, shape: tuple[int, ...], p: float, scale: float = 1.0, dtype: DTypeLike = np.float64, seed: int
) -> Value:
    """Source: 0 with probability p, `scale` otherwise, each number for itself. No gradient: a draw has no slope.

    Formula: 0 if random < p else scale
    """
    kept = np.random.default_rng(seed).random(shape) >= p
    return np.multiply(kept, scale, dtype=dtype)


@gate("noise")
def gaussian_noise(*, shape: tuple[int, ...], std: float = 1.0, dtype: DTypeLike = np.float64, seed: int) -> Value:
    """Source: normally distributed numbers of mean 0. No gradient: a draw has no slope.

    Formula: std · N(0, 1)
    """
    return np.multiply(np.random.default_rng(seed).standard_normal(shape), std).astype(dtype)
