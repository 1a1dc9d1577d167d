"""Gates that move numbers without changing them: reshape, index, join, pad, repeat, convert."""

from __future__ import annotations

import builtins
from typing import Any

import numpy as np

from autograd_cnn.errors import ArgumentError, ShapeError
from autograd_cnn.gates.axes import one_axis, shape_of, some_axes
from autograd_cnn.graph import Node
from autograd_cnn.registry import Value, composition, gate
from autograd_cnn.settings import as_float, is_number, whole, written


@gate("reshape")
def reshape(x: Value, *, shape: int | tuple[int, ...]) -> Value:
    """Same numbers, other shape: the gradient is reshaped back.

    Formula: x in another shape
    Local gradient: 1
    """
    return np.reshape(x, shape)


@reshape.vjp
def _(upstream: Value, output: Value, x: Value, *, shape: Any) -> Value:
    return reshape(upstream, shape=shape_of(x))


@gate("transpose")
def transpose(x: Value, *, axes: tuple[int, ...] | None = None) -> Value:
    """Permute the axes (reverse them for None): the gradient is permuted back.

    Formula: x with permuted axes
    Local gradient: 1
    """
    return np.transpose(x, axes)


@transpose.vjp
def _(upstream: Value, output: Value, x: Value, *, axes: tuple[int, ...] | None) -> Value:
    return transpose(upstream, axes=None if axes is None else tuple(np.argsort([a % len(axes) for a in axes])))


def _one_or_many(arguments: tuple[Any, ...]) -> Any:
    return arguments[0] if len(arguments) == 1 and not isinstance(arguments[0], int) else arguments


Node.reshape = lambda self, *shape: reshape(self, shape=_one_or_many(shape))
Node.transpose = lambda self, *axes: transpose(self, axes=_one_or_many(axes) if axes else None)
Node.T = property(lambda self: transpose(self, axes=None))


@gate("[ ]", operator="__getitem__")
def getitem(x: Value, *, index: Any) -> Value:
    """Pick elements: the gradient goes back to where they came from, adding up where one was picked twice.

    Formula: x[index]
    Local gradient: 1 for every pick; they add up
    """
    return np.asarray(x)[_plain(index)]


@getitem.vjp
def _(upstream: Value, output: Value, x: Value, *, index: Any) -> Value:
    return scatter_add(upstream, index=index, shape=x.shape)


@gate("scatter")
def scatter_add(values: Value, *, index: Any, shape: tuple[int, ...]) -> Value:
    """Zeros of `shape` to which `values` are added at `index`: the gradient is picked from there.

    Formula: zeros; y[index] += values
    Local gradient: 1
    """
    values = np.asarray(values)
    result = np.zeros(shape, values.dtype)
    index = _plain(index)
    if all(i is None or i is Ellipsis or isinstance(i, int | np.integer | builtins.slice) for i in _parts(index)):
        result[index] = values  # basic indexing picks no element twice
    else:
        np.add.at(result, index, values)
    return result


@scatter_add.vjp
def _(upstream: Value, output: Value, values: Value, *, index: Any, shape: Any) -> Value:
    return getitem(upstream, index=index)


def _parts(index: Any) -> tuple[Any, ...]:
    return index if isinstance(index, tuple) else (index,)


def _plain(index: Any) -> Any:
    """An index without nodes: they are read, no gradient flows through them."""
    if isinstance(index, Node):
        return index.value
    return tuple(map(_plain, index)) if isinstance(index, tuple) else index


@gate("concat")
def concatenate(*arrays: Value, axis: int = 0) -> Value:
    """Join along an existing axis: each input receives its slice of the gradient.

    Formula: [a, b, …]
    Local gradient: 1 for the own slice
    """
    if axis is None:
        raise ArgumentError("concatenate: axis=None, expected an integer; flatten the arrays with ag.ravel first")
    return np.concatenate(arrays, axis)


@concatenate.vjp
def _(upstream: Value, output: Value, *arrays: Value, axis: int) -> Value:
    ends = np.cumsum([x.shape[axis] for x in arrays]).tolist()
    before = (builtins.slice(None),) * (axis % len(upstream.shape))
    return tuple(
        getitem(upstream, index=(*before, builtins.slice(start, end)))
        for start, end in zip([0, *ends], ends, strict=False)
    )


@gate("stack")
def stack(*arrays: Value, axis: int = 0) -> Value:
    """Join along a new axis: each input receives its layer of the gradient. Scalars become a Tensor.

    Formula: [a, b, …] along a new axis
    Local gradient: 1 for the own layer
    """
    axis = one_axis("stack", axis, max(map(np.ndim, arrays), default=0) + 1)
    joined = np.stack(arrays, axis)
    if joined.dtype.kind != "O":
        return joined
    return np.stack([as_float("stack", x) if type(x) is int else x for x in arrays], axis)  # ints beyond 64 bits


