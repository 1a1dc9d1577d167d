"""Walking numbers for :mod:`.counting`: sums, counts and extremes per unit, in one order on any machine.

Whatever the shape, the numbers are walked as rows of a matrix: a long row is cut into pieces of ``STRANDS``, short
ones are joined. Each column has sums of its own, so LLVM adds many columns in one instruction and yet every sum is
made in one order, on any machine and with any number of threads; four rows are added before they are put to the
sums. In the end the columns of each unit are added up.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from autograd_cnn.kernels.jit import jit
from autograd_cnn.kernels.layout import Floats

STRANDS = 128
"""Columns into which a long row is cut: as many sums as hide how long one addition takes."""

NARROW = 256
"""Rows with fewer columns are joined."""

BLOCK = 1024
"""Columns walked at a time: their sums stay in the first-level cache."""

SQUARES, NON_FINITE, OUTSIDE, ZERO, TOTAL, LEAST, MOST = range(7)
"""Columns of what `count_units` returns."""

COLUMNS = 7


@jit
def count(
    first: int,
    last: int,
    numbers: Floats,
    outer: int,
    units: int,
    inner: int,
    asked: int,
    low: Any,
    high: Any,
    table: Floats,
) -> None:
    """Count the units from ``first`` to ``last``: each by itself where its rows are long, else several at a time."""
    for unit in range(first, last):
        table[unit] = 0.0
        table[unit, LEAST], table[unit, MOST] = math.inf, -math.inf
    if numbers.size == 0:
        return
    if outer < 4 and inner >= STRANDS:
        sums = _sums(STRANDS, numbers)
        for unit in range(first, last):
            _begin(sums, asked)
            for n in range(outer):
                start, whole = (n * units + unit) * inner, inner // STRANDS
                _walk(numbers, start, whole, STRANDS, STRANDS, asked, low, high, sums)
                _walk(numbers, start + whole * STRANDS, 1, inner - whole * STRANDS, 0, asked, low, high, sums)
            _fold(sums, 0, STRANDS, asked, table[unit])
    else:
        _count_side_by_side(first, last, numbers, outer, units, inner, asked, low, high, table)
    for unit in range(first, last):
        if not math.isfinite(table[unit, SQUARES]):
            _look_again(numbers, outer, units, inner, unit, asked, table[unit])


@jit
def _count_side_by_side(
    first: int,
    last: int,
    numbers: Floats,
    outer: int,
    units: int,
    inner: int,
    asked: int,
    low: Any,
    high: Any,
    table: Floats,
) -> None:
    """Walk the columns of several units at once, or some columns of one; narrow rows are joined."""
    width = units * inner
    joined = 1 if width >= NARROW else NARROW // width
    at_once = units if width < NARROW else max(1, BLOCK // inner)
    sums = _sums(joined * at_once * min(inner, BLOCK), numbers)
    whole = outer // joined
    for unit in range(first, last, at_once):
        many = min(at_once, last - unit)
        for start in range(unit * inner, (unit + many) * inner, at_once * min(inner, BLOCK)):
            wide = min((unit + many) * inner - start, at_once * min(inner, BLOCK))
            _begin(sums, asked)
            _walk(numbers, start, whole, joined * wide, joined * width, asked, low, high, sums)
            rest = whole * joined
            _walk(numbers, rest * width + start, outer - rest, wide, width, asked, low, high, sums)
            _join(sums, width, joined, asked)
            if inner == 1:
                _hand_over(sums, many, asked, table[unit : unit + many])
            else:
                for i in range(many):
                    _fold(sums, i * inner, min(inner, wide), asked, table[unit + i])


@jit
def _sums(columns: int, numbers: Floats) -> Any:
    """Return room for what each column comes to: squares, outside, zeros, totals, least, most."""
    squares, outside, zeros = np.empty(columns), np.empty(columns, np.int32), np.empty(columns, np.int32)
    return (
        squares,
        outside,
        zeros,
        np.empty(columns),
        np.empty(columns, numbers.dtype),
        np.empty(columns, numbers.dtype),
    )


@jit
def squares_of_row(row: Floats) -> float:
    """Return the sum of the squares of a row."""
    strands = STRANDS if row.size < 64 * STRANDS else 4 * STRANDS
    squares = np.zeros(strands)
    fours = row.size - row.size % (4 * strands)
    for start in range(0, fours, 4 * strands):
        a, b, c, d = _four_rows(row, start, strands, strands)
        for j in range(strands):
            squares[j] += (_squared(a[j]) + _squared(b[j])) + (_squared(c[j]) + _squared(d[j]))
    for start in range(fours, row.size, strands):
        line = row[start : start + strands]
        for j in range(line.size):
            squares[j] += _squared(line[j])
    return _sum(squares)


@jit
def squares_of_rows(rows: tuple[Floats, ...], sums: Floats) -> None:
    """Do as `squares_of_row` with several rows at once: a call costs more than a short row does."""
    for i in range(len(rows)):
        sums[i] = squares_of_row(rows[i])


@jit
def _begin(sums: Any, asked: int) -> None:
    squares, outside, zeros, totals, least, most = sums
    squares[:] = 0.0
    if asked > 1:
        outside[:] = 0
    if asked > 2:
        zeros[:] = 0
        totals[:] = 0.0
        least[:] = math.inf
        most[:] = -math.inf


@jit
def _walk(
    numbers: Floats, start: int, rows: int, width: int, stride: int, asked: int, low: Any, high: Any, sums: Any
) -> None:
    """Put rows of numbers to the sums of their columns: four at a time, then one by one."""
    squares, outside, zeros, totals, least, most = sums
    fours = rows - rows % 4
    for row in range(0, fours, 4):
        begin = start + row * stride
        a, b, c, d = _four_rows(numbers, begin, stride, width)
        for j in range(width):
            squares[j] += (_squared(a[j]) + _squared(b[j])) + (_squared(c[j]) + _squared(d[j]))
        if asked > 1:
            for j in range(width):
                found = _is_outside(a[j], low, high) + _is_outside(b[j], low, high)
                outside[j] += np.int32(found + _is_outside(c[j], low, high) + _is_outside(d[j], low, high))
    for row in range(fours, rows):
        begin = start + row * stride
        line = numbers[begin : begin + width]
        for j in range(width):
            squares[j] += _squared(line[j])
        if asked > 1:
            for j in range(width):
                outside[j] += _is_outside(line[j], low, high)
    if asked > 2:
        for row in range(rows):
            begin = start + row * stride
            _add_others(numbers[begin : begin + width], zeros, totals, least, most)


@jit
def _four_rows(numbers: Floats, begin: int, stride: int, width: int) -> Any:
    """Return four rows as arrays of their own: only then does LLVM know that no index is negative."""
    end, two = begin + width, 2 * stride
    return (
        numbers[begin:end],
        numbers[begin + stride : end + stride],
        numbers[begin + two : end + two],
        numbers[begin + two + stride : end + two + stride],
    )


@jit
def _add_others(line: Floats, zeros: Floats, totals: Floats, least: Floats, most: Floats) -> None:
    """Put one row to the columns' counts of zeros, their sums and their extremes."""
    for j in range(line.size):
        x = line[j]
        zeros[j] += np.int32(x == 0)
        totals[j] += np.float64(x)
        least[j] = x if x < least[j] else least[j]
        most[j] = x if x > most[j] else most[j]


