"""Which gate is wrong? Each node's own rule is checked on the values of the failing run, from the output backwards.

A gradient is a product of local gradients. Where the product is wrong, one of the factors is; and a factor can be
checked by itself: the gate's forward, its rule, the upstream gradient that arrived there, and nothing else.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np

from autograd_cnn.backward import backward_steps, downstream_gradients
from autograd_cnn.graph import Node, describe, topological_order
from autograd_cnn.recording import recorded
from autograd_cnn.registry import GATES, Gate
from autograd_cnn.testing.local import Local, WrongEdge
from autograd_cnn.testing.report import Blame
from autograd_cnn.testing.run import Run


class Rules:
    """The rules of all gates at the time of a run: a rule may have been exchanged when blame is asked for.

    Parameters
    ----------
    outputs : sequence of Node
        Outputs of the run.
    """

    def __init__(self, outputs: Sequence[Node]) -> None:
        own = {node.gate for output in outputs for node in topological_order(output) if node.gate is not None}
        gates: set[Gate] = own | set(GATES.values())
        self._rules = {gate: (gate.rule, gate.takes_needs, gate.differentiable, gate.has_gradient) for gate in gates}

    @contextmanager
    def in_force(self) -> Iterator[None]:
        """Let these rules hold inside the ``with`` block."""
        now = {gate: (gate.rule, gate.takes_needs, gate.differentiable, gate.has_gradient) for gate in self._rules}
        try:
            _enact(self._rules)
            yield
        finally:
            _enact(now)


def _enact(rules: dict[Gate, tuple[Any, bool, bool, bool]]) -> None:
    for gate, rule in rules.items():
        gate.rule, gate.takes_needs, gate.differentiable, gate.has_gradient = rule


@dataclass(frozen=True, eq=False)
class _Turn:
    """A node, its place in topological order, and the gradient that arrived there."""

    node: Node
    position: int
    upstream: Any


@dataclass(frozen=True, eq=False)
class Evidence:
    """A run with what went back through it: enough to walk back again, gate by gate, at any later time.

    Attributes
    ----------
    run : Run
        With its graph.
    weights : tuple of float or ndarray
        The gradient put on each output.
    rules : Rules
        Those that the gates had.
    """

    run: Run
    weights: tuple[Any, ...]
    rules: Rules

    @contextmanager
    def as_it_was(self) -> Iterator[None]:
        """Give leaves and gates the values and rules of the run inside the ``with`` block, where gates record."""
        with (
            self.run.as_it_was(),
            self.rules.in_force(),
            recorded(active=True, finite_only=False),
            np.errstate(all="ignore"),
        ):
            yield

    def culprit(self) -> Blame:
        """Return the gate nearest to the output whose rule is wrong at the values of the run.

        Elements that stand on a tie are looked at only when nothing else is wrong.
        """
        with self.as_it_was():
            turns = list(_turns(self.run.outputs, self.weights))
            for on_ties in (False, True):
                for turn in turns:
                    if found := None if on_ties and not _has_kinks(turn.node) else _examined(turn, on_ties):
                        return found
            if found := _first_not_finite(self.run.outputs, turns):
                return found
        return Blame(
            None,
            message="every gate's own rule is right here: the error is outside of the graph. Does the function use a "
            "value that depends on its inputs without a gradient (detach, .value), or change what it reads?",
        )


def _turns(outputs: Sequence[Node], weights: Sequence[Any]) -> Iterator[_Turn]:
    """Yield nodes from the outputs backwards; where a rule raises, the rest gets gradients of one."""
    for output, weight in zip(outputs, weights, strict=True):
        if not output.requires_grad:
            continue
        places = {node: i for i, node in enumerate(topological_order(output))}
        reached: set[Node] = set()
        try:
            for step in backward_steps(output, weight):
                reached.add(step.node)
                yield _Turn(step.node, places[step.node], step.upstream)
        except Exception:  # a rule may fail in any way it likes
            for node in reversed(topological_order(output, where=lambda node: node.requires_grad)):
                if node not in reached:
                    yield _Turn(node, places[node], np.ones(node.shape, node.dtype) if node.shape else 1.0)


def _first_not_finite(outputs: Sequence[Node], turns: Sequence[_Turn]) -> Blame | None:
    """Name the first node whose value is not finite; else the gate that sends the first such gradient."""
    for output in outputs:
        for i, node in enumerate(topological_order(output)):
            if not np.isfinite(node.value).all():
                words = f"no rule is wrong, but the value of node {i}, {describe(node)}, is not finite"
                return Blame(None, describe(node), position=i, message=words)
    for turn in turns:
        if turn.node.gate is None:
            continue
        for slot, part in enumerate(downstream_gradients(turn.node, turn.upstream)):
            if part is not None and not np.isfinite(part).all():
                words = f"what {turn.node.gate.name} sends to its input {slot} is not finite"
                where = f"node {turn.position}, {describe(turn.node)}"
                return Blame(None, describe(turn.node), slot, position=turn.position, message=f"{words}: {where}")
    return None


def _has_kinks(node: Node) -> bool:
    """Whether a gate has branches; one without a rule of its own may, inside."""
    return node.gate is not None and (node.gate.branches is not None or node.gate.rule is None)


def _examined(turn: _Turn, on_ties: bool) -> Blame | None:
    """Check the rule of one node, or of the nodes inside a gate that has none of its own."""
    node = turn.node
    if node.gate is None:
        return None
    if node.gate.rule is None:
        return _looked_inside(turn, on_ties)
    try:
        downstream_gradients(node, turn.upstream)
    except Exception as error:
        return _blame(turn, None, f"its rule raised {type(error).__name__}: {error}")
    edge = Local(node, turn.upstream).wrong_edge(on_ties)
    return None if edge is None else _blame(turn, edge, "")


def _looked_inside(turn: _Turn, on_ties: bool) -> Blame | None:
    """Check the gates of an expansion: of a gate without a rule of its own they do the work."""
    node, gate = turn.node, turn.node.gate
    if gate is None or gate.expand is None:
        return None
    attributes = {name: value for name, value in node.attributes.items() if name not in gate.saves}
    with recorded(active=True, scope=node.scope):
        expanded = gate.expand(*(node.inputs or ()), **attributes)
    ends = {x for x in node.inputs or () if isinstance(x, Node)}
    if not isinstance(expanded, Node) or not expanded.requires_grad or expanded in ends:
        return None
    for step in backward_steps(expanded, turn.upstream, until=ends):
        if step.node not in ends and (found := _examined(_Turn(step.node, turn.position, step.upstream), on_ties)):
            return found
    return None


def _blame(turn: _Turn, edge: WrongEdge | None, words: str) -> Blame:
    node = turn.node
    name = "" if node.gate is None else node.gate.name
    start = f"{name} is to blame: node {turn.position}, {describe(node)}"
    if edge is None:
        return Blame(name, describe(node), position=turn.position, message=f"{start}; {words}")
    element = "" if not edge.index else f", element [{', '.join(map(str, edge.index))}]"
    return Blame(
        name,
        describe(node),
        edge.slot,
        edge.index,
        edge.analytic,
        edge.numeric,
        edge.bar,
        turn.position,
        f"{start}; its rule sends {edge.analytic:.9g} to input {edge.slot}{element}, "
        f"differences say {edge.numeric:.9g} ± {edge.bar:.1e}{edge.note}",
    )
