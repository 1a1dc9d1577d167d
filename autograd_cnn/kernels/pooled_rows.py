"""The loops of pooling; a job is a plane, one image and channel.

Maxima are sought window by window, averages for each tap of the window along an output row. Which
outputs see a pixel of the image, and not padding, is known beforehand for each column of the
window (``columns``: from, up to, and the first pixel), so their innermost loop has no border test.
"""

from __future__ import annotations

from typing import Any

from numpy.typing import NDArray

from autograd_cnn.kernels.jit import jit
from autograd_cnn.kernels.layout import Floats

Integers = NDArray[Any]
Pair = tuple[int, int]


@jit
def take_largest(
    first: int,
    last: int,
    x: Floats,
    window: Pair,
    stride: Pair,
    before: Pair,
    dilation: Pair,
    y: Floats,
    switches: Integers,
) -> None:
    """Put the first largest pixel of each window into ``y``, (planes, OH, OW), and its place.

    ``y`` comes full of -inf. & and | instead of "and" and "or" leave no branch that depends on the
    pixels, which a processor would predict wrongly half of the time.
    """
    _, height, width = x.shape
    for plane in range(first, last):
        for i in range(y.shape[1]):
            top = i * stride[0] - before[0]
            for j in range(y.shape[2]):
                left = j * stride[1] - before[1]
                best, switch = y[plane, i, j], -1
                for row in range(top, top + window[0] * dilation[0], dilation[0]):
                    if 0 <= row < height:
                        for column in range(left, left + window[1] * dilation[1], dilation[1]):
                            if 0 <= column < width:
                                pixel = x[plane, row, column]
                                larger = (pixel > best) | (pixel != pixel)
                                wins = (switch < 0) | ((best == best) & larger)
                                best = pixel if wins else best
                                switch = row * width + column if wins else switch
                y[plane, i, j], switches[plane, i, j] = best, switch


@jit
def scatter(first: int, last: int, upstream: Floats, switches: Integers, gradient: Floats) -> None:
    """Add ``upstream``, (planes, OH*OW), to the places in ``gradient``, (planes, H*W)."""
    for plane in range(first, last):
        for j in range(switches.shape[1]):
            if switches[plane, j] >= 0:
                gradient[plane, switches[plane, j]] += upstream[plane, j]


@jit
def gather(first: int, last: int, x: Floats, switches: Integers, y: Floats) -> None:
    """Take ``y``, (planes, OH*OW), from the places in ``x``, (planes, H*W)."""
    for plane in range(first, last):
        for j in range(switches.shape[1]):
            if switches[plane, j] >= 0:
                y[plane, j] = x[plane, switches[plane, j]]


@jit
def add_up_windows(
    first: int,
    last: int,
    x: Floats,
    columns: Integers,
    window: Pair,
    stride: Pair,
    before: Pair,
    divisors: Floats,
    y: Floats,
) -> None:
    """Put the sum of each window over its divisor, (OH, OW), into ``y``, (planes, OH, OW)."""
    _, height, _ = x.shape
    for plane in range(first, last):
        for i in range(y.shape[1]):
            total = y[plane, i]
            top = i * stride[0] - before[0]
            for row in range(max(0, top), min(top + window[0], height)):
                for tap in range(window[1]):
                    begin, end, column = columns[tap]
                    for j in range(end - begin):
                        total[begin + j] += x[plane, row, column + j * stride[1]]
            for j in range(total.size):
                total[j] /= divisors[i, j]


@jit
def add_to_windows(
    first: int,
    last: int,
    shares: Floats,
    columns: Integers,
    window: Pair,
    stride: Pair,
    before: Pair,
    gradient: Floats,
) -> None:
    """Add each share, (planes, OH, OW), to all pixels of its window in ``gradient``, (planes, H, W)."""
    _, height, _ = gradient.shape
    for plane in range(first, last):
        for i in range(shares.shape[1]):
            top = i * stride[0] - before[0]
            for row in range(max(0, top), min(top + window[0], height)):
                for tap in range(window[1]):
                    begin, end, column = columns[tap]
                    for j in range(end - begin):
                        gradient[plane, row, column + j * stride[1]] += shares[plane, i, begin + j]
