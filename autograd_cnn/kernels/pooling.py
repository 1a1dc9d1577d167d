"""Max and average pooling of images in plain loops along the output rows.

For each tap of the window the innermost loop runs along an output row; the part of the row whose
pixels lie inside the image is found beforehand, so the loop has no border test. Jobs are planes
(one image and channel), so results do not depend on the number of threads. Averages are
accumulated in the dtype of the result.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from autograd_cnn.errors import ShapeError
from autograd_cnn.kernels.jit import jit
from autograd_cnn.kernels.layout import Floats, floating_dtype, readable
from autograd_cnn.kernels.threads import share_out

Pair = tuple[int, int]
Integers = NDArray[Any]

NOWHERE = -1  # the switch of a window that holds padding alone


def max_pool2d(
    x: Floats,
    window: Pair,
    stride: Pair,
    padding: tuple[Pair, Pair],
    dilation: Pair,
    output_size: Pair,
) -> tuple[Floats, Integers]:
    """Return the largest pixel of each window, and where it stood.

    Among equal pixels the first of the window, row by row, wins. The first NaN wins over all
    numbers. Padding counts as -inf and never wins over a pixel.

    Parameters
    ----------
    x : ndarray
        Images, (N, C, H, W), float32 or float64, any strides.
    window, stride, dilation : (int, int)
        Along height and width.
    padding : ((int, int), (int, int))
        Above and below, left and right.
    output_size : (int, int)
        How many windows stand below and beside each other; they may stick out of the padded image.

    Returns
    -------
    y : ndarray
        (N, C, OH, OW).
    switches : ndarray of int32
        (N, C, OH, OW), the place ``row * W + column`` of each maximum in its input plane, or -1
        for a window of padding alone, whose maximum is -inf.

    Raises
    ------
    ShapeError
        If a plane has too many pixels for an int32 switch.
    """
    dtype = floating_dtype("max_pool2d", x)
    batch, channels, height, width = x.shape
    if height * width > np.iinfo(np.int32).max:
        raise ShapeError(f"max_pool2d got images of {height}x{width}; switches hold fewer than 2**31 pixels")
    y = np.full((batch, channels, *output_size), -np.inf, dtype)
    switches = np.full(y.shape, NOWHERE, np.int32)
    share_out(
        _max_pool,
        batch * channels,
        y.size * window[0] * window[1],
        readable(x.reshape(batch * channels, height, width), dtype),
        window,
        stride,
        (padding[0][0], padding[1][0]),
        dilation,
        y.reshape(batch * channels, *output_size),
        switches.reshape(batch * channels, *output_size),
    )
    return y, switches


def scatter_by_switches(upstream: Floats, switches: Integers, input_size: Pair) -> Floats:
    """Add each upstream gradient (N, C, OH, OW) to the pixel its switch names: (N, C, H, W)."""
    dtype = floating_dtype("scatter_by_switches", upstream)
    batch, channels = upstream.shape[:2]
    gradient = np.zeros((batch, channels, *input_size), dtype)
    planes, outputs = batch * channels, upstream.shape[2] * upstream.shape[3]
    share_out(
        _scatter,
        planes,
        upstream.size,
        readable(upstream.reshape(planes, outputs), dtype),
        readable(switches.reshape(planes, outputs), np.int32),
        gradient.reshape(planes, input_size[0] * input_size[1]),
    )
    return gradient


def gather_by_switches(x: Floats, switches: Integers) -> Floats:
    """Take the pixel (N, C, H, W) that each switch names: (N, C, OH, OW); 0 for the switch -1."""
    dtype = floating_dtype("gather_by_switches", x)
    y = np.zeros(switches.shape, dtype)
    planes, outputs = switches.shape[0] * switches.shape[1], switches.shape[2] * switches.shape[3]
    share_out(
        _gather,
        planes,
        y.size,
        readable(x.reshape(planes, x.shape[2] * x.shape[3]), dtype),
        readable(switches.reshape(planes, outputs), np.int32),
        y.reshape(planes, outputs),
    )
    return y


def avg_pool2d(
    x: Floats,
    window: Pair,
    stride: Pair,
    padding: tuple[Pair, Pair],
    count_include_pad: bool,
    output_size: Pair,
) -> Floats:
    """Return the mean of each window, (N, C, OH, OW).

    The sum of the pixels is divided by how many places of the window lie in the image, or, with
    ``count_include_pad``, in the padded image. Places beyond the padded image never count. A window
    without any pixel has mean 0.

    Parameters
    ----------
    x : ndarray
        Images, (N, C, H, W), float32 or float64, any strides.
    window, stride, padding, output_size
        As for :func:`max_pool2d`.
    count_include_pad : bool
        Whether padding counts as pixels of value 0.
    """
    dtype = floating_dtype("avg_pool2d", x)
    batch, channels, height, width = x.shape
    y = np.zeros((batch, channels, *output_size), dtype)
    share_out(
        _average,
        batch * channels,
        y.size * window[0] * window[1],
        readable(x.reshape(batch * channels, height, width), dtype),
        window,
        stride,
        (padding[0][0], padding[1][0]),
        _divisors((height, width), window, stride, padding, count_include_pad, output_size).astype(dtype),
        y.reshape(batch * channels, *output_size),
    )
    return y


def avg_pool2d_gradient(
    upstream: Floats,
    input_size: Pair,
    window: Pair,
    stride: Pair,
    padding: tuple[Pair, Pair],
    count_include_pad: bool,
) -> Floats:
    """Return the gradient of :func:`avg_pool2d` with respect to its images, (N, C, H, W).

    Parameters
    ----------
    upstream : ndarray
        Gradient of the output, (N, C, OH, OW).
    input_size : (int, int)
        Height and width of the images.
    window, stride, padding, count_include_pad
        As given to :func:`avg_pool2d`.
    """
    dtype = floating_dtype("avg_pool2d_gradient", upstream)
    batch, channels, *output_size = upstream.shape
    outputs = (output_size[0], output_size[1])
    gradient = np.zeros((batch, channels, *input_size), dtype)
    divisors = _divisors(input_size, window, stride, padding, count_include_pad, outputs)
    share_out(
        _share_among_window,
        batch * channels,
        upstream.size * window[0] * window[1],
        readable((upstream / divisors.astype(dtype)).reshape(batch * channels, *outputs), dtype),
        window,
        stride,
        (padding[0][0], padding[1][0]),
        gradient.reshape(batch * channels, *input_size),
    )
    return gradient


def _divisors(
    input_size: Pair,
    window: Pair,
    stride: Pair,
    padding: tuple[Pair, Pair],
    count_include_pad: bool,
    output_size: Pair,
) -> Floats:
    """Return how many places of each window count, (OH, OW); 1 where none does."""
    counts = []
    for axis in range(2):
        before, after = padding[axis] if count_include_pad else (0, 0)
        begin = np.arange(output_size[axis]) * stride[axis] - padding[axis][0]
        end = np.minimum(begin + window[axis], input_size[axis] + after)
        counts.append(np.maximum(end - np.maximum(begin, -before), 0))
    divisors: Floats = np.maximum(counts[0][:, None] * counts[1][None, :], 1)
    return divisors


@jit
def _inside(offset: int, stride: int, outputs: int, size: int) -> Pair:
    """Return the outputs ``first <= j < last`` for which ``0 <= offset + j * stride < size``."""
    first = max(0, -(offset // stride))
    last = min(outputs, (size - 1 - offset) // stride + 1)
    return first, last


@jit
def _max_pool(
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
    _, height, width = x.shape
    _, outputs_down, outputs_right = y.shape
    for plane in range(first, last):
        for i in range(outputs_down):
            best, switch = y[plane, i], switches[plane, i]
            for tap in range(window[0] * window[1]):
                row = i * stride[0] - before[0] + tap // window[1] * dilation[0]
                offset = tap % window[1] * dilation[1] - before[1]
                if 0 <= row < height:
                    pixels = x[plane, row]
                    begin, end = _inside(offset, stride[1], outputs_right, width)
                    for j in range(begin, end):
                        pixel = pixels[offset + j * stride[1]]
                        # & and | instead of "and" and "or": no branches, so LLVM can use SIMD
                        larger = (pixel > best[j]) | (pixel != pixel)
                        wins = (switch[j] < 0) | ((best[j] == best[j]) & larger)
                        best[j] = pixel if wins else best[j]
                        switch[j] = row * width + offset + j * stride[1] if wins else switch[j]


@jit
def _scatter(first: int, last: int, upstream: Floats, switches: Integers, gradient: Floats) -> None:
    for plane in range(first, last):
        for j in range(switches.shape[1]):
            if switches[plane, j] >= 0:
                gradient[plane, switches[plane, j]] += upstream[plane, j]


@jit
def _gather(first: int, last: int, x: Floats, switches: Integers, y: Floats) -> None:
    for plane in range(first, last):
        for j in range(switches.shape[1]):
            if switches[plane, j] >= 0:
                y[plane, j] = x[plane, switches[plane, j]]


@jit
def _average(
    first: int, last: int, x: Floats, window: Pair, stride: Pair, before: Pair, divisors: Floats, y: Floats
) -> None:
    _, height, width = x.shape
    _, outputs_down, outputs_right = y.shape
    for plane in range(first, last):
        for i in range(outputs_down):
            total = y[plane, i]
            for tap in range(window[0] * window[1]):
                row = i * stride[0] - before[0] + tap // window[1]
                offset = tap % window[1] - before[1]
                if 0 <= row < height:
                    pixels = x[plane, row]
                    begin, end = _inside(offset, stride[1], outputs_right, width)
                    for j in range(begin, end):
                        total[j] += pixels[offset + j * stride[1]]
            for j in range(outputs_right):
                total[j] /= divisors[i, j]


@jit
def _share_among_window(
    first: int, last: int, upstream: Floats, window: Pair, stride: Pair, before: Pair, gradient: Floats
) -> None:
    _, height, width = gradient.shape
    _, outputs_down, outputs_right = upstream.shape
    for plane in range(first, last):
        for i in range(outputs_down):
            shares = upstream[plane, i]
            for tap in range(window[0] * window[1]):
                row = i * stride[0] - before[0] + tap // window[1]
                offset = tap % window[1] - before[1]
                if 0 <= row < height:
                    pixels = gradient[plane, row]
                    begin, end = _inside(offset, stride[1], outputs_right, width)
                    for j in range(begin, end):
                        pixels[offset + j * stride[1]] += shares[j]
