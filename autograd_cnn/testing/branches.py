"""Which branch every element of every kinked gate took: two points on the same branches see one smooth function.

A branch is what the gate declares with ``@gate.branch``. Where a gate has no gradient (comparisons, sign) its
whole output is a branch; so are integers that a run computed from values: positions of winners, indices, masks.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from autograd_cnn.graph import Node, topological_order
from autograd_cnn.recording import recorded
from autograd_cnn.registry import Gate


class Branch(NamedTuple):
    """What one node chose: integers, one per element that chooses."""

    gate: str
    position: int
    chosen: NDArray[Any]

    def __str__(self) -> str:
        return f"{self.gate} (node {self.position})"


class Branches(NamedTuple):
    """All that a run chose.

    Attributes
    ----------
    structure : tuple
        Gate and shape of every node: Python's own ``if`` shows here.
    taken : tuple of Branch
        What the nodes chose, in topological order.
    """

    structure: tuple[Any, ...]
    taken: tuple[Branch, ...]

    def first_difference(self, other: Branches) -> str | None:
        """Return where two runs parted, in words; None when they took the same branches everywhere."""
        if self.structure != other.structure:
            return "the graph itself"
        for mine, theirs in zip(self.taken, other.taken, strict=True):
            if not np.array_equal(mine.chosen, theirs.chosen):
                return str(mine)
        return None


def branches_taken(outputs: Node | Iterable[Node]) -> Branches:
    """Return which branches the run that made these outputs took."""
    order: list[Node] = []
    for output in (outputs,) if isinstance(outputs, Node) else outputs:
        order += topological_order(output)
    structure = tuple((None if node.gate is None else node.gate.name, node.shape) for node in order)
    taken = [
        Branch(node.gate.name if node.gate else "constant", position, np.asarray(chosen))
        for position, node in enumerate(order)
        for chosen in _choices(node)
    ]
    return Branches(structure, tuple(taken))


def _choices(node: Node) -> Iterator[Any]:
    gate = node.gate
    if gate is None:
        if node.dtype.kind in "biu":
            yield node.value
        return
    if node.attributes:
        numbers: list[int] = []
        yield from _integers(node.attributes, numbers)
        if numbers:
            yield numbers
    if gate.branches is not None:
        if not gate.saves:  # what chooses and saves its choice was seen among the attributes
            yield branch_of(gate, [x.value if isinstance(x, Node) else x for x in node.inputs or ()], node.attributes)
    elif not gate.has_gradient and not gate.is_source:
        yield node.value
    elif gate.rule is None and gate.expand is not None:
        yield from _inside(node, gate)


def branch_of(gate: Gate, values: list[Any], attributes: dict[str, Any]) -> Any:
    """Return the branches that a gate takes on plain values, as integers."""
    if gate.branches is None:
        return np.zeros(0, int)
    given = {name: value for name, value in attributes.items() if name not in gate.saves}
    return np.asarray(gate.branches(*values, **given))


def _inside(node: Node, gate: Gate) -> Iterator[Any]:
    """Look into a gate that is nothing but its expansion."""
    attributes = {name: value for name, value in node.attributes.items() if name not in gate.saves}
    with recorded(active=True, scope=node.scope):
        expanded = gate.expand(*(node.inputs or ()), **attributes) if gate.expand else None
    if isinstance(expanded, Node):
        inputs = [x for x in node.inputs or () if isinstance(x, Node)]
        for inner in topological_order(expanded, until=inputs):
            if inner not in inputs:
                yield from _choices(inner)


def _integers(value: Any, numbers: list[int]) -> Iterator[Any]:
    """Yield the integer arrays in an attribute; single integers go to `numbers`."""
    if isinstance(value, np.ndarray):
        if value.dtype.kind in "biu":
            yield value
    elif isinstance(value, dict):
        for part in value.values():
            yield from _integers(part, numbers)
    elif isinstance(value, list | tuple):
        for part in value:
            yield from _integers(part, numbers)
    elif isinstance(value, int | np.integer):
        numbers.append(int(value))
