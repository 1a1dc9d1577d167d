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

from itertools import product

import numpy as np
from numpy.typing import NDArray

from autograd_cnn.kernels import plain_convolution as plain
from autograd_cnn.kernels.channels_last import finished, images_in, memory_for
from autograd_cnn.kernels.direct_tiles import Taps, add_up, multiply_pixels, weights_of
from autograd_cnn.kernels.direct_walks import Phase, phases
from autograd_cnn.kernels.finiteness import all_finite
from autograd_cnn.kernels.instruction_set import instruction_set
from autograd_cnn.kernels.layout import Floats, delivered, floating_dtype, readable
from autograd_cnn.kernels.planning import Convolution, Padding, Pair
from autograd_cnn.kernels.workspace import Workspace


def covers(convolution: Convolution) -> bool:
    """Whether the algorithm runs for these shapes: for all but empty ones."""
    return all((*convolution.x_shape, *convolution.weight_shape, *convolution.output_size))


def conv2d(
    x: Floats,
    weight: Floats,
    stride: Pair,
    padding: Padding,
    dilation: Pair,
    groups: int,
    output_size: Pair,
    *,
    out: Floats | None = None,
    workspace: Workspace | None = None,
) -> Floats:
    """Cross-correlate images with weights; see :func:`.convolution.conv2d`."""
    dtype, workspace = floating_dtype("conv2d", x, weight), workspace or Workspace()
    window, lanes = _plane(weight), instruction_set(dtype).lanes
    weights = weights_of(weight.shape, groups, to_input=False)
    size = _reach(output_size, window, stride, dilation)
    before, channels = (padding[0][0], padding[1][0]), (1, lanes if weights.lanewise else 1)
    images = images_in(x, before, size, channels, dtype, workspace, "images")
    result = memory_for(out, (len(x), *output_size), weights.groups_and_channels, dtype, workspace)
    taps = Taps(stride, dilation, window, _counted(window))
    add_up(images, taps, readable(weight, dtype), weights, result, workspace)
    return finished(result, out, weights.groups_and_channels)


def conv2d_input_gradient(
    upstream: Floats,
    weight: Floats,
    input_size: Pair,
    stride: Pair,
    padding: Padding,
    dilation: Pair,
    groups: int,
    *,
    out: Floats | None = None,
    workspace: Workspace | None = None,
) -> Floats:
    """Return the gradient with respect to the images; see :func:`.convolution.conv2d_input_gradient`."""
    dtype, workspace = floating_dtype("conv2d_input_gradient", upstream, weight), workspace or Workspace()
    lanes, (down, right) = instruction_set(dtype).lanes, _plane(weight)
    rows = phases(input_size[0], down, stride[0], padding[0][0], dilation[0])
    columns = phases(input_size[1], right, stride[1], padding[1][0], dilation[1])
    (top, height), (left, width) = _margin(rows), _margin(columns)
    padded = top or left or height > upstream.shape[2] or width > upstream.shape[3]
    if padded and not all_finite(readable(weight, dtype)):  # a zero of the margin times an infinite weight would be NaN
        arguments = upstream, weight, input_size, stride, padding, dilation, groups
        return plain.conv2d_input_gradient(*arguments, out=out, workspace=workspace)
    weights = weights_of(weight.shape, groups, to_input=True)
    channels = 1, lanes if weights.lanewise else 1
    images = images_in(upstream, (top, left), (height, width), channels, dtype, workspace, "upstream")
    result = memory_for(out, (len(upstream), *input_size), weights.groups_and_channels, dtype, workspace)
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
    upstream: Floats,
    x: Floats,
    window: Pair,
    stride: Pair,
    padding: Padding,
    dilation: Pair,
    groups: int,
    *,
    out: Floats | None = None,
    workspace: Workspace | None = None,
) -> Floats:
    """Return the gradient with respect to the weight; see :func:`.convolution.conv2d_weight_gradient`."""
    dtype, workspace = floating_dtype("conv2d_weight_gradient", upstream, x), workspace or Workspace()
    lanes, shape = instruction_set(dtype).lanes, (upstream.shape[1], x.shape[1] // groups, *window)
    weights = weights_of(shape, groups, to_input=False)
    before, size = (padding[0][0], padding[1][0]), _reach(_plane(upstream), window, stride, dilation)
    images = images_in(x, before, size, (1, lanes if weights.lanewise else 1), dtype, workspace, "images")
    whole = weights.groups, lanes
    gradients = images_in(upstream, (0, 0), _plane(upstream), whole, dtype, workspace, "upstream")
    taps = Taps(stride, dilation, window, _counted(window))
    return delivered(multiply_pixels(images, gradients, taps, weights, shape, workspace), out)


def _reach(outputs: Pair, window: Pair, stride: Pair, dilation: Pair) -> Pair:
    """Return how many rows and columns of padded images the windows see."""
    rows, columns = (
        (count - 1) * step + (taps - 1) * apart + 1
        for count, taps, step, apart in zip(outputs, window, stride, dilation, strict=True)
    )
    return rows, columns


def _margin(axis: tuple[Phase, ...]) -> Pair:
    """Return how many zeros stand before the upstream gradients of an axis, and how many numbers that makes in all."""
    before = max([0, *(-phase.offset for phase in axis if phase.taps)])
    return before, before + max([1, *(phase.end for phase in axis if phase.taps)])


def _plane(array: Floats) -> Pair:
    """Return height and width of a batch of planes."""
    return array.shape[-2], array.shape[-1]


def _counted(window: Pair) -> NDArray[np.int64]:
    return np.arange(window[0] * window[1])
