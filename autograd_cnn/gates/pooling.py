"""Pooling (CS231n, convolutional networks): the maximum or the average of every window."""

from __future__ import annotations

import itertools
import math
from typing import Any

import numpy as np

from autograd_cnn.gates.comparison import where
from autograd_cnn.gates.reduction import max as maximum_of
from autograd_cnn.gates.reduction import sum as sum_of
from autograd_cnn.gates.shape import broadcast_to, reshape, scatter_add, stack
from autograd_cnn.gates.windows import Padding, Pair, cut_windows, paste_windows
from autograd_cnn.registry import Value, gate


@gate("maxpool", saves=("switches",))
def max_pool2d(x: Value, *, window: Pair, stride: Pair, padding: Padding, dilation: Pair, output_size: Pair) -> Value:
    """Router: the largest element of a window receives its upstream gradient, the first one at a tie.

    The switches remember, per window, the place of the largest element in the window, row · width + column; in one
    byte where they can. A window of margin alone has a switch that is no place: 255, or −1.

    Formula: max of the window
    Local gradient: 1 for the largest element, 0 for the others
    Kink: two largest elements: the first takes all, as torch; NaN wins
    """
    from autograd_cnn.kernels import pooling

    return pooling.max_pool2d(x, window, stride, padding, dilation, output_size)


@max_pool2d.vjp
def _(upstream: Value, output: Value, x: Value, *, output_size: Pair, **windows: Any) -> Value:
    return scatter_by_switches(upstream, input_size=x.shape[2:], **windows)


@max_pool2d.branch
def _(x: Value, **windows: Any) -> Value:
    return max_pool2d.forward(x, **windows)[1]


@max_pool2d.expansion
def _(x: Value, *, window: Pair, stride: Pair, padding: Padding, dilation: Pair, output_size: Pair) -> Value:
    """Window by window: take the maximum; the margin holds −∞."""
    patches = cut_windows(x, window, stride, padding, dilation, output_size, margin=-np.inf)
    return _assemble([maximum_of(patch, axis=(2, 3)) for patch in patches], x.shape, output_size)


@gate("unpool")
def scatter_by_switches(
    values: Value,
    *,
    switches: Any,
    input_size: Pair,
    window: Pair,
    stride: Pair,
    padding: Padding,
    dilation: Pair,
) -> Value:
    """Gradient of max pooling: put each value where its switch points in its window, adding up.

    Formula: zeros; y[switches] += values
    Local gradient: 1
    """
    from autograd_cnn.kernels import pooling

    return pooling.scatter_by_switches(values, switches, input_size, window, stride, padding, dilation)


@scatter_by_switches.vjp
def _(upstream: Value, output: Value, values: Value, *, input_size: Pair, **windows: Any) -> Value:
    return gather_by_switches(upstream, **windows)


@scatter_by_switches.expansion
def _(values: Value, *, switches: Any, input_size: Pair, **windows: Any) -> Value:
    """Add each value to zeros at the place its switch names; a window of margin alone sends nothing."""
    shape = (*values.shape[:2], *input_size)
    places, pointing = _places_in_batch(positions(switches, input_size, **windows), input_size)
    sent = reshape(values, shape=(math.prod(values.shape),))[pointing]
    return reshape(scatter_add(sent, index=places[pointing], shape=(math.prod(shape),)), shape=shape)


@gate("gather")
def gather_by_switches(
    x: Value, *, switches: Any, window: Pair, stride: Pair, padding: Padding, dilation: Pair
) -> Value:
    """Read each image plane where the switches point.

    Formula: x at the switches
    Local gradient: 1 where a switch points, adding up
    """
    from autograd_cnn.kernels import pooling

    return pooling.gather_by_switches(x, switches, window, stride, padding, dilation)


@gather_by_switches.vjp
def _(upstream: Value, output: Value, x: Value, **windows: Any) -> Value:
    return scatter_by_switches(upstream, input_size=x.shape[2:], **windows)


@gather_by_switches.expansion
def _(x: Value, *, switches: Any, **windows: Any) -> Value:
    """Index each image plane; where a switch points nowhere stands 0."""
    places, pointing = _places_in_batch(positions(switches, x.shape[2:], **windows), x.shape[2:])
    picked = reshape(x, shape=(math.prod(x.shape),))[np.where(pointing, places, 0)]
    return reshape(where(pointing, picked, 0), shape=switches.shape)


