"""The nodes of a graph in order, and what can be asked of all of them."""

from __future__ import annotations

import operator
from collections.abc import Callable, Collection, Iterable
from typing import Any

from autograd_cnn.errors import ArgumentError, DataDependentBranch, GradientError
from autograd_cnn.graph.node import Node, describe
from autograd_cnn.recording import recording

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


def changed_since_use(users: Iterable[Node]) -> list[Node]:
    """Return the leaves that were written into after some of these nodes used them: these know the old values alone."""
    changed: dict[Node, None] = {}
    for user in users:
        changed |= {x: None for x in user.inputs or () if isinstance(x, Node) and x.serial > user.serial}
    return list(changed)


def check_constant(node: Node) -> None:
    """Raise when a function that is being compiled reads a value that may be another one at the next call."""
    start = recording().compiling_from
    assert start is not None
    changing = [x for x in topological_order(node) if (x.serial < start if x.gate is None else x.gate.is_source)]
    if changing:
        what = "a number" if isinstance(node._value, float) else "plain numbers"
        raise DataDependentBranch(
            f"compile: {describe(node)} was read as {what} while recording, so Python may decide by it; choose with "
            "ag.where, ag.maximum or ag.relu, pass what decides as a bool or str, and lists of numbers as an array"
        )


def check_node(x: Any, what: str, expected: str = "a node") -> None:
    """Raise ArgumentError when `x`, which `what` names, is no node."""
    if not isinstance(x, Node):
        raise ArgumentError(f"{what}: got {type(x).__name__}, expected {expected}; make it ag.Scalar or ag.Tensor")


def described(inputs: Iterable[Any]) -> list[tuple[str, Any]]:
    """Return each input of a gate beside its description; a number is called a constant."""
    return [(describe(x) if isinstance(x, Node) else "constant", x) for x in inputs]


def assigned_while_compiling(node: Node) -> GradientError:
    """Return the error of a function that writes into a node while it is being compiled."""
    return GradientError(f"assign: {describe(node)} inside a compiled function; a replay would not, do it outside")
