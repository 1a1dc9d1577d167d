"""Numbers about one array: root mean square, norm, histogram."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

import numpy as np

from autograd_cnn.graph import Array
from autograd_cnn.health.report import Distribution

VALUE_BINS = 21
GRADIENT_BINS = 18
SMALL = 8192
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
    """Return the sum of squares and the count.

    In float32 squares of tiny gradients become 0 and squares of large ones infinite: then float64 decides.
    """
    if isinstance(values, list) and any([isinstance(v, np.ndarray) for v in values]):
        parts = [_sum_of_squares(v) for v in values]
        return (math.fsum([p[0] for p in parts]), sum([p[1] for p in parts])) if len(parts) > 1 else parts[0]
    row = np.asarray(values).ravel(order="K")
    if row.dtype == np.float32:
        total = _dot(row)
        if 1e-25 * row.size < total < math.inf:
            return total, row.size
    return _dot(row.astype(np.float64)), row.size


def _dot(row: Array) -> float:
    """Return the product of a row with itself, piece by piece: for a longer one BLAS would wake its threads."""
    if row.size <= SMALL:
        return float(np.dot(row, row))
    whole = row.size // SMALL * SMALL
    pieces, rest = row[:whole].reshape(-1, SMALL), row[whole:]
    with np.errstate(over="ignore", under="ignore", invalid="ignore"):
        return float(np.vecdot(pieces, pieces).sum(dtype=np.float64)) + float(np.dot(rest, rest))


def value_distribution(values: Any, bounds: tuple[float, float] | None = None) -> Distribution:
    """Histogram of values between their extremes, or between `bounds`; exact zeros are told as a share."""
    row = flat(values)
    kept = row[np.isfinite(row) & (row != 0)]
    low, high = bounds or _extremes(row[np.isfinite(row)])
    with np.errstate(over="ignore"):
        counts = _counts(kept, low, high, VALUE_BINS)
    return Distribution(low, high, counts, _zeros(row), rms(row))


def gradient_distribution(values: Any) -> Distribution:
    """Histogram of log10 of the size over the fixed gradient axis; exact zeros are told as a share."""
    row = flat(values)
    sizes = np.abs(row[np.isfinite(row) & (row != 0)])
    return Distribution(
        *GRADIENT_RANGE, _counts(np.log10(sizes), *GRADIENT_RANGE, GRADIENT_BINS), _zeros(row), rms(row)
    )


def decades(numerator: float | None, denominator: float | None) -> float | None:
    """Return log10 of a ratio; None unless both are positive and finite."""
    if numerator is None or denominator is None or not 0 < numerator < math.inf or not 0 < denominator < math.inf:
        return None
    return math.log10(numerator) - math.log10(denominator)


def is_finite(values: Any) -> bool:
    """Whether a float or array holds neither NaN nor infinity."""
    return bool(np.isfinite(values).all())


def median(values: Iterable[float]) -> float:
    """Return the middle value of a non-empty collection."""
    return float(np.median(list(values)))


def _zeros(row: Array) -> float:
    return float(np.count_nonzero(row == 0) / row.size) if row.size else 0.0


def _extremes(row: Array) -> tuple[float, float]:
    return (float(row.min()), float(row.max())) if row.size else (0.0, 0.0)


def _counts(row: Array, low: float, high: float, bins: int) -> tuple[int, ...]:
    """Count into equal bins; what lies outside counts in the first and the last."""
    width = high - low
    if not 0 < width < math.inf:
        return (*(0,) * (bins // 2), row.size, *(0,) * (bins - bins // 2 - 1))
    places = np.clip((row - low) / width * bins, 0, bins - 1).astype(np.intp)
    return tuple(np.bincount(places, minlength=bins).tolist())
