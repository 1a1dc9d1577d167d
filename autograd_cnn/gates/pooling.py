"""Pooling (CS231n, convolutional networks): the maximum or the average of every window."""

from __future__ import annotations

from typing import Any

import numpy as np

from autograd_cnn.gates.reduction import max as maximum_of
from autograd_cnn.gates.reduction import sum as sum_of
from autograd_cnn.gates.shape import reshape, stack
from autograd_cnn.gates.windows import Padding, Pair, cut_windows
from autograd_cnn.registry import Value, gate


@gate("maxpool", saves=("switches",))
def max_pool2d(x: Value, *, window: Pair, stride: Pair, padding: Padding, dilation: Pair, output_size: Pair) -> Value:
    """Router: the largest element of a window receives its upstream gradient, the first one at a tie.

    The switches remember, per window, the position of the largest element in its image plane.
    """
    from autograd_cnn.kernels import pooling

    return pooling.max_pool2d(x, window, stride, padding, dilation, output_size)


@max_pool2d.vjp
def _(upstream: Value, output: Value, x: Value, *, switches: Any, **windows: Any) -> Value:
    return scatter_by_switches(upstream, switches=switches, input_size=x.shape[2:])


@max_pool2d.branch
def _(x: Value, **windows: Any) -> Value:
    return max_pool2d.forward(x, **windows)[1]


@max_pool2d.expansion
def _(x: Value, *, window: Pair, stride: Pair, padding: Padding, dilation: Pair, output_size: Pair) -> Value:
    """Window by window: take the maximum; the margin holds −∞."""
    patches = cut_windows(x, window, stride, padding, dilation, output_size, margin=-np.inf)
    return _assemble([maximum_of(patch, axis=(2, 3)) for patch in patches], x.shape, output_size)


@gate("unpool")
def scatter_by_switches(values: Value, *, switches: Any, input_size: Pair) -> Value:
    """Gradient of max pooling: put each value where its switch points, adding up."""
    from autograd_cnn.kernels import pooling

    return pooling.scatter_by_switches(values, switches, input_size)


@scatter_by_switches.vjp
def _(upstream: Value, output: Value, values: Value, *, switches: Any, input_size: Pair) -> Value:
    return gather_by_switches(upstream, switches=switches)


@gate("gather")
def gather_by_switches(x: Value, *, switches: Any) -> Value:
    """Read each image plane where the switches point."""
    from autograd_cnn.kernels import pooling

    return pooling.gather_by_switches(x, switches)


@gather_by_switches.vjp
def _(upstream: Value, output: Value, x: Value, *, switches: Any) -> Value:
    return scatter_by_switches(upstream, switches=switches, input_size=x.shape[2:])


@gate("avgpool")
def avg_pool2d(
    x: Value, *, window: Pair, stride: Pair, padding: Padding, count_include_pad: bool, output_size: Pair
) -> Value:
    """Average of every window: its upstream gradient is shared equally."""
    from autograd_cnn.kernels import pooling

    return pooling.avg_pool2d(x, window, stride, padding, count_include_pad, output_size)


@avg_pool2d.vjp
def _(upstream: Value, output: Value, x: Value, *, output_size: Pair, **windows: Any) -> Value:
    return avg_pool2d_gradient(upstream, input_size=x.shape[2:], **windows)


@avg_pool2d.expansion
def _(x: Value, *, window: Pair, stride: Pair, padding: Padding, count_include_pad: bool, output_size: Pair) -> Value:
    """Window by window: add up, then divide by the number of elements that count."""
    patches = cut_windows(x, window, stride, padding, (1, 1), output_size, margin=0.0)
    counted = np.ones((1, 1, *x.shape[2:]))
    if count_include_pad:
        counted = np.pad(counted, ((0, 0), (0, 0), *padding), constant_values=1.0)
    inner = ((0, 0), (0, 0)) if count_include_pad else padding
    counts = [float(c.sum()) for c in cut_windows(counted, window, stride, inner, (1, 1), output_size, margin=0.0)]
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
    """Gradient of average pooling: share each value equally over its window."""
    from autograd_cnn.kernels import pooling

    return pooling.avg_pool2d_gradient(upstream, input_size, window, stride, padding, count_include_pad)


@avg_pool2d_gradient.vjp
def _(upstream: Value, output: Value, sent: Value, *, input_size: Pair, **windows: Any) -> Value:
    return avg_pool2d(upstream, output_size=sent.shape[2:], **windows)


def _assemble(results: list[Value], shape: tuple[int, ...], output_size: Pair) -> Value:
    return reshape(stack(*results, axis=2), shape=(*shape[:2], *output_size))
