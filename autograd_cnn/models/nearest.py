"""The k nearest of many points, found by a rough distance first and an exact one then."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from autograd_cnn.errors import ArgumentError

DISTANCES = ("l1", "l2")
_NUMBERS_AT_ONCE = 2**22


def nearest(
    queries: NDArray[Any], points: NDArray[Any], k: int, distance: str
) -> tuple[NDArray[np.float64], NDArray[np.intp]]:
    """Return distances and positions, both (N, k), of the k points nearest to each query, the nearest first.

    Of points that are equally far away the first comes first. Queries and points are (N, D) rows of one floating
    dtype. All pairs are compared in that dtype, by few operations, with a bound of their rounding; the candidates
    that remain are compared in float64, difference by difference. So the answer is that of the definition, also
    where ``|q|² − 2q·p + |p|²`` cancels.
    """
    distances = np.empty((len(queries), k))
    positions = np.empty((len(queries), k), np.intp)
    rows = max(1, _NUMBERS_AT_ONCE // len(points))
    for first in range(0, len(queries), rows):
        part = slice(first, first + rows)
        distances[part], positions[part] = _among_candidates(queries[part], points, k, distance)
    return distances, positions


def _among_candidates(
    queries: NDArray[Any], points: NDArray[Any], k: int, distance: str
) -> tuple[NDArray[np.float64], NDArray[np.intp]]:
    rough, rounding = _rough_l1(queries, points, k) if distance == "l1" else _rough_l2(queries, points)
    if not (np.isfinite(rough).all() and np.isfinite(rounding).all()):
        raise ArgumentError("NearestNeighbors: distances are too large for the images' dtype; normalise the images")
    farthest = np.partition(rough, k - 1, axis=1)[:, k - 1 : k]
    rows, columns = np.nonzero(rough <= farthest + 2 * rounding)
    exact = _exact(queries, points, rows, columns, distance)
    order = np.lexsort((columns, exact, rows))
    chosen = order[np.searchsorted(rows, np.arange(len(queries)))[:, None] + np.arange(k)]
    return exact[chosen], columns[chosen]


def _rough_l2(queries: NDArray[Any], points: NDArray[Any]) -> tuple[NDArray[Any], NDArray[Any]]:
    """Return squared distances by one matrix product, and how far off those of each query may be."""
    with np.errstate(over="ignore", invalid="ignore"):
        long, far = (np.einsum("nd,nd->n", rows, rows) for rows in (queries, points))
        rough: NDArray[Any] = queries @ points.T
        rough *= -2
        rough += long[:, None]
        rough += far
        # The error of a product of D terms is at most D roundings of |q|·|p|; a few more are the sums' own.
        terms = (queries.shape[1] + 8) * np.finfo(rough.dtype).eps
        return rough, terms * np.square(np.sqrt(long) + np.sqrt(far.max()))[:, None]


def _rough_l1(queries: NDArray[Any], points: NDArray[Any], k: int) -> tuple[NDArray[Any], NDArray[Any]]:
    """Return sums of absolute differences, and how far off those of the k nearest may be."""
    from autograd_cnn.kernels.distances import manhattan

    rough = manhattan(queries, points)
    farthest = np.partition(rough, k - 1, axis=1)[:, k - 1 : k]
    return rough, (queries.shape[1] + 8) * np.finfo(rough.dtype).eps * farthest


def _exact(
    queries: NDArray[Any], points: NDArray[Any], rows: NDArray[np.intp], columns: NDArray[np.intp], distance: str
) -> NDArray[np.float64]:
    """Return the distances of pairs in float64."""
    found = np.empty(len(rows))
    pairs = max(1, _NUMBERS_AT_ONCE // max(1, queries.shape[1]))
    for first in range(0, len(rows), pairs):
        part = slice(first, first + pairs)
        apart = queries[rows[part]].astype(np.float64) - points[columns[part]]
        found[part] = np.abs(apart).sum(1) if distance == "l1" else np.sqrt(np.square(apart).sum(1))
    return found
