"""Convolution with arguments checked and filled in."""

from __future__ import annotations

from typing import Any

from autograd_cnn.errors import ArgumentError, ShapeError
from autograd_cnn.functional.arguments import images, same_dtype
from autograd_cnn.gates import convolution, windows
from autograd_cnn.gates.shape import reshape
from autograd_cnn.registry import Value


def conv2d(
    x: Value,
    weight: Value,
    bias: Value | None = None,
    stride: Any = 1,
    padding: Any = 0,
    dilation: Any = 1,
    groups: int = 1,
    *,
    fit: str = "exact",
) -> Value:
    """Convolve images with filters (cross-correlation, as in torch and CS231n).

    Parameters
    ----------
    x : (N, C, H, W) array or node
        Images, float32 or float64.
    weight : (O, C/groups, height, width) array or node
        One filter per output channel.
    bias : (O,) array or node, optional
        One number per output channel.
    stride, dilation : int or (int, int)
        Steps between windows, and between the elements of one window.
    padding : int, (int, int), ((top, bottom), (left, right)), "valid" or "same"
        Zeros around the image.
    groups : int
        The channels are cut into this many groups that do not see each other.
    fit : {"exact", "floor", "ceil"}
        What to do when (W − F + 2P)/S is not whole: raise, leave the rest unread, or add zeros.

    Returns
    -------
    (N, O, height, width) array or node

    Raises
    ------
    ShapeError, ArgumentError, DtypeError
        When sizes, arguments or dtypes do not fit; the message names what would.

    Examples
    --------
    >>> import numpy as np
    >>> from autograd_cnn import functional as F
    >>> F.conv2d(np.ones((1, 1, 3, 3)), np.ones((1, 1, 3, 3)), padding=1)[0, 0]
    array([[4., 6., 4.],
           [6., 9., 6.],
           [4., 6., 4.]])
    """
    images("conv2d", x)
    if len(weight.shape) != 4:
        raise ShapeError(f"conv2d: weight of shape {weight.shape}, expected (out, in/groups, height, width)")
    same_dtype("conv2d", x, weight)
    check_groups("conv2d", x.shape[1], weight.shape[0], groups)
    if x.shape[1] != weight.shape[1] * groups:
        raise ShapeError(
            f"conv2d: weight {weight.shape} with groups={groups} expects {weight.shape[1] * groups} channels, "
            f"got images of shape {x.shape}"
        )
    window = windows.pair("conv2d", "weight height and width", tuple(weight.shape[2:]), 1)
    stride = windows.pair("conv2d", "stride", stride, 1)
    dilation = windows.pair("conv2d", "dilation", dilation, 1)
    padding = windows.padding_pairs("conv2d", padding, window, stride, dilation)
    size = windows.output_size("conv2d", x.shape[2:], window, stride, padding, dilation, fit)
    result = convolution.conv2d(
        x, weight, stride=stride, padding=padding, dilation=dilation, groups=groups, output_size=size
    )
    if bias is None:
        return result
    if bias.shape != weight.shape[:1]:
        raise ShapeError(f"conv2d: bias of shape {bias.shape}, expected {weight.shape[:1]}")
    return result + reshape(bias, shape=(1, -1, 1, 1))


def check_groups(name: str, channels: int, filters: int, groups: int) -> None:
    """Raise ArgumentError unless `groups` divides both channel counts."""
    if (
        isinstance(groups, bool)
        or not hasattr(groups, "__index__")
        or groups < 1
        or channels % groups
        or filters % groups
    ):
        raise ArgumentError(
            f"{name}: groups={groups!r} must be a positive integer that divides {channels} input and "
            f"{filters} output channels"
        )
