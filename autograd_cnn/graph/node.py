"""`Node`: one application of a gate, or a leaf."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Self, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, DTypeLike, NDArray

from autograd_cnn.errors import GradientError, ShapeError
from autograd_cnn.graph import serial
from autograd_cnn.graph.origin import NO_ATTRIBUTES, Origin, of_leaves
from autograd_cnn.recording import recording

if TYPE_CHECKING:
    from autograd_cnn.registry import Gate

Array: TypeAlias = NDArray[Any]
Plain: TypeAlias = float | Array
Operand: TypeAlias = "Node | float | ArrayLike"


class Node:
    """One application of a gate, or a leaf: what a graph is made of.

    Use `Scalar` or `Tensor` to make one; gates make the others.

    Attributes
    ----------
    value : float or ndarray
        What the gate computed; arrays are read-only views.
    grad : float, ndarray or None
        Gradient of the output that `backward` was called on with respect to this node;
        None before any backward pass. A leaf's belongs to the caller; others are read-only.
    gate : Gate or None
        The gate that made the node; None for a leaf.
    inputs : tuple of Node or number, or None
        One entry per edge, in written order; None once ``backward(retain="leaves")`` freed it.
    attributes : dict
        The gate's attributes (``axis``, ``stride`` ...) and what its forward saved.
    requires_grad : bool
        Whether a backward pass reaches the node.
    name : str or None
        A name for messages and pictures.
    scope : str
        The layer path the node was made in, such as ``features/conv1``.
    serial : int
        Rises from node to node, so a gate's node comes after its inputs. Writing into a leaf
        gives it a new serial: a user with a smaller one has seen the old value.

    Notes
    -----
    A graph of Scalars has many small nodes, so a node keeps little: its one or two inputs stand in two slots instead
    of a tuple (`_a` alone holds all of them where there are none, or more than two, and `_b` is None there and where
    there is one), the serial number in two small integers, and what it shares with others in its `Origin`.
    """

    __slots__ = ("_a", "_b", "_index", "_origin", "_page", "_value", "grad", "requires_grad")

    _value: Any
    _a: Any
    _b: Any
    _origin: Origin
    _page: int
    _index: int
    grad: Any
    requires_grad: bool

    def _become_leaf(self, value: Plain, requires_grad: bool, name: str | None) -> None:
        self._value = value
        self.grad = None
        self._a = ()
        self._b = None
        scope = recording().scope
        self._origin = of_leaves(scope) if name is None else Origin(None, scope, name=name)
        self.requires_grad = requires_grad
        self._page, self._index = next(serial.page, None) or serial.turned()

    @property
    def value(self) -> Any:
        """The node's number, or a read-only view of its array."""
        return self._value

    @property
    def gate(self) -> Gate | None:
        """The gate that made the node; None for a leaf."""
        return self._origin.gate

    @gate.setter
    def gate(self, gate: Gate | None) -> None:
        self._origin = self._origin.but(gate=gate)

    @property
    def attributes(self) -> dict[str, Any]:
        """The gate's attributes, and what its forward saved."""
        return self._origin.attributes

    @attributes.setter
    def attributes(self, attributes: dict[str, Any]) -> None:
        self._origin = self._origin.but(attributes=attributes)

    @property
    def scope(self) -> str:
        """The layer path the node was made in."""
        return self._origin.scope

    @scope.setter
    def scope(self, scope: str) -> None:
        origin = self._origin
        if origin.scope != scope:
            unnamed_leaf = origin.gate is None and origin.name is None
            self._origin = of_leaves(scope) if unnamed_leaf else origin.but(scope=scope)

    @property
    def name(self) -> str | None:
        """A name for messages and pictures."""
        return self._origin.name

    @name.setter
    def name(self, name: str | None) -> None:
        self._origin = self._origin.but(name=name)

    @property
    def inputs(self) -> tuple[Any, ...] | None:
        """One entry per edge; None once they were freed."""
        a, b = self._a, self._b
        if b is not None:
            return a, b
        return a if a is None or type(a) is tuple else (a,)

    @inputs.setter
    def inputs(self, inputs: tuple[Any, ...] | None) -> None:
        self._b = None
        if inputs is not None and len(inputs) == 1:
            self._a = inputs[0]
        elif inputs is not None and len(inputs) == 2:
            self._a, self._b = inputs
        else:
            self._a = inputs
        if self._origin.of_scalars:  # other inputs may be no Scalars
            self._origin = self._origin.but()

    @property
    def serial(self) -> int:
        """A number that rises from node to node."""
        return self._page * serial.PAGE + self._index

    @serial.setter
    def serial(self, number: int) -> None:
        self._page, self._index = divmod(number, serial.PAGE)

    def _free(self) -> None:
        """Forget the inputs and what was saved; the value stays."""
        self._a = self._b = None
        if self._origin.attributes:
            self._origin = self._origin.but(attributes=NO_ATTRIBUTES)

    @property
    def is_leaf(self) -> bool:
        """Whether no gate made this node."""
        return self._origin.gate is None

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of the value; () for a Scalar."""
        return ()

    @property
    def ndim(self) -> int:
        """Number of axes of the value; 0 for a Scalar."""
        return len(self.shape)

    @property
    def size(self) -> int:
        """Number of elements of the value; 1 for a Scalar."""
        return math.prod(self.shape)

    @property
    def dtype(self) -> np.dtype[Any]:
        """NumPy dtype of the value; float64 for a Scalar."""
        return np.dtype(np.float64)

    def item(self) -> float:
        """Return the value as a Python number; raises ShapeError when it has more than one element."""
        if self.size != 1:
            raise ShapeError(f"item(): {describe(self)} has {self.size} elements, expected 1; index it first")
        value = self.value
        return value.item() if isinstance(value, np.ndarray) else value  # type: ignore[no-any-return]

    def numpy(self) -> Array:
        """Return a copy of the value as an array that belongs to the caller."""
        return np.array(self.value)

    def detach(self) -> Self:
        """Return a leaf with the same value that no gradient flows through."""
        return type(self)(self.value, requires_grad=False)  # type: ignore[call-arg]

    def zero_grad(self) -> None:
        """Forget the gradient: `grad` is None again."""
        self.grad = None

    def assign(self, value: Any) -> None:
        """Give a leaf a new value; a backward pass through its earlier uses then raises.

        Raises
        ------
        GradientError
            For a node that a gate made, or a Tensor that is no Parameter.
        """
        raise GradientError(f"assign: {describe(self)} is neither a Parameter nor a Scalar leaf")

    def __float__(self) -> float:
        return float(self.item())

    def __bool__(self) -> bool:
        return bool(self.item())

    def __array__(self, dtype: DTypeLike | None = None, copy: bool | None = None) -> Array:
        return np.array(self.value, dtype=dtype)

    def __repr__(self) -> str:
        return f"<{describe(self)}>"

    if TYPE_CHECKING:  # bound by the gates of the same name when they are registered, backward by its own file
        __add__: Callable[..., Any]
        __radd__: Callable[..., Any]
        __sub__: Callable[..., Any]
        __rsub__: Callable[..., Any]
        __mul__: Callable[..., Any]
        __rmul__: Callable[..., Any]
        __truediv__: Callable[..., Any]
        __rtruediv__: Callable[..., Any]
        __pow__: Callable[..., Any]
        __rpow__: Callable[..., Any]
        __matmul__: Callable[..., Any]
        __rmatmul__: Callable[..., Any]
        __neg__: Callable[..., Any]
        __lt__: Callable[..., Any]
        __le__: Callable[..., Any]
        __gt__: Callable[..., Any]
        __ge__: Callable[..., Any]
        __abs__: Callable[..., Any]
        __getitem__: Callable[..., Any]
        abs: Callable[..., Any]
        argmax: Callable[..., Any]
        argmin: Callable[..., Any]
        astype: Callable[..., Any]
        clip: Callable[..., Any]
        cumsum: Callable[..., Any]
        dot: Callable[..., Any]
        flatten: Callable[..., Any]
        max: Callable[..., Any]
        mean: Callable[..., Any]
        min: Callable[..., Any]
        prod: Callable[..., Any]
        ravel: Callable[..., Any]
        repeat: Callable[..., Any]
        reshape: Callable[..., Any]
        squeeze: Callable[..., Any]
        std: Callable[..., Any]
        sum: Callable[..., Any]
        swapaxes: Callable[..., Any]
        take: Callable[..., Any]
        transpose: Callable[..., Any]
        var: Callable[..., Any]
        T: Any
        backward: Callable[..., None]


def describe(node: Node, gate: Gate | None = None) -> str:
    """Return a node in a few words for messages: kind, name, gate, layer, value or shape."""
    words = [type(node).__name__]
    if node.name:
        words.append(repr(node.name))
    words.append(f"{node._value:.6g}" if isinstance(node._value, float) else f"{node.shape} {node.dtype}")
    gate = gate or node.gate
    if gate is not None:
        words.append(f"from {gate.name}")
    if node.scope:
        words.append(f"in {node.scope}")
    return " ".join(words)
