"""The outlines of the ground above a level: marching squares over a grid, joined into closed loops."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import TypeAlias

Point: TypeAlias = tuple[float, float]
_Key: TypeAlias = tuple[int, int, int]
"""A grid edge: its lower left corner, and 0 for the edge to the right, 1 for the one upwards."""


def loops(
    x: Sequence[float], y: Sequence[float], heights: Sequence[Sequence[float]], level: float
) -> list[list[Point]]:
    """Return closed outlines of where the height is at least `level`, the ground to their left.

    Parameters
    ----------
    x, y : sequence of float
        The grid's columns and rows.
    heights : sequence of sequence of float
        One row for each y. NaN counts as below every level.
    level : float
        The height of the outline; between two grid points it is interpolated.

    Notes
    -----
    The grid is surrounded by ground far below, so that an outline that reaches the border follows it
    and every loop is closed. Where a cell's corners alternate, its middle decides.
    """
    wide, tall = len(x) + 2, len(y) + 2
    across, up = [x[0], *x, x[-1]], [y[0], *y, y[-1]]
    low = [-math.inf] * wide
    padded = [low, *([-math.inf, *(h if h == h else -math.inf for h in row), -math.inf] for row in heights), low]
    follow: dict[_Key, _Key] = {}
    for j in range(tall - 1):
        for i in range(wide - 1):
            corners = padded[j][i], padded[j][i + 1], padded[j + 1][i + 1], padded[j + 1][i]
            above = [h >= level for h in corners]
            if any(above) and not all(above):
                follow.update(_segments(i, j, corners, above, level))
    place = {key: _crossing(across, up, padded, key, level) for key in follow}
    return [[place[key] for key in ring] for ring in _rings(follow)]


def _segments(
    i: int, j: int, corners: Sequence[float], above: Sequence[bool], level: float
) -> Iterator[tuple[_Key, _Key]]:
    """Yield (from, to) for each piece of outline in one cell, the ground that is above to its left.

    Walking counter-clockwise around the cell, a piece leaves through the edge where the ground falls
    below the level and comes in where it rises again.
    """
    edges = ((i, j, 0), (i + 1, j, 1), (i, j + 1, 0), (i, j, 1))
    falls = [k for k in range(4) if above[k] and not above[(k + 1) % 4]]
    rises = [k for k in range(4) if above[(k + 1) % 4] and not above[k]]
    if len(falls) == 1:
        yield edges[falls[0]], edges[rises[0]]
        return
    finite = [min(max(h, -1e300), 1e300) for h in corners]
    joined = sum(h / 4 for h in finite) >= level
    for fall in falls:  # two corners stand out: one ridge through the middle, or two islands
        rise = (fall + 1) % 4 if joined else (fall - 1) % 4
        yield edges[fall], edges[rise]


def _crossing(
    across: Sequence[float], up: Sequence[float], heights: Sequence[Sequence[float]], key: _Key, level: float
) -> Point:
    i, j, upwards = key
    k, m = (i, j + 1) if upwards else (i + 1, j)
    one, other = heights[j][i], heights[m][k]
    if math.isinf(one) or math.isinf(other):  # at the border, or next to what is not finite: at the finite end
        share = 1.0 if math.isinf(one) and not math.isinf(other) else 0.0
    else:
        share = (level - one) / (other - one) if math.isfinite(other - one) else 0.5
    return across[i] + share * (across[k] - across[i]), up[j] + share * (up[m] - up[j])


def _rings(follow: dict[_Key, _Key]) -> Iterator[list[_Key]]:
    """Yield the closed walks of a map in which every key has one successor."""
    left = dict(follow)
    while left:
        start, key = left.popitem()
        ring = [start]
        while key != start:
            ring.append(key)
            key = left.pop(key)
        yield ring
