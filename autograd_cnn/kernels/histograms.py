"""Counting numbers into bins: of equal width, or of their size on a logarithmic scale.

Zeros and what is not finite go into a bin of their own, the last one. Four tables take turns, so that a number need not
wait until the one before it was counted.
"""

from __future__ import annotations

import math
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from autograd_cnn.kernels.jit import jit
from autograd_cnn.kernels.layout import Floats

Counts = NDArray[np.int64]

PIECE = 256
"""Numbers whose bins are found before they are counted: SIMD does the one, and not the other."""

_BITS: dict[Any, tuple[Any, int]] = {np.dtype(np.float32): (np.int32, 23), np.dtype(np.float64): (np.int64, 52)}
"""Integers of the same size, and how many bits of a number are its fraction."""


def histogram(row: Floats, low: float, high: float, bins: int) -> Counts:
    """Count a row of numbers into equal bins between two numbers; what lies outside counts in the first and the last.

    Parameters
    ----------
    row : (n,) ndarray
        float32 or float64, in one piece of memory.
    low, high : float
    bins : int

    Returns
    -------
    (bins + 1,) ndarray
        The last number is how many are 0 or not finite. Bounds that are not apart put all in the middle.
    """
    tables = np.zeros((4, bins + 1), np.int64)
    width = high - low
    if 0 < width < math.inf:
        count_values(row, low, width, tables)
    else:
        known = int(np.count_nonzero(row) - np.count_nonzero(~np.isfinite(row)))
        tables[0, bins // 2], tables[0, bins] = known, row.size - known
    return np.asarray(tables.sum(axis=0))


def size_histogram(row: Floats, low: float, high: float, bins: int) -> Counts:
    """Do the same with log10 of the size of numbers, in bins that are wider than a factor of two."""
    kind, fraction = _BITS[row.dtype]
    first, following = _octaves(row.dtype, low, high, bins)
    tables = np.zeros((4, bins + 1), np.int64)
    count_sizes(row, row.view(kind), fraction, first, following, tables)
    return np.asarray(tables.sum(axis=0))


@lru_cache(maxsize=8)
def _octaves(dtype: Any, low: float, high: float, bins: int) -> tuple[NDArray[np.int32], Floats]:
    """Return for each power of two the bin in which it lies, and where the next one begins."""
    fraction = _BITS[dtype][1]
    info = np.finfo(dtype)
    exponents = np.arange((1 << (8 * dtype.itemsize - fraction - 1)) - 1)
    bounds = 10.0 ** (low + (high - low) / bins * np.arange(1, bins))
    powers = np.ldexp(1.0, exponents + int(info.minexp) - 1)
    first = np.searchsorted(bounds, powers, side="right")
    following = np.append(bounds, math.inf)[first]
    # The last power is that of ∞ and NaN: they have their bin, and are not at least NaN, while ∞ is at least ∞.
    return np.append(first, bins).astype(np.int32), np.append(following, math.nan).astype(np.float64)


@jit
def count_values(row: Floats, low: float, width: float, tables: Counts) -> None:
    """Count into equal bins."""
    places, bins = np.empty(PIECE, np.int32), tables.shape[1] - 1
    for begin in range(0, row.size, PIECE):
        piece = row[begin : begin + PIECE]
        for k in range(piece.size):
            x = np.float64(piece[k])
            known = (x != 0) & (x - x == 0)
            place = (x - low) / width * bins if known else 0.0
            place = min(max(place, 0.0), bins - 1.0)
            places[k] = np.int32(place) if known else np.int32(bins)
        _count(places, piece.size, tables)


@jit
def count_sizes(
    row: Floats, bits: NDArray[Any], fraction: int, first: NDArray[np.int32], following: Floats, tables: Counts
) -> None:
    """Count by size: the exponent of a number tells its bin, but for one bound that may lie in its octave."""
    places, bins = np.empty(PIECE, np.int32), tables.shape[1] - 1
    for begin in range(0, row.size, PIECE):
        piece, whole = row[begin : begin + PIECE], bits[begin : begin + PIECE]
        for k in range(piece.size):
            octave = (whole[k] >> fraction) & (first.size - 1)
            place = first[octave] + np.int32(np.float64(abs(piece[k])) >= following[octave])
            places[k] = np.int32(bins) if piece[k] == 0 else place
        _count(places, piece.size, tables)


@jit
def _count(places: NDArray[np.int32], size: int, tables: Counts) -> None:
    a, b, c, d = tables[0], tables[1], tables[2], tables[3]
    fours = size - size % 4
    for k in range(0, fours, 4):
        a[places[k]] += 1
        b[places[k + 1]] += 1
        c[places[k + 2]] += 1
        d[places[k + 3]] += 1
    for k in range(fours, size):
        a[places[k]] += 1
