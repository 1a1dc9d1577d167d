"""Sum, mean and max over axes."""

from __future__ import annotations

import builtins
import math
from typing import Any, TypeAlias

import numpy as np

from autograd_cnn.gates.shape import broadcast_to, reshape, scatter_add
from autograd_cnn.registry import Value, gate

Axes: TypeAlias = int | tuple[int, ...] | None


def _shape(x: Value) -> tuple[int, ...]:
    return getattr(x, "shape", ())


def _reduced(shape: tuple[int, ...], axis: Axes) -> tuple[int, ...]:
    """The axes that a reduction runs over, as non-negative numbers in order."""
    if axis is None:
        return tuple(range(len(shape)))
    return tuple(sorted(a % len(shape) for a in ((axis,) if isinstance(axis, int) else axis)))


def _spread(upstream: Value, shape: tuple[int, ...], axis: Axes) -> Value:
    """Repeat the gradient of a reduction over the axes that were reduced."""
    axes = _reduced(shape, axis)
    kept = tuple(1 if a in axes else n for a, n in enumerate(shape))
    return broadcast_to(reshape(upstream, shape=kept), shape=shape)


@gate("Σ", method=True)
def sum(x: Value, *, axis: Axes = None, keepdims: bool = False) -> Value:
    """Add up: every element receives the upstream gradient unchanged."""
    return np.sum(x, axis=axis, keepdims=keepdims)


@sum.vjp
def _(upstream: Value, output: Value, x: Value, *, axis: Axes, keepdims: bool) -> Value:
    return _spread(upstream, _shape(x), axis)


@gate("mean", method=True)
def mean(x: Value, *, axis: Axes = None, keepdims: bool = False) -> Value:
    """Average: every one of n elements receives 1/n of the upstream gradient."""
    return np.mean(x, axis=axis, keepdims=keepdims)


@mean.vjp
def _(upstream: Value, output: Value, x: Value, *, axis: Axes, keepdims: bool) -> Value:
    shape = _shape(x)
    count = math.prod(shape[a] for a in _reduced(shape, axis))
    return _spread(upstream / builtins.max(count, 1), shape, axis)


@gate("max", method=True, saves=("winners",))
def max(x: Value, *, axis: Axes = None, keepdims: bool = False) -> Value:
    """Router: the largest element receives the upstream gradient, the first one at a tie."""
    x = np.asarray(x)
    axes = _reduced(x.shape, axis)
    rows = (*(n for a, n in enumerate(x.shape) if a not in axes), -1)
    last = range(x.ndim - len(axes), x.ndim)
    candidates = np.moveaxis(x, axes, last).reshape(rows)
    positions = np.moveaxis(np.arange(x.size).reshape(x.shape), axes, last).reshape(rows)
    first = candidates.argmax(-1, keepdims=True)
    kept = tuple(1 if a in axes else n for a, n in enumerate(x.shape)) if keepdims else rows[:-1]
    values = np.take_along_axis(candidates, first, -1).reshape(kept)
    return values, np.take_along_axis(positions, first, -1).reshape(kept)


@max.vjp
def _(upstream: Value, output: Value, x: Value, *, axis: Axes, keepdims: bool, winners: Any) -> Value:
    shape = _shape(x)
    flat = scatter_add(reshape(upstream, shape=-1), index=winners.ravel(), shape=(math.prod(shape),))
    return reshape(flat, shape=shape)


@max.branch
def _(x: Value, *, axis: Axes, keepdims: bool) -> Value:
    return max.forward(x, axis=axis, keepdims=keepdims)[1]
