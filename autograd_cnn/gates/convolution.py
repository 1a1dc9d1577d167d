"""Convolution, and the two gates that are its gradients (CS231n, convolutional networks).

conv2d is linear in the image and in the weight, so the three gates are each other's gradients.
Backprop through a convolution is a convolution again ("but with spatially-flipped filters"): at
stride 1 the gradient to the image is the upstream gradient, padded by F − 1 − P, convolved with
the filters flipped in height and width. With a stride, zeros stand between the upstream gradients.
Forwards, conv2d_input_gradient is the transposed convolution that enlarges images.
Images are NCHW; weights O, C/groups, height, width; padding ((top, bottom), (left, right)).
"""

from __future__ import annotations

import itertools
import math
from typing import Any

from autograd_cnn.gates.linear import matmul
from autograd_cnn.gates.reduction import sum as sum_of
from autograd_cnn.gates.shape import concatenate, reshape, stack, transpose
from autograd_cnn.gates.windows import Padding, Pair, cut_windows, paste_windows
from autograd_cnn.registry import Value, gate


@gate("conv2d")
def conv2d(
    x: Value,
    weight: Value,
    *,
    stride: Pair,
    padding: Padding,
    dilation: Pair,
    groups: int,
    output_size: Pair,
) -> Value:
    """Dot product of the weights with every window: a pattern detector slid over the image.

    Formula: y[o, i, j] = Σ w[o, c, r, s]·x[c, i·S + r·D − P, j·S + s·D − P]
    Local gradient: x: the weights that met it; w: the pixels it met
    """
    from autograd_cnn.kernels import convolution

    return convolution.conv2d(x, weight, stride, padding, dilation, groups, output_size)


@conv2d.vjp
def _(upstream: Value, output: Value, x: Value, weight: Value, *, needs: Any, **windows: Any) -> Value:
    del windows["output_size"]
    to_x = conv2d_input_gradient(upstream, weight, input_size=x.shape[2:], **windows) if needs[0] else None
    to_weight = conv2d_weight_gradient(upstream, x, window=weight.shape[2:], **windows) if needs[1] else None
    return to_x, to_weight


@conv2d.expansion
def _(
    x: Value, weight: Value, *, stride: Pair, padding: Padding, dilation: Pair, groups: int, output_size: Pair
) -> Value:
    """Window by window: multiply with the weights, then add."""
    filters, channels, *window = weight.shape
    cuts = cut_windows(x, (window[0], window[1]), stride, padding, dilation, output_size)
    each = filters // groups
    outputs = []
    for g in range(groups):
        weights = transpose(reshape(weight[g * each : (g + 1) * each], shape=(each, -1)))
        inside = slice(g * channels, (g + 1) * channels)
        rows = (reshape(cut[:, inside], shape=(x.shape[0], channels * math.prod(window))) for cut in cuts)
        outputs.append(stack(*(matmul(row, weights) for row in rows), axis=2))
    return reshape(concatenate(*outputs, axis=1), shape=(x.shape[0], filters, *output_size))


@gate("conv2d ∂x")
def conv2d_input_gradient(
    upstream: Value,
    weight: Value,
    *,
    input_size: Pair,
    stride: Pair,
    padding: Padding,
    dilation: Pair,
    groups: int,
) -> Value:
    """Gradient of conv2d to its image: every window receives the weights times its upstream gradient.

    Formula: every window receives w·u, added up
    Local gradient: u: conv2d with the same weights; w: conv2d_weight_gradient
    """
    from autograd_cnn.kernels import convolution

    return convolution.conv2d_input_gradient(upstream, weight, input_size, stride, padding, dilation, groups)


@conv2d_input_gradient.vjp
def _(
    upstream: Value,
    output: Value,
    sent: Value,
    weight: Value,
    *,
    needs: Any,
    input_size: Pair,
    **windows: Any,
) -> Value:
    to_sent = conv2d(upstream, weight, output_size=sent.shape[2:], **windows) if needs[0] else None
    to_weight = conv2d_weight_gradient(sent, upstream, window=weight.shape[2:], **windows) if needs[1] else None
    return to_sent, to_weight


@conv2d_input_gradient.expansion
def _(
    upstream: Value,
    weight: Value,
    *,
    input_size: Pair,
    stride: Pair,
    padding: Padding,
    dilation: Pair,
    groups: int,
) -> Value:
    """Window by window: the weights times the upstream gradient, added up where windows overlap."""
    batch, _, rows, columns = upstream.shape
    filters, channels, height, width = weight.shape
    each = filters // groups
    patches = []
    for i, j in itertools.product(range(rows), range(columns)):
        parts = []
        for g in range(groups):
            inside = slice(g * each, (g + 1) * each)
            sent = matmul(upstream[:, inside, i, j], reshape(weight[inside], shape=(each, channels * height * width)))
            parts.append(reshape(sent, shape=(batch, channels, height, width)))
        patches.append(concatenate(*parts, axis=1))
    return paste_windows(patches, input_size, (height, width), stride, padding, dilation, (rows, columns))


@gate("conv2d ∂w")
def conv2d_weight_gradient(
    upstream: Value, x: Value, *, window: Pair, stride: Pair, padding: Padding, dilation: Pair, groups: int
) -> Value:
    """Gradient of conv2d to its weights: every weight sums what it met, times the upstream gradient.

    Formula: Σ u·x over all windows that a weight met
    Local gradient: u: conv2d of the image; x: conv2d_input_gradient
    """
    from autograd_cnn.kernels import convolution

    return convolution.conv2d_weight_gradient(upstream, x, window, stride, padding, dilation, groups)


@conv2d_weight_gradient.vjp
def _(upstream: Value, output: Value, sent: Value, x: Value, *, needs: Any, window: Pair, **windows: Any) -> Value:
    to_sent = conv2d(x, upstream, output_size=sent.shape[2:], **windows) if needs[0] else None
    to_x = conv2d_input_gradient(sent, upstream, input_size=x.shape[2:], **windows) if needs[1] else None
    return to_sent, to_x


@conv2d_weight_gradient.expansion
def _(upstream: Value, x: Value, *, window: Pair, stride: Pair, padding: Padding, dilation: Pair, groups: int) -> Value:
    """Upstream gradients times the windows they came from, added up over windows and images."""
    batch, filters, rows, columns = upstream.shape
    each, channels, places = filters // groups, x.shape[1] // groups, rows * columns
    cuts = stack(*cut_windows(x, window, stride, padding, dilation, (rows, columns)), axis=2)
    gradients = []
    for g in range(groups):
        sent = reshape(upstream[:, g * each : (g + 1) * each], shape=(batch, each, places))
        seen = transpose(cuts[:, g * channels : (g + 1) * channels], axes=(0, 2, 1, 3, 4))
        seen = reshape(seen, shape=(batch, places, channels * math.prod(window)))
        gradients.append(sum_of(matmul(sent, seen), axis=0))
    return reshape(concatenate(*gradients, axis=0), shape=(filters, channels, *window))
