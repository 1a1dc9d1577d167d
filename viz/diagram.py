"""What a picture shows, as plain data: boxes, wires, clusters, and the facts of its header."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal, TypeAlias

from viz.errors import UndrawableError

Role: TypeAlias = Literal[
    "gate", "rule", "sum", "parameter", "input", "constant", "output", "junction", "folded", "layer", "more"
]
Status: TypeAlias = Literal["", "unknown", "happy", "kinks", "uncomfortable", "wrong", "culprit"]
Light: TypeAlias = Literal["", "lit", "dim"]


@dataclass(frozen=True)
class Box:
    """One shape of a picture.

    Attributes
    ----------
    name : str
        Identifier within the picture, by topological order: the same graph gives the same names.
    role : Role
        What it stands for; it decides the shape.
    words : str
        What is written into it.
    lines : tuple of str
        Smaller lines under the words.
    tooltip : str
        What hovering tells: full precision, gate, scope.
    status : Status
        What a gradient check found of it; empty where none was made.
    light : Light
        Whether it lies on a path that the picture is about, or beside; empty where there is no such path.
    classes : tuple of str
        Its further classes in the SVG, such as those of the paths through it.
    """

    name: str
    role: Role
    words: str = ""
    lines: tuple[str, ...] = ()
    tooltip: str = ""
    status: Status = ""
    light: Light = ""
    classes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Wire:
    """One edge of a picture, with its two numbers.

    Attributes
    ----------
    tail, head : str
        Names of the boxes it joins; values flow from tail to head, gradients back.
    value, gradient : str
        What stands above and below the wire.
    strength : float or None
        |gradient|, or its RMS for a tensor: the width. None where there is no gradient.
    above, below : str
        Small notes over the value (name, shape) and under the gradient (local × upstream).
    many : bool
        Whether it stands for several wires.
    value_finite : bool
        Whether the value holds neither NaN nor infinity.
    tooltip : str
        What hovering tells.
    light, classes
        As those of a box.
    """

    tail: str
    head: str
    value: str
    gradient: str
    strength: float | None
    above: str = ""
    below: str = ""
    many: bool = False
    value_finite: bool = True
    tooltip: str = ""
    light: Light = ""
    classes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Cluster:
    """Boxes that belong together, such as the layers of a block; clusters nest."""

    name: str
    words: str
    boxes: tuple[str, ...] = ()
    clusters: tuple[Cluster, ...] = ()


@dataclass(frozen=True)
class Diagram:
    """One picture as plain data.

    Attributes
    ----------
    title, subtitle : str
        The two lines of the header; an empty one is left out.
    boxes : tuple of Box
        Inputs before their users.
    wires : tuple of Wire
        In written order of each head's operands.
    clusters : tuple of Cluster
        Groups of boxes.
    legend : tuple of str
        Keys of `viz.style.LEGEND` that the picture uses.
    facts : tuple of str
        Further lines for the legend: step, batch, thresholds.
    """

    title: str
    subtitle: str
    boxes: tuple[Box, ...]
    wires: tuple[Wire, ...]
    clusters: tuple[Cluster, ...] = ()
    legend: tuple[str, ...] = ()
    facts: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Check the names: DOT is written with them."""
        known = {box.name for box in self.boxes}
        for name in known:
            if not name.isidentifier():
                raise UndrawableError(f"box {name!r}: expected a name of letters and digits, such as 'n3'")
        for cluster in all_clusters(self.clusters):
            if not cluster.name.isidentifier():
                raise UndrawableError(f"cluster {cluster.name!r}: expected a name of letters and digits, such as 's3'")
            if not known.issuperset(cluster.boxes):
                raise UndrawableError(f"cluster {cluster.name!r} holds a box that the diagram does not have")
        if len(known) < len(self.boxes):
            raise UndrawableError("two boxes of a diagram have the same name")
        for wire in self.wires:
            if not {wire.tail, wire.head} <= known:
                raise UndrawableError(f"a wire leads from {wire.tail!r} to {wire.head!r}; the diagram has no such box")


def all_clusters(clusters: tuple[Cluster, ...]) -> Iterator[Cluster]:
    """Yield clusters and those within them, outer ones first."""
    waiting = list(reversed(clusters))
    while waiting:
        cluster = waiting.pop()
        yield cluster
        waiting += reversed(cluster.clusters)


def signs_used(boxes: tuple[Box, ...], wires: tuple[Wire, ...]) -> Iterator[str]:
    """Yield the legend keys of what these boxes and wires show."""
    yield from {box.role for box in boxes}
    yield from {box.status for box in boxes if box.status}
    if any(box.role == "folded" and "(×" in box.words for box in boxes):
        yield "again"
    if any(box.role in ("gate", "rule") and " if true else " in box.words for box in boxes):
        yield "where"
    if any(wire.light == "lit" for wire in wires):
        yield "lit"
    strengths = [wire.strength for wire in wires]
    if None in strengths:
        yield "none"
    if 0 in strengths:
        yield "zero"
    broken = any(s is not None and not math.isfinite(s) for s in strengths)
    if broken or not all(wire.value_finite for wire in wires):
        yield "not finite"
    if any(wire.many for wire in wires):
        yield "more"
