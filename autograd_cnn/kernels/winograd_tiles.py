"""Winograd's convolutions, a block of tiles at a time: transform, multiply number by number, transform back.

The a² numbers of a transformed tile stand apart, as (a², block, channels) for a block of tiles: so the products of
all tiles and channels are a² matrix products, small enough for the cache. Tiles that stick out of their image pass
through a patch with zeros around. All is addresses and strides: one compile serves every dtype and size.

A job does a range of tiles, in buffers of its own; for a weight gradient, perhaps for a range of outputs only.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from numpy.typing import NDArray

from autograd_cnn.kernels.jit import jit
from autograd_cnn.kernels.microkernel import call_tile
from autograd_cnn.kernels.winograd_vectors import call_copy, call_finish, call_sandwich
from autograd_cnn.kernels.workspace import CACHE_LINE


class Images(NamedTuple):
    """A batch of channels-last images: where it begins, its sizes, and its strides in numbers."""

    at: int
    height: int
    width: int
    channels: int
    image: int
    row: int
    column: int


class Grid(NamedTuple):
    """How tiles cover the images and are shared out."""

    rows: int  # of tiles in an image
    columns: int
    tiles: int  # in all images
    tile: int  # outputs along an axis
    patch: int  # pixels that their windows see along an axis
    top: int  # rows of zeros above an image
    left: int  # columns of zeros beside it
    block: int  # tiles that are transformed together
    jobs: int  # into which the tiles are shared out
    itemsize: int  # bytes in a number


class Transformed(NamedTuple):
    """Transformed tiles of each job, (jobs, a², block, channels), strides in numbers."""

    at: int
    job: int
    number: int
    tile: int


class Product(NamedTuple):
    """A register-blocked kernel, and the rows and columns of its tile."""

    kernel: int
    rows: int
    columns: int


class Patches(NamedTuple):
    """Room for tiles that stick out, for each job, and how to fill it: from zeros, by the copying kernel."""

    at: int
    job: int
    zeros: int
    copy: int


@jit
def convolve(
    first: int,
    last: int,
    x: Images,
    y: Images,
    weight: int,
    grid: Grid,
    before: Transformed,
    after: Transformed,
    of_image: int,
    product: Product,
    finish: int,
    patches: Patches,
    spoilt: NDArray[Any],
) -> None:
    """Write the tiles of a convolution; ``weight`` is (a², panels, C, columns of a panel).

    Sets ``spoilt[job]`` where a number of the result is infinite or NaN.
    """
    panels = -(-y.channels // product.columns)
    panel_size = x.channels * product.columns
    weight_number = panels * panel_size + CACHE_LINE // grid.itemsize
    for job in range(first, last):
        v, m = before.at + grid.itemsize * job * before.job, after.at + grid.itemsize * job * after.job
        patch = patches.at + grid.itemsize * job * patches.job
        spoilt[job] = 0
        begin, end = job * grid.tiles // grid.jobs, (job + 1) * grid.tiles // grid.jobs
        while begin < end:
            count = min(grid.block, end - begin)
            _transform(begin, count, x, grid.patch, grid.top, grid.left, grid, of_image, v, before, patch, patches)
            for number in range(grid.patch * grid.patch):
                for panel in range(panels):
                    b = weight + grid.itemsize * (number * weight_number + panel * panel_size)
                    for t in range(0, count, product.rows):
                        a = v + grid.itemsize * (number * before.number + t * before.tile)
                        c = m + grid.itemsize * (number * after.number + t * after.tile + panel * product.columns)
                        call_tile(
                            product.kernel, a, b, c, 1, 1, x.channels,
                            0, 0, 1, before.tile, 0, 0, product.columns, after.tile,
                        )  # fmt: skip
            spoilt[job] |= _finish(begin, count, m, after, y, grid, finish, patch, patches)
            begin += count


@jit
def correlate(
    first: int,
    last: int,
    x: Images,
    upstream: Images,
    sums: int,
    slices: int,
    panels: int,
    grid: Grid,
    before: Transformed,
    after: Transformed,
    of_image: int,
    of_upstream: int,
    product: Product,
    add: int,
    patches: Patches,
) -> None:
    """Sum the products of transformed images and upstream gradients up: ``sums`` (slices, a², C, O), both rounded up.

    A unit is one of the slices of the tiles and one of ``panels`` ranges of outputs, the last with all that are left
    over. A job does the neighbouring ranges of a slice at once. Who does a unit, and with which others, changes no bit.
    """
    size = before.tile * after.tile + CACHE_LINE // grid.itemsize
    for job in range(first, last):
        v, m = before.at + grid.itemsize * job * before.job, after.at + grid.itemsize * job * after.job
        patch = patches.at + grid.itemsize * job * patches.job
        unit, stop = job * slices * panels // grid.jobs, (job + 1) * slices * panels // grid.jobs
        while unit < stop:
            part, panel = unit // panels, unit % panels
            unit = min(stop, (part + 1) * panels)
            here = panel * product.columns
            there = upstream.channels if unit % panels == 0 else (unit - part * panels) * product.columns
            rows = _channels(upstream, here, there, grid.itemsize)
            begin, end = part * grid.tiles // slices, (part + 1) * grid.tiles // slices
            multiply = product.kernel
            while begin < end:
                count = min(grid.block, end - begin)
                _transform(begin, count, x, grid.patch, grid.top, grid.left, grid, of_image, v, before, patch, patches)
                _transform(begin, count, rows, grid.tile, 0, 0, grid, of_upstream, m, after, patch, patches)
                for number in range(grid.patch * grid.patch):
                    total = sums + grid.itemsize * ((part * grid.patch * grid.patch + number) * size + here)
                    _add_products(
                        v + grid.itemsize * number * before.number, before.tile, x.channels,
                        m + grid.itemsize * number * after.number, after.tile, rows.channels,
                        total, count, multiply, product, grid.itemsize,
                    )  # fmt: skip
                begin, multiply = begin + count, add


@jit
def _add_products(
    a: int, a_tile: int, inputs: int, b: int, b_tile: int, outputs: int,
    sums: int, tiles: int, multiply: int, product: Product, itemsize: int,
) -> None:  # fmt: skip
    """Sum over tiles: ``sums`` (C, O) of one number of A (tiles, C) and B (tiles, O)."""
    for o in range(0, outputs, product.columns):
        for i in range(0, inputs, product.rows):
            call_tile(
                multiply, a + itemsize * i, b + itemsize * o, sums + itemsize * (i * b_tile + o),
                1, 1, tiles, 0, 0, a_tile, 1, 0, 0, b_tile, b_tile,
            )  # fmt: skip


@jit
def pack(
    first: int, last: int, weight: int, packed: int, shape: tuple[int, int], strides: tuple[int, int, int],
    patch: int, itemsize: int, product: Product, of_weight: int,
) -> None:  # fmt: skip
    """Transform weights of channels ``first`` to ``last``, lying (C, 3, 3, O), to (a², panels, C, columns of a panel).

    ``shape`` is (C, O), O rounded up to whole panels; ``strides`` lead from channel to channel, row to row and
    column to column of the windows.
    """
    channels, outputs = shape
    number = channels * outputs + CACHE_LINE // itemsize
    for c in range(first, last):
        for panel in range(outputs // product.columns):
            source = weight + itemsize * (c * strides[0] + panel * product.columns)
            goal = packed + itemsize * (panel * channels + c) * product.columns
            call_sandwich(
                of_weight, source, strides[1], strides[2],
                goal, patch * number, number, product.columns,
            )  # fmt: skip


@jit
def unpack(
    first: int, last: int, sums: int, weight: int, shape: tuple[int, int], patch: int, itemsize: int, to_weight: int
) -> None:
    """Transform sums (a², C, O) back to weights that lie (C, 3, 3, O); ``shape`` is (C, O) rounded up."""
    channels, outputs = shape
    for c in range(first, last):
        source, goal = sums + itemsize * c * outputs, weight + itemsize * c * 9 * outputs
        number = channels * outputs + CACHE_LINE // itemsize
        call_sandwich(to_weight, source, patch * number, number, goal, 3 * outputs, outputs, outputs)


@jit
def _transform(
    begin: int,
    count: int,
    images: Images,
    size: int,
    top: int,
    left: int,
    grid: Grid,
    kernel: int,
    goal: int,
    goals: Transformed,
    patch: int,
    patches: Patches,
) -> None:
    """Transform ``count`` tiles of size × size pixels; the first of an image begins (top, left) before it."""
    n, i, j = _position(begin, grid)
    for t in range(count):
        y, x = i * grid.tile - top, j * grid.tile - left
        source, row, column = _pixel(images, n, y, x, grid.itemsize), images.row, images.column
        if y < 0 or x < 0 or y + size > images.height or x + size > images.width:
            _fill(patch, images, n, y, x, size, grid.itemsize, patches)
            source, row, column = patch, size * images.channels, images.channels
        to = goal + grid.itemsize * t * goals.tile
        call_sandwich(kernel, source, row, column, to, grid.patch * goals.number, goals.number, images.channels)
        n, i, j = _next(n, i, j, grid)


@jit
def _fill(patch: int, images: Images, n: int, y: int, x: int, size: int, itemsize: int, patches: Patches) -> None:
    """Copy a square of pixels to a patch, zeros where it is outside of the image."""
    channels = images.channels
    call_copy(patches.copy, patches.zeros, 0, 0, patch, size * channels, channels, size, size, channels)
    above, beside = max(0, -y), max(0, -x)
    rows, columns = min(size, images.height - y) - above, min(size, images.width - x) - beside
    if rows > 0 and columns > 0:
        source = _pixel(images, n, y + above, x + beside, itemsize)
        goal = patch + itemsize * (above * size + beside) * channels
        call_copy(
            patches.copy, source, images.row, images.column, goal, size * channels, channels, rows, columns, channels
        )


@jit
def _finish(
    begin: int,
    count: int,
    source: int,
    sources: Transformed,
    y: Images,
    grid: Grid,
    finish: int,
    patch: int,
    patches: Patches,
) -> int:
    """Transform ``count`` tiles back and write what of them is inside of the images."""
    size, channels = grid.tile, y.channels
    spoilt = 0
    n, i, j = _position(begin, grid)
    for t in range(count):
        top, left = i * size, j * size
        tile = source + grid.itemsize * t * sources.tile
        goal = _pixel(y, n, top, left, grid.itemsize)
        rows, columns = min(size, y.height - top), min(size, y.width - left)
        if rows == size and columns == size:
            spoilt |= call_finish(finish, tile, sources.number, goal, y.row, y.column, channels)
        else:
            row = size * channels
            spoilt |= call_finish(finish, tile, sources.number, patch, row, channels, channels)
            call_copy(patches.copy, patch, row, channels, goal, y.row, y.column, rows, columns, channels)
        n, i, j = _next(n, i, j, grid)
    return spoilt


@jit
def _channels(images: Images, start: int, stop: int, itemsize: int) -> Images:
    at, height, width, _, image, row, column = images
    return Images(at + itemsize * start, height, width, stop - start, image, row, column)


@jit
def _pixel(images: Images, n: int, y: int, x: int, itemsize: int) -> int:
    return images.at + itemsize * (n * images.image + y * images.row + x * images.column)


@jit
def _position(tile: int, grid: Grid) -> tuple[int, int, int]:
    """Return image, row and column of a tile."""
    n, place = tile // (grid.rows * grid.columns), tile % (grid.rows * grid.columns)
    return n, place // grid.columns, place % grid.columns


@jit
def _next(n: int, i: int, j: int, grid: Grid) -> tuple[int, int, int]:
    """Return image, row and column of the tile that follows."""
    if j + 1 < grid.columns:
        return n, i, j + 1
    if i + 1 < grid.rows:
        return n, i + 1, 0
    return n + 1, 0, 0
