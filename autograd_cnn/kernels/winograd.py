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
from functools import cache
from typing import Any

import numpy as np

from autograd_cnn.kernels import plain_convolution
from autograd_cnn.kernels.accuracy import winograd_tile
from autograd_cnn.kernels.instruction_set import instruction_set
from autograd_cnn.kernels.layout import Floats, delivered, floating_dtype
from autograd_cnn.kernels.microkernel import tile
from autograd_cnn.kernels.planning import Convolution, Padding, Pair
from autograd_cnn.kernels.threads import get_num_threads, share_out
from autograd_cnn.kernels.winograd_tiles import (
    Finish,
    Grid,
    Images,
    Patches,
    Product,
    Transformed,
    convolve,
    correlate,
    pack,
    unpack,
)
from autograd_cnn.kernels.winograd_vectors import copy, finish, sandwich
from autograd_cnn.kernels.workspace import CACHE_LINE, Workspace, aligned

# Tiles that are transformed together: whole register tiles of 4, 6 or 8 rows, few enough to stay in the cache beside
# the weights. For a weight gradient they are more, as each block reads and writes all sums.
BLOCK, BLOCK_OF_SUMS = 24, 48

# A weight gradient of many tiles is summed up in slices, so that threads can share them; each costs sums of its own.
TILES_OF_SLICE = 1024

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
    bias: Floats | None = None,
    relu: bool = False,
) -> Floats:
    """Cross-correlate images with weights, then add ``bias`` (O,), then take the larger of that and 0."""
    dtype = floating_dtype("conv2d", x, weight)
    workspace = workspace or Workspace()
    shape = len(x), len(weight), *output_size
    y = _result(out, shape, dtype, workspace)
    images = _channels_last(x, dtype, workspace, "images")
    shift = np.zeros(len(weight), dtype) if bias is None else np.require(bias, dtype, "C")
    least = 0.0 if relu else -np.inf
    origin = padding[0][0], padding[1][0]
    finite = True
    for inside, outside, _ in _parts(groups, x, y):
        taps = _by_channel(weight[outside], workspace, dtype)
        finite &= _convolve(images[:, inside], taps, y[:, outside], origin, shift[outside], least, None, workspace)
    if not finite:
        y[...] = plain_convolution.conv2d(x, weight, stride, padding, dilation, groups, output_size)
        with np.errstate(all="ignore"):
            y += shift[:, None, None]
            np.maximum(y, least, out=y)
    return y if y is out else delivered(y, out)


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
    mask: Floats | None = None,
) -> Floats:
    """Return the gradient to the images; 0 wherever ``mask``, of their shape, is given and not positive."""
    dtype = floating_dtype("conv2d_input_gradient", upstream, weight)
    workspace = workspace or Workspace()
    shape = len(upstream), groups * weight.shape[1], *input_size
    gradient = _result(out, shape, dtype, workspace)
    images = _channels_last(upstream, dtype, workspace, "upstream")
    kept = None if mask is None else _channels_last(mask, dtype, workspace, "mask")
    origin = 2 - padding[0][0], 2 - padding[1][0]
    nothing = np.zeros(shape[1], dtype)
    finite = True
    for inside, outside, own in _parts(groups, upstream, gradient):
        taps = _by_output(weight[inside, own], workspace, dtype)
        keep = None if kept is None else kept[:, outside]
        finite &= _convolve(
            images[:, inside], taps, gradient[:, outside], origin, nothing[outside], -np.inf, keep, workspace
        )
    if not finite:
        gradient[...] = plain_convolution.conv2d_input_gradient(
            upstream, weight, input_size, stride, padding, dilation, groups
        )
        if kept is not None:
            np.copyto(gradient, 0, where=~(kept > 0))
    return gradient if gradient is out else delivered(gradient, out)


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
    """Return the gradient to the weights, C-contiguous."""
    dtype = floating_dtype("conv2d_weight_gradient", upstream, x)
    workspace = workspace or Workspace()
    shape = upstream.shape[1], x.shape[1] // groups, *window
    gradient = out if out is not None and out.dtype == dtype and out.flags.c_contiguous else np.empty(shape, dtype)
    images = _channels_last(x, dtype, workspace, "images")
    rows = _channels_last(upstream, dtype, workspace, "upstream")
    origin = padding[0][0], padding[1][0]
    for inside, outside, _ in _parts(groups, x, upstream):
        _correlate(images[:, inside], rows[:, outside], origin, gradient[outside], workspace)
    if not np.isfinite(gradient).all():
        gradient[...] = plain_convolution.conv2d_weight_gradient(upstream, x, window, stride, padding, dilation, groups)
    return gradient if gradient is out else delivered(gradient, out)