def positions(switches: Any, input_size: Pair, window: Pair, stride: Pair, padding: Padding, dilation: Pair) -> Any:
    """Return where in its image plane each switch points, row · W + column, int64; −1 where to no pixel."""
    place = switches.astype(np.int64)
    axes = []
    for axis, within in ((0, place // window[1]), (1, place % window[1])):
        first = np.arange(switches.shape[2 + axis]) * stride[axis] - padding[axis][0]
        axes.append(within * dilation[axis] + (first[:, None] if axis == 0 else first))
    inside = [(along >= 0) & (along < n) for along, n in zip(axes, input_size, strict=True)]
    pointing = (place >= 0) & (place < math.prod(window)) & inside[0] & inside[1]
    return np.where(pointing, axes[0] * input_size[1] + axes[1], -1)


def whole_plane(size: tuple[int, ...]) -> dict[str, Any]:
    """Return the window that is the image itself and never moves: its places are those of the image plane."""
    return {"window": tuple(size), "stride": (0, 0), "padding": ((0, 0), (0, 0)), "dilation": (1, 1)}


@gate("avgpool")
def avg_pool2d(
    x: Value, *, window: Pair, stride: Pair, padding: Padding, count_include_pad: bool, output_size: Pair
) -> Value:
    """Average of every window: its upstream gradient is shared equally.

    Formula: Σ window / n
    Local gradient: 1/n for each of the n elements of a window
    """
    from autograd_cnn.kernels import average_pooling

    return average_pooling.avg_pool2d(x, window, stride, padding, count_include_pad, output_size)


@avg_pool2d.vjp
def _(upstream: Value, output: Value, x: Value, *, output_size: Pair, **windows: Any) -> Value:
    return avg_pool2d_gradient(upstream, input_size=x.shape[2:], **windows)


@avg_pool2d.expansion
def _(x: Value, *, window: Pair, stride: Pair, padding: Padding, count_include_pad: bool, output_size: Pair) -> Value:
    """Window by window: add up, then divide by the number of elements that count."""
    patches = cut_windows(x, window, stride, padding, (1, 1), output_size, margin=0.0)
    counts = _counts(x.shape[2:], window, stride, padding, count_include_pad, output_size)
    means = [sum_of(patch, axis=(2, 3)) / count for patch, count in zip(patches, counts, strict=True)]
    return _assemble(means, x.shape, output_size)


@gate("avgpool ∂x")
def avg_pool2d_gradient(
    upstream: Value,
    *,
    input_size: Pair,
    window: Pair,
    stride: Pair,
    padding: Padding,
    count_include_pad: bool,
) -> Value:
    """Gradient of average pooling: share each value equally over its window.

    Formula: u/n, added up where windows overlap
    Local gradient: 1/n
    """
    from autograd_cnn.kernels import average_pooling

    return average_pooling.avg_pool2d_gradient(upstream, input_size, window, stride, padding, count_include_pad)


@avg_pool2d_gradient.vjp
def _(upstream: Value, output: Value, sent: Value, *, input_size: Pair, **windows: Any) -> Value:
    return avg_pool2d(upstream, output_size=sent.shape[2:], **windows)


@avg_pool2d_gradient.expansion
def _(
    upstream: Value, *, input_size: Pair, window: Pair, stride: Pair, padding: Padding, count_include_pad: bool
) -> Value:
    """Window by window: divide by the number of elements that count, then hand it to each of them."""
    planes, output_size = upstream.shape[:2], (upstream.shape[2], upstream.shape[3])
    counts = _counts(input_size, window, stride, padding, count_include_pad, output_size)
    places = itertools.product(range(output_size[0]), range(output_size[1]))
    patches = []
    for (i, j), count in zip(places, counts, strict=True):
        share = upstream[:, :, i : i + 1, j : j + 1] / count
        patches.append(broadcast_to(share, shape=(*planes, *window)))
    return paste_windows(patches, input_size, window, stride, padding, (1, 1), output_size)


def _counts(
    size: Pair, window: Pair, stride: Pair, padding: Padding, count_include_pad: bool, output_size: Pair
) -> list[float]:
    """Return for every window how many of its places lie in the image, or in the padded image."""
    counted = np.ones((1, 1, *size))
    if count_include_pad:
        counted = np.pad(counted, ((0, 0), (0, 0), *padding), constant_values=1.0)
    inner = ((0, 0), (0, 0)) if count_include_pad else padding
    return [float(c.sum()) for c in cut_windows(counted, window, stride, inner, (1, 1), output_size, margin=0.0)]


def _places_in_batch(switches: Any, size: tuple[int, ...]) -> tuple[Any, Any]:
    """Return where the switches point in the flattened images, and which of them point anywhere."""
    planes = math.prod(switches.shape[:2])
    before = np.arange(planes)[:, None] * math.prod(size)
    flat = switches.reshape(planes, math.prod(switches.shape[2:])).astype(np.intp)
    return (flat + before).ravel(), (flat >= 0).ravel()


def _assemble(results: list[Value], shape: tuple[int, ...], output_size: Pair) -> Value:
    return reshape(stack(*results, axis=2), shape=(*shape[:2], *output_size))
