"""Max and average pooling of images, and their gradients, in plain loops.

float32 or float64; averages are accumulated in the dtype of the result. Jobs are planes (one image
and channel), so results do not depend on the number of threads. The loops: :mod:`.pooled_rows`.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from autograd_cnn.errors import ShapeError
from autograd_cnn.kernels.layout import Floats, floating_dtype, readable
from autograd_cnn.kernels.pooled_rows import add_to_windows, add_up_windows, gather, scatter, take_largest
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
        take_largest,
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
        scatter,
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
        gather,
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
        add_up_windows,
        batch * channels,
        y.size * window[0] * window[1],
        readable(x.reshape(batch * channels, height, width), dtype),
        _columns(width, window[1], stride[1], padding[1][0], output_size[1]),
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
        add_to_windows,
        batch * channels,
        upstream.size * window[0] * window[1],
        readable((upstream / divisors.astype(dtype)).reshape(batch * channels, *outputs), dtype),
        _columns(input_size[1], window[1], stride[1], padding[1][0], outputs[1]),
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


@lru_cache(maxsize=256)
def _columns(width: int, window: int, stride: int, left: int, outputs: int) -> Integers:
    """Return for each column of the window, (KW, 3), where a kernel finds it inside the image.

    It is inside for the outputs from the first number up to the second, and for the first of these
    it stands at the third, a column of the image.
    """
    offset = np.arange(window) - left
    begin = np.maximum(0, -(offset // stride))
    end = np.minimum(outputs, (width - 1 - offset) // stride + 1)
    return readable(np.stack([begin, end, offset + begin * stride], axis=1), np.int64)