@jit
def _squared(x: Any) -> Any:
    return np.float64(x) * np.float64(x)


@jit
def _is_outside(x: Any, low: Any, high: Any) -> Any:
    return np.int32((x < low) | (x > high))


@jit
def _join(sums: Any, width: int, joined: int, asked: int) -> None:
    """Put the columns of rows that were joined to those of the first."""
    squares, outside, zeros, totals, least, most = sums
    for row in range(1, joined):
        begin, end = row * width, (row + 1) * width
        squares[:width] += squares[begin:end]
        if asked > 1:
            outside[:width] += outside[begin:end]
        if asked > 2:
            zeros[:width] += zeros[begin:end]
            totals[:width] += totals[begin:end]
            least[:width] = np.minimum(least[:width], least[begin:end])
            most[:width] = np.maximum(most[:width], most[begin:end])


@jit
def _hand_over(sums: Any, units: int, asked: int, table: Floats) -> None:
    """Write down the columns, each of which is a unit."""
    squares, outside, zeros, totals, least, most = sums
    table[:, SQUARES] = squares[:units]
    if asked > 1:
        table[:, OUTSIDE] = outside[:units]
    if asked > 2:
        table[:, ZERO] = zeros[:units]
        table[:, TOTAL] = totals[:units]
        table[:, LEAST] = least[:units]
        table[:, MOST] = most[:units]


@jit
def _fold(sums: Any, first: int, span: int, asked: int, result: Floats) -> None:
    """Bring together the columns of one unit, ``span`` side by side."""
    squares, outside, zeros, totals, least, most = sums
    end = first + span
    result[SQUARES] += _sum(squares[first:end])
    if asked > 1:
        result[OUTSIDE] += _sum(outside[first:end])
    if asked > 2:
        result[ZERO] += _sum(zeros[first:end])
        result[TOTAL] += _sum(totals[first:end])
        for j in range(first, end):
            result[LEAST] = min(result[LEAST], np.float64(least[j]))
            result[MOST] = max(result[MOST], np.float64(most[j]))


@jit
def _sum(line: Floats) -> float:
    """Return the sum of a row, made in four strands that do not wait for each other."""
    a, b, c, d = 0.0, 0.0, 0.0, 0.0
    fours = line.size - line.size % 4
    for j in range(0, fours, 4):
        a += np.float64(line[j])
        b += np.float64(line[j + 1])
        c += np.float64(line[j + 2])
        d += np.float64(line[j + 3])
    for j in range(fours, line.size):
        a += np.float64(line[j])
    return (a + b) + (c + d)


@jit
def _look_again(numbers: Floats, outer: int, units: int, inner: int, unit: int, asked: int, result: Floats) -> None:
    """Count what is not finite, and find the extremes without it; the sum of squares told that it may be there."""
    result[LEAST], result[MOST] = math.inf, -math.inf
    for n in range(outer):
        start = (n * units + unit) * inner
        for i in range(start, start + inner):
            x = np.float64(numbers[i])
            if not math.isfinite(x):
                result[NON_FINITE] += 1
            elif asked > 2:
                result[LEAST], result[MOST] = min(result[LEAST], x), max(result[MOST], x)
