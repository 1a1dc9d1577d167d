"""Split, roll, flip, repeat, tile: slices, joins and copies, so that the gradient finds its way by itself."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from autograd_cnn.errors import ArgumentError, ShapeError
from autograd_cnn.gates.axes import one_axis, shape_of, some_axes
from autograd_cnn.gates.indexing import take
from autograd_cnn.gates.shape import broadcast_to, concatenate, expand_dims, getitem, ravel, reshape
from autograd_cnn.memory import in_memory
from autograd_cnn.registry import Value, composition
from autograd_cnn.settings import whole


@composition()
def split(x: Value, indices_or_sections: Any, axis: int = 0) -> list[Value]:
    """Cut into parts along an axis, as np.split.

    Parameters
    ----------
    x : array or node
        Numbers.
    indices_or_sections : int or sequence of int
        Into how many equal parts, or where to cut.
    axis : int
        Along which axis.

    Raises
    ------
    ShapeError
        When the parts would not be equal.

    Examples
    --------
    >>> import autograd_cnn as ag
    >>> [part.value.tolist() for part in ag.split(ag.Tensor([1.0, 2.0, 3.0]), [1])]
    [[1.0], [2.0, 3.0]]
    """
    shape = shape_of(x)
    axis = one_axis("split", axis, len(shape))
    name, given = "indices_or_sections", indices_or_sections
    if not isinstance(given, tuple | list) and np.ndim(given) == 0:
        parts = whole("split", name, given)
        if parts < 1 or shape[axis] % parts:
            raise ShapeError(
                f"split: {shape[axis]} along axis {axis} do not make {parts} equal parts; say where to cut"
            )
        cuts = [shape[axis] // parts * i for i in range(1, parts)]
    else:
        cuts = [whole("split", name, i) for i in given]
    return [_cut(x, axis, slice(low, high)) for low, high in zip([0, *cuts], [*cuts, shape[axis]], strict=True)]


@composition()
def roll(x: Value, shift: int | tuple[int, ...], axis: int | tuple[int, ...] | None = None) -> Value:
    """Shift along axes; what leaves at one end comes in at the other. For None along the flattened array."""
    if axis is None:
        return reshape(roll(ravel(x), shift, 0), shape=shape_of(x))
    axes = axis if isinstance(axis, tuple | list) else (axis,)
    shifts = shift if isinstance(shift, tuple | list) else (shift,) * len(axes)
    if len(shifts) != len(axes):
        raise ArgumentError(f"roll: {len(shifts)} shifts for {len(axes)} axes; give one for each, or one for all")
    for by, a in zip(shifts, axes, strict=True):
        a = one_axis("roll", a, len(shape_of(x)))
        start = -whole("roll", "shift", by) % max(shape_of(x)[a], 1)
        if start:
            x = concatenate(_cut(x, a, slice(start, None)), _cut(x, a, slice(None, start)), axis=a)
    return x


@composition()
def flip(x: Value, axis: int | tuple[int, ...] | None = None) -> Value:
    """Reverse the order along the axes given, or along all for None."""
    ndim = len(shape_of(x))
    axes = some_axes("flip", axis, ndim)
    return getitem(x, index=tuple(slice(None, None, -1 if a in axes else None) for a in range(ndim)))


@composition(method=True)
def repeat(x: Value, repeats: Any, axis: int | None = None) -> Value:
    """Repeat every element, as np.repeat; its gradient adds up over the copies.

    Parameters
    ----------
    x : array or node
        Numbers.
    repeats : int or (n,) integers
        How often: all alike, or each of the n along the axis.
    axis : int, optional
        Along which axis; None flattens first.

    Examples
    --------
    >>> import autograd_cnn as ag
    >>> ag.repeat(ag.Tensor([1.0, 2.0]), [1, 2]).value
    array([1., 2., 2.])
    """
    if axis is None:
        x, axis = ravel(x), 0
    shape = shape_of(x)
    axis = one_axis("repeat", axis, len(shape))
    many = repeats if isinstance(repeats, tuple | list) or np.ndim(repeats) else (repeats,)
    times = [whole("repeat", "repeats", n, 0) for n in many]
    if len(times) != 1:
        if len(times) != shape[axis]:
            raise ShapeError(f"repeat: {len(times)} repeats for {shape[axis]} along axis {axis}; give one for each")
        with in_memory("repeat: places", (sum(times),), 8, "repeat less often"):
            places = np.repeat(np.arange(shape[axis]), times)
        return take(x, places, axis)
    copies = broadcast_to(expand_dims(x, axis + 1), shape=(*shape[: axis + 1], *times, *shape[axis + 1 :]))
    return reshape(copies, shape=(*shape[:axis], shape[axis] * times[0], *shape[axis + 1 :]))


@composition()
def tile(x: Value, reps: int | tuple[int, ...]) -> Value:
    """Lay copies of the array side by side, `reps` of them along each axis, as np.tile.

    Examples
    --------
    >>> import autograd_cnn as ag
    >>> ag.tile(ag.Tensor([1.0, 2.0]), (2, 2)).value
    array([[1., 2., 1., 2.],
           [1., 2., 1., 2.]])
    """
    times = tuple(whole("tile", "reps", n) for n in (reps if isinstance(reps, tuple | list) else (reps,)))
    shape = shape_of(x)
    ndim = max(len(times), len(shape))
    shape, times = (1,) * (ndim - len(shape)) + shape, (1,) * (ndim - len(times)) + times
    copies = broadcast_to(
        reshape(x, shape=tuple(m for n in shape for m in (1, n))),
        shape=tuple(m for pair in zip(times, shape, strict=True) for m in pair),
    )
    return reshape(copies, shape=tuple(map(math.prod, zip(times, shape, strict=True))))


def _cut(x: Value, axis: int, part: slice) -> Value:
    return getitem(x, index=(*(slice(None),) * axis, part))
