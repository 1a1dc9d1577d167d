"""Standardising groups of numbers to mean 0 and variance 1, its gradient, and batch norm.

Batch norm's groups are the channels of (N, C, ...); layer norm has one per sample, group and instance norm several.
Arrays are walked along memory in whatever order it lies: seen as (outer, groups, inner), the numbers of a group stand
in pieces of ``inner``, one for each outer (:mod:`.standardized_groups`), or, as in channels-last images, the groups
stand side by side (:mod:`.standardized_lanes`). Results lie as the input; only the order of additions depends on it.

Sums are formed in float64, of differences from the group's first number: float32 loses nothing, and a constant group
has differences, variance and output of exactly 0. Results are rounded once. Mean and variance are off by some units
of float64's last place, however far from 0 the numbers are.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from autograd_cnn.errors import ArgumentError, ShapeError
from autograd_cnn.kernels.layout import Floats, delivered, floating_dtype, readable
from autograd_cnn.kernels.standardized_groups import send_to_groups, standardize_groups
from autograd_cnn.kernels.standardized_lanes import (
    put_together,
    send_to_lanes,
    standardize_lanes,
    sum_up,
    sum_up_products,
)
from autograd_cnn.kernels.threads import share_out
from autograd_cnn.kernels.workspace import Workspace

# What a number costs, in multiply-adds: the passes over it.
FORWARD, BACKWARD = 4, 8

# Pieces of a group shorter than this, and fewer groups side by side, are first brought together.
SHORT = 16
FEW = 8

# So many numbers of groups that stand side by side are a block: 64 KiB of float32, which the second-level cache holds.
BLOCK = 16384

# Rows of groups that stand side by side are walked as one up to this length.
LONG = 512

Axes = tuple[int, ...]


def standardize(
    x: Floats,
    axis: Axes,
    eps: float,
    weight: Floats | None = None,
    bias: Floats | None = None,
    *,
    out: Floats | None = None,
    workspace: Workspace | None = None,
) -> Any:
    """Return ``(x − mean)/√(variance + eps)``, times weight plus bias, and each group's mean and variance.

    Parameters
    ----------
    x : ndarray
        Of any shape and strides, float32 or float64.
    axis : tuple of int
        The axes over which a group extends; those that stay must be next to each other.
    eps : float
        Added to the variance.
    weight, bias : ndarray, optional
        One number per group, in the order of the axes that stay; 1 and 0 by default.
    out : ndarray, optional
        Where to put the first result.
    workspace : Workspace, optional
        Where to keep sums.

    Returns
    -------
    ndarray, (groups,) ndarray, (groups,) ndarray
        The variance is the mean squared difference from the mean; mean and variance are float64.

    Raises
    ------
    ArgumentError
        When the axes that stay are not next to each other.
    """
    dtype = floating_dtype("standardize", x)
    workspace = workspace or Workspace()
    arrangement = _arrangement(x, axis)
    groups = arrangement.shape[1]
    weight = np.ones(groups) if weight is None else weight
    bias = np.zeros(groups) if bias is None else bias
    rows = arrangement.of(x, dtype)
    result = _Result("standardize", out, x, dtype, arrangement)
    if arrangement.in_lanes:
        mean, variance = _standardize_lanes(rows[:, :, 0], eps, weight, bias, result.rows[:, :, 0], workspace)
        return result.image(), mean, variance
    mean, variance = np.zeros(groups), np.zeros(groups)
    affine = readable(weight, np.float64), readable(bias, np.float64)
    share_out(standardize_groups, groups, x.size * FORWARD, rows, float(eps), *affine, result.rows, mean, variance)
    return result.image(), mean, variance


def standardize_gradient(
    upstream: Floats,
    x: Floats,
    axis: Axes,
    eps: float,
    *,
    out: Floats | None = None,
    workspace: Workspace | None = None,
) -> Floats:
    """Return the gradient of `standardize` with respect to ``x``; the other parameters are those of `standardize`."""
    dtype = floating_dtype("standardize_gradient", upstream, x)
    arrangement = _arrangement(x, axis)
    rows = arrangement.of(upstream, dtype), arrangement.of(x, dtype)
    result = _Result("standardize_gradient", out, x, dtype, arrangement)
    if arrangement.in_lanes:
        _send_to_lanes(rows[0][:, :, 0], rows[1][:, :, 0], eps, result.rows[:, :, 0], workspace or Workspace())
    else:
        no_weights = np.empty(0)
        share_out(send_to_groups, rows[1].shape[1], x.size * BACKWARD, *rows, float(eps), result.rows, no_weights)
    return result.image()


def weight_gradient(
    upstream: Floats, x: Floats, axis: Axes, eps: float, *, workspace: Workspace | None = None
) -> Floats:
    """Return the sum of ``upstream`` times the standardised ``x`` over each group, (groups,)."""
    dtype = floating_dtype("weight_gradient", upstream, x)
    arrangement = _arrangement(x, axis)
    rows = arrangement.of(upstream, dtype), arrangement.of(x, dtype)
    groups = rows[1].shape[1]
    if arrangement.in_lanes:
        lanes = _Lanes(rows[1][:, :, 0], workspace or Workspace())
        products = lanes.products(rows[0][:, :, 0])[1]
        scaled: Floats = products / np.sqrt(lanes.variance + eps)
        return scaled.astype(dtype)
    gradient, nowhere = np.empty(groups), np.empty((0, groups, rows[1].shape[2]), dtype)
    share_out(send_to_groups, groups, x.size * BACKWARD, *rows, float(eps), nowhere, gradient)
    return gradient.astype(dtype)


@dataclass(frozen=True)
class _Arrangement:
    """How kernels see an array: its axes in the order of memory, seen as (outer, groups, inner)."""

    order: Axes
    shape: tuple[int, int, int]

    @property
    def in_lanes(self) -> bool:
        """Whether groups are summed side by side."""
        outer, groups, inner = self.shape
        return inner == 1 and outer > 1 and groups >= FEW

    @property
    def is_gathered(self) -> bool:
        """Whether the pieces of each group are first brought together: (1, groups, numbers)."""
        return self.shape[0] > 1 and self.shape[2] < SHORT and not self.in_lanes

    def of(self, array: Floats, dtype: np.dtype[Any]) -> Floats:
        """Return an array as kernels see it, read-only; a copy only where it lies otherwise."""
        rows = readable(array.transpose(self.order), dtype).reshape(self.shape)
        return self.gathered(rows) if self.is_gathered else rows

    def gathered(self, rows: Floats) -> Floats:
        """Bring the pieces of each group together."""
        outer, groups, inner = self.shape
        return readable(rows.transpose(1, 0, 2).reshape(1, groups, outer * inner), rows.dtype)


class _Result:
    """Where results are put: `rows`, as kernels see them, and the array itself."""

    def __init__(
        self, kernel: str, out: Floats | None, x: Floats, dtype: np.dtype[Any], arrangement: _Arrangement
    ) -> None:
        if out is not None and (out.shape != x.shape or out.dtype != dtype):
            raise ShapeError(f"{kernel}: out is {out.dtype} of shape {out.shape}, expected {dtype} of shape {x.shape}")
        self._out, self._arrangement = out, arrangement
        memory = None if out is None else out.transpose(arrangement.order)
        if memory is None or not memory.flags.carray or arrangement.is_gathered:
            memory = np.empty([x.shape[axis] for axis in arrangement.order], dtype)
        self._memory = memory
        outer, groups, inner = arrangement.shape
        if arrangement.is_gathered:
            self.rows = np.empty((1, groups, outer * inner), dtype)
        else:
            self.rows = memory.reshape(arrangement.shape)

    def image(self) -> Floats:
        """Return the array that was asked for."""
        arrangement = self._arrangement
        outer, groups, inner = arrangement.shape
        if arrangement.is_gathered:
            pieces = self.rows.reshape(groups, outer, inner).transpose(1, 0, 2)
            self._memory.reshape(arrangement.shape)[...] = pieces
        result = self._memory.transpose(np.argsort(arrangement.order))
        if self._out is None or np.may_share_memory(self._out, result):
            return result if self._out is None else self._out
        return delivered(result, self._out)


def _arrangement(x: Floats, axis: Axes) -> _Arrangement:
    """Return how an array is walked along memory, if its groups allow it, or else along a copy in C order."""
    in_order = tuple(range(x.ndim))
    as_it_lies = tuple(sorted(in_order, key=lambda a: (-abs(x.strides[a]), a)))
    if x.transpose(as_it_lies).flags.c_contiguous and not x.flags.c_contiguous:
        shape = _groups_of(x.shape, as_it_lies, axis)
        if shape is not None:
            return _Arrangement(as_it_lies, shape)
    shape = _groups_of(x.shape, in_order, axis)
    if shape is None:
        raise ArgumentError(
            f"standardize: axis={axis} of shape {x.shape}: the axes that stay must be next to each other; "
            "transpose first"
        )
    return _Arrangement(in_order, shape)


def _groups_of(shape: tuple[int, ...], order: Axes, axis: Axes) -> tuple[int, int, int] | None:
    """Return (outer, groups, inner): the axes before, of and behind the groups; None if they are not adjacent."""
    kept = [place for place, a in enumerate(order) if a not in axis]
    first, last = (kept[0], kept[-1] + 1) if kept else (0, 0)
    names = [order[place] for place in kept]
    if kept != list(range(first, last)) or names != sorted(names) or len(kept) + len(axis) != len(shape):
        return None
    sizes = [shape[a] for a in order]
    return math.prod(sizes[:first]), math.prod(sizes[first:last]), math.prod(sizes[last:])


class _Lanes:
    """How (rows, groups) is walked: several rows as one long row, blocks of long rows, and what is summed up."""

    def __init__(self, x: Floats, workspace: Workspace) -> None:
        rows, groups = x.shape
        self.together = next(n for n in range(min(rows, max(1, LONG // groups)), 0, -1) if rows % n == 0)
        self.shape = rows // self.together, groups * self.together
        self.step = max(1, BLOCK // self.shape[1])
        self.blocks = -(-self.shape[0] // self.step)
        self.x, self.shift, self.rows = x.reshape(self.shape), x[0].astype(np.float64), rows
        self._workspace = workspace
        lengths = np.full((self.blocks, self.together), float(self.step))
        lengths[-1] = self.shape[0] - (self.blocks - 1) * self.step
        self._lengths = lengths.ravel()
        self._means, squares = self._sums("means"), self._sums("squares")
        share_out(sum_up, self.blocks, x.size * 2, self.x, self.repeated(self.shift), self.step, self._means, squares)
        self.offset, total = self._put_together(self._means, self._means, squares)
        self.variance = total / rows

    def repeated(self, vector: Floats) -> Floats:
        """Return a number per group for each column of a long row."""
        return np.tile(np.asarray(vector, np.float64), self.together)

    def products(self, upstream: Floats) -> tuple[Floats, Floats]:
        """Return the means of upstream, and the sums of upstream × (x − mean)."""
        sent, products = self._sums("sent"), self._sums("products")
        shift, arrays = self.repeated(self.shift), (self._means, sent, products)
        rows = upstream.reshape(self.shape), self.x
        share_out(sum_up_products, self.blocks, upstream.size * 2, *rows, shift, self.step, *arrays)
        return self._put_together(sent, self._means, products)

    def _sums(self, name: str) -> Floats:
        return self._workspace.empty(name, (self.blocks, self.shape[1]), np.float64)

    def _put_together(self, a: Floats, b: Floats, products: Floats) -> tuple[Floats, Floats]:
        groups = len(self.shift)
        mean, total = np.empty(groups), np.empty(groups)
        apart = [sums.reshape(-1, groups) for sums in (a, b, products)]
        put_together(self._lengths, apart[0], apart[1], apart[2], mean, total)
        return mean, total


def _standardize_lanes(
    x: Floats, eps: float, weight: Floats, bias: Floats, y: Floats, workspace: Workspace
) -> tuple[Floats, Floats]:
    lanes = _Lanes(x, workspace)
    vectors = [lanes.repeated(v) for v in (lanes.offset, weight / np.sqrt(lanes.variance + eps), bias)]
    shift, result = lanes.repeated(lanes.shift), y.reshape(lanes.shape)
    share_out(standardize_lanes, lanes.blocks, x.size * 2, lanes.x, shift, lanes.step, *vectors, result)
    return lanes.shift + lanes.offset, lanes.variance


def _send_to_lanes(upstream: Floats, x: Floats, eps: float, gradient: Floats, workspace: Workspace) -> None:
    lanes = _Lanes(x, workspace)
    average, products = lanes.products(upstream)
    slope, scale = products / len(x) / (lanes.variance + eps), 1 / np.sqrt(lanes.variance + eps)
    vectors = [lanes.repeated(v) for v in (lanes.offset, average, slope, scale)]
    rows = upstream.reshape(lanes.shape), lanes.x, lanes.repeated(lanes.shift)
    share_out(send_to_lanes, lanes.blocks, x.size * 2, *rows, lanes.step, *vectors, gradient.reshape(lanes.shape))
