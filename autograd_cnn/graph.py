"""The graph: nodes that remember the gate and the inputs that made them.

A `Node` is one application of a gate, or a leaf. Its inputs are other nodes or plain Python
numbers; nothing points from an input back to its users, so a graph is freed by reference
counting the moment its output is forgotten. Gates bind themselves as operators and methods of
`Node` when they are registered: this file knows none of them.
"""

from __future__ import annotations

import itertools
import math
import numbers
import operator
from collections.abc import Callable, Collection, Iterable, Iterator
from typing import TYPE_CHECKING, Any, Self, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, DTypeLike, NDArray

from autograd_cnn.anomaly import check_finite
from autograd_cnn.errors import ArgumentError, DataDependentBranch, DtypeError, GradientError, ShapeError
from autograd_cnn.recording import recording

if TYPE_CHECKING:
    from autograd_cnn.registry import Gate

Array: TypeAlias = NDArray[Any]
Plain: TypeAlias = float | Array
Operand: TypeAlias = "Node | float | ArrayLike"

_serial_numbers = itertools.count()


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
    """

    __slots__ = ("_value", "attributes", "gate", "grad", "inputs", "name", "requires_grad", "scope", "serial")

    _value: Any
    grad: Any
    gate: Gate | None
    inputs: tuple[Any, ...] | None
    attributes: dict[str, Any]
    requires_grad: bool
    name: str | None
    scope: str
    serial: int

    def _become_leaf(self, value: Plain, requires_grad: bool, name: str | None) -> None:
        self._value = value
        self.grad = None
        self.gate = None
        self.inputs = ()
        self.attributes = {}
        self.requires_grad = requires_grad
        self.name = name
        self.scope = recording().scope
        self.serial = next(_serial_numbers)

    @property
    def value(self) -> Any:
        """The node's number, or a read-only view of its array."""
        return self._value

    @property
    def is_leaf(self) -> bool:
        """Whether no gate made this node."""
        return self.gate is None

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

    def __setstate__(self, state: tuple[Any, ...]) -> None:
        """Take up a copy, or a node from another process: what is made from now on comes after it."""
        global _serial_numbers
        for part in state:
            for name, value in (part or {}).items():
                setattr(self, name, value)
        if self.serial >= next(_serial_numbers):
            _serial_numbers = itertools.count(self.serial + 1)

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


class Scalar(Node):
    """A node whose value is one Python float.

    Parameters
    ----------
    value : number
        Any real number; it becomes a float.
    requires_grad : bool
        Scalars are there to be differentiated, so True.
    name : str, optional
        A name for messages and pictures.

    Examples
    --------
    The worked example of CS231n's notes on backpropagation:

    >>> import autograd_cnn as ag
    >>> x, y, z = ag.Scalar(-2), ag.Scalar(5), ag.Scalar(-4)
    >>> f = (x + y) * z
    >>> f.backward()
    >>> f.value, x.grad, y.grad, z.grad
    (-12.0, -4.0, -4.0, 3.0)
    """

    __slots__ = ()

    __iter__ = None  # or Python would index it until that fails, and find it empty

    def __init__(self, value: float, requires_grad: bool = True, name: str | None = None) -> None:
        self._become_leaf(_real(value), requires_grad, name)

    @property
    def value(self) -> float:
        """The node's number."""
        if recording().compiling_from is not None:
            _check_constant(self)
        return self._value  # type: ignore[no-any-return]

    def assign(self, value: float) -> None:
        """Give a leaf a new value; a backward pass through its earlier uses then raises."""
        if recording().compiling_from is not None:
            raise GradientError(
                f"assign: {describe(self)} inside a compiled function; a replay would not, do it outside"
            )
        if self.gate is not None:
            raise GradientError(f"assign: {describe(self)} was made by a gate; only a leaf can be assigned")
        self._value = value if type(value) is float else _real(value)
        self.serial = next(_serial_numbers)


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

    @property
    def value(self) -> Array:
        """A read-only view of the array."""
        view: Array = self._value.view()
        view.flags.writeable = False
        return view

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of the value."""
        return self._value.shape  # type: ignore[no-any-return]

    @property
    def dtype(self) -> np.dtype[Any]:
        """NumPy dtype of the value."""
        return self._value.dtype  # type: ignore[no-any-return]

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

    @property
    def version(self) -> int:
        """A number that rises with every write."""
        return self.serial

    def writable(self) -> Array:
        """Return the buffer for writing, and count this as a write."""
        self.serial = next(_serial_numbers)
        return self._value  # type: ignore[no-any-return]

    def assign(self, value: ArrayLike | Node) -> None:
        """Write `value`, of the same shape, into the buffer; it is cast to the buffer's dtype."""
        array = np.asarray(value)
        if array.dtype.kind not in "biuf":
            raise DtypeError(f"assign: {describe(self)} got {array.dtype}, expected real numbers")
        if array.shape != self.shape:
            raise ShapeError(f"assign: {describe(self)} got shape {array.shape}, expected {self.shape}")
        self.writable()[...] = array


_NO_ATTRIBUTES: dict[str, Any] = {}
"""Shared by the nodes of gates without attributes; nobody writes into a node's attributes."""
_blank: Callable[[type[Scalar]], Scalar] = Scalar.__new__


