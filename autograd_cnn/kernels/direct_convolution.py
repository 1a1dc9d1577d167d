"""Convolution with channels side by side in the lanes of vectors, and its two gradients: for any window and stride.

Memory is (N, H, W, C), and the images are a view of it with the usual axes (N, C, H, W): "channels last". So are the
results; elementwise operations and poolings keep this order by themselves. Images in another order, or that need a
margin, are copied once. The weights are packed into panels of whole vectors; then every tile of output pixels is a
small matrix product over the taps and channels of its windows, which :mod:`.microkernel` sums up in registers. A
depthwise convolution multiplies lane by lane instead.

The gradient of the images is the same convolution of the upstream gradient with the weights in reverse order, phase by
phase where the stride is larger than 1 (:mod:`.direct_walks`). That of the weights is a matrix product over the pixels.

Every number is summed in an order that depends on the shapes alone: results do not depend on the number of threads.
"""

from __future__ import annotations

import math
from itertools import product

import numpy as np

from autograd_cnn.kernels import plain_convolution as plain
from autograd_cnn.kernels.channels_last import finished, images_in, memory_for
from autograd_cnn.kernels.direct_tiles import Taps, Weights, add_up, multiply_pixels, weights_of
from autograd_cnn.kernels.direct_walks import Phase, phases
from autograd_cnn.kernels.finiteness import all_finite
from autograd_cnn.kernels.geometry import Convolution, Pair
from autograd_cnn.kernels.instruction_set import instruction_set
from autograd_cnn.kernels.layout import Floats, delivered, readable
from autograd_cnn.kernels.workspace import Workspace


def covers(convolution: Convolution) -> bool:
    """Whether the algorithm runs for these shapes: for all but empty ones."""
    return all((*convolution.x_shape, *convolution.weight_shape, *convolution.output_size))


def conv2d(
    convolution: Convolution,
    x: Floats,
    weight: Floats,
    out: Floats | None = None,
    workspace: Workspace | None = None,
) -> Floats:
    """Cross-correlate images with weights; see :func:`.convolution.conv2d`."""
    dtype, workspace = convolution.dtype, workspace or Workspace()
    weights = weights_of(convolution.weight_shape, convolution.groups, to_input=False)
    images = _images(convolution, x, weights, workspace)
    result = memory_for(out, (len(x), *convolution.output_size), weights.groups_and_channels, dtype, workspace)
    add_up(images, _taps(convolution), readable(weight, dtype), weights, result, workspace)
    return finished(result, out, weights.groups_and_channels)


def conv2d_input_gradient(
    convolution: Convolution,
    upstream: Floats,
    weight: Floats,
    out: Floats | None = None,
    workspace: Workspace | None = None,
) -> Floats:
    """Return the gradient with respect to the images; see :func:`.convolution.conv2d_input_gradient`."""
    dtype, workspace = convolution.dtype, workspace or Workspace()
    stride, (_, right) = convolution.stride, convolution.window
    shapes = convolution.input_size, convolution.window, stride, convolution.before, convolution.dilation
    rows, columns = (phases(*along) for along in zip(*shapes, strict=True))
    (top, height), (left, width) = _margin(rows), _margin(columns)
    padded = top or left or height > upstream.shape[2] or width > upstream.shape[3]
    if padded and not all_finite(readable(weight, dtype)):  # a zero of the margin times an infinite weight would be NaN
        return plain.conv2d_input_gradient(convolution, upstream, weight, out=out, workspace=workspace)
    weights = weights_of(convolution.weight_shape, convolution.groups, to_input=True)
    channels = 1, instruction_set(dtype).lanes if weights.lanewise else 1
    images = images_in(upstream, (top, left), (height, width), channels, dtype, workspace, "upstream")
    result = memory_for(out, (len(upstream), *convolution.input_size), weights.groups_and_channels, dtype, workspace)
    if not all(phase.taps for phase in rows + columns):
        result[...] = 0  # no window reaches these pixels
    for row, column in product(rows, columns):
        if row.taps and column.taps:
            offsets = np.add.outer(np.multiply(row.taps, right), column.taps).ravel()
            taps = Taps((1, 1), (row.apart, column.apart), (len(row.taps), len(column.taps)), offsets)
            seen = images[:, top + row.offset :, left + column.offset :]
            pixels = result[:, row.first :: stride[0], column.first :: stride[1]]
            add_up(seen, taps, readable(weight, dtype), weights, pixels, workspace)
    return finished(result, out, weights.groups_and_channels)


def conv2d_weight_gradient(
    convolution: Convolution,
    upstream: Floats,
    x: Floats,
    out: Floats | None = None,
    workspace: Workspace | None = None,
) -> Floats:
    """Return the gradient with respect to the weight; see :func:`.convolution.conv2d_weight_gradient`."""
    dtype, workspace, shape = convolution.dtype, workspace or Workspace(), convolution.weight_shape
    weights = weights_of(shape, convolution.groups, to_input=False)
    images = _images(convolution, x, weights, workspace)
    whole = weights.groups, instruction_set(dtype).lanes
    gradients = images_in(upstream, (0, 0), convolution.output_size, whole, dtype, workspace, "upstream")
    return delivered(multiply_pixels(images, gradients, _taps(convolution), weights, shape, workspace), out)


def _images(convolution: Convolution, x: Floats, weights: Weights, workspace: Workspace) -> Floats:
    """Return the images with the margin that the windows see."""
    shapes = convolution.output_size, convolution.window, convolution.stride, convolution.dilation
    rows, columns = (
        (count - 1) * step + (taps - 1) * apart + 1 for count, taps, step, apart in zip(*shapes, strict=True)
    )
    channels = 1, instruction_set(convolution.dtype).lanes if weights.lanewise else 1
    return images_in(x, convolution.before, (rows, columns), channels, convolution.dtype, workspace, "images")


def _taps(convolution: Convolution) -> Taps:
    """Return the taps of a window, row by row."""
    number = math.prod(convolution.window)
    return Taps(convolution.stride, convolution.dilation, convolution.window, np.arange(number))


def _margin(axis: tuple[Phase, ...]) -> Pair:
    """Return how many zeros stand before the upstream gradients of an axis, and how many numbers that makes in all."""
    before = max([0, *(-phase.offset for phase in axis if phase.taps)])
    return before, before + max([1, *(phase.end for phase in axis if phase.taps)])
