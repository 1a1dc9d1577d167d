"""Max pooling by windows of 2 by 2 that tile the images, the most common kind, and its gradient.

The four corners of a window are compared at once. A bias may be added first, and a floor hold below: a floor of 0
makes it pooling after a ReLU, where a window without a number above 0 is dead and points nowhere. A floor of NaN
lets every number pass, and a bias of −0 changes none, so that plain pooling is the same loop.

LLVM turns comparisons of neighbours in memory into SIMD: along the lanes of a pixel (:mod:`.image_rows`). Where a
pixel has one lane, each corner of all windows of a plane is brought together first, since rows are short: that is what
kernels called ``..._in_planes`` do, and a network needs but one kind. A job is an outer. Places in memory are unsigned:
numba then has no test of a count from the end.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from autograd_cnn.kernels.jit import jit
from autograd_cnn.kernels.layout import Floats

Integers = NDArray[Any]
Place = np.uintp


@jit
def _largest_of_four(a: Any, b: Any, c: Any, d: Any, floor: Any, nowhere: Any) -> Any:
    """Return the first largest of four numbers and its place; the floor and nowhere, if none is above the floor."""
    best, place = a, np.uint8(0)
    wins = (best == best) & ((b > best) | (b != b))
    best, place = b if wins else best, np.uint8(1) if wins else place
    wins = (best == best) & ((c > best) | (c != c))
    best, place = c if wins else best, np.uint8(2) if wins else place
    wins = (best == best) & ((d > best) | (d != d))
    best, place = d if wins else best, np.uint8(3) if wins else place
    dead = best <= floor
    return floor if dead else best, nowhere if dead else place


@jit
def take_largest_of_four(
    first: int,
    last: int,
    x: Floats,
    x_outer: int,
    x_row: int,
    outputs: tuple[int, int, int],
    bias: Floats,
    per_lane: bool,
    floor: Any,
    nowhere: Any,
    y: Floats,
    y_outer: int,
    y_row: int,
    switches: Integers,
) -> None:
    """Put the largest pixel of each window into ``y`` and its place into ``switches``, (outer, OH · OW · lanes).

    ``outputs`` is the height, the width and the lanes of ``y``; ``bias`` has a number per lane, or for each outer in
    turn.
    """
    lanes, added = Place(outputs[2]), np.empty(outputs[2], x.dtype)
    for o in range(first, last):
        own, switch, there = bias[o % bias.size], switches[o], Place(0)
        for k in range(added.size):
            added[k] = bias[k] if per_lane else own
        for i in range(outputs[0]):
            top, here = Place(o * x_outer + 2 * i * x_row), Place(o * y_outer + i * y_row)
            bottom = top + Place(x_row)
            for _ in range(outputs[1]):
                _compare(x, top, bottom, lanes, lanes, added, floor, nowhere, y, here, switch, there)
                top, bottom, here, there = top + lanes + lanes, bottom + lanes + lanes, here + lanes, there + lanes


@jit
def take_largest_of_four_in_planes(
    first: int,
    last: int,
    x: Floats,
    x_outer: int,
    x_row: int,
    outputs: tuple[int, int, int],
    bias: Floats,
    per_lane: bool,
    floor: Any,
    nowhere: Any,
    y: Floats,
    y_outer: int,
    y_row: int,
    switches: Integers,
) -> None:
    """Do as `take_largest_of_four` where a pixel has one lane."""
    area, width = Place(outputs[0] * outputs[1]), Place(outputs[1])
    best = area + area + area + area
    corners, added = np.empty(5 * outputs[0] * outputs[1], x.dtype), np.full(outputs[0] * outputs[1], -0.0, x.dtype)
    for o in range(first, last):
        own = bias[o % bias.size]
        for i in range(outputs[0]):
            top, row = Place(o * x_outer + 2 * i * x_row), Place(i * outputs[1])
            _split(x, top, corners, row, area, width, own)
            _split(x, top + Place(x_row), corners, area + area + row, area, width, own)
        _compare(
            corners, Place(0), area + area, area, area, added, floor, nowhere, corners, best, switches[o], Place(0)
        )
        for i in range(outputs[0]):
            _copy(corners, best + Place(i * outputs[1]), y, Place(o * y_outer + i * y_row), width)


@jit
def _compare(
    x: Floats,
    top: Any,
    bottom: Any,
    apart: Any,
    count: Any,
    bias: Floats,
    floor: Any,
    nowhere: Any,
    y: Floats,
    here: Any,
    switches: Integers,
    there: Any,
) -> None:
    """Compare the corners of as many windows as `count` says; those of a window's row are `apart`."""
    for k in range(count):
        add = bias[k]
        y[here + k], switches[there + k] = _largest_of_four(
            x[top + k] + add,
            x[top + apart + k] + add,
            x[bottom + k] + add,
            x[bottom + apart + k] + add,
            floor,
            nowhere,
        )


