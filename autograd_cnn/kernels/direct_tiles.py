"""The two products of the direct convolution, cut into tiles: outputs from pixels, and weights from pixels."""

from __future__ import annotations

from functools import cache
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from autograd_cnn.kernels.direct_loops import convolve, correlate, pack, unpack
from autograd_cnn.kernels.direct_walks import blocks, even
from autograd_cnn.kernels.instruction_set import instruction_set
from autograd_cnn.kernels.layout import Floats
from autograd_cnn.kernels.microkernel import lanewise, tile
from autograd_cnn.kernels.threads import share_out
from autograd_cnn.kernels.workspace import Workspace

Pair = tuple[int, int]

# These kernels do as many multiply-adds in the time in which a plain one does one.
SPEED = 8
# As many bytes stay in the first cache, and in the second, beside what else is there.
NEAR, FAR = 24_000, 240_000
# A weight gradient is cut into so many jobs, if each slice of the images then has so many pixels: more threads than
# that would find nothing to do, and slices of fewer pixels cost more to add up than they help.
JOBS, SLICE = 16, 1_000


class Weights(NamedTuple):
    """A weight (O, C/groups, KH, KW) as a matrix for each tap and group: from terms to channels.

    Attributes
    ----------
    groups, terms, channels : int
        The sums run over the terms; the channels lie side by side in vectors.
    by_group, by_term, by_channel : int
        How far weights are apart in memory.
    lanewise : bool
        Whether each channel is multiplied by a number of its own: a depthwise convolution, taken as a single group.
    """

    groups: int
    terms: int
    channels: int
    by_group: int
    by_term: int
    by_channel: int
    lanewise: bool

    @property
    def groups_and_channels(self) -> Pair:
        """How many groups of how many channels the sums have."""
        return self.groups, self.channels


class Taps(NamedTuple):
    """The taps of a window.

    Attributes
    ----------
    step, apart : (int, int)
        How many pixels windows, and taps, are apart.
    window : (int, int)
        How many taps stand below and beside each other.
    offsets : ndarray
        Where each of them, row by row, stands among the taps of the weight.
    """

    step: Pair
    apart: Pair
    window: Pair
    offsets: NDArray[Any]


def weights_of(shape: tuple[int, ...], groups: int, *, to_input: bool) -> Weights:
    """Return the matrices for outputs from images, or for images from outputs."""
    filters, terms, down, right = shape
    size, filters = down * right, filters // groups
    if filters == terms == 1 < groups:
        return Weights(1, 1, groups, 0, 0, size, True)
    if to_input:
        return Weights(groups, filters, terms, filters * terms * size, terms * size, size, False)
    return Weights(groups, terms, filters, filters * terms * size, size, terms * size, False)


