"""Layers drawn as one block each, where all their gates were too many: inner layers first, then those around them."""

from __future__ import annotations

from dataclasses import replace

from autograd_cnn.graph import Node
from viz.captions import role_of
from viz.selected import Chain, Drawable, Drawn, Fold, Layer, Operand, Selection, Through


def collapsed(chosen: Selection, most: int) -> Selection:
    """Return a selection of at most `most` gates and blocks, if collapsing layers gets there; else the smallest.

    A layer is collapsed when its value leaves it in one place.

    Parameters
    ----------
    chosen : Selection
        What is drawn.
    most : int
        Gates and blocks that are few enough.
    """
    deepest = max((d.node.scope.count("/") + 1 for d in chosen.drawn if d.node.scope), default=0)
    for depth in range(deepest, 0, -1):
        if gates_of(chosen) <= most:
            break
        chosen = _at_depth(chosen, depth)
    return chosen


def gates_of(chosen: Selection) -> int:
    """Return how many gates and blocks are drawn."""
    return sum(d.node.gate is not None for d in chosen.drawn)


def _at_depth(chosen: Selection, depth: int) -> Selection:
    """Collapse every layer whose path has `depth` parts."""
    layers: dict[str, list[Drawn]] = {}
    for d in chosen.drawn:
        parts = d.node.scope.split("/")
        if d.node.gate is not None and d.node.scope and len(parts) >= depth:
            layers.setdefault("/".join(parts[:depth]), []).append(d)
    users: dict[Node, list[Node]] = {}
    for d in chosen.drawn:
        for x in d.sources:
            users.setdefault(x, []).append(d.node)
    output = chosen.drawn[-1].node
    standing_in: dict[Node, Drawn] = {}
    for scope, members in layers.items():
        inside = {d.node for d in members}
        ends = [n for n in inside if n is output or any(user not in inside for user in users.get(n, ()))]
        if len(members) > 1 and len(ends) == 1:
            standing_in[ends[0]] = _block(scope, members, inside, ends[0])
    return replace(chosen, drawn=_reached(chosen, output, standing_in))


def _block(scope: str, members: list[Drawn], inside: set[Node], end: Node) -> Drawn:
    """Return the layer as one block: what goes into it are the nodes outside that are no parameters."""
    into: dict[Node, list[Operand]] = {}
    parameters: dict[Node, None] = {}
    for d in members:
        for x in d.operands:
            if isinstance(x, Fold):
                continue
            source, edges = (x.entry, x.edges) if isinstance(x, Chain) else (x.node, _edges(x))
            if role_of(source) == "parameter":
                parameters[source] = None
            elif source not in inside and role_of(source) != "constant":
                into.setdefault(source, []).extend(edges)
    gates = tuple(node for d in members for node in (d.layer.gates if d.layer else (d.node,)))
    owned = tuple(parameters) + tuple(p for d in members if d.layer for p in d.layer.parameters)
    operands = tuple(Through(node, tuple(edges)) for node, edges in into.items())
    return Drawn(end, operands, layer=Layer(scope, gates, tuple(dict.fromkeys(owned))))


def _edges(x: Drawable) -> tuple[Operand, ...]:
    return x.edges if isinstance(x, Through) else (x,) if isinstance(x, Operand) else ()


def _reached(chosen: Selection, output: Node, standing_in: dict[Node, Drawn]) -> tuple[Drawn, ...]:
    drawn = {d.node: standing_in.get(d.node, d) for d in chosen.drawn}
    found, waiting = {output}, [output]
    while waiting:
        for x in drawn[waiting.pop()].sources:
            if x not in found:
                found.add(x)
                waiting.append(x)
    return tuple(d for node, d in drawn.items() if node in found)