def _convolve(
    x: Floats,
    taps: Floats,
    y: Floats,
    origin: Pair,
    bias: Floats,
    least: float,
    mask: Floats | None,
    workspace: Workspace,
) -> bool:
    """Convolve one group with weights ``taps`` (C, 3, 3, O or more); return whether all numbers are finite."""
    dtype, side = x.dtype, winograd_tile()
    channels, outputs = x.shape[1], y.shape[1]
    product = _product(dtype, outputs, add=False)
    packed = _packed(taps, product, side, workspace)
    grid = _grid(y, origin, side, BLOCK)
    before = _transformed("before", grid.jobs, grid, channels, dtype, workspace)
    after = _transformed("after", grid.jobs, grid, taps.shape[3], dtype, workspace)
    patches = _patches(grid.jobs, max(channels * grid.patch**2, 2 * outputs * side**2), dtype, workspace)
    kept = np.ones(outputs, dtype)
    everywhere = _images(np.broadcast_to(kept[:, None, None], y.shape))
    ending = Finish(finish(side, dtype), bias.ctypes.data, least, everywhere if mask is None else _images(mask))
    spoilt = workspace.zeros("spoilt", (grid.jobs,), np.int64)
    share_out(
        convolve,
        grid.jobs,
        grid.tiles * grid.patch**2 * channels * outputs,
        _images(x),
        _images(y),
        packed.ctypes.data,
        grid,
        before,
        after,
        sandwich(side, "of_image", dtype),
        product,
        ending,
        patches,
        spoilt,
    )
    return not spoilt.any()


