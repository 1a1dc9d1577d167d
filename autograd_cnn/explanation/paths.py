"""Paths through a graph of Scalars: how many lead from a node to the output, and which carry most."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from autograd_cnn.backward import downstream_gradients
from autograd_cnn.graph import Node, topological_order


@dataclass(frozen=True)
class Link:
    """One edge: a node and one of its inputs.

    Attributes
    ----------
    user, source : Node
        The node, and its input.
    slot : int
        Which of its inputs.
    local : float
        The local gradient: derivative of the node with respect to this input.
    """

    user: Node
    source: Node
    slot: int
    local: float


@dataclass(frozen=True)
class Path:
    """One way back from the output.

    Attributes
    ----------
    links : tuple of Link
        As the gradient travels: the output's link first.
    product : float
        The product of the local gradients: what this path adds to the gradient.
    """

    links: tuple[Link, ...]
    product: float


@dataclass(frozen=True)
class Paths:
    """All paths from one node to the output.

    Attributes
    ----------
    count : int
        How many there are.
    closed : int
        On how many a local gradient is 0, so that nothing passes.
    heaviest : tuple of Path
        Those with the largest products, largest first.
    """

    count: int
    closed: int
    heaviest: tuple[Path, ...]


_Trail: TypeAlias = Any  # None at the start, else (link, trail before it): paths share their beginnings


def paths_between(output: Node, wrt: Node, most: int) -> Paths:
    """Count the paths by dynamic programming, and find the heaviest without walking the others.

    Every node on the way knows how many paths reach it and the `most` heaviest of them, from what its
    inputs know: the time grows with the edges, not with the paths.

    Parameters
    ----------
    output, wrt : Node
        Scalars; where paths end and begin.
    most : int
        How many of the heaviest to return.
    """
    count, open_ones = {wrt: 1}, {wrt: 1}
    heaviest: dict[Node, list[tuple[float, _Trail]]] = {wrt: [(1.0, None)]}
    for node in topological_order(output, where=lambda x: x.requires_grad, until=[wrt]):
        links = [] if node is wrt else _links(node, count)
        if links:
            count[node] = sum(count[link.source] for link in links)
            open_ones[node] = sum(open_ones[link.source] for link in links if link.local != 0)
            grown = [(p * link.local, (link, trail)) for link in links for p, trail in heaviest[link.source]]
            heaviest[node] = sorted(grown, key=_weight)[:most]
    found = tuple(Path(_written_out(trail), product) for product, trail in heaviest.get(output, []))
    return Paths(count.get(output, 0), count.get(output, 0) - open_ones.get(output, 0), found)


def _links(node: Node, reached: dict[Node, int]) -> list[Link]:
    """Return the edges of a node to inputs that paths reach."""
    if node.gate is None:
        return []
    inputs: Sequence[Any] = node.inputs or ()
    return [
        Link(node, x, slot, float(local))
        for slot, (x, local) in enumerate(zip(inputs, downstream_gradients(node, 1.0), strict=True))
        if local is not None and x in reached
    ]


def _weight(candidate: tuple[float, Any]) -> float:
    """Sort key: heavy first, NaN before all."""
    return -math.inf if math.isnan(candidate[0]) else -abs(candidate[0])


def _written_out(trail: Any) -> tuple[Link, ...]:
    links = []
    while trail is not None:
        link, trail = trail
        links.append(link)
    return tuple(links)
