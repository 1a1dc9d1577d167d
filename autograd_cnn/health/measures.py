"""Numbers about one array: root mean square, norm, histogram."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np

from autograd_cnn.graph import Array
from autograd_cnn.health.report import Distribution

VALUE_BINS = 21
GRADIENT_BINS = 18
SMALL = 8192
"""Numbers looked at in one go: they stay in cache, and what is computed from them needs no fresh pages of memory."""

MANY = 1 << 16
"""From so many numbers on a histogram is counted natively; fewer are counted by NumPy before a kernel is compiled."""

GRADIENT_RANGE = (-8.0, 1.0)
"""log10 of the size: one axis for all gradients, so that two pictures compare."""


def flat(values: Any) -> Array:
    """Return a float, an array, or a list of either as one row of float64 numbers."""
    if isinstance(values, list) and any(isinstance(v, np.ndarray) for v in values):
        return np.concatenate([flat(v) for v in values])
    return np.asarray(values, np.float64).ravel(order="K")


def norm(values: Any) -> float:
    """Return the L2 norm."""
    return math.sqrt(_sum_of_squares(values)[0])


def rms(values: Any) -> float:
    """Return the root mean square; 0 for no numbers."""
    total, count = _sum_of_squares(values)
    return math.sqrt(total / count) if count else 0.0


def spread(values: Any) -> float:
    """Return the standard deviation; 0 for no numbers."""
    row = flat(values)
    return float(row.std()) if row.size else 0.0


def _sum_of_squares(values: Any) -> tuple[float, int]:
    """Return the sum of squares, in float64, and the count."""
    if isinstance(values, list) and len(values) == 1:
        values = values[0]
    if isinstance(values, list) and any([isinstance(v, np.ndarray) for v in values]):
        parts = [_sum_of_squares(v) for v in values]
        return math.fsum([part[0] for part in parts]), sum([part[1] for part in parts])
    if isinstance(values, np.ndarray) and values.dtype in (np.float32, np.float64):
        from autograd_cnn.kernels.counting import as_in_memory, sum_of_squares

        return sum_of_squares(as_in_memory(values) if values.size >= MANY else values), values.size
    row = np.asarray(values, np.float64).ravel(order="K")
    return _dot(row), row.size


def _dot(row: Array) -> float:
    """Return the product of a row with itself, piece by piece: for a longer one BLAS would wake its threads."""
    if row.size <= SMALL:
        return float(np.dot(row, row))
    pieces = [row[i : i + SMALL] for i in range(0, row.size, SMALL)]
    return sum([float(np.dot(piece, piece)) for piece in pieces])


def _pieces(values: Any) -> list[Array]:
    """Cut a float, an array, or a list of either into short rows."""
    if isinstance(values, list) and any(isinstance(v, np.ndarray) for v in values):
        return [piece for v in values for piece in _pieces(v)]
    row = np.asarray(values).ravel(order="K")
    return [row[i : i + SMALL] for i in range(0, row.size, SMALL)]


def value_distribution(values: Any, bounds: tuple[float, float] | None = None) -> Distribution:
    """Histogram of values between their extremes, or between `bounds`; exact zeros are told as a share."""
    rows, squares = _many_finite(values)
    if rows:
        from autograd_cnn.kernels.histograms import histogram

        low, high = bounds or (float(min(map(np.min, rows))), float(max(map(np.max, rows))))
        return _told(squares, low, high, [histogram(row, low, high, VALUE_BINS) for row in rows])
    pieces = _pieces(values)
    with np.errstate(over="ignore"):
        return _distribution(pieces, lambda kept: kept, bounds or _extremes(pieces), VALUE_BINS)


def gradient_distribution(values: Any) -> Distribution:
    """Histogram of log10 of the size over the fixed gradient axis; exact zeros are told as a share."""
    rows, squares = _many_finite(values)
    if rows:
        from autograd_cnn.kernels.histograms import size_histogram

        return _told(squares, *GRADIENT_RANGE, [size_histogram(row, *GRADIENT_RANGE, GRADIENT_BINS) for row in rows])
    return _distribution(_pieces(values), lambda kept: np.log10(np.abs(kept)), GRADIENT_RANGE, GRADIENT_BINS)


def _many_finite(values: Any) -> tuple[list[Array], float]:
    """Return finite numbers as rows of memory, and their squares' sum, where they are so many that it pays."""
    arrays = values if isinstance(values, list) else [values]
    alike = [isinstance(x, np.ndarray) and x.dtype in (np.float32, np.float64) for x in arrays]
    if not all(alike) or sum([x.size for x in arrays]) < MANY:
        return [], 0.0
    from autograd_cnn.kernels.counting import row_of, sum_of_squares

    rows = [row_of(x) for x in arrays if x.size]
    squares = sum(map(sum_of_squares, rows))
    return (rows, squares) if math.isfinite(squares) else ([], squares)


