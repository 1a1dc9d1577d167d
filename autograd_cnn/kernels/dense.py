"""Bias and ReLU in one walk over memory, forwards and back: what follows the product of a layer.

Memory is a matrix. Either its columns are the units of the layer, as in a fully connected one and in images that lie
channels last, or each row belongs to one unit: rows 0, C, 2C ... to the first one of C, as planes of images do.

Gradients of biases are added up in float64, block by block of rows; the blocks are always the same, so that no sum
depends on the number of threads.
"""

from __future__ import annotations

import numpy as np

from autograd_cnn.kernels.jit import jit
from autograd_cnn.kernels.layout import Floats

BLOCKS = 16
"""So many blocks share the rows of a large matrix."""


def blocks_of(y: Floats) -> int:
    """Return into how many blocks the rows of a matrix are cut."""
    return min(BLOCKS, len(y)) if y.size > 1 << 15 else 1


@jit
def add_to_columns(first: int, last: int, y: Floats, bias: Floats, relu: bool) -> None:
    """Add a bias to every column, and keep what is above 0 where `relu` says so; NaN stays. A job is a row."""
    zero = y.dtype.type(0)
    for n in range(first, last):
        row = y[n]
        if relu:
            for k in range(row.size):
                a = row[k] + bias[k]
                row[k] = zero if a <= zero else a
        else:
            for k in range(row.size):
                row[k] += bias[k]


@jit
def add_to_rows(first: int, last: int, y: Floats, bias: Floats, relu: bool) -> None:
    """Do the same where row n has the bias n modulo C."""
    zero = y.dtype.type(0)
    for n in range(first, last):
        row, own = y[n], bias[n % bias.size]
        if relu:
            for k in range(row.size):
                a = row[k] + own
                row[k] = zero if a <= zero else a
        else:
            for k in range(row.size):
                row[k] += own


@jit
def send_by_columns(
    first: int, last: int, upstream: Floats, y: Floats, relu: bool, gradient: Floats, sums: Floats
) -> None:
    """Put into `gradient` the upstream gradient, where `relu` says so 0 where y is; add up its columns.

    A job is one of the blocks of rows, and has a row of its own in `sums`, of float64.
    """
    zero = gradient.dtype.type(0)
    for block in range(first, last):
        total = sums[block]
        for k in range(total.size):
            total[k] = 0.0
        for n in range(block * len(y) // len(sums), (block + 1) * len(y) // len(sums)):
            row, sent, out = upstream[n], y[n], gradient[n]
            if relu:
                for k in range(row.size):
                    out[k] = zero if sent[k] <= zero else row[k]
            else:
                for k in range(row.size):
                    out[k] = row[k]
            for k in range(row.size):
                total[k] += np.float64(out[k])


@jit
def send_by_rows(
    first: int, last: int, upstream: Floats, y: Floats, relu: bool, gradient: Floats, sums: Floats
) -> None:
    """Do the same where every row is added up, into as many sums in turn as `sums` has for it. A job is a row."""
    zero = gradient.dtype.type(0)
    for n in range(first, last):
        row, sent, out, total = upstream[n], y[n], gradient[n], sums[n]
        for k in range(total.size):
            total[k] = 0.0
        if relu:
            for k in range(row.size):
                out[k] = zero if sent[k] <= zero else row[k]
        else:
            for k in range(row.size):
                out[k] = row[k]
        for begin in range(0, row.size, total.size):
            some = out[begin : begin + total.size]
            for k in range(some.size):
                total[k] += np.float64(some[k])