def add_up(images: Floats, taps: Taps, weight: Floats, weights: Weights, result: Floats, workspace: Workspace) -> None:
    """Fill results (N, H, W, channels) with the sums over taps and terms of images (N, H, W, channels)."""
    item, x, y = result.itemsize, _distances(images), _distances(result)
    batch, lines, pixels, _ = result.shape
    k1, k2, k3 = *taps.window, weights.terms
    x1, x2, x3 = taps.apart[0] * x[1], taps.apart[1] * x[2], 1
    if k3 == 1:  # the inmost loop is the longest
        k1, k2, k3, x1, x2, x3 = 1, k1, k2, 0, x1, x2
    elif x2 == k3:  # the pixels of a row of taps follow each other without gaps
        k1, k2, k3, x1, x2 = 1, k1, k2 * k3, 0, x1
    axes = [(batch, x[0], y[0]), (lines, taps.step[0] * x[1], y[1]), (pixels, taps.step[1] * x[2], y[2])]
    machine = instruction_set(result.dtype)
    if 2 * pixels <= machine.rows and batch > pixels:  # images make longer tiles than the pixels of a line
        axes = [axes[1], axes[2], axes[0]]
    elif pixels < 4 * machine.rows and all(
        line == pixels * pixel for line, pixel in zip(axes[1][1:], axes[2][1:], strict=True)
    ):
        axes[1:] = [(1, 0, 0), (lines * pixels, *axes[2][1:])]  # all lines are one long line
    (images_, x_image, y_image), (lines, x_line, y_line), (length, x_pixel, y_pixel) = axes
    blocking = _blocking(result.dtype, weights.channels, length, weights.lanewise)
    packed = _packed(taps, weight, weights, blocking, result.dtype, workspace)
    panel = item * k1 * k2 * k3 * blocking[4]
    per_job = max(1, min(lines, (FAR if panel > NEAR // 4 else NEAR) // (item * max(1, abs(x_line)))))
    y_group = result.shape[3] // weights.groups
    share_out(
        convolve,
        images_ * -(-lines // per_job),
        batch * result.shape[1] * pixels * weights.groups * weights.channels * k1 * k2 * k3 // SPEED,
        images.ctypes.data,
        packed.ctypes.data,
        result.ctypes.data,
        blocking,
        (item, lines, per_job, length, weights.groups, k1, k2, k3),
        (x_image, x_line, x_pixel, weights.terms, int(weights.lanewise), x1, x2, x3),
        (y_image, y_line, y_pixel, y_group),
    )


def multiply_pixels(
    images: Floats, upstream: Floats, taps: Taps, weights: Weights, shape: tuple[int, ...], workspace: Workspace
) -> Floats:
    """Return the sums over all pixels of images times upstream gradients (N, H, W, whole vectors of channels)."""
    item, x, y = upstream.itemsize, _distances(images), _distances(upstream)
    (batch, lines, length, _), (down, across) = upstream.shape, taps.window
    rows, x_across, x_weight = weights.terms, taps.apart[1] * x[2], 1
    if weights.lanewise:
        across, rows, x_weight = 1, across, x_across
    elif x_across == weights.terms:  # the pixels of a row of taps follow each other without gaps
        across, rows = 1, across * rows
    channels = upstream.shape[3] // weights.groups
    blocking = _blocking_of_sums(upstream.dtype, channels, rows, weights.lanewise)
    # The block of upstream gradients and a cache line of each pixel stay near, while all pixels are farther.
    fitting = min(NEAR // (length * (item * blocking[-2] + 64)), FAR // (item * taps.step[0] * x[1]))
    per_unit = even(lines, max(1, fitting))
    together = max(1, min(batch, fitting // lines))
    units = -(-batch // together) * -(-lines // per_unit)
    slices = -(-JOBS // (weights.groups * blocking[-3]))
    slices = max(1, min(units, slices, batch * lines * length // SLICE))
    size = down * taps.window[1]
    sums = workspace.empty("sums", (slices, weights.groups, size, weights.terms, channels), upstream.dtype)
    sums[...] = 0
    share_out(
        correlate,
        slices * weights.groups * blocking[-3],
        batch * lines * length * sums[0].size // SPEED,
        images.ctypes.data,
        upstream.ctypes.data,
        sums.ctypes.data,
        blocking,
        (item, slices, batch, together, lines, per_unit, length, weights.groups, down, across, rows),
        (
            x[0], taps.step[0] * x[1], taps.step[1] * x[2], weights.terms, int(weights.lanewise),
            taps.apart[0] * x[1], x_across, x_weight,
        ),
        y[:3],
    )  # fmt: skip
    gradient = np.empty((weights.groups, weights.channels, weights.terms, size), upstream.dtype)
    side = 16
    share_out(unpack, weights.groups * -(-weights.channels // side), slices * gradient.size, sums, gradient, side)
    return gradient.reshape(shape)


def _packed(
    taps: Taps, weight: Floats, weights: Weights, blocking: Any, dtype: np.dtype[Any], workspace: Workspace
) -> Floats:
    *_, number, width, last_width, _ = blocking
    size = weights.groups * taps.offsets.size * weights.terms * ((number - 1) * width + last_width)
    packed = workspace.empty(f"weights {taps.offsets[0]}", (size,), dtype)
    walk = weights.terms, weights.by_term, weights.channels, weights.by_channel, weights.by_group
    share_out(pack, weights.groups * number, size, weight.reshape(-1), taps.offsets, packed, blocking, walk)
    return packed


@cache
def _blocking(dtype: np.dtype[Any], channels: int, length: int, by_lanes: bool) -> tuple[int, ...]:
    """Return rows of a tile, kernels of the first blocks and the last, number and widths, and where the last starts."""
    machine = instruction_set(dtype)
    rows = even(length, machine.rows)
    cut = blocks(machine.lanes, 1 if by_lanes else machine.vectors, channels)
    (_, first), (start, last) = cut[0], cut[-1]
    kernels = [lanewise(rows, dtype) if by_lanes else tile(rows, number, dtype) for number in (first, last)]
    return rows, *kernels, len(cut), first * machine.lanes, last * machine.lanes, start


@cache
def _blocking_of_sums(dtype: np.dtype[Any], channels: int, weights: int, by_lanes: bool) -> tuple[int, ...]:
    """Return rows of a tile, kernels of the first blocks and the last, the same for the weights left, and widths."""
    machine = instruction_set(dtype)
    rows = next((rows for rows in range(machine.rows, machine.rows // 2, -1) if weights % rows == 0), machine.rows)
    rows = min(rows, weights)
    cut = blocks(machine.lanes, 1 if by_lanes else machine.vectors, channels)
    numbers = cut[0][1], cut[-1][1]
    kernels = [
        (lanewise(some, dtype, add=True) if by_lanes else tile(some, number, dtype, add=True)) if some else 0
        for some in (rows, weights % rows)
        for number in numbers
    ]
    return rows, *kernels, len(cut), numbers[0] * machine.lanes, numbers[1] * machine.lanes


def _distances(array: Floats) -> tuple[int, ...]:
    """Return the strides of an array, in numbers instead of bytes."""
    return tuple(stride // array.itemsize for stride in array.strides)
