"""Gates and losses under their torch.nn.functional names, with arguments checked and filled in."""

from __future__ import annotations

from typing import Any

import numpy as np

from autograd_cnn.errors import ArgumentError, DtypeError, OutOfRangeError, ShapeError
from autograd_cnn.gates import convolution, loss, pooling, windows
from autograd_cnn.gates.activation import relu, sigmoid, tanh
from autograd_cnn.gates.loss import log_softmax
from autograd_cnn.gates.reduction import mean, sum
from autograd_cnn.gates.shape import reshape
from autograd_cnn.graph import Node
from autograd_cnn.registry import Value

__all__ = [
    "avg_pool2d",
    "conv2d",
    "cross_entropy",
    "linear",
    "log_softmax",
    "max_pool2d",
    "relu",
    "sigmoid",
    "tanh",
]


def linear(x: Value, weight: Value, bias: Value | None = None) -> Value:
    """Weighted sums of the inputs: ``x @ weight.T + bias``.

    Parameters
    ----------
    x : (..., in) array or node
        Inputs.
    weight : (out, in) array or node
        One row per neuron.
    bias : (out,) array or node, optional
        One number per neuron.

    Returns
    -------
    (..., out) array or node

    Raises
    ------
    ShapeError
        When the sizes do not fit.
    """
    if len(weight.shape) != 2 or not x.shape or x.shape[-1] != weight.shape[-1]:
        raise ShapeError(
            f"linear: input {x.shape} and weight {weight.shape} do not fit; expected (..., in) and (out, in)"
        )
    _same_dtype("linear", x, weight)
    result = x @ weight.T
    return result if bias is None else result + bias


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
    _images("conv2d", x)
    if len(weight.shape) != 4:
        raise ShapeError(f"conv2d: weight of shape {weight.shape}, expected (out, in/groups, height, width)")
    _same_dtype("conv2d", x, weight)
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
    _images("max_pool2d", x)
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
    _images("avg_pool2d", x)
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


def cross_entropy(logits: Value, labels: Any, reduction: str = "mean") -> Value:
    """Cross entropy of softmax scores against class labels: −log p[label].

    Parameters
    ----------
    logits : (N, K) array or node
        Unnormalised scores of K classes, float32 or float64.
    labels : (N,) integers
        The right classes, 0 to K − 1.
    reduction : {"mean", "sum", "none"}
        How the N losses become one.

    Raises
    ------
    ShapeError, DtypeError, OutOfRangeError, ArgumentError
        When shapes do not fit, labels are no integers or outside 0 to K − 1, or the reduction is unknown.

    Examples
    --------
    >>> import numpy as np
    >>> from autograd_cnn import functional as F
    >>> round(float(F.cross_entropy(np.zeros((4, 10)), [0, 1, 2, 3])), 4)  # ln 10: chance
    2.3026
    """
    labels = np.asarray(labels.value if isinstance(labels, Node) else labels)
    if len(logits.shape) != 2 or labels.shape != logits.shape[:1]:
        raise ShapeError(
            f"cross_entropy: scores {logits.shape} and labels {labels.shape} do not fit; expected (N, K) and (N,)"
        )
    _floating("cross_entropy", logits)
    if labels.dtype.kind not in "iu":
        raise DtypeError(f"cross_entropy: labels of dtype {labels.dtype}, expected integers; use labels.astype(int)")
    classes = logits.shape[1]
    if labels.size and not (labels.min() >= 0 and labels.max() < classes):
        wrong = int(np.flatnonzero((labels < 0) | (labels >= classes))[0])
        raise OutOfRangeError(
            f"cross_entropy: label {labels[wrong]} of sample {wrong} is not among the {classes} classes, "
            f"0 to {classes - 1}"
        )
    return _reduce("cross_entropy", loss.cross_entropy(logits, labels.astype(np.intp)), reduction)


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


def pool_windows(name: str, window: Any, stride: Any, padding: Any, dilation: Any) -> Any:
    """Return (window, stride, margins, dilation) of a pooling, checked and filled in."""
    window = windows.pair(name, "kernel_size", window, 1)
    stride = window if stride is None else windows.pair(name, "stride", stride, 1)
    dilation = windows.pair(name, "dilation", dilation, 1)
    margins = windows.padding_pairs(name, padding, window, stride, dilation)
    if any(2 * m > f for f, both in zip(window, margins, strict=True) for m in both):
        raise ArgumentError(f"{name}: padding {padding!r} is more than half of the window {window}")
    return window, stride, margins, dilation


def _reduce(name: str, losses: Value, reduction: str) -> Value:
    if reduction == "none":
        return losses
    if reduction not in ("mean", "sum"):
        raise ArgumentError(f"{name}: reduction={reduction!r}, expected 'mean', 'sum' or 'none'")
    return mean(losses) if reduction == "mean" else sum(losses)


def _images(name: str, x: Value) -> None:
    if len(x.shape) != 4:
        hint = "; one image is x[None]" if len(x.shape) == 3 else ""
        raise ShapeError(f"{name}: input of shape {x.shape}, expected (N, C, H, W){hint}")
    _floating(name, x)


def _floating(name: str, x: Value) -> None:
    if x.dtype not in (np.float32, np.float64):
        raise DtypeError(f"{name}: input of dtype {x.dtype}, expected float32 or float64; use x.astype(np.float32)")


def _same_dtype(name: str, x: Value, weight: Value) -> None:
    if x.dtype != weight.dtype:
        raise DtypeError(
            f"{name}: input of {x.dtype} but weight of {weight.dtype}; use x.astype(np.{weight.dtype}), "
            f"or make the layer with dtype=np.{x.dtype}"
        )
