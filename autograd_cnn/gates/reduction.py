"""Sum, mean, product, largest and smallest over axes, and running sums.

`axis` is one axis, a tuple of axes, or None for all; `keepdims` leaves them with length 1. Of nothing the sum is 0
and the product 1; the mean is NaN with NumPy's warning; the largest and the smallest raise.
"""

from __future__ import annotations

import builtins
import itertools
import math
from collections.abc import Callable
from typing import Any

import numpy as np

from autograd_cnn.errors import ShapeError
from autograd_cnn.gates.axes import Axes, kept_shape, one_axis, reduced_axes, shape_of
from autograd_cnn.gates.comparison import where
from autograd_cnn.gates.shape import broadcast_to, getitem, reshape, scatter_add, stack, transpose
from autograd_cnn.registry import COMPOSITIONS, Value, gate


def spread(upstream: Value, shape: tuple[int, ...], axis: Axes) -> Value:
    """Repeat the gradient of a reduction over the axes that were reduced."""
    kept = kept_shape(shape, reduced_axes("spread", axis, len(shape)))
    return broadcast_to(reshape(upstream, shape=kept), shape=shape)


@gate("Σ", method=True)
def sum(x: Value, *, axis: Axes = None, keepdims: bool = False) -> Value:
    """Add up: every element receives the upstream gradient unchanged.

    Formula: Σx
    Local gradient: 1
    """
    return np.sum(x, axis=axis, keepdims=keepdims)


@sum.vjp
def _(upstream: Value, output: Value, x: Value, *, axis: Axes, keepdims: bool) -> Value:
    return spread(upstream, shape_of(x), axis)


@gate("mean", method=True)
def mean(x: Value, *, axis: Axes = None, keepdims: bool = False) -> Value:
    """Average: every one of n elements receives 1/n of the upstream gradient.

    Formula: Σx / n
    Local gradient: 1/n
    """
    return np.mean(x, axis=axis if np.ndim(x) else reduced_axes("mean", axis, 0), keepdims=keepdims)


@mean.vjp
def _(upstream: Value, output: Value, x: Value, *, axis: Axes, keepdims: bool) -> Value:
    shape = shape_of(x)
    return spread(upstream / builtins.max(count_over(shape, axis), 1), shape, axis)


def count_over(shape: tuple[int, ...], axis: Axes) -> int:
    """Return how many elements a reduction of `shape` over `axis` makes into one."""
    return math.prod(shape[a] for a in reduced_axes("count", axis, len(shape)))


@gate("max", method=True, saves=("winners",))
def max(x: Value, *, axis: Axes = None, keepdims: bool = False) -> Value:
    """Router: the largest element receives the upstream gradient, the first one at a tie; NaN counts as largest.

    Formula: max x
    Local gradient: 1 for the largest element, 0 for the others
    Kink: two largest elements: the first takes all, where torch shares over all of x but not along an axis
    """
    return _chosen("max", np.argmax, x, axis, keepdims)


@max.vjp
def _(upstream: Value, output: Value, x: Value, *, axis: Axes, keepdims: bool, winners: Any) -> Value:
    return _sent_to(winners, upstream, shape_of(x))


@max.branch
def _(x: Value, *, axis: Axes, keepdims: bool) -> Value:
    return max.forward(x, axis=axis, keepdims=keepdims)[1]


@gate("min", method=True, saves=("winners",))
def min(x: Value, *, axis: Axes = None, keepdims: bool = False) -> Value:
    """Router: the smallest element receives the upstream gradient, the first one at a tie; NaN counts as smallest.

    Formula: min x
    Local gradient: 1 for the smallest element, 0 for the others
    Kink: two smallest elements: the first takes all, where torch shares over all of x but not along an axis
    """
    return _chosen("min", np.argmin, x, axis, keepdims)


@min.vjp
def _(upstream: Value, output: Value, x: Value, *, axis: Axes, keepdims: bool, winners: Any) -> Value:
    return _sent_to(winners, upstream, shape_of(x))


@min.branch
def _(x: Value, *, axis: Axes, keepdims: bool) -> Value:
    return min.forward(x, axis=axis, keepdims=keepdims)[1]


COMPOSITIONS.update(amax=max, amin=min)
amax, amin = max, min


