"""Counting, in one pass, what the health of a layer is read from: per unit its sum of squares, signs, extremes.

A unit is a channel or a feature. Numbers come as (outer, units, inner), all in one piece of memory: images stored
channel after channel are (N, C, H·W), channels-last (N·H·W, C, 1), batch-last (1, C, H·W·N), features (N, C, 1).

How they are walked is told in :mod:`.counted_rows`. Sums are float64: of float32 numbers no square underflows or
overflows, and a sum of n squares is off by less than n·2⁻⁵³ of itself.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from functools import lru_cache

import numpy as np

from autograd_cnn.kernels.counted_rows import (
    COLUMNS,
    LEAST,
    MOST,
    NARROW,
    NON_FINITE,
    OUTSIDE,
    SQUARES,
    TOTAL,
    ZERO,
    count,
    squares_of_row,
    squares_of_rows,
)
from autograd_cnn.kernels.layout import Floats, floating_dtype
from autograd_cnn.kernels.moved_rows import renew_row, squared_differences_of_rows
from autograd_cnn.kernels.threads import share_out

Sizes = tuple[int, int, int]

__all__ = [
    "COLUMNS",
    "LEAST",
    "MOST",
    "NON_FINITE",
    "OUTSIDE",
    "SQUARES",
    "TOTAL",
    "ZERO",
    "as_in_memory",
    "count_into",
    "count_units",
    "in_one_piece",
    "renew",
    "row_of",
    "squares_of_rows",
    "sum_of_squared_differences",
    "sum_of_squares",
    "sums_of_squares",
]

AT_ONCE = 8
"""Rows that are counted in one call: for another number a kernel would be compiled anew."""

# What is asked, as the kernel knows it: what a number then costs, in multiply-adds.
ASKED = {"squares": 1, "outside": 2, "all": 6}


def count_units(
    x: Floats,
    axis: int,
    what: str = "all",
    bounds: tuple[float, float] = (-math.inf, 0.0),
    out: Floats | None = None,
) -> Floats:
    """Return what the numbers of each unit come to, (units, 7) in float64.

    Parameters
    ----------
    x : ndarray
        float32 or float64, of any shape and memory layout; one that has gaps is copied.
    axis : int
        The axis that counts the units.
    what : {"squares", "outside", "all"}
        Only the first two columns, the first three, or all: what is not asked for is as for no number.
    bounds : (float, float)
        What lies below the first or above the second counts as outside; by default all positive numbers.
    out : ndarray, optional
        Where to write, (units, 7), C-contiguous float64.

    Returns
    -------
    (units, 7) ndarray
        Columns: `SQUARES`, the sum of squares; `NON_FINITE`, how many are NaN or infinite; `OUTSIDE`, how many lie
        outside the bounds; `ZERO`, how many are exactly 0; `TOTAL`, the sum; `LEAST` and `MOST`, the extremes of
        the finite numbers, ∞ and −∞ where there is none. NaN and infinities go into both sums, and lie outside as
        IEEE comparisons say.
    """
    numbers, shape = in_one_piece(x, axis)
    table = np.empty((shape[1], COLUMNS)) if out is None else out
    count_into(numbers, shape, what, bounds, table)
    return table


def count_into(numbers: Floats, shape: Sizes, what: str, bounds: tuple[float, float], table: Floats) -> None:
    """Do what `count_units` does with what `in_one_piece` returned: for arrays that are counted again and again."""
    outer, units, inner = shape
    asked = ASKED[what]
    low, high = numbers.dtype.type(bounds[0]), numbers.dtype.type(bounds[1])
    if units * inner < NARROW:  # counted all at once
        count(0, units, numbers, outer, units, inner, asked, low, high, table)
        return
    share_out(count, units, numbers.size * asked, numbers, outer, units, inner, asked, low, high, table)


def sum_of_squares(x: Floats) -> float:
    """Return the sum of the squares of float32 or float64 numbers, in float64 and the same in any memory layout."""
    return squares_of_row(_row(x))


def sums_of_squares(rows: Sequence[Floats]) -> list[float]:
    """Return the sums of squares of rows of one dtype that `row_of` returned."""
    sums = np.empty(len(rows) + AT_ONCE)
    for begin, some in _some(rows):
        squares_of_rows(some, sums[begin : begin + AT_ONCE])
    return sums[: len(rows)].tolist()  # type: ignore[no-any-return]


def renew(copies: Sequence[Floats], rows: Sequence[Floats]) -> list[tuple[float, float]]:
    """Return the sum of squares of each row, and that of its differences from a copy; then copy the rows.

    Rows come from `row_of`.
    """
    return [renew_row(copy, row) for copy, row in zip(copies, rows, strict=True)]


def _some(rows: Sequence[Floats]) -> Iterator[tuple[int, tuple[Floats, ...]]]:
    """Yield eight rows at a time and where they begin; what is missing are empty ones."""
    for begin in range(0, len(rows), AT_ONCE):
        some = tuple(rows[begin : begin + AT_ONCE])
        yield begin, some + (some[0][:0],) * (AT_ONCE - len(some))


def row_of(x: Floats) -> Floats:
    """Return the numbers as a read-only row, in the order of memory; copied only where they have gaps."""
    return _row(as_in_memory(x))


def as_in_memory(x: Floats) -> Floats:
    """Return an array with its axes in the order of memory: it can then be walked without copying."""
    return x if x.flags.c_contiguous else x.transpose(_in_memory(x.shape, x.strides, 0)[0])


def sum_of_squared_differences(x: Floats, y: Floats) -> float:
    """Return Σ(x − y)² of two arrays of the same shape and dtype, in float64."""
    return squared_differences_of_rows(_row(x), _row(y))


def _row(x: Floats) -> Floats:
    """Return the numbers as a read-only row, in the order of the axes; copied only where they stand otherwise."""
    flags = x.flags
    if not (flags.c_contiguous and flags.aligned and x.dtype.isnative):
        x = np.require(x, x.dtype.newbyteorder("="), ("C", "A"))
    row = x.reshape(-1)
    row.flags.writeable = False
    return row


def in_one_piece(x: Floats, axis: int) -> tuple[Floats, Sizes]:
    """Return the numbers in the order they stand in memory, read-only, and that order as (outer, units, inner).

    Raises
    ------
    DtypeError
        If ``x`` is neither float32 nor float64.
    """
    floating_dtype("count_units", x)
    turn, sizes = _in_memory(x.shape, x.strides, axis)
    return _row(x.transpose(turn)), sizes


@lru_cache(maxsize=1024)
def _in_memory(shape: tuple[int, ...], strides: tuple[int, ...], axis: int) -> tuple[tuple[int, ...], Sizes]:
    """Return the axes from the outermost in memory to the innermost, and their sizes as (outer, units, inner)."""
    axes = range(len(shape))
    turn = tuple(sorted(axes, key=lambda i: -abs(strides[i]) if shape[i] > 1 else 0))
    ordered = [shape[i] for i in turn]
    place = turn.index(axes[axis])
    if ordered[place] == 1:
        return turn, (1, 1, math.prod(shape))
    return turn, (math.prod(ordered[:place]), ordered[place], math.prod(ordered[place + 1 :]))
