"""Which axes are meant: negative numbers, None and tuples become plain axis numbers."""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np

from autograd_cnn.errors import ArgumentError, OutOfRangeError
from autograd_cnn.registry import Value
from autograd_cnn.settings import whole

Axes: TypeAlias = int | tuple[int, ...] | None


def shape_of(x: Value) -> tuple[int, ...]:
    """Return the shape of a node, an array, a list or a number."""
    return x.shape if hasattr(x, "shape") else np.shape(x)


def one_axis(name: str, axis: Any, ndim: int) -> int:
    """Return `axis` counted from the front.

    Raises
    ------
    OutOfRangeError
        When there is no such axis.
    ArgumentError
        When `axis` is no integer.
    """
    number = whole(name, "axis", axis)
    if not -ndim <= number < ndim:
        raise OutOfRangeError(f"{name}: axis {number} is out of bounds for {ndim} axes")
    return number % ndim


def some_axes(name: str, axis: Any, ndim: int) -> tuple[int, ...]:
    """Return one axis, a tuple of them, or all for None, counted from the front, as they were given.

    Raises
    ------
    OutOfRangeError, ArgumentError
        When there is no such axis, or one is given twice.
    """
    if axis is None:
        return tuple(range(ndim))
    axes = tuple(one_axis(name, a, ndim) for a in (axis if isinstance(axis, tuple | list) else (axis,)))
    if len(set(axes)) != len(axes):
        raise ArgumentError(f"{name}: axis={axis!r} names an axis twice")
    return axes


def reduced_axes(name: str, axis: Axes, ndim: int) -> tuple[int, ...]:
    """Return the axes that a reduction runs over, in rising order; a number has none, though 0 and −1 may be said."""
    if ndim == 0 and type(axis) is int and axis in (0, -1):  # as in NumPy and torch
        return ()
    return tuple(sorted(some_axes(name, axis, ndim)))


def kept_shape(shape: tuple[int, ...], axes: tuple[int, ...], keepdims: bool = True) -> tuple[int, ...]:
    """Return what a reduction over `axes` leaves of `shape`: length 1 there, or nothing."""
    return tuple(1 if a in axes else n for a, n in enumerate(shape) if keepdims or a not in axes)
