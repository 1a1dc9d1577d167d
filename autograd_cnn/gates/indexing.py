"""Pick elements by position: take, gather, and the positions of the largest and smallest.

Positions are plain integers, through which no gradient flows; what they pick receives its gradient back, added up
where one element was picked twice. ``x[...]`` takes whatever index NumPy takes.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from autograd_cnn import live
from autograd_cnn.errors import ArgumentError, DtypeError, ShapeError
from autograd_cnn.gates.axes import one_axis, shape_of
from autograd_cnn.gates.shape import getitem, ravel
from autograd_cnn.registry import Value, composition
from autograd_cnn.settings import whole


@composition(method=True)
def take(x: Value, indices: Any, axis: int | None = None) -> Value:
    """Pick whole slices along an axis: ``x[:, indices]`` for axis 1, from the flattened array for None.

    Parameters
    ----------
    x : array or node
        Where to pick from.
    indices : integers of any shape
        Which; negative ones count from the end. Their axes stand in the place of `axis`.
    axis : int, optional
        Along which axis.

    Raises
    ------
    OutOfRangeError
        When there is no such axis or position.
    DtypeError
        When the indices are no integers.
    """
    if axis is None:
        x, axis = ravel(x), 0
    axis = one_axis("take", axis, len(shape_of(x)))
    return getitem(x, index=(*(slice(None),) * axis, _positions("take", indices)))


@composition()
def take_along_axis(x: Value, indices: Any, axis: int | None = -1) -> Value:
    """Pick one element per index along an axis, as np.take_along_axis: what argsort or argmax point at.

    Parameters
    ----------
    x : array or node
        Where to pick from.
    indices : integers
        With as many axes as `x`; the other axes broadcast against those of `x`.
    axis : int, optional
        Along which axis; None flattens `x` first.

    Raises
    ------
    ShapeError
        When `indices` has another number of axes.
    OutOfRangeError, DtypeError
        When there is no such axis or position, or the indices are no integers.

    Examples
    --------
    >>> import autograd_cnn as ag
    >>> scores = ag.Tensor([[1.0, 5.0], [4.0, 2.0]])
    >>> ag.take_along_axis(scores, ag.argmax(scores, axis=1, keepdims=True), axis=1).value
    array([[5.],
           [4.]])
    """
    if axis is None:
        x, axis = ravel(x), 0
    shape, positions = shape_of(x), _positions("take_along_axis", indices)
    if positions.ndim != len(shape):
        raise ShapeError(
            f"take_along_axis: indices of shape {positions.shape} for shape {shape}; expected as many axes"
        )
    return getitem(x, index=_aligned(positions, shape, one_axis("take_along_axis", axis, len(shape))))


def gather(x: Value, axis: int, index: Any) -> Value:
    """Pick one element per index along an axis, as torch.gather: the result has the shape of `index`.

    Parameters
    ----------
    x : array or node
        Where to pick from.
    axis : int
        Along which axis (torch's dim).
    index : integers
        With as many axes as `x`, nowhere but along `axis` longer than it.

    Raises
    ------
    ShapeError
        When `index` has another number of axes, or is longer.
    OutOfRangeError, DtypeError
        When there is no such axis or position, or the index is no integers.
    """
    shape, positions = shape_of(x), _positions("gather", index)
    axis = one_axis("gather", axis, len(shape))
    if positions.ndim != len(shape) or any(
        m > n for a, (m, n) in enumerate(zip(positions.shape, shape, strict=True)) if a != axis
    ):
        raise ShapeError(
            f"gather: index of shape {positions.shape} for shape {shape}; expected as many axes, and none but "
            f"axis {axis} longer"
        )
    return getitem(x, index=_aligned(positions, positions.shape, axis))


@composition(method=True)
def argmax(x: Value, axis: int | None = None, *, keepdims: bool = False) -> Any:
    """Return the position of the largest element as plain integers, of the first at a tie.

    Parameters
    ----------
    x : array or node
        Numbers; NaN counts as largest.
    axis : int, optional
        Along which axis; None gives the position in the flattened array.
    keepdims : bool
        Leave the axis with length 1.

    Raises
    ------
    ShapeError
        When there is nothing to choose from.
    """
    return _position_of(np.argmax, "argmax", x, axis, keepdims)


@composition(method=True)
def argmin(x: Value, axis: int | None = None, *, keepdims: bool = False) -> Any:
    """Return the position of the smallest element as plain integers, of the first at a tie; see `argmax`."""
    return _position_of(np.argmin, "argmin", x, axis, keepdims)


def topk(x: Value, k: int, axis: int = -1, largest: bool = True) -> tuple[Value, NDArray[np.intp]]:
    """Return the `k` largest (or smallest) elements along an axis, best first, and their positions.

    Parameters
    ----------
    x : (..., n, ...) array or node
        Numbers; NaN counts as largest.
    k : int
        How many, at most n.
    axis : int
        Along which axis (torch's dim).
    largest : bool
        Whether the largest or the smallest.

    Returns
    -------
    values : (..., k, ...) array or node
        Each element receives the gradient of its place; at a tie the first in `x` comes first.
    indices : (..., k, ...) integers
        Plain positions along the axis.

    Raises
    ------
    ArgumentError
        When `k` is not between 0 and n.

    Examples
    --------
    >>> import autograd_cnn as ag
    >>> values, indices = ag.topk(ag.Tensor([1.0, 3.0, 3.0, 2.0]), 2)
    >>> values.value, indices
    (array([3., 3.]), array([1, 2]))
    """
    plain = live.array(x)
    axis = one_axis("topk", axis, plain.ndim)
    n, k = plain.shape[axis], whole("topk", "k", k)
    if not 0 <= k <= n:
        raise ArgumentError(f"topk: k={k} of {n} elements along axis {axis}, expected 0 to {n}")
    if largest:  # a stable sort of the reversed array, read backwards: the first of equals still comes first
        order = n - 1 - np.flip(np.argsort(np.flip(plain, axis), axis, kind="stable"), axis)
    else:
        order = np.argsort(plain, axis, kind="stable")
    indices = np.moveaxis(np.moveaxis(order, axis, -1)[..., :k], -1, axis).copy()
    return take_along_axis(x, indices, axis), indices


def _position_of(choose: Any, name: str, x: Value, axis: int | None, keepdims: bool) -> Any:
    plain = live.array(x)
    if axis is not None:
        axis = one_axis(name, axis, plain.ndim)
    try:
        return choose(plain, axis, keepdims=keepdims)
    except ValueError:
        raise ShapeError(f"{name}: nothing to choose from: shape {plain.shape} is empty over axis {axis}") from None


def _positions(name: str, indices: Any) -> NDArray[Any]:
    positions: NDArray[Any] = live.array(indices)
    if positions.size == 0:
        return positions.astype(np.intp)
    if positions.dtype.kind not in "iu":
        hint = "; a mask picks by x[mask]" if positions.dtype.kind == "b" else ""
        raise DtypeError(f"{name}: indices of dtype {positions.dtype}, expected integers{hint}")
    return positions


def _aligned(positions: NDArray[Any], shape: tuple[int, ...], axis: int) -> tuple[NDArray[Any], ...]:
    """Return the index that takes `positions` along the axis, and along every other axis each place in turn."""
    places = np.ogrid[tuple(slice(n) for n in shape)]
    return tuple(positions if a == axis else place for a, place in enumerate(places))
