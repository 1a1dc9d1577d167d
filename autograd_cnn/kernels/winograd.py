"""3×3 convolution by Winograd's transforms: 16 products for four outputs of a channel, where loops take 36.

For windows of 3×3 that move by one pixel, and groups of channels that fill a vector at least; images lie
channels-last. The gradient to the images is the same with the weights turned around; the gradient to the weights is
summed up transformed. See :mod:`.winograd_transforms` for the mathematics, :mod:`.winograd_tiles` for the loops.

A tile's outputs are sums and differences of all pixels of the tile, so rounding errors go by its largest pixel: in
float32 they are as large as those of plain sums over 30 channels or more, and some ten times larger under
``precision("fast")``. An infinite pixel, or NaN, would spoil its whole tile: where the result is not finite,
the plain loops do it over.

Results do not depend on the number of threads.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from autograd_cnn.kernels import plain_convolution
from autograd_cnn.kernels.accuracy import is_fast
from autograd_cnn.kernels.channels_last import finished, images_in, memory_for
from autograd_cnn.kernels.finiteness import all_finite
from autograd_cnn.kernels.geometry import Convolution, Pair
from autograd_cnn.kernels.instruction_set import instruction_set
from autograd_cnn.kernels.layout import Floats, delivered, readable
from autograd_cnn.kernels.threads import get_num_threads, share_out
from autograd_cnn.kernels.winograd_tiles import Grid, Images, Patches, Transformed, convolve, correlate
from autograd_cnn.kernels.winograd_vectors import copy, finish, sandwich
from autograd_cnn.kernels.winograd_weights import (
    by_channel,
    by_output,
    numbers,
    packed,
    product_for,
    rounded_up,
    unpacked,
)
from autograd_cnn.kernels.workspace import Workspace

# Tiles that are transformed together: whole register tiles of 4, 6 or 8 rows, few enough to stay in the cache beside
# the weights. For a weight gradient they are more, as each block reads and writes all sums.
BLOCK, BLOCK_OF_SUMS = 24, 48

# A weight gradient is summed up in as many slices as have so many tiles, so that threads can share them; each slice
# costs sums of its own.
SLICES, SLICE = (1, 2, 4, 8), 1024

# Bytes of transformed weights, or of their gradients, that are worked on at once: half of a second-level cache.
CACHE = 1 << 20


def covers(convolution: Convolution) -> bool:
    """Whether windows are 3×3 and move by one pixel, and each group has channels for a vector."""
    outputs, channels, *window = convolution.weight_shape
    moves = convolution.stride, convolution.dilation
    return (
        (tuple(window), *moves) == ((3, 3), (1, 1), (1, 1))
        and min(channels, outputs // convolution.groups) >= instruction_set(convolution.dtype).lanes
        and min(*convolution.x_shape, *convolution.output_size) > 0
    )


def conv2d(
    convolution: Convolution,
    x: Floats,
    weight: Floats,
    out: Floats | None = None,
    workspace: Workspace | None = None,
) -> Floats:
    """Cross-correlate images with weights."""
    dtype, groups, workspace = convolution.dtype, convolution.groups, workspace or Workspace()
    images = _channels_last(x, dtype, workspace, "images")
    channels = groups, len(weight) // groups
    y = memory_for(out, (len(x), *convolution.output_size), channels, dtype, workspace)
    side = _side(y)
    finite = True
    for inside, outside, _ in _parts(groups, images, y, side):
        taps = by_channel(weight[outside], dtype, workspace)
        finite &= _convolve(images[..., inside], taps, y[..., outside], convolution.before, side, workspace)
    if not finite:
        y[...] = plain_convolution.conv2d(convolution, x, weight).transpose(0, 2, 3, 1)
    return finished(y, out, channels)


def conv2d_input_gradient(
    convolution: Convolution,
    upstream: Floats,
    weight: Floats,
    out: Floats | None = None,
    workspace: Workspace | None = None,
) -> Floats:
    """Return the gradient to the images."""
    dtype, groups, workspace = convolution.dtype, convolution.groups, workspace or Workspace()
    images = _channels_last(upstream, dtype, workspace, "upstream")
    channels = groups, weight.shape[1]
    gradient = memory_for(out, (len(upstream), *convolution.input_size), channels, dtype, workspace)
    (top, left), side = convolution.before, _side(gradient)
    origin = 2 - top, 2 - left
    finite = True
    for inside, outside, own in _parts(groups, images, gradient, side):
        taps = by_output(weight[inside, own], dtype, workspace)
        finite &= _convolve(images[..., inside], taps, gradient[..., outside], origin, side, workspace)
    if not finite:
        plain = plain_convolution.conv2d_input_gradient(convolution, upstream, weight)
        gradient[...] = plain.transpose(0, 2, 3, 1)
    return finished(gradient, out, channels)


def conv2d_weight_gradient(
    convolution: Convolution,
    upstream: Floats,
    x: Floats,
    out: Floats | None = None,
    workspace: Workspace | None = None,
) -> Floats:
    """Return the gradient to the weights, C-contiguous."""
    dtype, shape, workspace = convolution.dtype, convolution.weight_shape, workspace or Workspace()
    gradient = out if out is not None and out.dtype == dtype and out.flags.c_contiguous else np.empty(shape, dtype)
    images = _channels_last(x, dtype, workspace, "images")
    rows = _channels_last(upstream, dtype, workspace, "upstream")
    side = _side(rows)
    for inside, outside, _ in _parts(convolution.groups, images, rows, side):
        _correlate(images[..., inside], rows[..., outside], convolution.before, side, gradient[outside], workspace)
    if not all_finite(readable(gradient, dtype)):
        gradient[...] = plain_convolution.conv2d_weight_gradient(convolution, upstream, x)
    return gradient if gradient is out else delivered(gradient, out)


def _convolve(
    x: Floats,
    taps: Floats,
    y: Floats,
    origin: Pair,
    side: int,
    workspace: Workspace,
) -> bool:
    """Convolve channels-last images with weights (C, 3, 3, O or more); return whether all numbers are finite."""
    dtype, channels, outputs = x.dtype, x.shape[3], y.shape[3]
    product = product_for(dtype, outputs, add=False)
    weights = packed(taps, side, product, workspace)
    grid = _grid(y, origin, side, BLOCK)
    grid = grid._replace(jobs=min(get_num_threads(), -(-grid.tiles // BLOCK)))
    spoilt = workspace.zeros("spoilt", (grid.jobs,), np.int64)
    share_out(
        convolve,
        grid.jobs,
        grid.tiles * grid.patch**2 * channels * outputs,
        _images(x),
        _images(y),
        weights.ctypes.data,
        grid,
        _transformed("before", grid, channels, dtype, workspace),
        _transformed("after", grid, taps.shape[3], dtype, workspace),
        sandwich(side, "of_image", dtype),
        product,
        finish(side, dtype),
        _patches(grid, max(channels * grid.patch**2, outputs * side**2), dtype, workspace),
        spoilt,
    )
    return not spoilt.any()


def _correlate(x: Floats, upstream: Floats, origin: Pair, side: int, gradient: Floats, workspace: Workspace) -> None:
    """Write the gradient to weights (O, C, 3, 3) of channels-last images."""
    dtype, channels, outputs = x.dtype, x.shape[3], upstream.shape[3]
    product, add = (product_for(dtype, outputs, add=adds) for adds in (False, True))
    padded = rounded_up(channels, product.rows), rounded_up(outputs, product.columns)
    grid = _grid(upstream, origin, side, BLOCK_OF_SUMS)
    slices = max(slices for slices in SLICES if slices == 1 or slices * SLICE <= grid.tiles)
    panels = max(1, outputs // product.columns)
    grid = grid._replace(jobs=min(get_num_threads(), slices * panels))
    sums = workspace.empty("sums", (slices, grid.patch**2, numbers(*padded, dtype)), dtype)
    share_out(
        correlate,
        grid.jobs,
        grid.tiles * grid.patch**2 * channels * outputs,
        _images(x),
        _images(upstream),
        sums.ctypes.data,
        slices,
        panels,
        grid,
        _transformed("before", grid, padded[0], dtype, workspace),
        _transformed("after", grid, padded[1], dtype, workspace),
        sandwich(side, "of_image", dtype),
        sandwich(side, "to_output.T", dtype),
        product,
        add.kernel,
        _patches(grid, max(channels, outputs) * grid.patch**2, dtype, workspace),
    )
    with np.errstate(all="ignore"):  # anything stands where sizes were rounded up
        for part in sums[1:]:
            sums[0] += part
    unpacked(sums[0], side, padded, gradient, workspace)


def _side(outputs: Floats) -> int:
    """Return how many outputs a tile has along each axis: 4 where that is allowed and, as measured, pays.

    Tiles of 4 × 4 have 36 numbers to 16, and weights to be transformed once count as much as 32 tiles; their own
    transforms cost more, too.
    """
    small, large = (len(outputs) * -(-outputs.shape[1] // side) * -(-outputs.shape[2] // side) for side in (2, 4))
    return 4 if is_fast() and small + 32 > 3.2 * (large + 32) else 2


def _parts(groups: int, inputs: Floats, outputs: Floats, side: int) -> Iterator[tuple[slice, slice, slice]]:
    """Yield parts of the outputs that are computed at once: of one group, and few enough for the cache.

    Each is a slice of input channels, one of output channels, and the same counted within the group.
    """
    channels, each = inputs.shape[3] // groups, outputs.shape[3] // groups
    columns = product_for(outputs.dtype, each, add=False).columns
    panels = -(-each // columns)
    # two panels at least: so the last part, too, has outputs for a vector
    parts = -(-panels // max(2, CACHE // ((side + 2) ** 2 * channels * columns * outputs.itemsize)))
    for g, part in np.ndindex(groups, parts):
        own = slice(part * panels // parts * columns, min((part + 1) * panels // parts * columns, each))
        yield slice(g * channels, (g + 1) * channels), slice(g * each + own.start, g * each + own.stop), own


def _channels_last(images: Floats, dtype: np.dtype[Any], workspace: Workspace, name: str) -> Floats:
    return images_in(images, (0, 0), images.shape[2:], (1, 1), dtype, workspace, name)


def _images(images: Floats) -> Images:
    _, height, width, channels = images.shape
    image, row, column, _ = (stride // images.itemsize for stride in images.strides)
    return Images(images.ctypes.data, height, width, channels, image, row, column)


def _grid(y: Floats, origin: Pair, side: int, block: int) -> Grid:
    """Cover the images ``y`` with tiles; the first sees ``origin`` rows and columns of zeros."""
    rows, columns = -(-y.shape[1] // side), -(-y.shape[2] // side)
    return Grid(rows, columns, len(y) * rows * columns, side, side + 2, *origin, block, 1, y.itemsize)


def _transformed(name: str, grid: Grid, channels: int, dtype: np.dtype[Any], workspace: Workspace) -> Transformed:
    """Make room for each job's block of transformed tiles."""
    number = numbers(grid.block, channels, dtype)
    memory = workspace.empty(name, (grid.jobs, grid.patch**2, number), dtype)
    return Transformed(memory.ctypes.data, grid.patch**2 * number, number, channels)


def _patches(grid: Grid, size: int, dtype: np.dtype[Any], workspace: Workspace) -> Patches:
    """Make room for a tile that sticks out, for each job."""
    memory = workspace.empty("patches", (grid.jobs, size), dtype)
    zeros = workspace.zeros("zeros", (size,), dtype)
    return Patches(memory.ctypes.data, size, zeros.ctypes.data, copy(dtype))
