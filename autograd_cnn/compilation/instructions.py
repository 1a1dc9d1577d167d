"""The general form of an instruction: a gate's plain forward, and its own rule on plain arrays.

An instruction belongs to one node of a `State`: it takes the values of the node's inputs from them, and leaves its own
in the node. Gradients are passed in the same way, by `grad` of the nodes.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from autograd_cnn.backward.rules import rule_applied
from autograd_cnn.calling import on_arrays, on_floats
from autograd_cnn.graph import Node, Scalar
from autograd_cnn.graph.tensor import NUMBERS
from autograd_cnn.live import Saved
from autograd_cnn.operands import float_or_array
from autograd_cnn.registry import Gate

Run = Callable[[], None]
Refresh = Callable[[], dict[str, Any]]


class StaleError(Exception):
    """A replay came to where the function would have decided otherwise, or made another shape: record it anew."""

    drawn: Sequence[int] = ()
    """The random numbers that this call has drawn until then."""


class Sink:
    """Where the gradient of an argument, or of a node from outside, gathers.

    Attributes
    ----------
    grad : float, ndarray or None
        What has gathered.
    kept : ndarray or None
        The gradient, if it is an array that nobody else holds: it may be given away without a copy.
    """

    __slots__ = ("grad", "kept")

    def __init__(self) -> None:
        self.grad: Any = None
        self.kept: Any = None

    def taken(self) -> Any:
        """Return the gradient, to be the caller's own."""
        found = self.grad
        if found is not self.kept:
            found = np.array(found) if isinstance(found, np.ndarray) else found
        self.grad = self.kept = None
        return found


def forward(node: Node, refresh: Refresh | None) -> Run:
    """Return what computes a node anew.

    Parameters
    ----------
    node : Node
        Made by a gate.
    refresh : callable, optional
        Returns the attributes that change from call to call.
    """
    gate, inputs, kept = node.gate, node.inputs or (), node.attributes
    assert gate is not None
    constant = {name: value for name, value in kept.items() if name not in gate.saves}
    is_of_floats = not gate.saves and all([isinstance(x, Scalar) or type(x) in NUMBERS for x in inputs])
    compute = _of_floats if is_of_floats else _of_arrays
    is_scalar = isinstance(node, Scalar)

    def run() -> None:
        values = [x._value if isinstance(x, Node) else x for x in inputs]
        attributes = constant | refresh() if refresh is not None else constant
        value, saved = compute(gate, values, attributes, is_scalar)
        node._value = value
        if refresh is not None:
            kept.update(attributes)
        if saved:
            kept.update(saved)

    return run


def _of_floats(gate: Gate, values: Any, attributes: dict[str, Any], is_scalar: bool) -> tuple[Any, dict[str, Any]]:
    value = on_floats(gate, values, attributes)
    return (value if type(value) is float else float_or_array(value)), {}


def _of_arrays(gate: Gate, values: Any, attributes: dict[str, Any], is_scalar: bool) -> tuple[Any, dict[str, Any]]:
    value, saved = on_arrays(gate, values, attributes)
    if np.ndim(value) == 0:
        value = float(value) if is_scalar else np.asarray(value)
    return value, saved


def plain(node: Node, function: Any, inputs: Sequence[Node], guards: Sequence[int]) -> Run:
    """Return what computes live data anew, and raises when its shape, or what the function decided by it, changed."""
    shape = node.shape

    def run() -> None:
        if isinstance(function, Saved):
            value = np.asarray(inputs[0].attributes[function.name])
        else:
            value = np.asarray(function(*[x._value for x in inputs]))
        if value.shape != shape:
            raise StaleError
        for found in guards:
            if (bool(value) if type(found) is bool else value.item()) != found:
                raise StaleError
        node._value = value

    return run


def backward(node: Node, sinks: Sequence[Any]) -> Run:
    """Return what sends the gradient of a node back to its inputs, by the gate's rule."""

    def run() -> None:
        upstream = node.grad
        if upstream is None:
            return
        for sink, part in zip(sinks, rule_applied(node, upstream, create_graph=False), strict=True):
            if part is not None:
                sink.grad = part if sink.grad is None else sink.grad + part

    return run
