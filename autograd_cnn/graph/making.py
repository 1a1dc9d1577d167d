"""How gates make nodes."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from autograd_cnn.anomaly import check_finite
from autograd_cnn.graph import serial
from autograd_cnn.graph.node import Node, describe
from autograd_cnn.graph.order import described
from autograd_cnn.graph.origin import Origin, of_leaves
from autograd_cnn.graph.scalar import Scalar
from autograd_cnn.graph.tensor import Tensor
from autograd_cnn.recording import recording

if TYPE_CHECKING:
    from autograd_cnn.registry import Gate

blank_scalar: Callable[[type[Scalar]], Scalar] = Scalar.__new__
blank_tensor: Callable[[type[Tensor]], Tensor] = Tensor.__new__


def made_simply(gate: Gate, a: Any, b: Any, value: Any, requires_grad: bool, origin: Origin) -> Node:
    """Return the node of a gate without attributes, where gates are simply recorded: the short way of `made_by`."""
    node: Node
    if type(value) is float:
        node = blank_scalar(Scalar)
        node.requires_grad = requires_grad and gate.has_gradient
    else:
        if type(value) is not np.ndarray:
            value = np.asarray(value)
        node = blank_tensor(Tensor)
        node.requires_grad = requires_grad and gate.has_gradient and value.dtype.kind == "f"
    node._value = value
    node.grad = None
    node._a = a
    node._b = b
    node._origin = origin
    node._page, node._index = next(serial.page, None) or serial.turned()
    return node


def made_by(gate: Gate, inputs: tuple[Any, ...], attributes: dict[str, Any], value: Any) -> Node:
    """Return the node of one application of `gate`; a leaf when nothing is recorded."""
    here = recording()
    is_float = type(value) is float
    node: Node = blank_scalar(Scalar) if is_float else blank_tensor(Tensor)
    node._value = value
    node.grad = None
    node._page, node._index = next(serial.page, None) or serial.turned()
    node.requires_grad = False
    if here.active or here.compiling_from is not None:  # under no_grad a replay has to compute it all the same
        node._origin = Origin(gate, here.scope, attributes) if attributes else gate.origin_here(here)
        _connect(node, inputs)
        if here.active and gate.has_gradient and (is_float or value.dtype.kind == "f"):
            for x in inputs:
                if isinstance(x, Node) and x.requires_grad:
                    node.requires_grad = True
                    break
    else:
        node._origin = of_leaves(here.scope)
        node._a, node._b = (), None
    if here.finite_only:
        check_finite(describe(node, gate), value, described(inputs))
    return node


def _connect(node: Node, inputs: tuple[Any, ...]) -> None:
    node._b = None
    if len(inputs) == 2:
        node._a, node._b = inputs
    elif len(inputs) == 1:
        node._a = inputs[0]
    else:
        node._a = inputs
