"""Copies and pickles of nodes: with the nodes that they were made from, and serial numbers of their own."""

from __future__ import annotations

import copy
from typing import Any

from autograd_cnn.graph import serial
from autograd_cnn.graph.node import Node
from autograd_cnn.graph.order import topological_order

_TOO_OLD = -1
"""The page of copies of nodes whose inputs had been assigned anew: older than any input."""


def _state(node: Node) -> tuple[Any, dict[str, Any]]:
    """Return what a copy, or a node in another process, begins with."""
    state: Any = object.__getstate__(node)
    return state[0], state[1] | {"_page": _TOO_OLD if _is_outdated(node) else 0}


def _become(node: Node, state: tuple[Any, dict[str, Any]]) -> None:
    """Make a new node a copy. Its inputs became theirs before, so that a new serial number keeps the order."""
    for part in state:
        for name, value in (part or {}).items():
            setattr(node, name, value)
    if node._page != _TOO_OLD:
        node._page, node._index = next(serial.page, None) or serial.turned()


def _is_outdated(node: Node) -> bool:
    """Whether an input was given a new value after its use."""
    return any(isinstance(x, Node) and x.serial > node.serial for x in node.inputs or ())


def _deep_copy(node: Node, memo: dict[int, Any]) -> Node:
    """Copy a node and all it was made from, inputs before their users, so that no graph is too deep."""
    for original in topological_order(node, where=lambda x: id(x) not in memo):
        if id(original) not in memo:
            reduced: Any = original.__reduce_ex__(4)  # which some kinds of node refuse
            make, arguments, state, *_ = reduced
            twin = memo[id(original)] = make(*arguments)
            _become(twin, copy.deepcopy(state, memo))
    twin_of_node: Node = memo[id(node)]
    return twin_of_node


Node.__getstate__ = _state  # type: ignore[method-assign, assignment]
Node.__setstate__ = _become  # type: ignore[attr-defined]
Node.__deepcopy__ = _deep_copy  # type: ignore[attr-defined]