def _told(squares: float, low: float, high: float, counts: list[Array]) -> Distribution:
    """Return what was counted of finite numbers; the last bin holds zeros."""
    found = np.add.reduce(counts, axis=0).tolist()
    size = sum(found)
    return Distribution(low, high, tuple(found[:-1]), found[-1] / size, math.sqrt(squares / size))


def distance(values: Sequence[Any], others: Sequence[Any]) -> float:
    """Return the L2 norm of the difference of arrays of the same shapes, or floats."""
    from autograd_cnn.kernels.counting import sum_of_squared_differences

    parts = []
    for one, other in zip(values, others, strict=True):
        if isinstance(one, np.ndarray) and one.dtype == other.dtype and one.dtype in (np.float32, np.float64):
            parts.append(sum_of_squared_differences(one, other))
        else:
            parts.append(_sum_of_squares(np.subtract(one, other))[0])
    return math.sqrt(math.fsum(parts))


def decades(numerator: float | None, denominator: float | None) -> float | None:
    """Return log10 of a ratio; None unless both are positive and finite."""
    if numerator is None or denominator is None or not 0 < numerator < math.inf or not 0 < denominator < math.inf:
        return None
    return math.log10(numerator) - math.log10(denominator)


def is_finite(values: Any) -> bool:
    """Whether a float or array holds neither NaN nor infinity."""
    if isinstance(values, np.ndarray) and values.size >= MANY and values.dtype in (np.float32, np.float64):
        from autograd_cnn.kernels.counting import row_of
        from autograd_cnn.kernels.finiteness import all_finite

        return all_finite(row_of(values))
    return bool(np.isfinite(values).all())


def median(values: Iterable[float]) -> float:
    """Return the middle value of a non-empty collection; NaN where one is among them."""
    row = sorted(values)
    if any(map(math.isnan, row)):
        return math.nan
    return float(row[(len(row) - 1) // 2] + row[len(row) // 2]) / 2


def _extremes(pieces: Sequence[Array]) -> tuple[float, float]:
    """Return the smallest and the largest finite number; 0 and 0 where there is none."""
    finite = [piece if is_finite(piece) else piece[np.isfinite(piece)] for piece in pieces]
    found = [(float(piece.min()), float(piece.max())) for piece in finite if piece.size]
    return (min(low for low, _ in found), max(high for _, high in found)) if found else (0.0, 0.0)


def _distribution(
    pieces: Sequence[Array], scale: Callable[[Array], Array], bounds: tuple[float, float], bins: int
) -> Distribution:
    """Count finite numbers other than 0, on a scale, into equal bins."""
    counts, size, others, total = np.zeros(bins, np.int64), 0, 0, 0.0
    for piece in pieces:
        row = piece.astype(np.float64)
        apart = row != 0
        squares, known = _dot(row), int(np.count_nonzero(apart))
        if not math.isfinite(squares):
            row = row[apart & np.isfinite(row)]
        elif known < piece.size:
            row = row[apart]
        counts += _counts(scale(row), *bounds, bins)
        size, others, total = size + piece.size, others + known, total + squares
    zeros, mean = ((size - others) / size, total / size) if size else (0.0, 0.0)
    return Distribution(*bounds, tuple(counts.tolist()), zeros, math.sqrt(mean))


def _counts(row: Array, low: float, high: float, bins: int) -> Array:
    """Count into equal bins; what lies outside counts in the first and the last."""
    width = high - low
    if not 0 < width < math.inf:
        return np.bincount([bins // 2], [row.size], minlength=bins).astype(np.int64)
    places = np.clip((row - low) / width * bins, 0, bins - 1).astype(np.intp)
    return np.bincount(places, minlength=bins)
