"""What a gate is called with: how operands become edges, how attributes are kept, how nodes get operators."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from autograd_cnn.errors import ArgumentError
from autograd_cnn.graph import Node, Parameter, Scalar, Tensor, serial
from autograd_cnn.graph.making import blank_scalar, made_simply
from autograd_cnn.graph.origin import Origin
from autograd_cnn.graph.tensor import NUMBERS, refuse_nodes_inside
from autograd_cnn.live import as_attribute
from autograd_cnn.recording import recording

_UNCHANGING = NUMBERS | {type(None), str}
_SEQUENCES = frozenset({list, tuple})
_NO_OPERANDS = frozenset({type(None), str, bytes, dict, set})


def as_edge(name: str, x: Any) -> Any:
    """Return a node, or a constant: a Python number (NumPy's scalars too, lest they widen float32) or an array."""
    if isinstance(x, Node) or type(x) in NUMBERS:
        return x
    if isinstance(x, np.generic):
        return x.item()
    refuse_nodes_inside(name, x)
    return Tensor(x)


def as_plain(name: str, x: Any) -> Any:
    """Return an operand beside which there is no node: a list becomes an array."""
    if type(x) not in _SEQUENCES:
        return x
    refuse_nodes_inside(name, x)
    try:
        return np.asarray(x)
    except ValueError as error:
        raise ArgumentError(f"{name}: {error}; expected numbers in a rectangular array") from None


def one_by_one(inputs: Any) -> bool:
    """Whether a variadic gate got its inputs as separate arguments rather than as one sequence."""
    return not (inputs and isinstance(inputs[0], list | tuple))


def as_it_is_now(value: Any) -> Any:
    """Return an attribute that the caller cannot change later: arrays, lists and nodes are copied."""
    if type(value) in _UNCHANGING:
        return value
    if type(value) in _SEQUENCES:
        if type(value) is tuple and _UNCHANGING.issuperset(map(type, value)):
            return value
        parts = map(as_it_is_now, value)
        return list(parts) if isinstance(value, list) else tuple(parts)
    if isinstance(value, Node):
        return as_attribute(value)
    return value.copy() if isinstance(value, np.ndarray) else value


def float_or_array(value: Any) -> Any:
    """Return what a gate made of floats: a float again, unless it built an array, as stack does."""
    return value if isinstance(value, np.ndarray) and value.ndim else float(value)


def bind_to_nodes(
    name: str, function: Callable[..., Any], documented: Callable[..., Any], kind: type[Node] = Node
) -> None:
    """Give nodes a method, with the name and docstring of what it calls."""
    function.__name__ = function.__qualname__ = name
    function.__doc__ = documented.__doc__
    setattr(kind, name, function)


_ARITHMETIC = {"__add__": "+", "__sub__": "-", "__mul__": "*", "__truediv__": "/"}
"""Operators that make a float of two floats, or raise an ArithmeticError."""


def bind_operator(made: Any, operator: str) -> None:
    """Let a gate serve an operator of nodes, and its reflected form where Python has one."""
    if made.arity == 1 and "index" in made.attributes:
        bind_to_nodes(operator, lambda self, index: made(self, index=index), made.forward)
    elif made.arity == 1:
        bind_to_nodes(operator, lambda self: made(self), made.forward)
    else:
        bind_to_nodes(operator, lambda self, other: _or_not_implemented(made, self, other), made.forward)
        bind_to_nodes(operator, _of_tensors(made), made.forward, Tensor)
        if operator in _ARITHMETIC:
            bind_to_nodes(operator, _of_scalars(made, _ARITHMETIC[operator]), made.forward, Scalar)
        reflected = "__r" + operator[2:]
        if hasattr(float, reflected) or operator == "__matmul__":
            bind_to_nodes(reflected, lambda self, other: _or_not_implemented(made, other, self), made.forward)


_OF_SCALARS = """
def operator_of_scalars(self, other):
    nonlocal origin_before
    here, origin = recording(), origin_before
    if origin.recording is not here:
        if not (here.plain and made.has_gradient):
            return _or_not_implemented(made, self, other)
        origin = origin_before = made.origin_here(here, of_scalars=True)
    node = blank_scalar(Scalar)
    try:
        if type(other) is Scalar:
            node._value = self._value {sign} other._value
            node.requires_grad = self.requires_grad or other.requires_grad
        elif type(other) in NUMBERS:
            node._value = self._value {sign} other
            node.requires_grad = self.requires_grad
        else:
            return _or_not_implemented(made, self, other)
    except ArithmeticError:  # where Python's arithmetic raises, the gate answers with inf or NaN
        return made(self, other)
    node._a = self
    node._b = other
    node._origin = origin
    node.grad = None
    node._page, node._index = next(serial.page, None) or serial.turned()
    return node
"""


def _of_scalars(made: Any, sign: str) -> Callable[[Any, Any], Any]:
    """Return the operator method of Scalars: it does what calling the gate does, with less ado.

    A graph of Scalars is made of hardly anything else. A call of the gate's forward would take longer than all that it
    computes, so the operator's sign itself is put into the text of the method.
    """
    text = _OF_SCALARS.replace("{sign}", sign).replace("\n", "\n    ")
    names: dict[str, Any] = {"NUMBERS": NUMBERS, "Scalar": Scalar, "_or_not_implemented": _or_not_implemented}
    names |= {"blank_scalar": blank_scalar, "recording": recording, "serial": serial}
    exec(f"def method_of(made, origin_before):{text}\n    return operator_of_scalars", names)
    method: Callable[[Any, Any], Any] = names["method_of"](made, Origin(made, ""))
    return method


def _of_tensors(made: Any) -> Callable[[Any, Any], Any]:
    """Return the operator method of Tensors: the same for them."""

    def method(self: Any, other: Any) -> Any:
        kind, here = type(other), recording()
        try:
            if not here.plain:
                return _or_not_implemented(made, self, other)
            if kind is Tensor or kind is Parameter:
                value, requires_grad = (
                    made.forward(self._value, other._value),
                    self.requires_grad or other.requires_grad,
                )
            elif kind in NUMBERS:
                value, requires_grad = made.forward(self._value, other), self.requires_grad
            else:
                return _or_not_implemented(made, self, other)
        except (ArithmeticError, ValueError, TypeError, MemoryError):  # the gate tells what does not fit
            return made(self, other)
        return made_simply(made, self, other, value, requires_grad, made.origin_here(here))

    return method


def _or_not_implemented(made: Callable[..., Any], left: Any, right: Any) -> Any:
    """Let Python say ``unsupported operand type(s)`` for what can be no operand."""
    if type(left) in _NO_OPERANDS or type(right) in _NO_OPERANDS:
        return NotImplemented
    return made(left, right)
