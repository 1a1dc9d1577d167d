"""The loops of average pooling, along rows of pixels in any order (:mod:`.image_rows`); a job is an outer.

Which windows of a row see a pixel through one column of the window: ``columns``, as in :mod:`.pooled_rows`.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from autograd_cnn.kernels.jit import jit
from autograd_cnn.kernels.layout import Floats

Integers = NDArray[Any]
Pair = tuple[int, int]


@jit
def add_up_windows(
    first: int,
    last: int,
    x: Floats,
    x_outer: int,
    x_row: int,
    size: Pair,
    columns: Integers,
    window: Pair,
    stride: Pair,
    above: int,
    divisors: Floats,
    y: Floats,
    y_outer: int,
    y_row: int,
) -> None:
    """Put the sum of each window over its divisor, (OH, OW), into ``y``; ``size``: height, and lanes of a pixel."""
    height, lanes = size
    outputs, step = divisors.shape[1], stride[1] * lanes
    for o in range(first, last):
        for i in range(divisors.shape[0]):
            total = y[o * y_outer + i * y_row : o * y_outer + i * y_row + outputs * lanes]
            total[:] = 0
            top = i * stride[0] - above
            for row in range(max(0, top), min(top + window[0], height)):
                for tap in range(window[1]):
                    begin, end, column = columns[tap]
                    start = o * x_outer + row * x_row + column * lanes
                    if lanes == 1 and begin < end:
                        pixels = x[start : start + (end - begin - 1) * step + 1]
                        for j in range(end - begin):
                            total[begin + j] += pixels[j * step]
                        continue
                    for j in range(begin, end):
                        here, pixels = total[j * lanes : (j + 1) * lanes], x[start : start + lanes]
                        for k in range(lanes):
                            here[k] += pixels[k]
                        start += step
            for j in range(outputs):
                for k in range(j * lanes, (j + 1) * lanes):
                    total[k] /= divisors[i, j]


@jit
def add_to_windows(
    first: int,
    last: int,
    upstream: Floats,
    upstream_outer: int,
    upstream_row: int,
    columns: Integers,
    window: Pair,
    stride: Pair,
    above: int,
    divisors: Floats,
    size: tuple[int, int, int],
    gradient: Floats,
    outer_stride: int,
    row_stride: int,
) -> None:
    """Add each window's share, its upstream gradient over its divisor, to all of its pixels.

    ``size`` is the height, the width and the lanes of the gradient.
    """
    height, width, lanes = size
    outputs, step = divisors.shape[1], stride[1] * lanes
    shares = np.empty(outputs * lanes, gradient.dtype)
    for o in range(first, last):
        for row in range(height):
            start = o * outer_stride + row * row_stride
            gradient[start : start + width * lanes] = 0
        for i in range(divisors.shape[0]):
            start = o * upstream_outer + i * upstream_row
            for j in range(outputs):
                for k in range(j * lanes, (j + 1) * lanes):
                    shares[k] = upstream[start + k] / divisors[i, j]
            top = i * stride[0] - above
            for row in range(max(0, top), min(top + window[0], height)):
                for tap in range(window[1]):
                    begin, end, column = columns[tap]
                    start = o * outer_stride + row * row_stride + column * lanes
                    if lanes == 1 and begin < end:
                        pixels = gradient[start : start + (end - begin - 1) * step + 1]
                        for j in range(end - begin):
                            pixels[j * step] += shares[begin + j]
                        continue
                    for j in range(begin, end):
                        share, target = shares[j * lanes : (j + 1) * lanes], gradient[start : start + lanes]
                        for k in range(lanes):
                            target[k] += share[k]
                        start += step
