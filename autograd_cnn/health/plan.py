"""Where in a graph a monitor has to look: the same places step after step, as long as the graph looks the same."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

from autograd_cnn.gates.contraction import contraction
from autograd_cnn.gates.shape import transpose
from autograd_cnn.graph import Array, Node
from autograd_cnn.health.axes import unit_axis
from autograd_cnn.health.census import Census, census_of
from autograd_cnn.health.grouping import Group
from autograd_cnn.health.network import Edge, Network, read_network
from autograd_cnn.health.reading import activations_of, outputs_of, weights_of
from autograd_cnn.health.units import unit_numbers
from autograd_cnn.health.weighing import only_weighing

GRAPHS = 4
"""Graphs whose layers are remembered: in most trainings one, and that of an epoch's last, smaller batch."""

_TURNING: dict[Any, str] = {transpose: "axes", contraction: "subscripts"}
"""Gates that move the axis of units by what they are told, where shapes need not tell."""


@dataclass(frozen=True)
class Places:
    """One layer: positions, in topological order, of its outputs, activations and weights.

    `axes` are those of the activations that count units. `feeders` are the inputs of the activations, where nothing
    else uses them: their gradient is what the activations pass on; empty otherwise. `sources` are the nodes that a
    layer reads and `leaving` those that others read of it, where the whole gradient of each belongs to these wires:
    then it tells the attenuation; else empty.
    `products` are the weight, the data and the units' axis of its one product with weights. `leaves` are the sources
    that no gate made; `reads_input` says whether all are.
    """

    name: str
    outputs: tuple[int, ...]
    activations: tuple[int, ...]
    axes: tuple[int, ...]
    feeders: tuple[int, ...]
    weights: tuple[int, ...]
    sources: tuple[int, ...]
    leaving: tuple[int, ...]
    numbers: Array | None
    products: list[tuple[int, int, int]]
    leaves: tuple[int, ...]
    reads_input: bool


@dataclass(frozen=True)
class Plan:
    """The layers of all graphs that have the same `signature`, their batch size, and what counts their arrays."""

    signature: tuple[Any, ...]
    layers: tuple[Places, ...]
    batch: int
    census: Census


class Plans:
    """The plans of the last few graphs.

    Parameters
    ----------
    known : collection of Node or None
        The parameters of the model.
    part : int or None
        About how many numbers of larger arrays are read at a step.
    """

    def __init__(self, known: Collection[Node] | None, part: int | None) -> None:
        self._known, self._part = known, part
        self._plans: deque[Plan] = deque(maxlen=GRAPHS)

    def plan_for(self, loss: Node, order: list[Node]) -> Plan:
        """Return where to look in a graph; its layers are read when it looks like none of the last few."""
        looks = signature(order)
        plan = next((plan for plan in self._plans if plan.signature == looks), None)
        if plan is None:
            plan = plan_of(loss, self._known, self._part)
            self._plans.appendleft(plan)
        return plan


def signature(order: Sequence[Node]) -> tuple[Any, ...]:
    """Return what tells apart graphs that fall into layers differently."""
    positions = {node: i for i, node in enumerate(order)}
    at = positions.get
    gates = [node.gate for node in order]
    return (
        gates,
        [repr(order[i].attributes[_TURNING[gate]]) for i, gate in enumerate(gates) if gate in _TURNING],
        [node.scope for node in order],
        [node.shape for node in order],
        [node.requires_grad for node in order],
        [tuple([at(x, -1) if isinstance(x, Node) else -1 for x in node.inputs or ()]) for node in order],
    )


def plan_of(loss: Node, known: Collection[Node] | None, part: int | None = None) -> Plan:
    """Read the layers of a graph; raises as `read_network` does."""
    network = read_network(loss, known)
    positions = {node: i for i, node in enumerate(network.order)}

    def at(nodes: Sequence[Node]) -> tuple[int, ...]:
        return tuple([positions[node] for node in nodes])

    layers = []
    for group in network.layers:
        activations, sources = activations_of(group), _whole(network, network.inputs(group))
        leaves = [node for node in sources if node.gate is None]
        layers.append(
            Places(
                group.name,
                at(outputs_of(network, group)),
                at(activations),
                tuple([unit_axis(node) for node in activations]),
                at(_feeders(network, activations)),
                at(weights_of(network.parameters[group])),
                at(sources),
                at(_leaving(network, group)),
                unit_numbers(activations, network.data) if activations else None,
                [(positions[w.weight], positions[w.data], w.axis) for w in only_weighing(network, group)],
                at(leaves),
                bool(sources) and len(leaves) == len(sources),
            )
        )
    return Plan(signature(network.order), tuple(layers), network.batch, _census(network.order, layers, part))


def _census(order: list[Node], layers: list[Places], part: int | None) -> Census:
    weights = [i for x in layers for i in x.weights]
    values = [i for x in layers for i in (*x.outputs, *x.sources, *(data for _, data, _ in x.products))]
    gradients = [i for x in layers for i in (*x.outputs, *x.sources, *x.leaving)]
    feeders = [i for x in layers for i in x.feeders]
    return census_of(order, values, gradients + weights, feeders, weights, part)


def _feeders(network: Network, activations: list[Node]) -> list[Node]:
    """Return the input of each Tensor activation, if all are of one input that no other node uses."""
    found = []
    for node in activations:
        inputs = [x for x in node.inputs or () if isinstance(x, Node) and x.requires_grad]
        if len(inputs) != 1 or len(network.users[inputs[0]]) > 1 or inputs[0].shape != node.shape:
            return []
        if inputs[0].gate is None:
            return []  # a leaf may hold older gradients
        found += inputs
    return found


def _leaving(network: Network, group: Group) -> list[Node]:
    edges = network.leaving(group)
    return _whole(network, edges) if edges else [network.output(group)]


def _whole(network: Network, edges: list[Edge]) -> list[Node]:
    """Return the sources of the wires, if no other wire carries a part of their gradient."""
    uses = Counter(edge.source for edge in edges)
    return list(uses) if all(n == len(network.users[node]) for node, n in uses.items()) else []
