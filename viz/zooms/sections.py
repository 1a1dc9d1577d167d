"""The sections of a network that a reader can zoom into: its layers with their activations, and the loss."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from autograd_cnn.graph import Node, Scalar
from autograd_cnn.health.grouping import is_activation
from autograd_cnn.health.network import Network
from autograd_cnn.health.report import Layer, Report
from autograd_cnn.health.units import unit_numbers
from viz.labels import plain
from viz.zooms.excerpts import has_row


@dataclass(frozen=True, eq=False)
class Part:
    """The nodes of one section.

    Attributes
    ----------
    key : str
        Its name in addresses; unique, and visible.
    layer : Layer or None
        What its health is; None for the loss.
    nodes : tuple of Node
        In the order they were made.
    entering : tuple of Node
        Data from outside.
    parameters : tuple of Node
    output : Node
    leaving : tuple of Node
        The outputs: one Tensor, or a Scalar per unit and sample.
    """

    key: str
    layer: Layer | None
    nodes: tuple[Node, ...]
    entering: tuple[Node, ...]
    parameters: tuple[Node, ...]
    output: Node
    leaving: tuple[Node, ...]

    @property
    def activations(self) -> tuple[Node, ...]:
        """The nodes whose elements are units."""
        return tuple(node for node in self.nodes if is_activation(node))

    @property
    def of_scalars(self) -> bool:
        """Whether units are Scalars, not elements of a Tensor."""
        return isinstance(self.output, Scalar)


@dataclass(frozen=True)
class Giver:
    """The section that a node leaves; of a Scalar also which unit it is."""

    key: str
    unit: int = 0


def givers_of(parts: Sequence[Part], samples: int) -> dict[Node, Giver]:
    """Return for each output of a section whose it is."""
    found = {}
    for part in parts:
        units = max(len(part.leaving) // samples, 1)
        for i, node in enumerate(part.leaving):
            found[node] = Giver(part.key, i % units if part.of_scalars else 0)
    return found


def parts_of(network: Network, whole: Report, shown: Report) -> tuple[Part, ...]:
    """Return the sections of a network, the loss last.

    Parameters
    ----------
    whole, shown : Report
        With each activation as a layer of its own, and merged into the layer that feeds it.
    """
    homes = _homes(whole, shown)
    parts, taken = [], set[str]()
    for layer in shown.layers:
        groups = [group for group in network.layers if homes.get(group.name) == layer.name]
        nodes = sorted({node for group in groups for node in group.nodes}, key=lambda node: node.serial)
        inside = set(nodes)
        entering = dict.fromkeys(e.source for group in groups for e in network.inputs(group) if e.giver not in groups)
        leaving = dict.fromkeys(e.source for e in network.edges if e.giver in groups and e.user not in inside)
        output = network.output(groups[-1])
        own = dict.fromkeys(p for group in groups for p in network.parameters[group])
        many = _by_sample(list(leaving), network.data) if isinstance(output, Scalar) and leaving else (output,)
        parts.append(Part(_key(layer.name, taken), layer, tuple(nodes), tuple(entering), tuple(own), output, many))
    return (*parts, *_loss(network, taken))


def _loss(network: Network, taken: set[str]) -> tuple[Part, ...]:
    """Return what follows the layers; nothing where the last layer gives the loss itself."""
    inside = {node for group in network.layers for node in group.nodes}
    nodes = tuple(node for node in network.order if node.gate is not None and node not in inside)
    if network.loss not in nodes:
        return ()
    own = set(nodes)
    entering = dict.fromkeys(x for node in nodes for x in node.inputs or () if isinstance(x, Node) and x not in own)
    return (Part(_key("loss", taken), None, nodes, tuple(entering), (), network.loss, (network.loss,)),)


def _by_sample(scalars: list[Node], data: set[Node]) -> tuple[Node, ...]:
    """Return the Scalars that leave a section: all units of the first sample, then all of the next."""
    ordered = sorted(scalars, key=lambda node: node.serial)
    numbers = unit_numbers(ordered, data)
    assert numbers is not None
    seen: Counter[int] = Counter()
    places = {}
    for node, unit in zip(ordered, numbers.tolist(), strict=True):
        places[node] = (seen[unit], unit)
        seen[unit] += 1
    return tuple(sorted(ordered, key=places.__getitem__))


def _homes(whole: Report, shown: Report) -> dict[str, str]:
    """Return for each layer the layer that it is shown in."""
    kept = {layer.name for layer in shown.layers}
    feeders = {wire.target: wire.source for wire in whole.connections}
    homes = {}
    for layer in whole.layers:
        name = layer.name
        while name not in kept:  # a merged activation has one feeder
            name = feeders[name]
        homes[layer.name] = name
    return homes


def _key(name: str, taken: set[str]) -> str:
    """Return a name that no other section has, on one line; long ones are cut."""
    base = key = plain(name)[:200] or "layer"
    number = 1
    while key in taken:
        number += 1
        key = f"{base} ({number})"
    taken.add(key)
    return key


def ends_of(outputs: Iterable[Node], members: Iterable[Node]) -> list[Node]:
    """Return the nodes outside of `members` that `outputs` are made from, in written order."""
    inside, waiting = set(members), list(outputs)[::-1]
    found: dict[Node, None] = {}
    seen = set()
    while waiting:
        node = waiting.pop()
        if node not in inside:
            found[node] = None
        elif node not in seen:
            seen.add(node)
            waiting += [x for x in reversed(node.inputs or ()) if isinstance(x, Node)]
    return list(found)


def chosen_sample(parts: Sequence[Part], samples: int) -> int:
    """Return the sample on whose last outputs the loss has the largest gradient; 0 where none stands out."""
    for part in reversed(parts):
        if part.layer is not None and has_row(part.output, samples) and part.output.grad is not None:
            sizes = np.sum(np.square(part.output.grad.reshape(samples, -1), dtype=np.float64), axis=1)
            return int(np.argmax(sizes))
    return 0