def _correlate(x: Floats, upstream: Floats, origin: Pair, gradient: Floats, workspace: Workspace) -> None:
    """Write the weight gradient (O, C, 3, 3) of one group."""
    dtype, side = x.dtype, winograd_tile()
    channels, outputs = x.shape[1], upstream.shape[1]
    product, add = (_product(dtype, outputs, add=adds) for adds in (False, True))
    padded = _rounded_up(channels, product.rows), _rounded_up(outputs, product.columns)
    grid = _grid(upstream, origin, side, BLOCK_OF_SUMS)
    slices = max(number for number in (1, 2, 4, 8) if number == 1 or number * TILES_OF_SLICE <= grid.tiles)
    grid = grid._replace(jobs=slices)
    panels = max(1, outputs // product.columns)
    jobs = slices * panels
    before = _transformed("before", jobs, grid, padded[0], dtype, workspace)
    after = _transformed("after", jobs, grid, padded[1], dtype, workspace)
    patches = _patches(jobs, max(channels, outputs) * grid.patch**2, dtype, workspace)
    number = padded[0] * padded[1] + CACHE_LINE // dtype.itemsize
    sums = workspace.empty("sums", (slices, grid.patch**2, number), dtype)
    share_out(
        correlate,
        jobs,
        grid.tiles * grid.patch**2 * channels * outputs,
        _images(x),
        _images(upstream),
        sums.ctypes.data,
        panels,
        grid,
        before,
        after,
        sandwich(side, "of_image", dtype),
        sandwich(side, "to_output.T", dtype),
        product,
        add.kernel,
        patches,
    )
    with np.errstate(all="ignore"):  # anything stands where sizes were rounded up
        for part in sums[1:]:
            sums[0] += part
    turned = workspace.empty("turned", (channels, 3, 3, padded[1]), dtype)
    work = turned.size * grid.patch
    to_weight = sandwich(side, "of_weight.T", dtype)
    share_out(
        unpack, channels, work, sums.ctypes.data, turned.ctypes.data, padded, grid.patch, dtype.itemsize, to_weight
    )
    gradient.reshape(outputs, -1)[...] = turned.reshape(-1, padded[1]).T[:outputs]


def _packed(taps: Floats, product: Product, side: int, workspace: Workspace) -> Floats:
    """Transform weights (C, 3, 3, O): (a², panels, C, columns of a panel)."""
    dtype, (channels, _, _, outputs) = taps.dtype, taps.shape
    number = channels * outputs + CACHE_LINE // dtype.itemsize
    packed = workspace.empty("packed", ((side + 2) ** 2, number), dtype)
    step, row, column, _ = (stride // dtype.itemsize for stride in taps.strides)
    share_out(
        pack,
        channels,
        packed.size * 4,
        taps.ctypes.data,
        packed.ctypes.data,
        (channels, outputs),
        (step, row, column),
        side + 2,
        dtype.itemsize,
        product,
        sandwich(side, "of_weight", dtype),
    )
    return packed


def _by_channel(weight: Floats, workspace: Workspace, dtype: np.dtype[Any]) -> Floats:
    """Return weights (O, C, 3, 3) as (C, 3, 3, O), O rounded up to whole panels."""
    outputs, channels, *_ = weight.shape
    columns = _rounded_up(outputs, _product(dtype, outputs, add=False).columns)
    taps = workspace.empty("taps", (channels, 3, 3, columns), dtype)
    taps.reshape(-1, columns)[:, :outputs] = weight.reshape(outputs, -1).T
    return taps


def _by_output(weight: Floats, workspace: Workspace, dtype: np.dtype[Any]) -> Floats:
    """Return weights (O, C, 3, 3) turned around, (O, 3, 3, C), C rounded up to whole panels."""
    outputs, channels, *_ = weight.shape
    columns = _rounded_up(channels, _product(dtype, channels, add=False).columns)
    taps = workspace.empty("taps", (outputs, 9, columns), dtype)
    taps[..., :channels] = weight.reshape(outputs, channels, 9).swapaxes(1, 2)
    return taps.reshape(outputs, 3, 3, columns)[:, ::-1, ::-1]


def _rounded_up(number: int, step: int) -> int:
    return -(-number // step) * step


def _parts(groups: int, inputs: Floats, outputs: Floats) -> Iterator[tuple[slice, slice, slice]]:
    """Yield parts of the outputs that are computed at once: of one group, and few enough for the cache.

    Each is a slice of input channels, one of output channels, and the same counted within the group.
    """
    channels, each = inputs.shape[1] // groups, outputs.shape[1] // groups
    columns = _product(outputs.dtype, each, add=False).columns
    panels = -(-each // columns)
    # two panels at least: so the last part, too, has outputs for a vector
    parts = -(-panels // max(2, CACHE // ((winograd_tile() + 2) ** 2 * channels * columns * outputs.itemsize)))
    for g, part in np.ndindex(groups, parts):
        own = slice(part * panels // parts * columns, min((part + 1) * panels // parts * columns, each))
        yield slice(g * channels, (g + 1) * channels), slice(g * each + own.start, g * each + own.stop), own


def _channels_last(images: Floats, dtype: np.dtype[Any], workspace: Workspace, name: str) -> Floats:
    """Return images (N, C, H, W) whose channels lie side by side, in a dtype; copied where they do not."""
    if _lies_well(images, dtype):
        return images
    batch, channels, height, width = images.shape
    memory = workspace.empty(name, (batch, height, width, channels), dtype)
    memory[...] = images.transpose(0, 2, 3, 1)
    return memory.transpose(0, 3, 1, 2)


def _result(out: Floats | None, shape: tuple[int, ...], dtype: np.dtype[Any], workspace: Workspace) -> Floats:
    """Return where the tiles are written: to ``out`` if it lies channels-last."""
    if out is not None and _lies_well(out, dtype):
        return out
    batch, channels, height, width = shape
    memory = (batch, height, width, channels)
    result = aligned(np.empty, memory, dtype) if out is None else workspace.empty("result", memory, dtype)
    return result.transpose(0, 3, 1, 2)


def _lies_well(images: Floats, dtype: np.dtype[Any]) -> bool:
    size = dtype.itemsize
    return (
        images.dtype == dtype
        and images.dtype.isnative
        and images.flags.aligned
        and images.strides[1] == size
        and not any(stride % size for stride in images.strides)
    )


def _images(images: Floats) -> Images:
    _, channels, height, width = images.shape
    image, _, row, column = (stride // images.itemsize for stride in images.strides)
    return Images(images.ctypes.data, height, width, channels, image, row, column)


def _grid(y: Floats, origin: Pair, side: int, block: int) -> Grid:
    """Cover the images ``y`` with tiles; the first sees ``origin`` rows and columns of zeros."""
    rows, columns = -(-y.shape[2] // side), -(-y.shape[3] // side)
    tiles = len(y) * rows * columns
    jobs = min(get_num_threads(), -(-tiles // block))
    return Grid(rows, columns, tiles, side, side + 2, *origin, block, jobs, y.itemsize)


def _transformed(
    name: str, jobs: int, grid: Grid, channels: int, dtype: np.dtype[Any], workspace: Workspace
) -> Transformed:
    """Make room for each job's block of transformed tiles.

    A cache line more for each of the a² numbers of a tile: they are written together, and a power of two apart they
    would all fall into one set of the cache.
    """
    number = grid.block * channels + CACHE_LINE // grid.itemsize
    memory = workspace.empty(name, (jobs, grid.patch**2, number), dtype)
    return Transformed(memory.ctypes.data, grid.patch**2 * number, number, channels)


def _patches(jobs: int, size: int, dtype: np.dtype[Any], workspace: Workspace) -> Patches:
    """Make room for a tile that sticks out, for each job."""
    memory = workspace.empty("patches", (jobs, size), dtype)
    zeros = workspace.zeros("zeros", (size,), dtype)
    return Patches(memory.ctypes.data, size, zeros.ctypes.data, copy(dtype))


@cache
def _product(dtype: np.dtype[Any], outputs: int, *, add: bool) -> Product:
    """Return the register-blocked kernel whose columns fit a number of outputs best."""
    machine = instruction_set(dtype)
    tiles = {(machine.rows, machine.vectors), (machine.rows * machine.vectors // 2, 2)}
    rows, vectors = min(sorted(tiles), key=lambda shape: _rounded_up(outputs, shape[1] * machine.lanes))
    return Product(tile(rows, vectors, dtype, add), rows, vectors * machine.lanes)