@stack.vjp
def _(upstream: Value, output: Value, *arrays: Value, axis: int) -> Value:
    before = (builtins.slice(None),) * (axis % len(upstream.shape))
    return tuple(getitem(upstream, index=(*before, i)) for i in range(len(arrays)))


@gate("pad")
def pad(x: Value, *, pad_width: Any, constant_values: float = 0.0) -> Value:
    """Surround with a constant, as np.pad does: the gradient of the margin is dropped.

    Formula: x with a margin
    Local gradient: 1 inside, 0 for the margin
    """
    for width in np.ravel(np.array(pad_width, object)):
        whole("pad", "pad_width", width, 0, wanted="integers of at least 0; use indexing to cut")
    if not is_number(constant_values):
        raise ArgumentError(f"pad: constant_values={written(constant_values)}, expected a number")
    return np.pad(x, pad_width, constant_values=constant_values)


@pad.vjp
def _(upstream: Value, output: Value, x: Value, *, pad_width: Any, constant_values: float) -> Value:
    if not getattr(x, "shape", ()):  # a single number has no margin
        return upstream
    widths = np.broadcast_to(pad_width, (len(x.shape), 2)).tolist()
    inside = tuple(builtins.slice(low, low + n) for (low, _), n in zip(widths, x.shape, strict=True))
    return getitem(upstream, index=inside)


@gate("broadcast", broadcasts=True)
def broadcast_to(x: Value, *, shape: tuple[int, ...]) -> Value:
    """Repeat along new axes and axes of length 1: the gradient adds up over the copies.

    Formula: a, repeated
    Local gradient: 1 for every copy; they add up
    """
    return np.broadcast_to(x, shape)


@broadcast_to.vjp
def _(upstream: Value, output: Value, x: Value, *, shape: Any) -> Value:
    return upstream


@gate("astype", method=True)
def astype(x: Value, *, dtype: Any) -> Value:
    """Convert to another dtype: the gradient is converted back; none flows through integers.

    Formula: a in another dtype
    Local gradient: 1
    """
    return np.asarray(x).astype(dtype)


@astype.vjp
def _(upstream: Value, output: Value, x: Value, *, dtype: Any) -> Value:
    return upstream


@composition(method=True)
def ravel(x: Value) -> Value:
    """Return all numbers along one axis."""
    return reshape(x, shape=-1)


@composition(method=True)
def flatten(x: Value) -> Value:
    """Return all numbers along one axis: NumPy's method for what the function `ravel` does."""
    return reshape(x, shape=-1)


@composition(method=True)
def squeeze(x: Value, axis: Any = None) -> Value:
    """Drop axes of length 1: those named, or all of them for None.

    Raises
    ------
    ShapeError
        When a named axis has another length.
    """
    shape = shape_of(x)
    axes = some_axes("squeeze", axis, len(shape))
    if axis is not None and any(shape[a] != 1 for a in axes):
        raise ShapeError(f"squeeze: axis {axis} of shape {shape} has a length other than 1; select from it by indexing")
    return reshape(x, shape=tuple(n for a, n in enumerate(shape) if n != 1 or a not in axes))


@composition()
def expand_dims(x: Value, axis: Any) -> Value:
    """Insert axes of length 1 so that they stand at `axis`, an integer or a tuple, in the result."""
    shape = iter(shape_of(x))
    ndim = len(shape_of(x)) + (len(axis) if isinstance(axis, tuple | list) else 1)
    new = some_axes("expand_dims", axis, ndim)
    return reshape(x, shape=tuple(1 if a in new else next(shape) for a in range(ndim)))


@composition(method=True)
def swapaxes(x: Value, axis1: int, axis2: int) -> Value:
    """Exchange two axes."""
    axes = list(range(len(shape_of(x))))
    a, b = (one_axis("swapaxes", axis, len(axes)) for axis in (axis1, axis2))
    axes[a], axes[b] = b, a
    return transpose(x, axes=tuple(axes))


@composition()
def moveaxis(x: Value, source: Any, destination: Any) -> Value:
    """Move axes, one or several, to new places; the others keep their order.

    Raises
    ------
    ArgumentError
        When there are not as many places as axes.
    """
    ndim = len(shape_of(x))
    taken, places = some_axes("moveaxis", source, ndim), some_axes("moveaxis", destination, ndim)
    if len(taken) != len(places):
        raise ArgumentError(f"moveaxis: {len(taken)} axes in source={source} but {len(places)} in {destination}")
    order = [a for a in range(ndim) if a not in taken]
    for place, a in sorted(zip(places, taken, strict=True)):
        order.insert(place, a)
    return transpose(x, axes=tuple(order))
