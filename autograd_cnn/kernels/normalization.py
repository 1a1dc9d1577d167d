"""Standardising groups of numbers to mean 0 and variance 1, its gradient, and batch norm.

Arrays come as (outer, groups, inner): the numbers of one group are ``x[:, g, :]``. Batch norm's groups are
the channels of (N, C, H·W); layer, group and instance norm have one group per row of (1, rows, numbers).

Sums are formed in float64, of differences from the group's first number: float32 loses nothing, and a
constant group has differences, variance and output of exactly 0. Results are rounded once.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from autograd_cnn.kernels.jit import jit
from autograd_cnn.kernels.layout import Floats, floating_dtype, readable
from autograd_cnn.kernels.threads import share_out

# What a number costs, in multiply-adds: the passes over it.
FORWARD, BACKWARD = 4, 8


def standardize(x: Floats, eps: float, weight: Floats | None = None, bias: Floats | None = None) -> Any:
    """Return ``(x − mean)/√(variance + eps)``, times weight plus bias, and each group's mean and variance.

    Parameters
    ----------
    x : ndarray
        (outer, groups, inner), float32 or float64.
    eps : float
        Added to the variance.
    weight, bias : ndarray, optional
        (groups,), 1 and 0 by default.

    Returns
    -------
    (outer, groups, inner) ndarray, (groups,) ndarray, (groups,) ndarray
        The variance is the mean squared difference from the mean; mean and variance are float64.
    """
    dtype = floating_dtype("standardize", x)
    groups = x.shape[1]
    weight = np.ones(groups) if weight is None else weight
    bias = np.zeros(groups) if bias is None else bias
    y, mean, variance = np.empty(x.shape, dtype), np.zeros(groups), np.zeros(groups)
    affine = readable(weight, np.float64), readable(bias, np.float64)
    share_out(_standardize, groups, x.size * FORWARD, readable(x, dtype), float(eps), *affine, y, mean, variance)
    return y, mean, variance


def standardize_gradient(upstream: Floats, x: Floats, eps: float) -> Floats:
    """Return the gradient of `standardize` with respect to ``x``, all (outer, groups, inner)."""
    dtype = floating_dtype("standardize_gradient", upstream, x)
    gradient = np.empty(x.shape, dtype)
    arrays = readable(upstream, dtype), readable(x, dtype)
    share_out(_standardize_gradient, x.shape[1], x.size * BACKWARD, *arrays, float(eps), gradient)
    return gradient


def weight_gradient(upstream: Floats, x: Floats, eps: float) -> Floats:
    """Return the sum of ``upstream`` times the standardised ``x`` over each group, (groups,)."""
    dtype = floating_dtype("weight_gradient", upstream, x)
    gradient = np.empty(x.shape[1], dtype)
    arrays = readable(upstream, dtype), readable(x, dtype)
    share_out(_weight_gradient, x.shape[1], x.size * BACKWARD, *arrays, float(eps), gradient)
    return gradient


@jit
def _sum_of_differences(row: Floats, shift: float) -> float:
    """Sum in four strands, which the processor adds up side by side."""
    a = b = c = d = 0.0
    whole = row.size - row.size % 4
    for i in range(0, whole, 4):
        a += np.float64(row[i]) - shift
        b += np.float64(row[i + 1]) - shift
        c += np.float64(row[i + 2]) - shift
        d += np.float64(row[i + 3]) - shift
    for i in range(whole, row.size):
        a += np.float64(row[i]) - shift
    return (a + b) + (c + d)


@jit
def _sum_of_squares(row: Floats, shift: float, offset: float) -> float:
    a = b = c = d = 0.0
    whole = row.size - row.size % 4
    for i in range(0, whole, 4):
        a += ((np.float64(row[i]) - shift) - offset) ** 2
        b += ((np.float64(row[i + 1]) - shift) - offset) ** 2
        c += ((np.float64(row[i + 2]) - shift) - offset) ** 2
        d += ((np.float64(row[i + 3]) - shift) - offset) ** 2
    for i in range(whole, row.size):
        a += ((np.float64(row[i]) - shift) - offset) ** 2
    return (a + b) + (c + d)


@jit
def _moments(x: Floats, g: int) -> tuple[float, float, float]:
    """Return (first number, mean − first number, variance) of a group; zeros for an empty one."""
    count = x.shape[0] * x.shape[2]
    if count == 0:
        return 0.0, 0.0, 0.0
    shift = np.float64(x[0, g, 0])
    total = 0.0
    for n in range(x.shape[0]):
        total += _sum_of_differences(x[n, g], shift)
    offset = total / count
    squares = 0.0
    for n in range(x.shape[0]):
        squares += _sum_of_squares(x[n, g], shift, offset)
    return shift, offset, squares / count


@jit
def _standardize(
    first: int,
    last: int,
    x: Floats,
    eps: float,
    weight: Floats,
    bias: Floats,
    y: Floats,
    mean: Floats,
    variance: Floats,
) -> None:
    for g in range(first, last):
        shift, offset, spread = _moments(x, g)
        mean[g], variance[g] = shift + offset, spread
        scale, base = weight[g] / math.sqrt(spread + eps), bias[g]
        for n in range(x.shape[0]):
            row, result = x[n, g], y[n, g]
            for i in range(row.size):
                result[i] = ((np.float64(row[i]) - shift) - offset) * scale + base


@jit
def _sums_of_upstream(upstream: Floats, x: Floats, g: int, shift: float, offset: float) -> tuple[float, float]:
    """Return the sums over a group of upstream, and of upstream × (x − mean)."""
    total = product = 0.0
    for n in range(x.shape[0]):
        sent, row = upstream[n, g], x[n, g]
        a = b = c = d = 0.0
        whole = row.size - row.size % 2
        for i in range(0, whole, 2):
            u, v = np.float64(sent[i]), np.float64(sent[i + 1])
            a += u
            b += v
            c += u * ((np.float64(row[i]) - shift) - offset)
            d += v * ((np.float64(row[i + 1]) - shift) - offset)
        for i in range(whole, row.size):
            a += np.float64(sent[i])
            c += np.float64(sent[i]) * ((np.float64(row[i]) - shift) - offset)
        total += a + b
        product += c + d
    return total, product


@jit
def _standardize_gradient(first: int, last: int, upstream: Floats, x: Floats, eps: float, gradient: Floats) -> None:
    count = max(x.shape[0] * x.shape[2], 1)
    for g in range(first, last):
        shift, offset, spread = _moments(x, g)
        total, product = _sums_of_upstream(upstream, x, g, shift, offset)
        scale = 1.0 / math.sqrt(spread + eps)
        average, slope = total / count, product / count / (spread + eps)
        for n in range(x.shape[0]):
            sent, row, result = upstream[n, g], x[n, g], gradient[n, g]
            for i in range(row.size):
                along = ((np.float64(row[i]) - shift) - offset) * slope
                result[i] = ((np.float64(sent[i]) - average) - along) * scale


@jit
def _weight_gradient(first: int, last: int, upstream: Floats, x: Floats, eps: float, gradient: Floats) -> None:
    for g in range(first, last):
        shift, offset, spread = _moments(x, g)
        _, product = _sums_of_upstream(upstream, x, g, shift, offset)
        gradient[g] = product / math.sqrt(spread + eps)
