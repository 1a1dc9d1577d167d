"""`Tensor`: a node whose value is an ndarray, and `Parameter`: a trainable one."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import chain
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from numpy.typing import ArrayLike, DTypeLike

from autograd_cnn.errors import ArgumentError, DtypeError, ShapeError
from autograd_cnn.graph import serial
from autograd_cnn.graph.node import Array, Node, describe
from autograd_cnn.graph.order import assigned_while_compiling, check_constant
from autograd_cnn.recording import recording


class Tensor(Node):
    """A node whose value is an ndarray.

    Parameters
    ----------
    value : array_like
        Copied. Python numbers become float64; an array keeps its dtype.
    requires_grad : bool
        Whether to compute its gradient; only for floating dtypes.
    dtype : dtype, optional
        Convert to this dtype first.
    name : str, optional
        A name for messages and pictures.

    Raises
    ------
    DtypeError
        For strings, objects and complex numbers, or when an integer tensor is asked for a gradient.
    ArgumentError
        For a list of nodes, whose graphs would end here: `ag.stack` joins them. One node gives its value.
    """

    __slots__ = ()

    def __init__(
        self,
        value: ArrayLike | Node,
        requires_grad: bool = False,
        dtype: DTypeLike | None = None,
        name: str | None = None,
    ) -> None:
        array = _own_array(value, dtype)
        if requires_grad and array.dtype.kind != "f":
            raise DtypeError(
                f"{name or type(self).__name__}: {array.dtype} cannot require a gradient; "
                "make it floating with dtype=np.float32 or np.float64"
            )
        self._become_leaf(array, requires_grad, name)
        if isinstance(value, Node) and recording().compiling_from is not None:
            self._follow(value, dtype)

    if TYPE_CHECKING:  # bound by autograd_cnn.live
        _follow: Callable[[Node, Any], None]

    @property
    def value(self) -> Array:
        """A read-only view of the array."""
        if recording().compiling_from is not None:
            check_constant(self)
        view: Array = self._value.view()
        view.setflags(write=False)
        return view

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of the value."""
        return self._value.shape  # type: ignore[no-any-return]

    @property
    def dtype(self) -> np.dtype[Any]:
        """NumPy dtype of the value."""
        return self._value.dtype  # type: ignore[no-any-return]

    def detach(self) -> Tensor:
        """Return a leaf with the same value that no gradient flows through; a compiled function does at every call."""
        return super().detach() if recording().compiling_from is None else Tensor(self)

    def __len__(self) -> int:
        if not self.shape:
            raise ShapeError(f"len(): {describe(self)} has no axis")
        return self.shape[0]

    def __iter__(self) -> Iterator[Any]:
        return (self[i] for i in range(len(self)))


class Parameter(Tensor):
    """A trainable leaf: it owns one writable buffer, which optimizers write into.

    Examples
    --------
    >>> import autograd_cnn as ag
    >>> w = ag.Parameter([1.0, 2.0], name="w")
    >>> w.assign([3.0, 4.0])
    >>> w.value
    array([3., 4.])
    """

    __slots__ = ()

    def __init__(
        self,
        value: ArrayLike | Node,
        requires_grad: bool = True,
        dtype: DTypeLike | None = None,
        name: str | None = None,
    ) -> None:
        super().__init__(value, requires_grad, dtype, name)

    @classmethod
    def unwritten(cls, shape: tuple[int, ...], dtype: DTypeLike) -> Self:
        """Return zeros that take no memory until they are first written into."""
        parameter = cls(np.empty(0, dtype))
        parameter._value = np.broadcast_to(np.zeros((), dtype), shape)
        return parameter

    @property
    def version(self) -> int:
        """A number that rises with every write."""
        return self.serial

    def writable(self) -> Array:
        """Return the buffer for writing, and count this as a write."""
        if recording().compiling_from is not None:
            raise assigned_while_compiling(self)
        if not self._value.flags.writeable:
            self._value = np.zeros(self.shape, self.dtype)
        self._page, self._index = next(serial.page, None) or serial.turned()
        return self._value  # type: ignore[no-any-return]

    def assign(self, value: ArrayLike | Node) -> None:
        """Write `value`, of the same shape, into the buffer; it is cast to the buffer's dtype."""
        array = np.asarray(value)
        if array.dtype.kind not in "biuf":
            raise DtypeError(f"assign: {describe(self)} got {array.dtype}, expected real numbers")
        if array.shape != self.shape:
            raise ShapeError(f"assign: {describe(self)} got shape {array.shape}, expected {self.shape}")
        self.writable()[...] = array


_MOST_AXES = 64
"""Of an array of NumPy; a list may hold itself, and so have no end of them."""

_LISTS = list, tuple
NUMBERS = frozenset({float, int, bool})
"""Python numbers stay as they are as operands: they widen no array."""


def refuse_nodes_inside(name: str, x: Any) -> None:
    """Raise for a list of nodes, also of lists of them: of an array of their values no gradient would reach them."""
    if type(x) is np.ndarray or not isinstance(x, _LISTS):
        return
    parts: Any = x
    for _ in range(_MOST_AXES + 1):
        if NUMBERS.issuperset(map(type, parts)):
            return
        kinds = set(map(type, parts))
        if any([issubclass(kind, Node) for kind in kinds]):
            what = f"a {type(x).__name__} of nodes"
            raise ArgumentError(f"{name}: got {what}, expected one node; join them with ag.stack")
        lists = parts if kinds == {list} else [part for part in parts if isinstance(part, _LISTS)]
        if not lists:
            return
        parts = list(chain.from_iterable(dict(zip(map(id, lists), lists, strict=True)).values()))  # each list once
    raise ArgumentError(f"{name}: got lists inside each other without end, expected numbers in a rectangular array")


def _own_array(value: Any, dtype: DTypeLike | None) -> Array:
    if isinstance(value, Node):
        value = value._value
    refuse_nodes_inside("Tensor", value)
    try:
        array: Array = np.array(value, dtype=dtype, order="C")
    except (ValueError, TypeError) as error:
        raise ArgumentError(f"Tensor: {error}; expected numbers in a rectangular array") from None
    if array.dtype.kind not in "biuf":
        raise DtypeError(f"Tensor: dtype {array.dtype} is not supported; expected real numbers")
    if dtype is None and array.dtype.kind in "iu" and not isinstance(value, np.ndarray | np.generic):
        array = array.astype(np.float64)
    return array