def scalar_made_by(gate: Gate, inputs: tuple[Any, ...], value: float, requires_grad: bool) -> Node:
    """Return the Scalar that `gate`, which has no attributes, made of Scalars and Python numbers.

    The short way of `made_by`: a graph of Scalars is made of hardly anything else.
    """
    state = recording()
    if not state.plain:
        return made_by(gate, inputs, _NO_ATTRIBUTES, value)
    node = _blank(Scalar)
    node._value = value
    node.grad = None
    node.gate = gate
    node.inputs = inputs
    node.attributes = _NO_ATTRIBUTES
    node.requires_grad = requires_grad
    node.name = None
    node.scope = state.scope
    node.serial = next(_serial_numbers)
    return node


def made_by(gate: Gate, inputs: tuple[Any, ...], attributes: dict[str, Any], value: Any) -> Node:
    """Return the node of one application of `gate`; a leaf when nothing is recorded."""
    state = recording()
    node: Node = Scalar.__new__(Scalar) if type(value) is float else Tensor.__new__(Tensor)
    node._value = value
    node.grad = None
    node.name = None
    node.scope = state.scope
    node.serial = next(_serial_numbers)
    node.requires_grad = False
    if state.active or state.compiling_from is not None:  # under no_grad a replay has to compute it all the same
        node.gate, node.inputs, node.attributes = gate, inputs, attributes
        if state.active and gate.has_gradient and (type(value) is float or value.dtype.kind == "f"):
            for x in inputs:
                if isinstance(x, Node) and x.requires_grad:
                    node.requires_grad = True
                    break
    else:
        node.gate, node.inputs, node.attributes = None, (), {}
    if state.finite_only:
        check_finite(describe(node, gate), value, described(inputs))
    return node


_by_serial = operator.attrgetter("serial")


def topological_order(
    output: Node, where: Callable[[Node], bool] = lambda node: True, until: Collection[Node] = ()
) -> list[Node]:
    """Return all nodes that `output` was made from, inputs before their users, `output` last.

    Leaves come first; then serial numbers give the order, so no recursion is needed and a chain of
    a million gates works.

    Parameters
    ----------
    output : Node
        Where to start.
    where : callable
        Nodes for which it is false are left out, and so is what only they lead to.
    until : collection of Node
        Nodes whose inputs are not followed, as if they were leaves.
    """
    check_node(output, "topological_order")
    leaves: list[Node] = []
    others: list[Node] = []
    seen, stack = {output}, [output]
    while stack:
        user = stack.pop()
        (leaves if user.gate is None else others).append(user)
        for x in () if user in until else user.inputs or ():
            if isinstance(x, Node) and x not in seen and where(x):
                seen.add(x)
                stack.append(x)
    leaves.sort(key=_by_serial)
    others.sort(key=_by_serial)
    return leaves + others


def describe(node: Node, gate: Gate | None = None) -> str:
    """Return a node in a few words for messages: kind, name, gate, layer, value or shape."""
    words = [type(node).__name__]
    if node.name:
        words.append(repr(node.name))
    words.append(f"{node._value:.6g}" if isinstance(node, Scalar) else f"{node.shape} {node.dtype}")
    gate = gate or node.gate
    if gate is not None:
        words.append(f"from {gate.name}")
    if node.scope:
        words.append(f"in {node.scope}")
    return " ".join(words)


def _check_constant(node: Node) -> None:
    """Raise when a function that is being compiled reads a value that may be another one at the next call."""
    start = recording().compiling_from
    assert start is not None
    if any(leaf.serial < start for leaf in topological_order(node) if leaf.gate is None):
        raise DataDependentBranch(
            f"compile: {describe(node)} was read as a number while recording, so Python may decide by it; choose with "
            "ag.where, ag.maximum or ag.relu, or pass what decides as a bool or str"
        )


def check_node(x: Any, what: str, expected: str = "a node") -> None:
    """Raise ArgumentError when `x`, which `what` names, is no node."""
    if not isinstance(x, Node):
        raise ArgumentError(f"{what}: got {type(x).__name__}, expected {expected}; make it ag.Scalar or ag.Tensor")


def described(inputs: Iterable[Any]) -> list[tuple[str, Any]]:
    """Return each input of a gate beside its description; a number is called a constant."""
    return [(describe(x) if isinstance(x, Node) else "constant", x) for x in inputs]


def _real(value: Any) -> float:
    if isinstance(value, Node) or not isinstance(value, numbers.Real | np.ndarray | np.generic):
        raise DtypeError(f"Scalar: got {type(value).__name__}, expected a real number")
    array = np.asarray(value)
    if array.size != 1 or array.dtype.kind not in "biuf":
        raise DtypeError(f"Scalar: got {array.dtype} of shape {array.shape}, expected one real number")
    return float(array.item())


def _own_array(value: Any, dtype: DTypeLike | None) -> Array:
    if isinstance(value, Node):
        value = value._value
    try:
        array: Array = np.array(value, dtype=dtype, order="C")
    except (ValueError, TypeError) as error:
        raise ArgumentError(f"Tensor: {error}; expected numbers in a rectangular array") from None
    if array.dtype.kind not in "biuf":
        raise DtypeError(f"Tensor: dtype {array.dtype} is not supported; expected real numbers")
    if dtype is None and array.dtype.kind in "iu" and not isinstance(value, np.ndarray | np.generic):
        array = array.astype(np.float64)
    return array
