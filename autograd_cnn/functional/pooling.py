"""Pooling with arguments checked and filled in."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from autograd_cnn.errors import ArgumentError, OutOfRangeError, ShapeError
from autograd_cnn.functional.arguments import array_of, images
from autograd_cnn.functional.convolution import sequences
from autograd_cnn.gates import pooling, windows
from autograd_cnn.gates.comparison import where
from autograd_cnn.gates.shape import reshape
from autograd_cnn.graph import Node
from autograd_cnn.registry import Gate, Value


def max_pool2d(
    x: Value,
    kernel_size: Any,
    stride: Any = None,
    padding: Any = 0,
    dilation: Any = 1,
    *,
    return_indices: bool = False,
    fit: str = "exact",
) -> Any:
    """Take the maximum of every window; the first element wins a tie, NaN wins over all.

    Parameters
    ----------
    x : (N, C, H, W) array or node
        Images, float32 or float64.
    kernel_size, stride, padding, dilation : int or pair
        As in `conv2d`; the stride defaults to the window. The margin holds −∞, and is at most
        half a window wide. A stride below the window makes windows overlap.
    return_indices : bool
        Whether to return (maxima, indices): the place row · W + column of each maximum in its image
        plane, int64, −1 where a window holds margin alone; for `max_unpool2d`.
    fit : {"exact", "floor", "ceil"}
        As in `conv2d`.

    Examples
    --------
    >>> import numpy as np
    >>> from autograd_cnn import functional as F
    >>> x = np.array([[[[1.0, 1, 2, 4], [5, 6, 7, 8], [3, 2, 1, 0], [1, 2, 3, 4]]]])
    >>> values, indices = F.max_pool2d(x, 2, return_indices=True)
    >>> values[0, 0].tolist(), indices[0, 0].tolist()
    ([[6.0, 8.0], [3.0, 4.0]], [[5, 7], [8, 15]])
    """
    images("max_pool2d", x)
    window, stride, padding, dilation = pool_windows("max_pool2d", kernel_size, stride, padding, dilation)
    size = windows.output_size("max_pool2d", x.shape[2:], window, stride, padding, dilation, fit)
    attributes = {"window": window, "stride": stride, "padding": padding, "dilation": dilation, "output_size": size}
    if return_indices:
        output, switches = with_switches(pooling.max_pool2d, x, **attributes)
        return output, pooling.positions(switches, x.shape[2:], window, stride, padding, dilation)
    return pooling.max_pool2d(x, **attributes)


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


def max_pool1d(
    x: Value, kernel_size: Any, stride: Any = None, padding: Any = 0, dilation: Any = 1, *, fit: str = "exact"
) -> Value:
    """Take the maximum of every window of sequences (N, C, L); otherwise as `max_pool2d`."""
    rows = sequences("max_pool1d", x)
    window, stride, padding, dilation = row_windows("max_pool1d", kernel_size, stride, padding, dilation)
    size = windows.output_size("max_pool1d", rows.shape[2:], window, stride, padding, dilation, fit)
    pooled = pooling.max_pool2d(
        rows, window=window, stride=stride, padding=padding, dilation=dilation, output_size=size
    )
    return reshape(pooled, shape=(*pooled.shape[:2], size[1]))


def avg_pool1d(
    x: Value,
    kernel_size: Any,
    stride: Any = None,
    padding: Any = 0,
    *,
    count_include_pad: bool = True,
    fit: str = "exact",
) -> Value:
    """Take the average of every window of sequences (N, C, L); otherwise as `avg_pool2d`."""
    rows = sequences("avg_pool1d", x)
    window, stride, padding, _ = row_windows("avg_pool1d", kernel_size, stride, padding, 1)
    size = windows.output_size("avg_pool1d", rows.shape[2:], window, stride, padding, (1, 1), fit)
    pooled = pooling.avg_pool2d(
        rows,
        window=window,
        stride=stride,
        padding=padding,
        count_include_pad=count_include_pad,
        output_size=size,
    )
    return reshape(pooled, shape=(*pooled.shape[:2], size[1]))


def max_unpool2d(
    x: Value,
    indices: Any,
    kernel_size: Any,
    stride: Any = None,
    padding: Any = 0,
    output_size: Any = None,
) -> Value:
    """Undo max pooling: put each maximum back where its index says, and 0 elsewhere.

    The switches of Zeiler and Fergus 2014 ("Visualizing and Understanding Convolutional Networks").
    Where overlapping windows share one maximum, the first of them writes it and receives the gradient.

    Parameters
    ----------
    x : (N, C, H, W) array or node
        What `max_pool2d` returned, or numbers of that shape.
    indices : (N, C, H, W) integers
        What max_pool2d returned beside it; −1 puts nothing anywhere.
    kernel_size, stride, padding
        As given to max_pool2d.
    output_size : (height, width) or a shape that ends with it, optional
        Size of the images before pooling, for the sizes that pool to the same one; by default
        (H − 1)·S − 2P + F.

    Raises
    ------
    ShapeError, ArgumentError, DtypeError, OutOfRangeError
        When shapes, arguments or dtypes do not fit, or an index lies outside of the image.

    Examples
    --------
    >>> import numpy as np
    >>> from autograd_cnn import functional as F
    >>> F.max_unpool2d(np.array([[[[5.0]]]]), np.array([[[[2]]]]), 2)[0, 0]
    array([[0., 0.],
           [5., 0.]])
    """
    images("max_unpool2d", x)
    switches = array_of("max_unpool2d", "indices", indices)
    if switches.shape != tuple(x.shape) or switches.dtype.kind not in "iu":
        raise ShapeError(
            f"max_unpool2d: indices {switches.dtype} of shape {switches.shape}, expected integers of shape {x.shape}"
        )
    window, stride, margins, _ = pool_windows("max_unpool2d", kernel_size, stride, padding, 1)
    size = unpooled_size("max_unpool2d", x.shape[2:], window, stride, margins, output_size)
    if switches.size and not (switches.min() >= -1 and switches.max() < size[0] * size[1]):
        wrong = switches[(switches < -1) | (switches >= size[0] * size[1])][0]
        raise OutOfRangeError(
            f"max_unpool2d: index {wrong} lies outside of an image of {size[0]}×{size[1]}; give output_size"
        )
    first = _first_of_each(switches)
    values = x if first.all() else where(first, x, 0)
    places = switches.astype(np.int32)
    return pooling.scatter_by_switches(values, switches=places, input_size=size, **pooling.whole_plane(size))


def unpooled_size(
    name: str, size: windows.Pair, window: windows.Pair, stride: windows.Pair, margins: windows.Padding, given: Any
) -> windows.Pair:
    """Return the size of the images before pooling; raise ArgumentError for one that pools to another size."""
    made = windows.transposed_size(name, size, window, stride, margins, (0, 0), (1, 1))
    if given is None:
        return made
    wanted = windows.pair(name, "output_size", tuple(given)[-2:], 1)
    if any(abs(w - m) >= s for w, m, s in zip(wanted, made, stride, strict=True)):
        raise ArgumentError(
            f"{name}: output_size={tuple(given)}, expected less than a stride {stride} away from {made}"
        )
    return wanted


def with_switches(gate: Gate, x: Value, **attributes: Any) -> tuple[Value, Any]:
    """Return what a max pooling gives, and its switches."""
    if not isinstance(x, Node):
        output, switches = gate.forward(x, **attributes)
        return output, switches
    output = gate(x, **attributes)
    switches = output.attributes.get("switches")
    if switches is None:  # nothing is recorded
        switches = gate.forward(x.value, **attributes)[1]
    return output, switches


def row_windows(name: str, window: Any, stride: Any, padding: Any, dilation: Any) -> Any:
    """Return (window, stride, margins, dilation) of a pooling of sequences, as those of images of height 1."""
    window = windows.along_row(name, "kernel_size", window, 1)
    stride = window if stride is None else windows.along_row(name, "stride", stride, 1)
    dilation = windows.along_row(name, "dilation", dilation, 1)
    return pool_windows(name, window, stride, windows.row_padding(name, padding, window, stride, dilation), dilation)


def pool_windows(name: str, window: Any, stride: Any, padding: Any, dilation: Any) -> Any:
    """Return (window, stride, margins, dilation) of a pooling, checked and filled in."""
    window = windows.pair(name, "kernel_size", window, 1)
    stride = window if stride is None else windows.pair(name, "stride", stride, 1)
    dilation = windows.pair(name, "dilation", dilation, 1)
    margins = windows.padding_pairs(name, padding, window, stride, dilation)
    if any(2 * m > f for f, both in zip(window, margins, strict=True) for m in both):
        raise ArgumentError(f"{name}: padding {padding!r} is more than half of the window {window}")
    return window, stride, margins, dilation


def _first_of_each(switches: Any) -> Any:
    """Return True where no earlier window of the plane points to the same place."""
    planes = switches.reshape(math.prod(switches.shape[:2]), math.prod(switches.shape[2:])).astype(np.int64)
    apart = planes + np.arange(len(planes))[:, None] * (planes.max(initial=0) + 2)
    first = np.zeros(planes.size, bool)
    first[np.unique(apart, return_index=True)[1]] = True
    return first.reshape(switches.shape) | (switches < 0)
