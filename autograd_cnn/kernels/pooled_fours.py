"""Max pooling by windows of 2 by 2 that tile the images, the most common kind, and its gradient.

The four corners of a window are compared at once. A bias may be added first, and a floor hold below: a floor of 0
makes it pooling after a ReLU, where a window without a number above 0 is dead and points nowhere. A floor of NaN
lets every number pass, and a bias of −0 changes none, so that plain pooling is the same loop.

LLVM turns comparisons of neighbours in memory into SIMD: along the lanes of a pixel (:mod:`.image_rows`). Where a
pixel has one lane, each corner of all windows of a plane is brought together first, since rows are short. A job is
an outer.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from autograd_cnn.kernels.jit import jit
from autograd_cnn.kernels.layout import Floats

Integers = NDArray[Any]


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
def _take_with_bias(
    best: Floats, switch: Integers, a: Floats, b: Floats, c: Floats, d: Floats, bias: Floats, floor: Any, nowhere: Any
) -> None:
    for k in range(best.size):
        add = bias[k]
        best[k], switch[k] = _largest_of_four(a[k] + add, b[k] + add, c[k] + add, d[k] + add, floor, nowhere)


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
    height, width, lanes = outputs
    added, corners = np.empty(lanes, x.dtype), np.empty((5, height * width if lanes == 1 else 0), x.dtype)
    for o in range(first, last):
        own = bias[o % bias.size]
        if lanes == 1:
            _split(x[o * x_outer :], x_row, own, width, corners)
            _take_of_corners(corners, switches[o], floor, nowhere)
            _put(corners[4], y[o * y_outer :], y_row, width)
            continue
        for k in range(lanes):
            added[k] = bias[k] if per_lane else own
        for i in range(height):
            above, here = o * x_outer + 2 * i * x_row, o * y_outer + i * y_row
            top, bottom = x[above : above + 2 * width * lanes], x[above + x_row : above + x_row + 2 * width * lanes]
            best, switch = y[here : here + width * lanes], switches[o, i * width * lanes : (i + 1) * width * lanes]
            for j in range(width):
                left, right, end = 2 * j * lanes, (2 * j + 1) * lanes, (2 * j + 2) * lanes
                _take_with_bias(
                    best[j * lanes : (j + 1) * lanes],
                    switch[j * lanes : (j + 1) * lanes],
                    top[left:right],
                    top[right:end],
                    bottom[left:right],
                    bottom[right:end],
                    added,
                    floor,
                    nowhere,
                )


@jit
def _split(plane: Floats, plane_row: int, own: Any, width: int, corners: Floats) -> None:
    """Bring each of the four corners of a plane's windows together, and add a bias."""
    a, b, c, d = corners[0], corners[1], corners[2], corners[3]
    for i in range(a.size // width):
        top, bottom = plane[2 * i * plane_row :], plane[(2 * i + 1) * plane_row :]
        even, odd = a[i * width :], b[i * width :]
        for j in range(width):
            even[j], odd[j] = top[2 * j] + own, top[2 * j + 1] + own
        even, odd = c[i * width :], d[i * width :]
        for j in range(width):
            even[j], odd[j] = bottom[2 * j] + own, bottom[2 * j + 1] + own


@jit
def _take_of_corners(corners: Floats, switch: Integers, floor: Any, nowhere: Any) -> None:
    a, b, c, d, best = corners[0], corners[1], corners[2], corners[3], corners[4]
    for k in range(best.size):
        best[k], switch[k] = _largest_of_four(a[k], b[k], c[k], d[k], floor, nowhere)


@jit
def _put(numbers: Floats, plane: Floats, plane_row: int, width: int) -> None:
    for i in range(numbers.size // width):
        row, own = plane[i * plane_row :], numbers[i * width :]
        for j in range(width):
            row[j] = own[j]


@jit
def _choose(target: Floats, upstream: Floats, switch: Integers, place: Any) -> None:
    """Put the upstream gradient where the switch is this place, and 0 elsewhere."""
    for k in range(target.size):
        target[k] = upstream[k] if switch[k] == place else target.dtype.type(0)


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
    lanes = size[2]
    length, area = outputs[1] * lanes, outputs[0] * outputs[1] if lanes == 1 else 0
    whole, corners = np.empty(area, gradient.dtype), np.empty((4, area), gradient.dtype)
    for o in range(first, last):
        _clear_rest(gradient[o * outer_stride :], row_stride, size, 2 * outputs[0], 2 * length)
        if lanes == 1:
            _bring_together(upstream[o * upstream_outer :], upstream_row, length, whole)
            _choose_corners(corners, whole, switches[o])
            _join(corners, gradient[o * outer_stride :], row_stride, length)
        for i in range(outputs[0] if lanes > 1 else 0):
            start, above = o * upstream_outer + i * upstream_row, o * outer_stride + 2 * i * row_stride
            sent, switch = upstream[start : start + length], switches[o, i * length : (i + 1) * length]
            top = gradient[above : above + 2 * length]
            bottom = gradient[above + row_stride : above + row_stride + 2 * length]
            for j in range(outputs[1]):
                here, left, right = slice(j * lanes, (j + 1) * lanes), 2 * j * lanes, (2 * j + 1) * lanes
                _choose(top[left:right], sent[here], switch[here], np.uint8(0))
                _choose(top[right : right + lanes], sent[here], switch[here], np.uint8(1))
                _choose(bottom[left:right], sent[here], switch[here], np.uint8(2))
                _choose(bottom[right : right + lanes], sent[here], switch[here], np.uint8(3))
        if sums.shape[1]:
            _add_up(sums[o], upstream[o * upstream_outer :], upstream_row, switches[o], nowhere)


@jit
def _clear_rest(plane: Floats, plane_row: int, size: tuple[int, int, int], below: int, behind: int) -> None:
    """Clear the rows and columns that no window saw."""
    for i in range(size[0]):
        row = plane[i * plane_row :]
        for k in range(behind if i < below else 0, size[1] * size[2]):
            row[k] = 0


@jit
def _bring_together(plane: Floats, plane_row: int, width: int, numbers: Floats) -> None:
    for i in range(numbers.size // width):
        row, own = plane[i * plane_row :], numbers[i * width :]
        for j in range(width):
            own[j] = row[j]


@jit
def _choose_corners(corners: Floats, whole: Floats, switch: Integers) -> None:
    for place in range(4):
        _choose(corners[place], whole, switch, np.uint8(place))


@jit
def _join(corners: Floats, plane: Floats, plane_row: int, width: int) -> None:
    """Put four corners of each window back where `_split` found them."""
    a, b, c, d = corners[0], corners[1], corners[2], corners[3]
    for i in range(a.size // width):
        top, bottom = plane[2 * i * plane_row :], plane[(2 * i + 1) * plane_row :]
        even, odd = a[i * width :], b[i * width :]
        for j in range(width):
            top[2 * j], top[2 * j + 1] = even[j], odd[j]
        even, odd = c[i * width :], d[i * width :]
        for j in range(width):
            bottom[2 * j], bottom[2 * j + 1] = even[j], odd[j]


@jit
def _add_up(sums: Floats, upstream: Floats, upstream_row: int, switches: Integers, nowhere: Any) -> None:
    """Add the rows of the upstream gradient up, in float64, without those that were sent nowhere."""
    for i in range(switches.size // sums.size):
        sent, switch = upstream[i * upstream_row :], switches[i * sums.size :]
        for k in range(sums.size):
            sums[k] += np.float64(sent[k]) if switch[k] != nowhere else 0.0
