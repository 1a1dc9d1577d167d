"""Backprop as a loop to watch: one generator that walks the graph, and writes nothing."""

from __future__ import annotations

import operator
from collections import Counter
from collections.abc import Collection, Iterator
from itertools import starmap
from typing import Any, NamedTuple

from autograd_cnn.backward.rules import rule_applied, sent_shortly
from autograd_cnn.backward.seed import check_usable, refuse_while_compiling, seed_of
from autograd_cnn.graph import Node, topological_order
from autograd_cnn.recording import recorded, recording


class Step(NamedTuple):
    """One node's turn in a backward pass.

    Attributes
    ----------
    node : Node
        The node.
    upstream : float, ndarray or Node
        Gradient of the output with respect to the node, complete: all its users had their turn.
    downstream : tuple
        What each edge carries back to the input in that slot; None where no gradient flows.
    """

    node: Node
    upstream: Any
    downstream: tuple[Any, ...]


def backward_steps(
    output: Node, seed: Any = None, *, create_graph: bool = False, until: Collection[Node] = ()
) -> Iterator[Step]:
    """Walk back from `output`, users before inputs, and yield each node's turn; write nothing.

    Parameters
    ----------
    output : Node
        Where to start.
    seed : float, array_like or Node, optional
        Gradient on the output; 1 for an output of one element.
    create_graph : bool
        Record the gradients as nodes, so that they can be differentiated again. Their scope says from which
        rule they come: ``backward pass/fc1/gradient of matmul``.
    until : collection of Node
        Nodes at which to stop, as if they were leaves.

    Yields
    ------
    Step
        Every node that a gradient reaches, leaves last.

    Raises
    ------
    GradientError
        When the output needs no gradient, the seed is missing, the graph was freed, or a parameter
        was assigned after its use.

    Examples
    --------
    >>> import autograd_cnn as ag
    >>> x = ag.Scalar(3.0, name="x")
    >>> for step in ag.backward_steps(x * x):
    ...     print(step.node, step.upstream, step.downstream)
    <Scalar 9 from multiply> 1.0 (3.0, 3.0)
    <Scalar 'x' 3> 6.0 ()
    """
    return starmap(Step, _steps(output, seed, create_graph, until))


def _steps(
    output: Node, seed: Any, create_graph: bool, until: Collection[Node]
) -> Iterator[tuple[Node, Any, tuple[Any, ...]]]:
    """Yield what `backward_steps` does, as plain tuples."""
    if not create_graph:
        refuse_while_compiling()
    gradient = seed_of(output, seed, create_graph)
    order = _order(output, until)
    place = _scope_of_pass(order) if create_graph else ""
    if create_graph and gradient is not seed:
        gradient.scope = place
    pending: dict[Node, Any] = {output: gradient}
    del output  # a consumer that frees nodes as it goes shall find no reference kept here
    take, peek = pending.pop, pending.get
    shortly = not create_graph and recording().plain
    turns: Counter[str] = Counter()
    while order:
        node = order.pop()
        upstream = take(node, None)
        if upstream is None:
            continue
        downstream = sent_shortly(node, upstream) if shortly else None
        if downstream is None or node in until:
            downstream = () if node in until else _sent(node, upstream, place, turns)
        for x, part in zip(node.inputs or (), downstream):  # noqa: B905 - a leaf has no inputs, nor sends anything
            if part is not None:
                total = peek(x)
                pending[x] = part if total is None else _added(total, part, place) if place else total + part
        yield node, upstream, downstream


def _order(output: Node, until: Collection[Node]) -> list[Node]:
    """Return the nodes that a gradient can reach, users last, once it is known that all of them can be used."""
    order = topological_order(output, where=_requires_grad, until=until)
    last_leaf = max((node.serial for node in order if node.is_leaf), default=-1)
    for node in order:
        if node.gate is not None and (node.serial < last_leaf or node.inputs is None) and node not in until:
            check_usable(node)
    return order


_requires_grad = operator.attrgetter("requires_grad")


PASS = "backward pass"
"""The scope of nodes that a recorded backward pass made; "backward pass 2" where it was differentiated again."""


def _scope_of_pass(order: list[Node]) -> str:
    """Return where a recorded backward pass over these nodes takes place."""
    here = recording().scope.partition("/")[0]
    if here.startswith(PASS):  # an expansion is differentiated within a pass
        return here
    before = {node.scope.partition("/")[0] for node in order if node.scope.startswith(PASS)}
    return f"{PASS} {len(before) + 1}" if before else PASS


def _sent(node: Node, upstream: Any, place: str, turns: Counter[str]) -> tuple[Any, ...]:
    """Apply a node's rule; with a place, record it there, in the layer that the node was made in.

    The second gate of a kind in a layer has the scope ``gradient of multiply 2``: each rule stands by itself.
    """
    if not place or node.gate is None:
        return rule_applied(node, upstream, create_graph=bool(place))
    layer = "" if node.scope.startswith(PASS) else node.scope
    scope = "/".join(filter(None, (place, layer, f"gradient of {node.gate.name}")))
    turns[scope] += 1
    with recorded(scope=f"{scope} {turns[scope]}" if turns[scope] > 1 else scope):
        return rule_applied(node, upstream, create_graph=True)


def _added(total: Any, part: Any, place: str) -> Any:
    """Add what two branches send back, where a recorded pass takes place."""
    with recorded(scope=place):
        return total + part
