"""Copies and pickles of nodes: with the nodes that they were made from, and serial numbers of their own."""

from __future__ import annotations

import copy
import threading
from typing import Any, SupportsIndex

from autograd_cnn.graph import serial
from autograd_cnn.graph.node import Node
from autograd_cnn.graph.order import topological_order

_TOO_OLD = -1
"""The page of copies of nodes whose inputs had been assigned anew: older than any input."""


class Listed(threading.local):
    """What is listed in a pickle or copy in progress, by identity, until each of it is reached."""

    def __init__(self) -> None:
        self.waiting: dict[int, Any] = {}


class End:
    """Stands at the end of such a list: all of it is pickled now."""

    def __init__(self, listed: Listed) -> None:
        self._listed = listed

    def __reduce__(self) -> tuple[Any, ...]:
        self._listed.waiting.clear()
        return bool, ()


_listed = Listed()


def _reduced(node: Node, protocol: SupportsIndex) -> tuple[Any, ...]:
    """Return what a pickle holds of a node: what it was made from, inputs before their users, then its own state.

    So no graph is too deep. Nodes in such a list need none of their own.
    """
    reduced: Any = object.__reduce_ex__(node, protocol)
    make, arguments, state, *_ = reduced
    if _listed.waiting.pop(id(node), None) is None and (before := topological_order(node)[:-1]):
        _listed.waiting = {id(x): x for x in before}
        state = [*before, End(_listed)], *state
    return make, arguments, state


def _alone(node: Node) -> tuple[Any, ...]:
    """Return the same without the list."""
    _listed.waiting[id(node)] = node
    try:
        return node.__reduce_ex__(4)  # type: ignore[return-value]  # which some kinds of node refuse
    finally:
        _listed.waiting.pop(id(node), None)


def _state(node: Node) -> tuple[Any, dict[str, Any]]:
    """Return what a copy, or a node in another process, begins with."""
    state: Any = object.__getstate__(node)
    return state[0], state[1] | {"_page": _TOO_OLD if _is_outdated(node) else 0}


def _become(node: Node, state: tuple[Any, ...]) -> None:
    """Make a new node a copy. Its inputs became theirs before, so that a new serial number keeps the order."""
    for part in state[-2:]:
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
            make, arguments, state = _alone(original)
            twin = memo[id(original)] = make(*arguments)
            _become(twin, copy.deepcopy(state, memo))
    twin_of_node: Node = memo[id(node)]
    return twin_of_node


def _copy(node: Node) -> Node:
    make, arguments, state = _alone(node)
    twin: Node = make(*arguments)
    _become(twin, state)
    return twin


Node.__reduce_ex__ = _reduced  # type: ignore[assignment, method-assign]
Node.__copy__ = _copy  # type: ignore[attr-defined]
Node.__getstate__ = _state  # type: ignore[method-assign, assignment]
Node.__setstate__ = _become  # type: ignore[attr-defined]
Node.__deepcopy__ = _deep_copy  # type: ignore[attr-defined]
