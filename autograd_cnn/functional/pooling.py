"""Pooling with arguments checked and filled in."""

from __future__ import annotations

from typing import Any

from autograd_cnn.errors import ArgumentError
from autograd_cnn.functional.arguments import images
from autograd_cnn.gates import pooling, windows
from autograd_cnn.registry import Value


def max_pool2d(
    x: Value,
    kernel_size: Any,
    stride: Any = None,
    padding: Any = 0,
    dilation: Any = 1,
    *,
    fit: str = "exact",
) -> Value:
    """Take the maximum of every window; the first element wins a tie, NaN wins over all.

    Parameters
    ----------
    x : (N, C, H, W) array or node
        Images, float32 or float64.
    kernel_size, stride, padding, dilation : int or pair
        As in `conv2d`; the stride defaults to the window. The margin holds −∞, and is at most
        half a window wide.
    fit : {"exact", "floor", "ceil"}
        As in `conv2d`.
    """
    images("max_pool2d", x)
    window, stride, padding, dilation = pool_windows("max_pool2d", kernel_size, stride, padding, dilation)
    size = windows.output_size("max_pool2d", x.shape[2:], window, stride, padding, dilation, fit)
    return pooling.max_pool2d(x, window=window, stride=stride, padding=padding, dilation=dilation, output_size=size)


def avg_pool2d(
    x: Value,
    kernel_size: Any,
    stride: Any = None,
    padding: Any = 0,
    *,
    count_include_pad: bool = True,
    fit: str = "exact",
) -> Value:
    """Take the average of every window.

    Parameters
    ----------
    x : (N, C, H, W) array or node
        Images, float32 or float64.
    kernel_size, stride, padding : int or pair
        As in `max_pool2d`.
    count_include_pad : bool
        Whether the zeros of the margin count in the average.
    fit : {"exact", "floor", "ceil"}
        As in `conv2d`.
    """
    images("avg_pool2d", x)
    window, stride, padding, dilation = pool_windows("avg_pool2d", kernel_size, stride, padding, 1)
    size = windows.output_size("avg_pool2d", x.shape[2:], window, stride, padding, dilation, fit)
    return pooling.avg_pool2d(
        x,
        window=window,
        stride=stride,
        padding=padding,
        count_include_pad=count_include_pad,
        output_size=size,
    )


def pool_windows(name: str, window: Any, stride: Any, padding: Any, dilation: Any) -> Any:
    """Return (window, stride, margins, dilation) of a pooling, checked and filled in."""
    window = windows.pair(name, "kernel_size", window, 1)
    stride = window if stride is None else windows.pair(name, "stride", stride, 1)
    dilation = windows.pair(name, "dilation", dilation, 1)
    margins = windows.padding_pairs(name, padding, window, stride, dilation)
    if any(2 * m > f for f, both in zip(window, margins, strict=True) for m in both):
        raise ArgumentError(f"{name}: padding {padding!r} is more than half of the window {window}")
    return window, stride, margins, dilation
