"""Counting what the numbers of a layer come to while they are still in cache: sums of squares, unit by unit.

Before bias and ReLU are written over a product it is counted what they will make of it, and on the way back what comes
out of the ReLU and what went into it: arrays that a fused layer does not have, or not for long.

Memory is a matrix, as in :mod:`.dense`: either its columns are units, or row n belongs to unit n modulo C. A job is one
of the blocks of rows that share the matrix, or a row. The numbers of a job are walked as rows of ``sums.shape[2]``
numbers, each column of which has sums of its own, ``sums[job, part]``; `fold` adds up those of each unit. Four numbers
are added before they are put to a sum, and places in memory are unsigned: numba then has no test of a count from the
end.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from autograd_cnn.kernels.jit import jit
from autograd_cnn.kernels.layout import Floats

Sums = NDArray[np.float64]
Place = np.uintp

LANES = 64
"""So many sums at least fill the lanes of vectors, and hide how long one addition takes."""

AT_ONCE = 1024
"""Columns walked in one go: their sums stay in cache. LLVM must see how far apart the two sums of a column are."""

ROWS = 32
"""After so many rows sums of float32 numbers are put to those of float64: they err by less than a millionth."""


def strands(units: int, by_columns: bool) -> int:
    """Return as how long rows the numbers of a job are walked: whole rows of units, if columns are units."""
    return units * max(1, LANES // units) if by_columns else LANES


@jit
def count_products(first: int, last: int, y: Floats, bias: Floats, by_columns: bool, one: Any, sums: Sums) -> None:
    """Add up the squares of y + bias, and of those among them that a ReLU lets pass: all that are not ≤ 0.

    ``one`` is 1 in the precision of the squares: float64, or that of y, which is twice as fast; squares of float32
    numbers below 10⁻¹⁹ vanish, and beyond 10¹⁹ are infinite.
    """
    numbers, columns = y.reshape(-1), y.shape[1]
    own, near = np.empty(sums.shape[2], y.dtype), np.empty(2 * AT_ONCE, np.array([one]).dtype)
    for job in range(first, last):
        for k in range(own.size):
            own[k] = bias[k % bias.size] if by_columns else bias[job % bias.size]
        sums[job, :2] = 0.0
        begin, end = job * len(y) // len(sums) * columns, (job + 1) * len(y) // len(sums) * columns
        for column in range(0, own.size, AT_ONCE):
            _walk(numbers, begin + column, end, own, column, one, near, sums[job])


@jit
def _walk(numbers: Floats, begin: int, end: int, bias: Floats, column: int, one: Any, near: Floats, sums: Sums) -> None:
    """Put some columns, from this one on, to their sums, by way of sums near at hand."""
    apart, width = Place(bias.size), Place(min(AT_ONCE, bias.size - column))
    here, stop, own = Place(begin), Place(end), bias[column:]
    zero = one - one
    while here < stop:
        near[:] = zero
        for _ in range(ROWS // 4):
            b, c, d = here + apart, here + apart + apart, here + apart + apart + apart
            if d + width > stop:
                break
            for k in range(width):
                p, q = one * (numbers[here + k] + own[k]), one * (numbers[b + k] + own[k])
                r, s = one * (numbers[c + k] + own[k]), one * (numbers[d + k] + own[k])
                near[k] += (p * p + q * q) + (r * r + s * s)
                p, q = zero if p <= zero else p, zero if q <= zero else q
                r, s = zero if r <= zero else r, zero if s <= zero else s
                near[k + AT_ONCE] += (p * p + q * q) + (r * r + s * s)
            here = d + apart
        while here < stop and here + apart + apart + apart + width > stop:
            for k in range(min(width, stop - here)):
                p = one * (numbers[here + k] + own[k])
                near[k] += p * p
                p = zero if p <= zero else p
                near[k + AT_ONCE] += p * p
            here += apart
        for k in range(width):
            sums[0, column + k] += np.float64(near[k])
            sums[1, column + k] += np.float64(near[k + AT_ONCE])


@jit
def count_squares(first: int, last: int, y: Floats, part: int, sums: Sums) -> None:
    """Add up the squares of numbers, in float64, as one part of the sums."""
    columns, numbers = y.shape[1], y.reshape(-1)
    for job in range(first, last):
        begin, end = job * len(y) // len(sums) * columns, (job + 1) * len(y) // len(sums) * columns
        goal = sums[job, part]
        goal[:] = 0.0
        _square(numbers, Place(begin), Place(end), goal)


@jit
def _square(numbers: Floats, here: Any, stop: Any, sums: Sums) -> None:
    """Put the squares of numbers to the sums of their columns."""
    width = Place(sums.size)
    while here + Place(4) * width <= stop:
        b, c, d = here + width, here + width + width, here + width + width + width
        for k in range(width):
            p, q = np.float64(numbers[here + k]), np.float64(numbers[b + k])
            r, s = np.float64(numbers[c + k]), np.float64(numbers[d + k])
            sums[k] += (p * p + q * q) + (r * r + s * s)
        here = d + width
    while here < stop:
        for k in range(min(width, stop - here)):
            p = np.float64(numbers[here + k])
            sums[k] += p * p
        here += width


@jit
def count_sent(
    first: int,
    last: int,
    upstream: Floats,
    outer_stride: int,
    row_stride: int,
    switches: NDArray[np.uint8],
    rows: int,
    nowhere: Any,
    sums: Sums,
) -> None:
    """Add up the squares of what a pooled ReLU sends, where a switch points somewhere, and of what it receives.

    Rows of pixels as in :mod:`.pooled_fours`; a job is an outer, the columns are the numbers of a row.
    """
    width = Place(sums.shape[2])
    for o in range(first, last):
        sums[o] = 0.0
        sent, received, switch = sums[o, 0], sums[o, 1], switches[o]
        for i in range(rows):
            start, there = Place(o * outer_stride + i * row_stride), Place(i) * width
            for k in range(width):
                p = np.float64(upstream[start + k])
                received[k] += p * p
                sent[k] += p * p if switch[there + k] != nowhere else 0.0


@jit
def fold(sums: Sums, by_columns: bool, table: Sums) -> None:
    """Add up the columns of all jobs, unit by unit, and in the end the units: (parts, units + 1)."""
    units = table.shape[1] - 1
    table[:] = 0.0
    for job in range(len(sums)):
        for part in range(len(table)):
            line, goal = sums[job, part], table[part]
            if by_columns:
                for begin in range(0, line.size, units):
                    for k in range(units):
                        goal[k] += line[begin + k]
            else:
                for k in range(line.size):
                    goal[job % units] += line[k]
    for part in range(len(table)):
        for k in range(units):
            table[part, units] += table[part, k]
