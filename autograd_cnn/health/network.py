"""A network as its graph shows it: layers, the wires between them, the gradients on the wires."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from functools import cached_property
from itertools import chain
from typing import Any, NamedTuple

import numpy as np

from autograd_cnn.backward import backward_steps, downstream_gradients
from autograd_cnn.errors import ArgumentError, GradientError
from autograd_cnn.graph import Node, changed_since_use, describe, topological_order
from autograd_cnn.health.grouping import Group, data_nodes, groups_of, is_of_pass, is_parameter, weights_by_hand


class Edge(NamedTuple):
    """One input slot of `user`, filled by `source`; its layers, None for the network's input and the loss."""

    source: Node
    user: Node
    slot: int
    giver: Group | None
    taker: Group | None


@dataclass(frozen=True)
class Network:
    """The layers of a graph and how they are wired.

    Attributes
    ----------
    loss : Node
    order : list of Node
        All nodes, inputs before users.
    data : set of Node
        Nodes that carry data, as against parameters and what is computed from them alone.
    layers : list of Group
        In forward order.
    edges : list of Edge
        Those between two layers, from the network's input, and to the loss.
    parameters : dict
        The parameters each layer uses.
    users : dict
        Per node, who uses it: (user, slot) pairs.
    """

    loss: Node
    order: list[Node]
    data: set[Node]
    layers: list[Group]
    edges: list[Edge]
    parameters: dict[Group, list[Node]]
    users: dict[Node, list[tuple[Node, int]]]

    def inputs(self, group: Group) -> list[Edge]:
        """Return the edges into a layer."""
        return self._by_taker.get(group, [])

    def leaving(self, group: Group) -> list[Edge]:
        """Return the edges out of a layer."""
        return self._by_giver.get(group, [])

    def output(self, group: Group) -> Node:
        """Return the node that leaves a layer; its last one, where several do."""
        leaving = {edge.source for edge in self.leaving(group)}
        carrying = [node for node in group.nodes if node in self.data]
        return next((node for node in reversed(carrying) if node in leaving), carrying[-1])

    @cached_property
    def batch(self) -> int:
        """How many samples went through the network; for Scalars, how often a weight was used."""
        # Layer by layer: a constant that meets the data further on is no input of the network.
        sides = ((*(edge.source for edge in self.inputs(group)), self.output(group)) for group in self.layers)
        known = next((node.shape[0] for node in chain.from_iterable(sides) if node.ndim > 1), None)
        if known is not None:
            return known
        first = self.layers[0]
        used = [sum(p in (node.inputs or ()) for node in first.nodes) for p in self.parameters[first][:1]]
        return used[0] if used and not self.output(first).ndim else 1

    @cached_property
    def _by_taker(self) -> dict[Group | None, list[Edge]]:
        return _grouped(self.edges, lambda edge: edge.taker)

    @cached_property
    def _by_giver(self) -> dict[Group | None, list[Edge]]:
        return _grouped(self.edges, lambda edge: edge.giver)

    def written(self) -> list[Node]:
        """Return the leaves that were written to after the forward pass."""
        return changed_since_use(self.order)


def _grouped(edges: list[Edge], key: Callable[[Edge], Group | None]) -> dict[Group | None, list[Edge]]:
    found: dict[Group | None, list[Edge]] = {}
    for edge in edges:
        found.setdefault(key(edge), []).append(edge)
    return found


def read_network(loss: Node, known: Collection[Node] | None = None) -> Network:
    """Read the layers of the graph that ends in `loss`.

    Parameters
    ----------
    loss : Node
        Output of one element.
    known : collection of Node, optional
        The model's parameters: tells Scalars that are trained from those that are inputs.

    Raises
    ------
    GradientError
        When ``backward(retain="leaves")`` freed the graph.
    ArgumentError
        When no gate made `loss`, or it has several elements.
    """
    if not isinstance(loss, Node) or loss.gate is None or loss.size != 1:
        given = describe(loss) if isinstance(loss, Node) else type(loss).__name__
        raise ArgumentError(f"health: got {given}; expected the loss: a node of one element that a gate made")
    order = topological_order(loss)
    for node in order:
        if node.inputs is None:
            raise GradientError(
                f"health: {describe(node)} was freed by backward(retain='leaves'), so there is no graph to look at; "
                "in steps that are watched call loss.backward() without retain"
            )
    known = weights_by_hand(order) if known is None else known
    data = data_nodes(order, known)
    layers, of = groups_of(order, data)
    users: dict[Node, list[tuple[Node, int]]] = {node: [] for node in order}
    parameters: dict[Group, list[Node]] = {group: [] for group in layers}
    for node in order:
        for slot, x in enumerate(node.inputs or ()):
            if isinstance(x, Node):
                users[x].append((node, slot))
                if is_parameter(x, known) and node in of and x not in parameters[of[node]]:
                    parameters[of[node]].append(x)
    return Network(loss, order, data, layers, _edges(order, data, of, layers, known, users), parameters, users)


