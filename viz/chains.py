"""Blocks that repeat in a row, as the layers of a deep network do: found in what would be drawn.

A gate is a joint when every way from the gate before it to the output leads through it. Between two
joints lies a step; a block is a few steps whose gates, shapes and wiring come again, and again.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from autograd_cnn.graph import Node
from viz.captions import role_of
from viz.selected import FOLD_FROM, Chain, Drawn, Fold, Operand

_LONGEST_BLOCK = 64
"""Most steps of one block that are tried."""


def chains(drawn: list[Drawn], uses: dict[Node, list[Operand]]) -> dict[Node, Drawn]:
    """Return what stands for blocks that repeat: for the last gate of those folded, one `Drawn` with a `Chain`.

    Parameters
    ----------
    drawn : list of Drawn
        What would be drawn, inputs before their users; the output last.
    uses : dict
        For every recorded node the edges that lead out of it.
    """
    gates = [d for d in drawn if d.node.gate is not None]
    if len(gates) < FOLD_FROM:
        return {}
    next_joint = _next_joints(gates)
    joints = _longest_row(gates, next_joint)
    step_of = _steps(gates, next_joint, joints)
    looks = _looks_of_steps(gates, step_of, joints)
    members: list[list[Node]] = [[] for _ in joints]
    for d in gates:
        if d.node in step_of:
            members[step_of[d.node]].append(d.node)
    found = {}
    for start, period, times in _repetitions(np.array(looks, dtype=np.int64)):
        first, last = start + 2 * period - 1, start + (times - 1) * period - 1  # joints before and after what is folded
        chain = _chain(joints, members, uses, first, last, period, times)
        if chain is not None:
            found[joints[last]] = Drawn(joints[last], (chain,))
    return found


def _next_joints(gates: list[Drawn]) -> dict[Node, Node]:
    """Return for each gate the next one through which all its ways to the output lead (its post-dominator)."""
    place = {d.node: i for i, d in enumerate(gates)}
    after: dict[Node, Node] = {}
    for d in reversed(gates):
        for x in d.sources:
            if x in place:
                after[x] = _meeting(after.get(x), d.node, after, place)
    return after


def _meeting(a: Node | None, b: Node, after: dict[Node, Node], place: dict[Node, int]) -> Node:
    while a is not None and a is not b:
        if place[a] < place[b]:
            a = after[a]
        else:
            b = after[b]
    return b


def _longest_row(gates: list[Drawn], after: dict[Node, Node]) -> list[Node]:
    """Return the longest row of joints that ends in the output."""
    length = {gates[-1].node: 0}
    for d in reversed(gates[:-1]):
        length[d.node] = length[after[d.node]] + 1
    node = max(length, key=length.__getitem__)
    row = [node]
    while node in after:
        node = after[node]
        row.append(node)
    return row


def _steps(gates: list[Drawn], after: dict[Node, Node], joints: list[Node]) -> dict[Node, int]:
    """Return for each gate the joint towards which it works, as a place in the row."""
    step_of = {joint: i for i, joint in enumerate(joints)}
    for d in reversed(gates):
        if d.node not in step_of:
            step_of[d.node] = step_of[after[d.node]]
    return step_of


def _looks_of_steps(gates: list[Drawn], step_of: dict[Node, int], joints: list[Node]) -> list[int]:
    """Return a number for each step: equal ones have the same gates, shapes and wiring."""
    numbers: dict[Any, int] = {}
    look: dict[Node, int] = {}
    for d in gates:
        step = step_of[d.node]
        seen = [_seen(x, step, step_of, look, joints) for x in d.operands]
        look[d.node] = numbers.setdefault((*_own_look(d), *seen), len(numbers))
    looks = [look[joint] for joint in joints]
    (first,) = (d for d in gates if d.node is joints[0])
    looks[0] = next((numbers[key] for key in _as_if_fed(first) if key in numbers), looks[0])
    return looks


def _own_look(d: Drawn) -> tuple[Any, ...]:
    assert d.node.gate is not None
    return d.node.gate.name, d.node.shape, d.terms


def _as_if_fed(first: Drawn) -> Iterator[tuple[Any, ...]]:
    """Yield how the first gate of a row would look if one of its leaves were the joint before it."""
    leaves = [x.node if isinstance(x, Operand) and x.node.gate is None else None for x in first.operands]
    seen = [None if leaf is None else (role_of(leaf), leaf.shape) for leaf in leaves]
    for i, leaf in enumerate(leaves):
        if leaf is not None and None not in seen:
            yield *_own_look(first), *seen[:i], (1, True, leaf.shape), *seen[i + 1 :]


def _seen(operand: Any, step: int, step_of: dict[Node, int], look: dict[Node, int], joints: list[Node]) -> Any:
    """Return what an operand looks like from inside a step: whatever lies before it is told by its distance."""
    if isinstance(operand, Fold):
        return "fold", len(operand.members)
    x = operand.node
    if x.gate is None:
        return role_of(x), x.shape
    if step_of[x] == step and x is not joints[step]:
        return look[x]
    return step - step_of[x], x is joints[step_of[x]], x.shape


def _repetitions(looks: np.ndarray[Any, Any]) -> Iterator[tuple[int, int, int]]:
    """Yield (first step, steps of a block, blocks), shortest blocks first."""
    taken = np.zeros(len(looks), dtype=bool)
    for period in range(1, min(_LONGEST_BLOCK, len(looks) // FOLD_FROM) + 1):
        same = (looks[period:] == looks[:-period]) & ~taken[period:] & ~taken[:-period]
        edges = np.flatnonzero(np.diff(np.concatenate(([0], same.astype(np.int8), [0]))))
        for start, end in edges.reshape(-1, 2).tolist():
            times = (end - start) // period + 1
            if times >= FOLD_FROM:
                taken[start : start + times * period] = True
                yield start, period, times


def _chain(
    joints: list[Node],
    members: list[list[Node]],
    uses: dict[Node, list[Operand]],
    first: int,
    last: int,
    period: int,
    times: int,
) -> Chain | None:
    """Return the fold of the steps after joint `first` up to joint `last`; None where something else looks inside."""
    inside = {node for step in members[first + 1 : last + 1] for node in step}
    entry, end = joints[first], joints[last]
    drawn = {node for step in members for node in step}
    leaks = (edge for node in inside if node is not end for edge in uses[node])
    if any(edge.user in drawn and edge.user not in inside for edge in leaks):
        return None
    block, following = (
        tuple(node for step in members[at + 1 : at + 1 + period] for node in step) for at in (first, first + period)
    )
    edges = tuple(edge for edge in uses[entry] if edge.user in inside)
    return Chain(entry, edges, tuple(joints[first + period : last + 1 : period]), block, following, times)
