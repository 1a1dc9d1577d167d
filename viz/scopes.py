"""The layers of a circuit as frames around their gates, one within the other."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import takewhile

from viz.diagram import Box, Cluster, Wire

_DEEPEST = 4
"""Frames one within the other, at most."""


def clusters(boxes: Sequence[Box], wires: Sequence[Wire], scope_of: Mapping[str, str]) -> tuple[Cluster, ...]:
    """Return a frame for every scope, ``features`` around ``features/conv1``; none where all gates share one.

    A leaf that was made outside of the layers stands with its users. A block of terms stands with the gate
    that it feeds, and a fan-out dot with what it comes from.

    Parameters
    ----------
    boxes, wires : sequence
        Of the diagram.
    scope_of : mapping
        The layer that each box's node was made in.
    """
    gates = {box.name for box in boxes if box.role in ("gate", "rule", "sum", "folded", "layer")}
    place = {name: _parts(scope) for name, scope in scope_of.items() if name in gates}
    known = {parts[:end] for parts in place.values() for end in range(1, len(parts) + 1)}
    if len(set(place.values())) < 2:
        return ()
    place |= {name: _parts(scope) for name, scope in scope_of.items() if _parts(scope) in known}
    place |= _places_of_the_others(boxes, wires, place)
    names = _names(place)
    return _frames((), [(box.name, place[box.name]) for box in boxes if place.get(box.name)], names)


def _parts(scope: str) -> tuple[str, ...]:
    return tuple(scope.split("/", _DEEPEST - 1)) if scope else ()


def _places_of_the_others(
    boxes: Sequence[Box], wires: Sequence[Wire], place: Mapping[str, tuple[str, ...]]
) -> dict[str, tuple[str, ...]]:
    """Return where boxes stand that are no gates."""
    heads: dict[str, list[str]] = {}
    tails: dict[str, list[str]] = {}
    for wire in wires:
        heads.setdefault(wire.tail, []).append(wire.head)
        tails.setdefault(wire.head, []).append(wire.tail)
    found: dict[str, tuple[str, ...]] = {}
    for box in reversed(boxes):
        if box.name in place or box.role in ("output", "input"):
            continue
        if box.role in ("junction", "more") and (source := next((t for t in tails[box.name] if t in place), None)):
            found[box.name] = place[source]
            continue
        around = [place.get(head, found.get(head, ())) for head in heads.get(box.name, ())]
        found[box.name] = _common(around) if around else ()
    return found


def _common(places: list[tuple[str, ...]]) -> tuple[str, ...]:
    """Return the innermost scope that holds all of them."""
    level = takewhile(lambda parts: len(set(parts)) == 1, zip(*places, strict=False))
    return tuple(parts[0] for parts in level)


def _names(place: Mapping[str, tuple[str, ...]]) -> dict[tuple[str, ...], str]:
    scopes = dict.fromkeys(parts[:end] for parts in place.values() for end in range(1, len(parts) + 1))
    return {scope: f"s{i}" for i, scope in enumerate(scopes)}


def _frames(
    outer: tuple[str, ...], inside: list[tuple[str, tuple[str, ...]]], names: Mapping[tuple[str, ...], str]
) -> tuple[Cluster, ...]:
    """Return the frames directly within `outer`; a frame that would hold nothing but one other is left out."""
    depth = len(outer)
    found = []
    for scope in dict.fromkeys(parts[: depth + 1] for _, parts in inside if len(parts) > depth):
        members = [(name, parts) for name, parts in inside if parts[: depth + 1] == scope]
        scope = _common([parts for _, parts in members])
        boxes = tuple(name for name, parts in members if parts == scope)
        words = "/".join(f"layer {part}" if part.isdigit() else part for part in scope[depth:])
        found.append(Cluster(names[scope], words, boxes, _frames(scope, members, names)))
    return tuple(found)