def _chosen(name: str, choose: Callable[..., Any], x: Value, axis: Axes, keepdims: bool) -> tuple[Any, Any]:
    """Return the chosen elements, and their positions in the flattened input."""
    x = np.asarray(x)
    axes = reduced_axes(name, axis, x.ndim)
    kept, length = kept_shape(x.shape, axes), count_over(x.shape, axis)
    if length == 0 and 0 not in kept:
        raise ShapeError(f"{name}: nothing to choose from: shape {x.shape} is empty over axis {axis}")
    last = range(x.ndim - len(axes), x.ndim)
    candidates = np.moveaxis(x, axes, last).reshape(*kept, length)
    positions = np.moveaxis(np.arange(x.size).reshape(x.shape), axes, last).reshape(*kept, length)
    first = choose(candidates, -1, keepdims=True) if x.size else np.zeros((*kept, 0), int)
    shape = kept_shape(x.shape, axes, keepdims)
    chosen = (np.take_along_axis(values, first, -1).reshape(shape) for values in (candidates, positions))
    return next(chosen), next(chosen)


def _sent_to(winners: Any, upstream: Value, shape: tuple[int, ...]) -> Value:
    flat = scatter_add(reshape(upstream, shape=-1), index=winners.ravel(), shape=(math.prod(shape),))
    return reshape(flat, shape=shape)


@gate("Π", method=True)
def prod(x: Value, *, axis: Axes = None, keepdims: bool = False) -> Value:
    """Product: every element receives the upstream gradient times all the others, without division: zeros are right.

    Formula: Πx
    Local gradient: the product of the others
    """
    return np.prod(x, axis=axis, keepdims=keepdims)


@prod.vjp
def _(upstream: Value, output: Value, x: Value, *, axis: Axes, keepdims: bool) -> Value:
    shape = shape_of(x)
    axes = reduced_axes("prod", axis, len(shape))
    order = (*(a for a in range(len(shape)) if a not in axes), *axes)
    rows = reshape(transpose(x, axes=order), shape=(*kept_shape(shape, axes), count_over(shape, axis)))
    others = reshape(product_of_others(rows), shape=tuple(shape[a] for a in order))
    return spread(upstream, shape, axis) * transpose(others, axes=tuple(order.index(a) for a in range(len(shape))))


@gate("Π others")
def product_of_others(x: Value) -> Value:
    """For every element of a row the product of all the others: what prod multiplies its gradient with.

    Formula: y[i] = Π x[j] over j ≠ i
    Local gradient: the product without both
    """
    x = np.asarray(x)
    before, after = np.ones_like(x), np.ones_like(x)
    before[..., 1:] = np.cumprod(x[..., :-1], -1)
    after[..., :-1] = np.cumprod(x[..., :0:-1], -1)[..., ::-1]
    return before * after


@product_of_others.vjp
def _(upstream: Value, output: Value, x: Value) -> Value:
    *rows, n = x.shape  # n² numbers, which only a second derivative asks for
    same = np.eye(n, dtype=bool)
    without_two = product_of_others(where(same, 1, reshape(x, shape=(*rows, 1, n))))
    return sum(where(same, 0, reshape(upstream, shape=(*rows, n, 1)) * without_two), axis=-2)


@gate("cumsum", method=True)
def cumsum(x: Value, *, axis: int | None = None) -> Value:
    """Running sum (of the flattened input for None): each element receives all upstream gradients from it onwards.

    Formula: y[i] = x[0] + … + x[i]
    Local gradient: 1 for every output from its own onwards
    """
    return np.cumsum(x, axis)


@cumsum.vjp
def _(upstream: Value, output: Value, x: Value, *, axis: int | None) -> Value:
    before = 0 if axis is None else one_axis("cumsum", axis, len(upstream.shape))
    backwards = (*itertools.repeat(slice(None), before), slice(None, None, -1))
    onwards = cumsum(getitem(upstream, index=backwards), axis=before)
    return reshape(getitem(onwards, index=backwards), shape=shape_of(x))


@cumsum.expansion
def _(x: Value, *, axis: int | None) -> Value:
    """Add the elements one by one, and stack what stands after each."""
    x, axis = (reshape(x, shape=-1), 0) if axis is None else (x, one_axis("cumsum", axis, len(x.shape)))
    before = tuple(itertools.repeat(slice(None), axis))
    steps = [getitem(x, index=(*before, i)) for i in range(x.shape[axis])]
    return stack(*itertools.accumulate(steps), axis=axis) if steps else x
