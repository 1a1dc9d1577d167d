"""The loops of max pooling, along rows of pixels in any order (:mod:`.image_rows`).

A switch is a place in its window, ``row * KW + column``, or ``nowhere``, the switch of a window that holds no pixel.
Comparisons are of neighbours in memory and have no branch that depends on a pixel: LLVM turns them into SIMD, along
the lanes of a pixel, or along all windows of a plane where a pixel has one lane. Places in memory are unsigned: numba
then has no test of a count from the end.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from autograd_cnn.kernels.jit import jit
from autograd_cnn.kernels.layout import Floats

Integers = NDArray[Any]
Pair = tuple[int, int]
Place = np.uintp

# Windows with more places are not tried place by place: the switches are read instead.
FEW_PLACES = 16


@jit
def _compete(
    best: Floats, here: Any, switch: Integers, there: Any, count: Any, x: Floats, start: Any, place: Any
) -> None:
    """Let one place of each window stand against the largest before it; the first NaN wins for good."""
    for k in range(count):
        largest, other = best[here + k], x[start + k]
        wins = (largest == largest) & ((other > largest) | (other != other))
        best[here + k], switch[there + k] = other if wins else largest, place if wins else switch[there + k]


@jit
def _four_compete(
    best: Floats, here: Any, switch: Integers, there: Any, count: Any, x: Floats, starts: Any, places: Any
) -> None:
    """Let four places stand against the largest before them: it is read and written once, not four times."""
    a, b, c, d = starts
    for k in range(count):
        largest, place = best[here + k], switch[there + k]
        other = x[a + k]
        wins = (largest == largest) & ((other > largest) | (other != other))
        largest, place = other if wins else largest, places[0] if wins else place
        other = x[b + k]
        wins = (largest == largest) & ((other > largest) | (other != other))
        largest, place = other if wins else largest, places[1] if wins else place
        other = x[c + k]
        wins = (largest == largest) & ((other > largest) | (other != other))
        largest, place = other if wins else largest, places[2] if wins else place
        other = x[d + k]
        wins = (largest == largest) & ((other > largest) | (other != other))
        best[here + k], switch[there + k] = other if wins else largest, places[3] if wins else place


@jit
def _begin(
    best: Floats, here: Any, switch: Integers, there: Any, count: Any, x: Floats, start: Any, place: Any
) -> None:
    for k in range(count):
        best[here + k], switch[there + k] = x[start + k], place


@jit
def take_largest(
    first: int,
    last: int,
    x: Floats,
    x_outer: int,
    x_row: int,
    size: tuple[int, int, int],
    stride: Pair,
    reach: Integers,
    nowhere: Any,
    y: Floats,
    y_outer: int,
    y_row: int,
    switches: Integers,
) -> None:
    """Put the first largest pixel of each window into ``y``, its place into ``switches``, (outer, OH, OW · lanes).

    Job (outer, row), for pixels of several lanes. ``size`` is the height, the width and the lanes of the images,
    ``reach`` the row and the column of each place of the window, counted from the first pixel, in the first window.
    """
    height, width, lanes, kind = size[0], size[1], Place(size[2]), switches.dtype.type
    starts, places = np.empty(len(reach), np.uintp), np.empty(len(reach), switches.dtype)
    nothing = np.full(size[2], -np.inf, x.dtype)
    for job in range(first, last):
        o, i = job // switches.shape[1], job % switches.shape[1]
        here, there, switch = Place(o * y_outer + i * y_row), Place(0), switches[o, i]
        for j in range(switches.shape[2] // size[2]):
            count = 0
            for place in range(len(reach)):
                row, column = i * stride[0] + reach[place, 0], j * stride[1] + reach[place, 1]
                if 0 <= row < height and 0 <= column < width:
                    starts[count], places[count] = o * x_outer + row * x_row + column * size[2], place
                    count += 1
            if count == 0:
                _begin(y, here, switch, there, lanes, nothing, Place(0), kind(nowhere))
            else:
                _begin(y, here, switch, there, lanes, x, starts[0], places[0])
            fours = 1 + max(count - 1, 0) // 4 * 4
            for n in range(1, fours, 4):
                four = starts[n], starts[n + 1], starts[n + 2], starts[n + 3]
                theirs = places[n], places[n + 1], places[n + 2], places[n + 3]
                _four_compete(y, here, switch, there, lanes, x, four, theirs)
            for n in range(fours, count):
                _compete(y, here, switch, there, lanes, x, starts[n], places[n])
            here, there = here + lanes, there + lanes


@jit
def take_largest_of_planes(
    first: int,
    last: int,
    x: Floats,
    x_outer: int,
    x_row: int,
    size: tuple[int, int, int],
    stride: Pair,
    reach: Integers,
    nowhere: Any,
    y: Floats,
    y_outer: int,
    y_row: int,
    switches: Integers,
) -> None:
    """Do as `take_largest` where a pixel has one lane, job outer: the pixels of all windows at one place are compared.

    Margins count as -inf, and stand before no pixel: a window's switch begins with its first place inside.
    """
    _, outputs, width = switches.shape
    kind, area = switches.dtype.type, outputs * width
    seen, best = np.empty(area, x.dtype), np.empty(area, x.dtype)
    start, switch = np.full(area, nowhere, switches.dtype), np.empty(area, switches.dtype)
    for place in range(len(reach) - 1, -1, -1):
        for k in range(area):
            row, column = k // width * stride[0] + reach[place, 0], k % width * stride[1] + reach[place, 1]
            if 0 <= row < size[0] and 0 <= column < size[1]:
                start[k] = kind(place)
    for o in range(first, last):
        for k in range(area):
            best[k], switch[k] = -np.inf, start[k]
        for place in range(len(reach)):
            for i in range(outputs):
                row, column = i * stride[0] + reach[place, 0], reach[place, 1]
                inside = size[1] if 0 <= row < size[0] else 0
                _see(x, o * x_outer + row * x_row, inside, column, stride[1], seen, i * width, width)
            _compete(best, Place(0), switch, Place(0), Place(area), seen, Place(0), kind(place))
        for k in range(area):
            i, j = k // width, k % width
            y[o * y_outer + i * y_row + j], switches[o, i, j] = best[k], switch[k]


@jit
def _see(x: Floats, start: int, width: int, column: int, step: int, seen: Floats, here: int, count: int) -> None:
    """Copy every step-th pixel of a row from a column on; -inf outside of its width."""
    for j in range(count):
        seen[here + j] = x[start + column] if 0 <= column < width else -np.inf
        column += step


@jit
def scatter(
    first: int,
    last: int,
    upstream: Floats,
    upstream_outer: int,
    upstream_row: int,
    switches: Integers,
    size: tuple[int, int, int],
    stride: Pair,
    reach: Integers,
    gradient: Floats,
    outer_stride: int,
    row_stride: int,
) -> None:
    """Add each upstream gradient to the pixel that its switch names, job ``outer``; sizes as in `send_to_four`.

    ``reach`` tells the row and column of each place of the window, from the first pixel of the image for the first
    window. A place outside of the image receives nothing.
    """
    height, width, lanes = size
    for o in range(first, last):
        for i in range(height):
            start = o * outer_stride + i * row_stride
            gradient[start : start + width * lanes] = 0
        for i in range(switches.shape[1]):
            for j in range(switches.shape[2] // lanes):
                start = o * upstream_outer + i * upstream_row + j * lanes
                u, s = upstream[start : start + lanes], switches[o, i, j * lanes : (j + 1) * lanes]
                if lanes > 1 and len(reach) <= FEW_PLACES:
                    for place in range(len(reach)):
                        row, column = i * stride[0] + reach[place, 0], j * stride[1] + reach[place, 1]
                        if 0 <= row < height and 0 <= column < width:
                            start = o * outer_stride + row * row_stride + column * lanes
                            _add_where(gradient[start : start + lanes], u, s, switches.dtype.type(place))
                    continue
                for k in range(lanes):
                    if 0 <= s[k] < len(reach):
                        row, column = i * stride[0] + reach[s[k], 0], j * stride[1] + reach[s[k], 1]
                        if 0 <= row < height and 0 <= column < width:
                            gradient[o * outer_stride + row * row_stride + column * lanes + k] += u[k]


@jit
def _add_where(target: Floats, upstream: Floats, switch: Integers, place: Any) -> None:
    for k in range(target.size):
        target[k] += upstream[k] if switch[k] == place else target.dtype.type(0)


@jit
def gather(
    first: int,
    last: int,
    x: Floats,
    x_outer: int,
    x_row: int,
    size: tuple[int, int, int],
    switches: Integers,
    stride: Pair,
    reach: Integers,
    y: Floats,
    y_outer: int,
    y_row: int,
) -> None:
    """Take into ``y`` the pixels that the switches name, 0 for none: `scatter` reversed."""
    height, width, lanes = size
    for o in range(first, last):
        for i in range(switches.shape[1]):
            for j in range(switches.shape[2] // lanes):
                for k in range(j * lanes, (j + 1) * lanes):
                    s, here = switches[o, i, k], o * y_outer + i * y_row + k
                    y[here] = 0
                    if 0 <= s < len(reach):
                        row, column = i * stride[0] + reach[s, 0], j * stride[1] + reach[s, 1]
                        if 0 <= row < height and 0 <= column < width:
                            y[here] = x[o * x_outer + row * x_row + column * lanes + k - j * lanes]
