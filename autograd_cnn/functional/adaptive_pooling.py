"""Pooling to a given number of windows, or to one number per channel."""

from __future__ import annotations

from typing import Any

import numpy as np

from autograd_cnn.errors import ShapeError
from autograd_cnn.functional.arguments import images
from autograd_cnn.functional.pooling import avg_pool2d, max_pool2d, with_switches
from autograd_cnn.gates import adaptive_pooling, reduction, windows
from autograd_cnn.gates.shape import stack
from autograd_cnn.memory import check_room
from autograd_cnn.registry import Value

_LEAST_BYTES = 128
"""What the place of a window along an axis takes at least: a slice, its two ends, and where it is listed."""


def adaptive_avg_pool2d(x: Value, output_size: Any) -> Value:
    """Take the average of each of a given number of windows, spread evenly over images of any size.

    Parameters
    ----------
    x : (N, C, H, W) array or node
        Images, float32 or float64.
    output_size : int or (height, width)
        How many windows below and beside each other; None keeps the size along that axis.

    Returns
    -------
    (N, C, height, width) array or node

    Raises
    ------
    ShapeError, ArgumentError, DtypeError, OutOfMemoryError
        When `x` is no batch of images, or has no pixels, or the size is not positive, or larger than memory.

    Examples
    --------
    >>> import numpy as np
    >>> from autograd_cnn import functional as F
    >>> F.adaptive_avg_pool2d(np.arange(5.0).reshape(1, 1, 1, 5), (1, 2))[0, 0]
    array([[1., 3.]])
    """
    size, window = _whole_windows("adaptive_avg_pool2d", x, output_size)
    if window is not None:
        return avg_pool2d(x, window)
    for axis, count in zip((2, 3), size, strict=True):
        before = (slice(None),) * axis
        bins = adaptive_pooling.adaptive_bins(x.shape[axis], count)
        x = stack(*(reduction.mean(x[(*before, part)], axis=axis) for part in bins), axis=axis)
    return x


def adaptive_max_pool2d(x: Value, output_size: Any, return_indices: bool = False) -> Any:
    """Take the maximum of each of a given number of windows, spread evenly over images of any size.

    Parameters
    ----------
    x : (N, C, H, W) array or node
        Images, float32 or float64.
    output_size : int or (height, width)
        How many windows below and beside each other; None keeps the size along that axis.
    return_indices : bool
        Whether to return (maxima, indices) as `max_pool2d` does.

    Raises
    ------
    ShapeError, ArgumentError, DtypeError, OutOfMemoryError
        When `x` is no batch of images, or has no pixels, or the size is not positive, or larger than memory.
    """
    size, window = _whole_windows("adaptive_max_pool2d", x, output_size)
    if window is not None:
        return max_pool2d(x, window, return_indices=return_indices)
    result, switches = with_switches(adaptive_pooling.adaptive_max_pool2d, x, output_size=size)
    return (result, switches.astype(np.int64)) if return_indices else result


def global_avg_pool2d(x: Value) -> Value:
    """Average each channel over the whole image: (N, C) for images (N, C, H, W).

    It replaces the fully connected layers at the end of a network (Lin, Chen and Yan 2013, "Network
    In Network"), and takes images of any size.
    """
    _with_pixels("global_avg_pool2d", x)
    return reduction.mean(x, axis=(2, 3))


def global_max_pool2d(x: Value) -> Value:
    """Take the maximum of each channel over the whole image: (N, C) for images (N, C, H, W)."""
    _with_pixels("global_max_pool2d", x)
    return reduction.max(x, axis=(2, 3))


def adaptive_size(name: str, size: windows.Pair, output_size: Any) -> windows.Pair:
    """Return how many windows stand below and beside each other, with None filled in."""
    both = tuple(output_size) if isinstance(output_size, tuple | list) else (output_size, output_size)
    if len(both) == 2:
        both = tuple(n if given is None else given for n, given in zip(size, both, strict=True))
    return windows.pair(name, "output_size", both, 1)


def whole_windows(size: windows.Pair, output_size: windows.Pair) -> windows.Pair | None:
    """Return the window when all are equal and none overlap, or None."""
    if any(n % count for n, count in zip(size, output_size, strict=True)):
        return None
    return size[0] // output_size[0], size[1] // output_size[1]


def _whole_windows(name: str, x: Value, output_size: Any) -> tuple[windows.Pair, windows.Pair | None]:
    _with_pixels(name, x)
    size = adaptive_size(name, x.shape[2:], output_size)
    for count in size:
        check_room(f"{name}: windows", (count,), _LEAST_BYTES, "ask for fewer")
    return size, whole_windows(x.shape[2:], size)


def _with_pixels(name: str, x: Value) -> None:
    images(name, x)
    if not np.prod(x.shape[2:]):
        raise ShapeError(f"{name}: images of shape {x.shape} have no pixels")
