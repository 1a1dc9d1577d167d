"""Convolution with arguments checked and filled in."""

from __future__ import annotations

from typing import Any

from autograd_cnn.errors import ArgumentError, ShapeError
from autograd_cnn.functional.arguments import floating, images, same_dtype, shape_of
from autograd_cnn.gates import convolution, windows
from autograd_cnn.gates.shape import reshape
from autograd_cnn.registry import Value
from autograd_cnn.settings import is_whole, written


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
    padding : int, (int, int), ((top, bottom), (left, right)), (top, bottom, left, right), "valid" or "same"
        Zeros around the image. With stride 1, 0 (narrow) shrinks it by F − 1, (F − 1)/2 ("same") keeps its
        size, and F − 1 (wide) lets every pixel meet every weight.
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
    window = windows.pair("conv2d", "weight height and width", tuple(weight.shape[2:]), 1)
    stride = windows.pair("conv2d", "stride", stride, 1)
    dilation = windows.pair("conv2d", "dilation", dilation, 1)
    padding = windows.padding_pairs("conv2d", padding, window, stride, dilation)
    return _convolved("conv2d", x, weight, bias, stride, padding, dilation, groups, fit)


def conv1d(
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
    """Convolve sequences with filters: conv2d on images of height 1.

    Parameters
    ----------
    x : (N, C, L) array or node
        Sequences, float32 or float64.
    weight : (O, C/groups, length) array or node
        One filter per output channel.
    padding : int, (left, right), "valid" or "same"
        Zeros before and after the sequence.
    bias, stride, dilation, groups, fit
        As in `conv2d`.

    Returns
    -------
    (N, O, length) array or node

    Raises
    ------
    ShapeError, ArgumentError, DtypeError
        When sizes, arguments or dtypes do not fit; the message names what would.

    Examples
    --------
    CS231n's neurons in one dimension: input of size 5 padded by 1, stride 1 and 2.

    >>> import numpy as np
    >>> from autograd_cnn import functional as F
    >>> x, w = np.array([[[1.0, 2.0, -1.0, 1.0, -3.0]]]), np.array([[[1.0, 0.0, -1.0]]])
    >>> F.conv1d(x, w, padding=1)[0, 0]
    array([-2.,  2.,  1.,  2.,  1.])
    >>> F.conv1d(x, w, stride=2, padding=1)[0, 0]
    array([-2.,  1.,  1.])
    """
    images_of_height_1 = sequences("conv1d", x)
    if len(weight.shape) != 3:
        raise ShapeError(f"conv1d: weight of shape {weight.shape}, expected (out, in/groups, length)")
    window = windows.along_row("conv1d", "weight length", weight.shape[2], 1)
    stride = windows.along_row("conv1d", "stride", stride, 1)
    dilation = windows.along_row("conv1d", "dilation", dilation, 1)
    padding = windows.row_padding("conv1d", padding, window, stride, dilation)
    check_channels("conv1d", x.shape, weight.shape, groups)
    rows = reshape(weight, shape=(*weight.shape[:2], 1, weight.shape[2]))
    result = _convolved("conv1d", images_of_height_1, rows, bias, stride, padding, dilation, groups, fit)
    return reshape(result, shape=(*result.shape[:2], result.shape[3]))


def _convolved(
    name: str,
    x: Value,
    weight: Value,
    bias: Value | None,
    stride: windows.Pair,
    padding: windows.Padding,
    dilation: windows.Pair,
    groups: int,
    fit: str,
) -> Value:
    same_dtype(name, x, weight)
    check_channels(name, x.shape, weight.shape, groups)
    size = windows.output_size(name, x.shape[2:], weight.shape[2:], stride, padding, dilation, fit)
    result = convolution.conv2d(
        x, weight, stride=stride, padding=padding, dilation=dilation, groups=groups, output_size=size
    )
    return with_bias(name, result, bias)


def check_channels(name: str, x: tuple[int, ...], weight: tuple[int, ...], groups: int) -> None:
    """Raise when groups do not divide the channels, or an input of shape `x` has others than `weight` reads."""
    check_groups(name, x[1], weight[0], groups)
    if x[1] != weight[1] * groups:
        raise ShapeError(
            f"{name}: weight {weight} with groups={groups} expects {weight[1] * groups} channels, "
            f"got input of shape {x}"
        )


def with_bias(name: str, result: Value, bias: Value | None) -> Value:
    """Add one number per output channel; raise ShapeError when there are not as many."""
    if bias is None:
        return result
    if bias.shape != result.shape[1:2]:
        raise ShapeError(f"{name}: bias of shape {bias.shape}, expected ({result.shape[1]},)")
    return result + reshape(bias, shape=(1, -1, 1, 1))


def sequences(name: str, x: Value) -> Value:
    """Return sequences (N, C, L) as images (N, C, 1, L); raise ShapeError or DtypeError for anything else."""
    shape = shape_of(name, x)
    if len(shape) != 3:
        hint = "; one sequence is x[None]" if len(shape) == 2 else ""
        raise ShapeError(f"{name}: input of shape {shape}, expected (N, C, L){hint}")
    floating(name, x)
    return reshape(x, shape=(*shape[:2], 1, shape[2]))


def check_groups(name: str, channels: int, filters: int, groups: int) -> None:
    """Raise ArgumentError unless `groups` divides both channel counts."""
    if not is_whole(groups, 1) or channels % groups or filters % groups:
        raise ArgumentError(
            f"{name}: groups={written(groups)} must be a positive integer that divides {channels} input and "
            f"{filters} output channels"
        )
