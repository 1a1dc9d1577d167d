"""Transposed convolution: the gradient of conv2d to its image, used forwards to enlarge images."""

from __future__ import annotations

from typing import Any

from autograd_cnn.errors import ArgumentError, ShapeError
from autograd_cnn.functional.arguments import images, same_dtype
from autograd_cnn.functional.convolution import check_groups, with_bias
from autograd_cnn.gates import convolution, windows
from autograd_cnn.registry import Value
from autograd_cnn.settings import count


def conv_transpose2d(
    x: Value,
    weight: Value,
    bias: Value | None = None,
    stride: Any = 1,
    padding: Any = 0,
    output_padding: Any = 0,
    groups: int = 1,
    dilation: Any = 1,
) -> Value:
    """Enlarge images: every pixel paints its number times a filter, and paint adds up where it overlaps.

    It is the gradient of `conv2d` to its image, used forwards: with the same arguments conv2d leads from
    the shape of the result back to that of `x`, and Σ conv2d(a)·b = Σ a·conv_transpose2d(b). (Zeiler and
    Fergus 2014 call it deconvolution, which it is not: it undoes the shape, not the numbers.)

    Parameters
    ----------
    x : (N, C, H, W) array or node
        Images, float32 or float64.
    weight : (C, O/groups, height, width) array or node
        One filter per input channel.
    bias : (O,) array or node, optional
        One number per output channel.
    stride, dilation : int or (int, int)
        Steps between the windows painted, and between the elements of one window.
    padding : int, pair, ((top, bottom), (left, right)) or (top, bottom, left, right)
        Rows and columns to cut from the border of the result.
    output_padding : int or (int, int)
        Rows at the bottom and columns at the right to add, for sizes that several inputs of conv2d
        share; less than the stride or the dilation.
    groups : int
        The channels are cut into this many groups that do not see each other.

    Returns
    -------
    (N, O, height, width) array or node
        Of height (H − 1)·S − 2P + dilation·(F − 1) + output_padding + 1.

    Raises
    ------
    ShapeError, ArgumentError, DtypeError
        When sizes, arguments or dtypes do not fit; the message names what would.

    Examples
    --------
    >>> import numpy as np
    >>> from autograd_cnn import functional as F
    >>> F.conv_transpose2d(np.array([[[[1.0, 2.0]]]]), np.ones((1, 1, 2, 2)), stride=2)[0, 0]
    array([[1., 1., 2., 2.],
           [1., 1., 2., 2.]])
    """
    images("conv_transpose2d", x)
    if len(weight.shape) != 4:
        raise ShapeError(f"conv_transpose2d: weight of shape {weight.shape}, expected (in, out/groups, height, width)")
    same_dtype("conv_transpose2d", x, weight)
    filters = weight.shape[1] * count("conv_transpose2d", "groups", groups)
    check_groups("conv_transpose2d", x.shape[1], filters, groups)
    if x.shape[1] != weight.shape[0]:
        raise ShapeError(
            f"conv_transpose2d: weight {weight.shape} expects {weight.shape[0]} channels, got images of shape {x.shape}"
        )
    window = windows.pair("conv_transpose2d", "weight height and width", tuple(weight.shape[2:]), 1)
    stride, dilation, margins, extra = transposed_windows(
        "conv_transpose2d", window, stride, padding, output_padding, dilation
    )
    size = windows.transposed_size("conv_transpose2d", x.shape[2:], window, stride, margins, extra, dilation)
    result = convolution.conv2d_input_gradient(
        x, weight, input_size=size, stride=stride, padding=margins, dilation=dilation, groups=groups
    )
    return with_bias("conv_transpose2d", result, bias)


def transposed_windows(
    name: str, window: windows.Pair, stride: Any, padding: Any, output_padding: Any, dilation: Any
) -> tuple[windows.Pair, windows.Pair, windows.Padding, windows.Pair]:
    """Return (stride, dilation, margins, output padding) of a transposed convolution, checked and filled in."""
    if isinstance(padding, str):
        raise ArgumentError(f"{name}: padding={padding!r}, expected numbers: how much to cut from each border")
    stride = windows.pair(name, "stride", stride, 1)
    dilation = windows.pair(name, "dilation", dilation, 1)
    extra = windows.pair(name, "output_padding", output_padding, 0)
    if any(e >= max(s, d) for e, s, d in zip(extra, stride, dilation, strict=True)):
        raise ArgumentError(
            f"{name}: output_padding={output_padding!r}, expected less than the stride {stride} or the "
            f"dilation {dilation}"
        )
    return stride, dilation, windows.padding_pairs(name, padding, window, stride, dilation), extra
