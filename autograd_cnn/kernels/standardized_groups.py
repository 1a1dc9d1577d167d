"""The loops of standardising where the numbers of a group stand side by side: ``x[:, g, :]`` of (outer, groups, inner).

Mean and variance are gathered in one walk over memory: the numbers of a block, which stays in the first-level cache,
are summed and then looked at again for their squared differences from the block's own mean, and blocks are put
together by the formulas of Chan, Golub and LeVeque (1979). Nothing cancels, as if the whole group were read twice.
"""

from __future__ import annotations

import math

import numpy as np

from autograd_cnn.kernels.jit import jit
from autograd_cnn.kernels.layout import Floats

# So many numbers are read twice: 16 KiB of float64.
BLOCK = 2048

# Sums may be taken in any order, and so in lanes, but not the differences in them, which are kernels of their own.
ANY_ORDER = frozenset({"reassoc"})

# A product and the sum that it goes into may be rounded once together: more accurate, and a constant stays one.
CONTRACT = frozenset({"contract"})


@jit
def _difference(number: float, shift: float, offset: float) -> float:
    """Return how far a number is from shift + offset."""
    return (np.float64(number) - shift) - offset


@jit
def _square(number: float, shift: float, offset: float) -> float:
    difference = (np.float64(number) - shift) - offset
    return difference * difference


@jit
def _product(factor: float, number: float, shift: float, offset: float) -> float:
    return np.float64(factor) * ((np.float64(number) - shift) - offset)


@jit(flags=ANY_ORDER)
def _sum(row: Floats, shift: float) -> float:
    total = 0.0
    for i in range(row.size):
        total += _difference(row[i], shift, 0.0)
    return total


@jit(flags=ANY_ORDER)
def _sum_of_squares(row: Floats, shift: float, offset: float) -> float:
    total = 0.0
    for i in range(row.size):
        total += _square(row[i], shift, offset)
    return total


@jit(flags=ANY_ORDER)
def _sum_of_products(sent: Floats, row: Floats, shift: float, offset: float) -> float:
    total = 0.0
    for i in range(row.size):
        total += _product(sent[i], row[i], shift, offset)
    return total


@jit
def _moments(x: Floats, g: int) -> tuple[float, float, float]:
    """Return (first number, mean − first number, variance) of a group; zeros for an empty one."""
    if x.shape[0] * x.shape[2] == 0:
        return 0.0, 0.0, 0.0
    shift, count, offset, squares = np.float64(x[0, g, 0]), 0.0, 0.0, 0.0
    for n in range(x.shape[0]):
        for start in range(0, x.shape[2], BLOCK):
            row = x[n, g, start : start + BLOCK]
            mean = _sum(row, shift) / row.size
            apart, total = mean - offset, count + row.size
            squares += _sum_of_squares(row, shift, mean) + apart * apart * (count * row.size / total)
            offset += apart * (row.size / total)
            count = total
    return shift, offset, squares / count


@jit
def _moments_with(upstream: Floats, x: Floats, g: int) -> tuple[float, float, float, float, float]:
    """Return the moments of a group, the mean of upstream, and the mean of upstream × (x − mean)."""
    if x.shape[0] * x.shape[2] == 0:
        return 0.0, 0.0, 0.0, 0.0, 0.0
    shift, count, offset, squares, sent_mean, products = np.float64(x[0, g, 0]), 0.0, 0.0, 0.0, 0.0, 0.0
    for n in range(x.shape[0]):
        for start in range(0, x.shape[2], BLOCK):
            row, sent = x[n, g, start : start + BLOCK], upstream[n, g, start : start + BLOCK]
            mean, own = _sum(row, shift) / row.size, _sum(sent, 0.0) / row.size
            apart, sent_apart, total = mean - offset, own - sent_mean, count + row.size
            squares += _sum_of_squares(row, shift, mean) + apart * apart * (count * row.size / total)
            products += _sum_of_products(sent, row, shift, mean) + sent_apart * apart * (count * row.size / total)
            offset += apart * (row.size / total)
            sent_mean += sent_apart * (row.size / total)
            count = total
    return shift, offset, squares / count, sent_mean, products / count


@jit(flags=CONTRACT)
def standardize_groups(
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
    """Standardise, stretch and shift each group; put its mean and variance into (groups,) arrays."""
    for g in range(first, last):
        shift, offset, spread = _moments(x, g)
        mean[g], variance[g] = shift + offset, spread
        scale, base = weight[g] / math.sqrt(spread + eps), bias[g]
        for n in range(x.shape[0]):
            row, result = x[n, g], y[n, g]
            for i in range(row.size):
                result[i] = _difference(row[i], shift, offset) * scale + base


@jit(flags=CONTRACT)
def send_to_groups(
    first: int, last: int, upstream: Floats, x: Floats, eps: float, gradient: Floats, of_weight: Floats
) -> None:
    """Put the gradient of the standardised numbers, and the sum of upstream times them, into two arrays.

    Either may be empty.
    """
    for g in range(first, last):
        shift, offset, spread, average, product = _moments_with(upstream, x, g)
        scale = 1.0 / math.sqrt(spread + eps)
        slope = product / (spread + eps)
        if of_weight.size:
            of_weight[g] = product * (x.shape[0] * x.shape[2]) * scale
        for n in range(gradient.shape[0]):
            sent, row, result = upstream[n, g], x[n, g], gradient[n, g]
            for i in range(row.size):
                along = _difference(row[i], shift, offset) * slope
                result[i] = ((np.float64(sent[i]) - average) - along) * scale