def _edges(
    order: list[Node],
    data: set[Node],
    of: dict[Node, Group],
    layers: list[Group],
    known: Collection[Node] | None,
    users: dict[Node, list[tuple[Node, int]]],
) -> list[Edge]:
    """Return the wires; constants made inside a layer's scope, such as a dropout mask, are no network input.

    What a recorded backward pass reads again is no wire, unless nothing else reads it.
    """
    edges, constants = [], []
    for node in order:
        for slot, x in enumerate(node.inputs or ()):
            if not isinstance(x, Node) or x not in data:
                continue
            giver, taker = of.get(x), of.get(node)
            is_again = taker is None and is_of_pass(node) and not all(is_of_pass(user) for user, _ in users[x])
            if not is_again and giver is not taker and (giver is not None or x.gate is None):
                edge = Edge(x, node, slot, giver, taker)
                if giver is not None or (not x.scope and x.ndim):
                    edges.append(edge)
                elif not is_parameter(x, known):
                    constants.append(edge)
    if not any(edge.giver is None for edge in edges):
        fed = {edge.taker for edge in edges}
        edges += [edge for edge in constants if edge.taker not in fed and edge.taker is not None]
    position = {group: i for i, group in enumerate(layers)}
    edges.sort(key=lambda e: (position.get(e.giver, -1), position.get(e.taker, len(layers))))  # type: ignore[arg-type]
    return edges


@dataclass(frozen=True)
class Gradients:
    """The gradient of each node and of each wire; a missing one is None.

    Attributes
    ----------
    nodes : dict
        Upstream gradient per node.
    wires : dict
        What each wire between layers carries back, per (user, slot).
    """

    nodes: dict[Node, Any]
    wires: dict[tuple[Node, int], Any]


def walked_gradients(network: Network) -> Gradients:
    """Compute all gradients by a backward walk that writes nothing."""
    upstream: dict[Node, Any] = {}
    wires: dict[tuple[Node, int], Any] = {}
    wanted = {(edge.user, edge.slot) for edge in network.edges}
    if network.loss.requires_grad:
        for step in backward_steps(network.loss):
            upstream[step.node] = step.upstream
            for slot, part in enumerate(step.downstream):
                if (step.node, slot) in wanted:
                    wires[step.node, slot] = part
    return Gradients(upstream, wires)


def kept_gradients(network: Network) -> Gradients:
    """Take the gradients that backward() left on the nodes; only where a node fans out compute each wire's share.

    Once the optimizer has stepped, a share that needs the old parameters is what the others leave of the sum.
    """
    upstream = {node: node.grad for node in network.order if node.grad is not None}
    wires: dict[tuple[Node, int], Any] = {}
    computed: dict[Node, tuple[Any, ...]] = {}
    written = network.written()
    for source in dict.fromkeys(edge.source for edge in network.edges):
        users = network.users[source]
        unknown: list[tuple[Node, int]] = []
        for user, slot in users:
            if len(users) == 1 and (
                source.gate is not None or _reads(user, written)
            ):  # a leaf may hold older gradients
                wires[user, slot] = upstream.get(source)
            elif user not in upstream or not source.requires_grad:
                wires[user, slot] = None
            elif _reads(user, written):
                unknown.append((user, slot))
            else:
                if user not in computed:
                    computed[user] = downstream_gradients(user, upstream[user])
                wires[user, slot] = computed[user][slot]
        if len(unknown) == 1 and source.gate is not None:
            known = total(wires.get(user) for user in users)
            wires[unknown[0]] = upstream[source] if known is None else upstream[source] - known
    return Gradients(upstream, wires)


def _reads(user: Node, written: list[Node]) -> bool:
    """Whether an input of a node is one of the leaves, or a view of one, such as its transpose."""
    inputs = [x for x in user.inputs or () if isinstance(x, Node)]
    return any(x is p or np.may_share_memory(x.value, p.value) for x in inputs for p in written)


def total(parts: Iterable[Any]) -> Any:
    """Add up gradients, skipping None; None when there is none."""
    result = None
    for part in parts:
        if part is not None:
            result = part if result is None else result + part
    return result