@jit
def _split(row: Floats, start: Any, halves: Floats, even: Any, apart: Any, count: Any, own: Any) -> None:
    """Bring every other number of a row together, and add a bias."""
    for j in range(count):
        halves[even + j] = row[start + j + j] + own
        halves[even + apart + j] = row[start + j + j + Place(1)] + own


@jit
def _copy(source: Floats, start: Any, target: Floats, here: Any, count: Any) -> None:
    for j in range(count):
        target[here + j] = source[start + j]


@jit
def send_to_four(
    first: int,
    last: int,
    upstream: Floats,
    upstream_outer: int,
    upstream_row: int,
    switches: Integers,
    size: tuple[int, int, int],
    outputs: tuple[int, int],
    nowhere: Any,
    gradient: Floats,
    outer_stride: int,
    row_stride: int,
    sums: Floats,
) -> None:
    """Give each of the four pixels of a window its upstream gradient or 0: the gradient of `take_largest_of_four`.

    ``switches`` are (outer, OH · OW · lanes), ``size`` is the height, the width and the lanes of the images,
    ``outputs`` are OH and OW. ``sums``, (outer, OW · lanes) and zero, receives column by column what was sent, in
    float64; it may be (outer, 0).
    """
    lanes = Place(size[2])
    for o in range(first, last):
        switch, there = switches[o], Place(0)
        _clear_rest(gradient, o * outer_stride, row_stride, size, outputs)
        for i in range(outputs[0]):
            start, top = Place(o * upstream_outer + i * upstream_row), Place(o * outer_stride + 2 * i * row_stride)
            bottom = top + Place(row_stride)
            if sums.size:
                _add_up(sums[o], upstream, start, switch, there, nowhere)
            for _ in range(outputs[1]):
                _choose(upstream, start, switch, there, lanes, np.uint8(0), gradient, top)
                _choose(upstream, start, switch, there, lanes, np.uint8(1), gradient, top + lanes)
                _choose(upstream, start, switch, there, lanes, np.uint8(2), gradient, bottom)
                _choose(upstream, start, switch, there, lanes, np.uint8(3), gradient, bottom + lanes)
                start, there, top, bottom = start + lanes, there + lanes, top + lanes + lanes, bottom + lanes + lanes


@jit
def send_to_four_in_planes(
    first: int,
    last: int,
    upstream: Floats,
    upstream_outer: int,
    upstream_row: int,
    switches: Integers,
    size: tuple[int, int, int],
    outputs: tuple[int, int],
    nowhere: Any,
    gradient: Floats,
    outer_stride: int,
    row_stride: int,
    sums: Floats,
) -> None:
    """Do as `send_to_four` where a pixel has one lane."""
    area, width = Place(outputs[0] * outputs[1]), Place(outputs[1])
    corners, whole = np.empty(4 * outputs[0] * outputs[1], gradient.dtype), np.empty(area, gradient.dtype)
    for o in range(first, last):
        switch = switches[o]
        _clear_rest(gradient, o * outer_stride, row_stride, size, outputs)
        for i in range(outputs[0]):
            start = Place(o * upstream_outer + i * upstream_row)
            _copy(upstream, start, whole, Place(i * outputs[1]), width)
            if sums.size:
                _add_up(sums[o], upstream, start, switch, Place(i * outputs[1]), nowhere)
        for place in range(4):
            _choose(whole, Place(0), switch, Place(0), area, np.uint8(place), corners, area * Place(place))
        for i in range(outputs[0]):
            top, row = Place(o * outer_stride + 2 * i * row_stride), Place(i * outputs[1])
            _join(corners, row, area, gradient, top, width)
            _join(corners, area + area + row, area, gradient, top + Place(row_stride), width)


@jit
def _clear_rest(
    gradient: Floats, start: int, row_stride: int, size: tuple[int, int, int], outputs: tuple[int, int]
) -> None:
    """Clear the rows and columns of an outer that no window saw."""
    for i in range(size[0]):
        seen = 2 * outputs[1] * size[2] if i < 2 * outputs[0] else 0
        begin = Place(start + i * row_stride + seen)
        for k in range(Place(size[1] * size[2] - seen)):
            gradient[begin + k] = 0


@jit
def _choose(
    upstream: Floats, start: Any, switches: Integers, there: Any, count: Any, place: Any, gradient: Floats, here: Any
) -> None:
    """Put the upstream gradient where the switch is this place, and 0 elsewhere."""
    zero = gradient.dtype.type(0)
    for k in range(count):
        gradient[here + k] = upstream[start + k] if switches[there + k] == place else zero


@jit
def _join(halves: Floats, even: Any, apart: Any, row: Floats, start: Any, count: Any) -> None:
    """Undo `_split`."""
    for j in range(count):
        row[start + j + j] = halves[even + j]
        row[start + j + j + Place(1)] = halves[even + apart + j]


@jit
def _add_up(sums: Floats, upstream: Floats, start: Any, switches: Integers, there: Any, nowhere: Any) -> None:
    """Add a row of the upstream gradient up, in float64, without what was sent nowhere."""
    for k in range(Place(sums.size)):
        sums[k] += np.float64(upstream[start + k]) if switches[there + k] != nowhere else 0.0
