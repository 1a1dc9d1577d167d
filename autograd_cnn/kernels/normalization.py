"""Standardising groups of numbers to mean 0 and variance 1, its gradient, and batch norm.

Arrays come as (outer, groups, inner): the numbers of one group are ``x[:, g, :]``. Batch norm's groups are
the channels of (N, C, H·W); layer, group and instance norm have one group per row of (1, rows, numbers).

Sums are formed in float64, of differences from the group's first number: float32 loses nothing, and a
constant group has differences, variance and output of exactly 0. Results are rounded once. Sums run in
``STRIP`` strands, which the processor adds side by side; 7 times faster than one after the other.
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
STRIP = 64

# Pieces of a group shorter than this are first brought together: (N, C) to (1, C, N).
SHORT = 16


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
    mean, variance = np.zeros(groups), np.zeros(groups)
    affine = readable(weight, np.float64), readable(bias, np.float64)
    rows = _gathered(x)
    y = np.empty(rows.shape, dtype)
    share_out(_standardize, groups, x.size * FORWARD, readable(rows, dtype), float(eps), *affine, y, mean, variance)
    return _as_before(y, x), mean, variance


def standardize_gradient(upstream: Floats, x: Floats, eps: float) -> Floats:
    """Return the gradient of `standardize` with respect to ``x``, all (outer, groups, inner)."""
    dtype = floating_dtype("standardize_gradient", upstream, x)
    arrays = readable(_gathered(upstream), dtype), readable(_gathered(x), dtype)
    gradient = np.empty(arrays[1].shape, dtype)
    share_out(_standardize_gradient, x.shape[1], x.size * BACKWARD, *arrays, float(eps), gradient)
    return _as_before(gradient, x)


def weight_gradient(upstream: Floats, x: Floats, eps: float) -> Floats:
    """Return the sum of ``upstream`` times the standardised ``x`` over each group, (groups,)."""
    dtype = floating_dtype("weight_gradient", upstream, x)
    gradient = np.empty(x.shape[1], dtype)
    arrays = readable(_gathered(upstream), dtype), readable(_gathered(x), dtype)
    share_out(_weight_gradient, x.shape[1], x.size * BACKWARD, *arrays, float(eps), gradient)
    return gradient


def _gathered(x: Floats) -> Floats:
    """Return the array with each group in one piece, where its pieces are too short to be summed in strips."""
    outer, groups, inner = x.shape
    return x if outer == 1 or inner >= SHORT else x.transpose(1, 0, 2).reshape(1, groups, outer * inner)


def _as_before(y: Floats, x: Floats) -> Floats:
    """Undo `_gathered`."""
    outer, groups, inner = x.shape
    if y.shape == x.shape:
        return y
    return np.ascontiguousarray(y.reshape(groups, outer, inner).transpose(1, 0, 2))


@jit
def _moments(x: Floats, g: int, strands: Floats) -> tuple[float, float, float]:
    """Return (first number, mean − first number, variance) of a group; zeros for an empty one."""
    count = x.shape[0] * x.shape[2]
    if count == 0:
        return 0.0, 0.0, 0.0
    shift = np.float64(x[0, g, 0])
    strands[:] = 0.0
    for n in range(x.shape[0]):
        for start in range(0, x.shape[2], STRIP):
            row = x[n, g, start : start + STRIP]
            for i in range(row.size):
                strands[i] += np.float64(row[i]) - shift
    offset = strands.sum() / count
    strands[:] = 0.0
    for n in range(x.shape[0]):
        for start in range(0, x.shape[2], STRIP):
            row = x[n, g, start : start + STRIP]
            for i in range(row.size):
                difference = (np.float64(row[i]) - shift) - offset
                strands[i] += difference * difference
    return shift, offset, strands.sum() / count


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
    strands = np.empty(STRIP)
    for g in range(first, last):
        shift, offset, spread = _moments(x, g, strands)
        mean[g], variance[g] = shift + offset, spread
        scale, base = weight[g] / math.sqrt(spread + eps), bias[g]
        for n in range(x.shape[0]):
            row, result = x[n, g], y[n, g]
            for i in range(row.size):
                result[i] = ((np.float64(row[i]) - shift) - offset) * scale + base


@jit
def _sums_of_upstream(
    upstream: Floats, x: Floats, g: int, shift: float, offset: float, strands: Floats, others: Floats
) -> tuple[float, float]:
    """Return the sums over a group of upstream, and of upstream × (x − mean)."""
    strands[:] = 0.0
    others[:] = 0.0
    for n in range(x.shape[0]):
        for start in range(0, x.shape[2], STRIP):
            sent, row = upstream[n, g, start : start + STRIP], x[n, g, start : start + STRIP]
            for i in range(row.size):
                strands[i] += np.float64(sent[i])
            for i in range(row.size):
                others[i] += np.float64(sent[i]) * ((np.float64(row[i]) - shift) - offset)
    return strands.sum(), others.sum()


@jit
def _standardize_gradient(first: int, last: int, upstream: Floats, x: Floats, eps: float, gradient: Floats) -> None:
    count = max(x.shape[0] * x.shape[2], 1)
    strands, others = np.empty(STRIP), np.empty(STRIP)
    for g in range(first, last):
        shift, offset, spread = _moments(x, g, strands)
        total, product = _sums_of_upstream(upstream, x, g, shift, offset, strands, others)
        scale = 1.0 / math.sqrt(spread + eps)
        average, slope = total / count, product / count / (spread + eps)
        for n in range(x.shape[0]):
            sent, row, result = upstream[n, g], x[n, g], gradient[n, g]
            for i in range(row.size):
                along = ((np.float64(row[i]) - shift) - offset) * slope
                result[i] = ((np.float64(sent[i]) - average) - along) * scale


@jit
def _weight_gradient(first: int, last: int, upstream: Floats, x: Floats, eps: float, gradient: Floats) -> None:
    strands, others = np.empty(STRIP), np.empty(STRIP)
    for g in range(first, last):
        shift, offset, spread = _moments(x, g, strands)
        _, product = _sums_of_upstream(upstream, x, g, shift, offset, strands, others)
        gradient[g] = product / math.sqrt(spread + eps)
