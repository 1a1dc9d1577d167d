"""The loops of standardising where groups stand side by side: column g of (rows, groups), as in channels-last images.

All columns are summed at once, row by row. Where groups are few, several rows count as one long row, whose columns
are put together at the end: `shift` and the others then come repeated. A job is a block of rows, always the same
ones, whose sums have a place of their own, so that no number depends on how many threads there are. What is computed
is that of :mod:`.standardized_groups`.
"""

from __future__ import annotations

import numpy as np

from autograd_cnn.kernels.jit import jit
from autograd_cnn.kernels.layout import Floats

# A product and the sum that it goes into may be rounded once together: more accurate, and a constant stays one.
CONTRACT = frozenset({"contract"})


@jit
def sum_up(first: int, last: int, x: Floats, shift: Floats, step: int, means: Floats, squares: Floats) -> None:
    """Put each block's means, from the shift, and sums of squared differences from them into (blocks, groups)."""
    for block in range(first, last):
        begin, end = block * step, min((block + 1) * step, x.shape[0])
        mean, square = means[block], squares[block]
        mean[:], square[:] = 0.0, 0.0
        for n in range(begin, end):
            row = x[n]
            for g in range(row.size):
                mean[g] += np.float64(row[g]) - shift[g]
        for g in range(mean.size):
            mean[g] /= end - begin
        for n in range(begin, end):
            row = x[n]
            for g in range(row.size):
                difference = (np.float64(row[g]) - shift[g]) - mean[g]
                square[g] += difference * difference


@jit
def sum_up_products(
    first: int,
    last: int,
    upstream: Floats,
    x: Floats,
    shift: Floats,
    step: int,
    means: Floats,
    sent: Floats,
    products: Floats,
) -> None:
    """Put each block's mean of upstream, and its sum of upstream × (x − the block's mean), into (blocks, groups)."""
    for block in range(first, last):
        begin, end = block * step, min((block + 1) * step, x.shape[0])
        mean, own, product = means[block], sent[block], products[block]
        own[:], product[:] = 0.0, 0.0
        for n in range(begin, end):
            row, u = x[n], upstream[n]
            for g in range(row.size):
                own[g] += np.float64(u[g])
                product[g] += np.float64(u[g]) * ((np.float64(row[g]) - shift[g]) - mean[g])
        for g in range(own.size):
            own[g] /= end - begin


@jit
def put_together(counts: Floats, a: Floats, b: Floats, products: Floats, mean: Floats, total: Floats) -> None:
    """Put blocks together: the mean of all a, and the sum of all products of a's and b's differences from the means.

    ``a``, ``b`` and ``products`` are (blocks, groups): means of the blocks, and sums of products within them; a block
    has as many numbers of each group as ``counts`` says.
    """
    before, other = 0.0, np.zeros(mean.size)
    mean[:], total[:] = 0.0, 0.0
    for block in range(len(a)):
        share = counts[block] / (before + counts[block])
        for g in range(mean.size):
            apart, other_apart = a[block, g] - mean[g], b[block, g] - other[g]
            total[g] += products[block, g] + apart * other_apart * (before * share)
            mean[g] += apart * share
            other[g] += other_apart * share
        before += counts[block]


@jit(flags=CONTRACT)
def standardize_lanes(
    first: int,
    last: int,
    x: Floats,
    shift: Floats,
    step: int,
    offset: Floats,
    scale: Floats,
    base: Floats,
    y: Floats,
) -> None:
    """Standardise, stretch and shift each number of a block of rows."""
    for n in range(first * step, min(last * step, x.shape[0])):
        row, result = x[n], y[n]
        for g in range(row.size):
            result[g] = ((np.float64(row[g]) - shift[g]) - offset[g]) * scale[g] + base[g]


@jit(flags=CONTRACT)
def send_to_lanes(
    first: int,
    last: int,
    upstream: Floats,
    x: Floats,
    shift: Floats,
    step: int,
    offset: Floats,
    average: Floats,
    slope: Floats,
    scale: Floats,
    gradient: Floats,
) -> None:
    """Put the gradient of each number of a block of rows into an array."""
    for n in range(first * step, min(last * step, x.shape[0])):
        sent, row, result = upstream[n], x[n], gradient[n]
        for g in range(row.size):
            along = ((np.float64(row[g]) - shift[g]) - offset[g]) * slope[g]
            result[g] = ((np.float64(sent[g]) - average[g]) - along) * scale[g]
