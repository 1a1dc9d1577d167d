"""Images read between their pixels: what turning, scaling and warping them is made of."""

from __future__ import annotations

import math

import numpy as np

from autograd_cnn.kernels.jit import jit
from autograd_cnn.kernels.layout import Floats, readable
from autograd_cnn.kernels.threads import share_out

CONSTANT, EDGE, REFLECT = 0, 1, 2
OUTSIDE = -1


def resample(images: Floats, rows: Floats, columns: Floats, border: int, fill: float) -> Floats:
    """Return what images (N, C, H, W) show at places (N, h, w) between their pixels, as (N, C, h, w).

    Bilinear: each place takes its four neighbours, the nearer ones more. Beyond the border stands `fill`, the nearest
    pixel of the edge, or the mirrored image, whose edge is not repeated; see `CONSTANT`, `EDGE` and `REFLECT`.
    """
    found = np.empty((*images.shape[:2], *rows.shape[1:]), images.dtype)
    images, rows, columns = readable(images, images.dtype), readable(rows, np.float64), readable(columns, np.float64)
    share_out(_resample, len(images), 8 * found.size, images, rows, columns, border, float(fill), found)
    return found


@jit
def _inside(index: int, size: int, border: int) -> int:
    """Return which of `size` pixels stands at an index, or OUTSIDE for none."""
    if 0 <= index < size:
        return index
    if border == CONSTANT:
        return OUTSIDE
    if border == EDGE or size == 1:
        return 0 if index < 0 else size - 1
    period = 2 * (size - 1)
    index %= period
    return index if index < size else period - index


@jit
def _pixel(image: Floats, row: int, column: int, fill: float) -> float:
    return fill if row == OUTSIDE or column == OUTSIDE else float(image[row, column])


@jit
def _resample(
    first: int,
    last: int,
    images: Floats,
    rows: Floats,
    columns: Floats,
    border: int,
    fill: float,
    found: Floats,
) -> None:
    channels, height, width = images.shape[1:]
    for n in range(first, last):
        for i in range(rows.shape[1]):
            for j in range(rows.shape[2]):
                y, x = rows[n, i, j], columns[n, i, j]
                top, left = math.floor(y), math.floor(x)
                down, right = y - top, x - left
                upper, lower = _inside(top, height, border), _inside(top + 1, height, border)
                one, other = _inside(left, width, border), _inside(left + 1, width, border)
                for c in range(channels):
                    image = images[n, c]
                    above = (1 - right) * _pixel(image, upper, one, fill) + right * _pixel(image, upper, other, fill)
                    below = (1 - right) * _pixel(image, lower, one, fill) + right * _pixel(image, lower, other, fill)
                    found[n, c, i, j] = (1 - down) * above + down * below
