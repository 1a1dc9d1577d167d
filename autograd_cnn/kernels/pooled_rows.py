"""The loops of max pooling, along rows of pixels in any order (:mod:`.image_rows`).

A switch is a place in its window, ``row * KW + column``, or ``nowhere``, the switch of a window that holds no pixel.
Comparisons are of neighbours in memory and have no branch that depends on a pixel: LLVM turns them into SIMD, along
the lanes of a pixel, or along all windows of a plane where a pixel has one lane.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from autograd_cnn.kernels.jit import jit
from autograd_cnn.kernels.layout import Floats

Integers = NDArray[Any]
Pair = tuple[int, int]

# Windows with more places are not tried place by place: the switches are read instead.
FEW_PLACES = 16


@jit
def _compete(best: Floats, switch: Integers, pixels: Floats, place: Any) -> None:
    """Let one place of each window stand against the largest before it; the first NaN wins for good."""
    for k in range(best.size):
        largest = best[k]
        wins = (largest == largest) & ((pixels[k] > largest) | (pixels[k] != pixels[k]))
        best[k], switch[k] = pixels[k] if wins else largest, place if wins else switch[k]


@jit
def _four_compete(
    best: Floats, switch: Integers, a: Floats, b: Floats, c: Floats, d: Floats, places: tuple[Any, Any, Any, Any]
) -> None:
    """Let four places stand against the largest before them: it is read and written once, not four times."""
    for k in range(best.size):
        largest, place = best[k], switch[k]
        wins = (largest == largest) & ((a[k] > largest) | (a[k] != a[k]))
        largest, place = a[k] if wins else largest, places[0] if wins else place
        wins = (largest == largest) & ((b[k] > largest) | (b[k] != b[k]))
        largest, place = b[k] if wins else largest, places[1] if wins else place
        wins = (largest == largest) & ((c[k] > largest) | (c[k] != c[k]))
        largest, place = c[k] if wins else largest, places[2] if wins else place
        wins = (largest == largest) & ((d[k] > largest) | (d[k] != d[k]))
        best[k], switch[k] = d[k] if wins else largest, places[3] if wins else place


@jit
def _first_largest(best: Floats, switch: Integers, x: Floats, seen: Integers, nowhere: Any) -> None:
    """Find the first largest of all places that a pixel's windows see: rows of ``seen`` are (start in x, place)."""
    kind, lanes, count = switch.dtype.type, best.size, len(seen)
    if count == 0:
        best[:], switch[:] = -np.inf, nowhere
        return
    best[:], switch[:] = x[seen[0, 0] : seen[0, 0] + lanes], kind(seen[0, 1])
    fours = 1 + (count - 1) // 4 * 4
    for n in range(1, fours, 4):
        a, b, c, d = seen[n, 0], seen[n + 1, 0], seen[n + 2, 0], seen[n + 3, 0]
        places = kind(seen[n, 1]), kind(seen[n + 1, 1]), kind(seen[n + 2, 1]), kind(seen[n + 3, 1])
        _four_compete(best, switch, x[a : a + lanes], x[b : b + lanes], x[c : c + lanes], x[d : d + lanes], places)
    for n in range(fours, count):
        _compete(best, switch, x[seen[n, 0] : seen[n, 0] + lanes], kind(seen[n, 1]))


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
    height, width, lanes = size
    seen = np.empty((len(reach), 2), np.int64)
    for job in range(first, last):
        o, i = job // switches.shape[1], job % switches.shape[1]
        here = o * y_outer + i * y_row
        for j in range(switches.shape[2] // lanes):
            count = 0
            for place in range(len(reach)):
                row, column = i * stride[0] + reach[place, 0], j * stride[1] + reach[place, 1]
                if 0 <= row < height and 0 <= column < width:
                    seen[count, 0], seen[count, 1] = o * x_outer + row * x_row + column * lanes, place
                    count += 1
            begin, end = j * lanes, (j + 1) * lanes
            _first_largest(y[here + begin : here + end], switches[o, i, begin:end], x, seen[:count], nowhere)


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
        _begin_with(start, width, kind(place), size, stride, reach[place, 0], reach[place, 1])
    for o in range(first, last):
        best[:] = -np.inf
        switch[:] = start
        for place in range(len(reach)):
            _see(seen, width, x[o * x_outer :], x_row, size, stride, reach[place, 0], reach[place, 1])
            _compete(best, switch, seen, kind(place))
        for i in range(outputs):
            row = y[o * y_outer + i * y_row :]
            for j in range(width):
                row[j], switches[o, i, j] = best[i * width + j], switch[i * width + j]


@jit
def _begin_with(
    start: Integers, width: int, place: Any, size: tuple[int, int, int], stride: Pair, row: int, column: int
) -> None:
    """Let the windows that see a pixel at this place begin with it."""
    for i in range(start.size // width):
        for j in range(width):
            if 0 <= row + i * stride[0] < size[0] and 0 <= column + j * stride[1] < size[1]:
                start[i * width + j] = place


@jit
def _see(
    seen: Floats,
    width: int,
    plane: Floats,
    plane_row: int,
    size: tuple[int, int, int],
    stride: Pair,
    row: int,
    column: int,
) -> None:
    """Bring together what the windows of a plane see at one place; -inf outside of the image."""
    step = stride[1]
    begin = min(max(0, -(column // step)), width)
    end = max(begin, min(width, (size[1] - 1 - column) // step + 1))
    for i in range(seen.size // width):
        own = seen[i * width : (i + 1) * width]
        if row + i * stride[0] < 0 or row + i * stride[0] >= size[0] or begin == end:
            own[:] = -np.inf
            continue
        for j in range(begin):
            own[j] = -np.inf
        pixels, inside = plane[(row + i * stride[0]) * plane_row + column + begin * step :], own[begin:end]
        for j in range(end - begin):
            inside[j] = pixels[j * step]
        for j in range(end, width):
            own[j] = -np.inf


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
