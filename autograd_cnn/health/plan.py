"""Where in a graph a monitor has to look: the same places step after step, as long as the graph looks the same."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

from autograd_cnn.graph import Array, Node
from autograd_cnn.health.network import Network, read_network
from autograd_cnn.health.reading import activations_of, batch_size, outputs_of, weights_of
from autograd_cnn.health.units import unit_numbers


@dataclass(frozen=True)
class Places:
    """One layer: positions, in topological order, of its outputs, activations and weights.

    `feeders` are the inputs of the activations, where nothing else uses them: their gradient is what the
    activations pass on; empty otherwise.
    """

    name: str
    outputs: list[int]
    activations: list[int]
    feeders: list[int]
    weights: list[int]
    numbers: Array | None


@dataclass(frozen=True)
class Plan:
    """The layers of all graphs that have the same `signature`, and their batch size."""

    signature: tuple[Any, ...]
    layers: tuple[Places, ...]
    batch: int


def signature(order: Sequence[Node]) -> tuple[Any, ...]:
    """Return what tells apart graphs that fall into layers differently."""
    positions = {node: i for i, node in enumerate(order)}
    return tuple(
        (
            node.gate,
            node.scope,
            node.shape,
            node.requires_grad,
            tuple([positions[x] for x in node.inputs or () if isinstance(x, Node)]),
        )
        for node in order
    )


def plan_of(loss: Node, known: Collection[Node] | None) -> Plan:
    """Read the layers of a graph; raises as `read_network` does."""
    network = read_network(loss, known)
    positions = {node: i for i, node in enumerate(network.order)}
    layers = []
    for group in network.layers:
        activations = activations_of(group)
        layers.append(
            Places(
                group.name,
                [positions[node] for node in outputs_of(network, group)],
                [positions[node] for node in activations],
                [positions[node] for node in _feeders(network, activations)],
                [positions[node] for node in weights_of(network.parameters[group])],
                unit_numbers(activations, network.data) if activations else None,
            )
        )
    return Plan(signature(network.order), tuple(layers), batch_size(network))


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
