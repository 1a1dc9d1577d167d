"""Pooling by norms and weighted sums: L2, distance-weighted, and blurring against aliasing."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from autograd_cnn.errors import ShapeError
from autograd_cnn.functional.arguments import images
from autograd_cnn.functional.pooling import max_pool2d, pool_windows
from autograd_cnn.gates import convolution, pooling, windows
from autograd_cnn.gates.comparison import equal, where
from autograd_cnn.gates.shape import concatenate
from autograd_cnn.memory import in_memory
from autograd_cnn.registry import Value
from autograd_cnn.settings import positive


def lp_pool2d(x: Value, norm_type: float, kernel_size: Any, stride: Any = None, *, fit: str = "exact") -> Value:
    """Take (Σ xᵖ)^(1/p) of every window: the L2 norm for p = 2, the sum for 1, the maximum for infinity.

    CS231n, convolutional networks, "General pooling". The gradient of a window whose sum is 0 is 0.

    Parameters
    ----------
    x : (N, C, H, W) array or node
        Images, float32 or float64.
    norm_type : float
        The power p, above 0. For an odd power, as in torch, signs count: a negative sum has no root (NaN).
    kernel_size, stride, fit
        As in `max_pool2d`; the stride defaults to the window. What sticks out counts as 0.

    Raises
    ------
    ShapeError, ArgumentError, DtypeError
        When sizes, arguments or dtypes do not fit.

    Examples
    --------
    >>> import numpy as np
    >>> from autograd_cnn import functional as F
    >>> F.lp_pool2d(np.array([[[[3.0, 4.0]]]]), 2, (1, 2)).item()
    5.0
    """
    images("lp_pool2d", x)
    power = check_norm_type("lp_pool2d", norm_type)
    if math.isinf(power):
        return max_pool2d(x, kernel_size, stride, fit=fit)
    window, stride, _, _ = pool_windows("lp_pool2d", kernel_size, stride, 0, 1)
    size = windows.output_size("lp_pool2d", x.shape[2:], window, stride, ((0, 0), (0, 0)), (1, 1), fit)
    below, beside = (
        max(0, (count - 1) * s + f - n) for count, s, f, n in zip(size, stride, window, x.shape[2:], strict=True)
    )
    powers = x if power == 1 else x**power
    averages = pooling.avg_pool2d(
        powers,
        window=window,
        stride=stride,
        padding=((0, below), (0, beside)),
        count_include_pad=True,
        output_size=size,
    )
    total = averages * (window[0] * window[1])
    if power == 1:
        return total
    nothing = equal(total, 0)
    return where(nothing, 0, where(nothing, 1, total) ** (1 / power))


def distance_weighted_pool2d(
    x: Value, kernel_size: Any, stride: Any = None, padding: Any = 0, *, fit: str = "exact"
) -> Value:
    """Take the weighted average of every window, whose weights fall with the distance from its centre.

    Parameters
    ----------
    x : (N, C, H, W) array or node
        Images, float32 or float64.
    kernel_size, stride, padding, fit
        As in `avg_pool2d`; the zeros of the margin count in the average. The weights are those of
        `distance_weights`.

    Raises
    ------
    ShapeError, ArgumentError, DtypeError
        When sizes, arguments or dtypes do not fit.

    Notes
    -----
    Named among the pooling functions in Goodfellow, Bengio and Courville, Deep Learning (2016), 9.3.
    """
    images("distance_weighted_pool2d", x)
    window, stride, margins, _ = pool_windows("distance_weighted_pool2d", kernel_size, stride, padding, 1)
    size = windows.output_size("distance_weighted_pool2d", x.shape[2:], window, stride, margins, (1, 1), fit)
    return _filtered(x, distance_weights(window), stride, margins, size)


def distance_weights(kernel_size: Any) -> Any:
    """Return the weights 1/(1 + d) of a window, over their sum; d is the distance from its centre in pixels.

    Returns
    -------
    (height, width) float64 array

    Raises
    ------
    ArgumentError, OutOfMemoryError
        For sizes that are no positive integers, or larger than memory.
    """
    height, width = windows.pair("distance_weights", "kernel_size", kernel_size, 1)
    with in_memory("distance_weights: weights", (height, width), 8, "take a smaller window"):
        rows, columns = np.arange(height) - (height - 1) / 2, np.arange(width) - (width - 1) / 2
        weights = 1 / (1 + np.hypot(rows[:, None], columns[None, :]))
        return weights / weights.sum()


def blur_pool2d(x: Value, kernel_size: Any = 3, stride: Any = 2) -> Value:
    """Blur with a binomial filter, then keep every `stride`-th pixel: subsampling without aliasing.

    Max pooling that hardly changes when the image moves by a pixel is max pooling with stride 1
    followed by this (Zhang 2019, "Making Convolutional Networks Shift-Invariant Again").

    Parameters
    ----------
    x : (N, C, H, W) array or node
        Images, float32 or float64; the margin mirrors them.
    kernel_size : int or (int, int)
        Size of the filter: 2 is [1, 1]/2, 3 is [1, 2, 1]/4, 5 is [1, 4, 6, 4, 1]/16, along each axis.
    stride : int or (int, int)
        Steps between the pixels that are kept.

    Returns
    -------
    (N, C, ⌈H/stride⌉, ⌈W/stride⌉) array or node

    Raises
    ------
    ShapeError, ArgumentError, DtypeError
        When the image is too small to be mirrored, or arguments or dtypes do not fit.

    Examples
    --------
    >>> import numpy as np
    >>> from autograd_cnn import functional as F
    >>> F.blur_pool2d(np.array([[[[0.0, 0.0, 4.0, 0.0]]]]), (1, 3), (1, 2))[0, 0]
    array([[0., 2.]])
    """
    images("blur_pool2d", x)
    window = windows.pair("blur_pool2d", "kernel_size", kernel_size, 1)
    stride = windows.pair("blur_pool2d", "stride", stride, 1)
    size = blurred_size("blur_pool2d", x.shape[2:], window, stride)
    for axis, extent in zip((2, 3), window, strict=True):
        x = _mirrored(x, axis, (extent - 1) // 2, extent // 2)
    rows, columns = (np.array([math.comb(f - 1, k) for k in range(f)]) / 2 ** (f - 1) for f in window)
    return _filtered(x, np.outer(rows, columns), stride, ((0, 0), (0, 0)), size)


def blurred_size(name: str, size: windows.Pair, window: windows.Pair, stride: windows.Pair) -> windows.Pair:
    """Return the size that blur pooling leaves; raise ShapeError for an image too small to be mirrored."""
    for n, extent in zip(size, window, strict=True):
        if n <= extent // 2:
            raise ShapeError(
                f"{name}: an image of {size[0]}×{size[1]} is too small to be mirrored for a blur of {window}"
            )
    return -(-size[0] // stride[0]), -(-size[1] // stride[1])


def check_norm_type(name: str, norm_type: Any) -> float:
    """Return the power of a norm as a float; raise ArgumentError unless it is above 0."""
    return positive(name, "norm_type", norm_type, "a number above 0, such as 2")


def _filtered(x: Value, weights: Any, stride: windows.Pair, padding: windows.Padding, size: windows.Pair) -> Value:
    """Slide one filter over every channel for itself."""
    channels = x.shape[1]
    filters = np.ascontiguousarray(np.broadcast_to(weights, (channels, 1, *weights.shape)), dtype=x.dtype)
    return convolution.conv2d(
        x, filters, stride=stride, padding=padding, dilation=(1, 1), groups=channels, output_size=size
    )


def _mirrored(x: Value, axis: int, before: int, after: int) -> Value:
    """Continue images across their border: c b | a b c | b a."""
    everything = (slice(None),) * axis
    parts = [x]
    if before:
        parts.insert(0, x[(*everything, slice(before, 0, -1))])
    if after:
        last = x.shape[axis] - 2
        parts.append(x[(*everything, slice(last, last - after if last >= after else None, -1))])
    return concatenate(*parts, axis=axis) if len(parts) > 1 else x
