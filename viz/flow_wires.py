"""The wires of a flow: width and dash by gradient, value and gradient written beside them."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from autograd_cnn.health.wording import brief, tiny
from viz.cards import fitted
from viz.labels import cell, room_for, row, slot, statement, table, text
from viz.style import Theme, penwidth

_GAP = 18  # the wire, and air on both sides of it
_WIDTH, _TAGGED_WIDTH = 96, 190


@dataclass(frozen=True)
class Wire:
    """One piece of wire between two boxes.

    Attributes
    ----------
    tail, head : str
        Names of the boxes; values flow from tail to head, gradients back.
    value : float
        RMS of what flows forward.
    gradient : float or None
        RMS of what flows back; None where no gradient does.
    narrowing : tuple of str or None
        None unless the wire lies in the bottleneck; the words that say so, which only some of its wires carry.
    known : bool
        Whether there is anything to say of the gradient: nobody adds it up at an input's trunk.
    arrow : bool
        Whether it ends in an arrowhead.
    """

    tail: str
    head: str
    value: float
    gradient: float | None
    narrowing: tuple[str, ...] | None = None
    known: bool = True
    arrow: bool = True


def chained_wire(theme: Theme, name: str, wire: Wire, group: str | None) -> list[str]:
    """Return a wire between neighbours in a column: its words are a node that it runs through.

    In clusters Graphviz would centre an edge label on its wire, and so bend the wire. The two
    halves overlap by the distance between the two ports, so that no seam shows.
    """
    look = _look(theme, wire) | {"weight": 10}
    return [
        statement(name, _label(theme, wire), shape="plain", class_="wire", group=group),
        statement(f"{wire.tail} -> {name}:lower:n", headclip="false", **look),
        statement(f"{name}:upper:s -> {wire.head}", tailclip="false", **look | _arrow(wire)),
    ]


def branching_wire(theme: Theme, wire: Wire, weight: int) -> list[str]:
    """Return a wire that leaves a fan-out or enters a join: one curve, with an edge label beside it."""
    label = table(row(cell(width=6), cell(_words(theme, wire))))
    return [statement(f"{wire.tail} -> {wire.head}", label, weight=weight, **_look(theme, wire) | _arrow(wire))]


def _arrow(wire: Wire) -> dict[str, Any]:
    return {"arrowhead": "normal", "arrowsize": 0.6} if wire.arrow else {}


def _look(theme: Theme, wire: Wire) -> dict[str, Any]:
    if not wire.known or wire.gradient is None:
        return {"penwidth": 1, "color": theme.line}
    if wire.gradient == 0:
        return {"penwidth": 1, "color": theme.dead, "style": "dashed"}
    color = theme.wire if wire.narrowing is None else theme.critical
    return {
        "penwidth": f"{penwidth(wire.gradient):.2f}",
        "color": color if math.isfinite(wire.gradient) else theme.not_finite,
    }


def _label(theme: Theme, wire: Wire) -> str:
    """Return the words at the right of a wire, and as much blank at its left: the wire is in the middle."""
    width = _TAGGED_WIDTH if wire.narrowing else _WIDTH
    ends = cell(height=6, port="upper"), cell(width=_GAP, height=1), cell(height=6, port="lower")
    middle = cell(table(*map(row, ends)))
    return table(row(cell(width=width), middle, cell(_words(theme, wire), width=width, align="left")))


def _words(theme: Theme, wire: Wire) -> str:
    """Return value over gradient; at the bottleneck, filled lines that say so."""
    lines = [_line(theme, f"value {brief(wire.value)}", theme.value, wire.value, "value")]
    if wire.known:
        lines.append(_line(theme, f"gradient {tiny(wire.gradient)}", theme.gradient, wire.gradient, "gradient"))
    lines += [row(cell(_filled(theme, wire.narrowing)))] if wire.narrowing else []
    return table(*lines)


def _line(theme: Theme, words: str, color: str, x: float | None, name: str) -> str:
    finite = x is None or math.isfinite(x)
    content = text(words, color if finite else theme.on_not_finite, 10, bold=True)
    look = {"align": "left"} if finite else {"bgcolor": theme.not_finite}
    look |= slot(theme.name, name)
    return row(cell(content, width=room_for(words, 10, bold=True), height=15, valign="bottom", **look))


def _filled(theme: Theme, narrowing: tuple[str, ...]) -> str:
    """Return lines on the critical colour, which ends where the longest ends."""
    words = [fitted(x, _TAGGED_WIDTH - 16, 10) for x in narrowing]
    width = max(room_for(x, 10, bold=True) for x in words)
    lines = [text(x, theme.on_critical, 10, bold=True) for x in words]
    rows = (row(cell(width=6), cell(x, width=width, height=14, align="left"), cell(width=6)) for x in lines)
    block = table(row(cell(height=2)), *rows, bgcolor=theme.critical, style="rounded")
    return table(row(cell(block), cell(width=max(_TAGGED_WIDTH - width - 12, 0))))
