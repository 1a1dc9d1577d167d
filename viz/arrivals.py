"""What arrives where in a backward pass, along the wires of a picture: amounts, branches, sums so far."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from autograd_cnn.backward import Step
from autograd_cnn.graph import Node
from viz.captions import one_number
from viz.selected import Operand, Selection
from viz.wiring import Drawing


@dataclass(frozen=True)
class Arrival:
    """What one wire carries back in the turn of one gate.

    Attributes
    ----------
    place : int
        The gate's place among what is drawn.
    wire : int
        Along which wire.
    edges : tuple of Operand
        The edges that send, in the order of the backward pass.
    amount : float or ndarray
        What they send together; for the terms of a fold a tuple with a number for each.
    target : Node or None
        To which node; None for the terms of a fold.
    branch, branches : int
        Which of its branches this is, from 1 on, and how many it has.
    before, after : float, ndarray or None
        What had arrived there before, and what has now. The last is what the engine added up itself.
    along : float or ndarray
        What has come along this wire, which may stand for several, until now.
    """

    place: int
    wire: int
    edges: tuple[Operand, ...]
    amount: Any
    target: Node | None
    branch: int = 1
    branches: int = 1
    before: Any = None
    after: Any = None
    along: Any = None


def places(chosen: Selection) -> dict[Node, int]:
    """Return for every node the place, among what is drawn, of the gate in whose turn it has its own.

    What a fold hides has its turn back with the last gate that uses it, which is what the fold feeds.
    """
    place = {d.node: i for i, d in enumerate(chosen.drawn)}
    for node in reversed(chosen.uses):
        if node not in place:
            place[node] = min(place[edge.user] for edge in chosen.uses[node])
    return place


def arrivals(drawing: Drawing, back: Mapping[Node, Step]) -> dict[int, list[Arrival]]:
    """Return what is sent back from each place, in the order of the backward pass.

    Parameters
    ----------
    drawing : Drawing
        What is drawn of the graph.
    back : mapping
        Every node's turn in the backward pass.
    """
    place = places(drawing.chosen)
    found: list[Arrival] = []
    for wire, edges in enumerate(drawing.edges_of):
        sent: dict[int, list[Operand]] = {}
        for edge in edges:
            if edge.user in back and back[edge.user].downstream[edge.slot] is not None:
                sent.setdefault(place[edge.user], []).append(edge)
        found += [_arrival(at, wire, sorted(group, key=_order), back) for at, group in sent.items()]
    found.sort(key=lambda arrival: (-arrival.place, _order(arrival.edges[0])))
    at_place: dict[int, list[Arrival]] = {}
    for arrival in _added_up(found, back):
        at_place.setdefault(arrival.place, []).append(arrival)
    return at_place


def _order(edge: Operand) -> tuple[int, int]:
    """Sort key: the order in which the engine takes edges."""
    return -edge.user.serial, edge.slot


def _arrival(place: int, wire: int, edges: Sequence[Operand], back: Mapping[Node, Step]) -> Arrival:
    parts = [back[edge.user].downstream[edge.slot] for edge in edges]
    if len({edge.node for edge in edges}) > 1:
        return Arrival(place, wire, tuple(edges), tuple(one_number(part) for part in parts), None)
    return Arrival(place, wire, tuple(edges), total(parts), edges[0].node)


def _added_up(found: Iterable[Arrival], back: Mapping[Node, Step]) -> Iterable[Arrival]:
    """Yield arrivals with what they add up to, at their node and along their wire."""
    found = list(found)
    branches = Counter(arrival.target for arrival in found)
    met: Counter[Node] = Counter()
    sum_at: dict[Node, Any] = {}
    sum_along: dict[int, Any] = {}
    for a in found:
        if a.target is None:
            yield a
            continue
        met[a.target] += 1
        before = sum_at.get(a.target)
        last = met[a.target] == branches[a.target]
        after = back[a.target].upstream if last else total([before, a.amount])
        sum_at[a.target] = after
        sum_along[a.wire] = total([sum_along.get(a.wire), a.amount])
        counted = met[a.target], branches[a.target]
        yield Arrival(a.place, a.wire, a.edges, a.amount, a.target, *counted, before, after, sum_along[a.wire])


def total(parts: Iterable[Any]) -> Any:
    """Return the sum of what is there, from the first on; None for nothing."""
    added = None
    for part in parts:
        if part is not None:
            added = part if added is None else added + part
    return added
