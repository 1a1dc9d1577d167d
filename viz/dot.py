"""Diagram -> DOT text: pure and deterministic.

A wire's numbers are a node of their own that the wire runs through, so they can never overlap
anything, and Graphviz lays the wire out in two straight-ended halves.
"""

from __future__ import annotations

import math
from collections.abc import Container, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import groupby
from typing import Any

from viz.diagram import Box, Cluster, Diagram, Light, Wire, all_clusters
from viz.header import header
from viz.labels import cell, room_for, row, statement, table, text
from viz.style import (
    FONT,
    LONGEST_NAME,
    Theme,
    check_look,
    shortened,
    whole_points,
)

_SHORT_SYMBOL, _CIRCLE_SYMBOL = 2, 5
"""Most characters of a gate's symbol that fit its circle in large and in small type."""

_IDS = ('node [id="\\N"];', 'edge [id="\\E"];')
"""In the SVG boxes and wires have the names that they have in the DOT: ``n3``, ``n3->w4``. Pages find them by these."""


def document(diagram: Diagram, theme: Theme) -> str:
    """Return the DOT text of a circuit: left to right, operands top to bottom in written order.

    All labels of the wires into one box stand above each other, right before it: only among nodes of one
    rank does Graphviz keep an order. Inside of clusters it does so when it is told not to look for
    crossings again at the end, and then the reverse of the written one: so wires into a cluster are
    written in reverse. It also crashes on some graphs that have both clusters and straight lines.
    """
    framed = {box for cluster in all_clusters(diagram.clusters) for box in cluster.boxes}
    groups = {} if framed else straight_lines(diagram)
    body = [box_statement(theme, box, groups.get(box.name)) for box in diagram.boxes]
    for i, wire in written_order(diagram, framed):
        group = groups.get(wire.head) if groups.get(wire.tail) == groups.get(wire.head) else None
        body += wire_statements(theme, f"w{i}", wire, group)
    labels: dict[str, list[str]] = {}
    for i, wire in enumerate(diagram.wires):
        labels.setdefault(wire.head, []).append(f"w{i}")
    body += [line for head, names in labels.items() if head not in framed for line in _in_one_rank(names)]
    body += [line for cluster in diagram.clusters for line in cluster_statements(theme, cluster, labels)]
    settings: dict[str, Any] = {"rankdir": "LR", "nodesep": 0.14, "ranksep": 0.24, "ordering": "in"}
    settings |= {"remincross": "false"} if framed else {}
    return frame(theme, header(theme, diagram), body, **settings)


def written_order(diagram: Diagram, framed: Container[str]) -> Iterator[tuple[int, Wire]]:
    """Yield wires with their numbers, those into one framed box last one first."""
    for head, wires in groupby(enumerate(diagram.wires), key=lambda numbered: numbered[1].head):
        yield from sorted(wires, reverse=head in framed, key=lambda numbered: numbered[0])


def _in_one_rank(names: Sequence[str]) -> list[str]:
    return [f"{{rank=same; {'; '.join(names)};}}"] if len(names) > 1 else []


def frame(theme: Theme, label: str, body: list[str], **settings: Any) -> str:
    """Return a whole DOT document; `label`, an HTML-like table, stands above the drawing at its left."""
    graph: dict[str, Any] = {"bgcolor": theme.page, "fontname": FONT, "pad": 0.2}
    graph |= {"labelloc": "t", "labeljust": "l", "fontcolor": theme.ink}
    defaults = [
        statement("graph", label, **graph | settings),
        statement("node", fontname=FONT, fontcolor=theme.ink),
        statement("edge", fontname=FONT, arrowhead="none"),
        *_IDS,
    ]
    return "\n".join(["digraph picture {", *defaults, *body, "}", ""])


def straight_lines(diagram: Diagram) -> dict[str, str]:
    """Return the ``group`` of each box: a box and its deepest operand share one straight line.

    A sum does not: it stands in the middle of its terms.
    """
    operands: dict[str, list[str]] = {box.name: [] for box in diagram.boxes}
    for wire in diagram.wires:
        operands[wire.head].append(wire.tail)
    depth: dict[str, int] = {}
    for box in diagram.boxes:
        depth[box.name] = 1 + max((depth[x] for x in operands[box.name]), default=0)
    groups: dict[str, str] = {}
    for box in reversed(diagram.boxes):
        group = groups.setdefault(box.name, box.name)
        if operands[box.name] and box.role != "sum":
            groups.setdefault(max(operands[box.name], key=depth.__getitem__), group)
    return groups


def box_statement(theme: Theme, box: Box, group: str | None = None) -> str:
    """Return the node statement of one box; its role decides the shape."""
    theme = in_light(theme, box.light)
    if box.role in ("folded", "layer"):
        return _folded_statement(theme, box)
    if box.status:
        return _checked_statement(theme, box, group)
    common: dict[str, Any] = {
        "group": group,
        "class_": " ".join((box.role, *box.classes)),
        "tooltip": box.tooltip or box.words,
        "style": "filled",
    }
    common |= {"color": theme.gradient if box.light == "lit" else theme.ink, "fillcolor": theme.idle_tint}
    if box.role == "junction":
        dot = {"shape": "circle", "width": 0.13, "fixedsize": "true", "fillcolor": theme.ink}
        return statement(box.name, "", **common | dot)
    if box.role in ("gate", "rule", "sum"):
        return statement(box.name, _symbol(theme, box), **common | _gate_shape(theme, box))
    size, ink = (10, theme.muted) if box.role == "more" else (13, theme.ink)
    name = shortened(box.words, LONGEST_NAME)
    room = {"height": 0.3, "width": max(0.45, _inches(name, size, 0.13)), "margin": "0.06,0.03"}
    return statement(box.name, text(name, ink, size), **common | room | _leaf_shape(theme, box))


def in_light(theme: Theme, light: Light) -> Theme:
    """Return the colours of what lies on a path that the picture is about, or beside it."""
    if light == "lit":
        return replace(theme, wire=theme.gradient)
    if light == "dim":
        pale, grey = theme.line, theme.muted
        return replace(theme, ink=grey, value=grey, gradient=grey, wire=pale, dead=pale)
    return theme


def _checked_statement(theme: Theme, box: Box, group: str | None) -> str:
    """Return a box with its name and, under it, what a gradient check found of it."""
    fill, border, ink = check_look(theme, box.status)
    name, loud = shortened(box.words, LONGEST_NAME), box.status == "culprit"
    size = 16 if len(name) <= _CIRCLE_SYMBOL else 12
    rows = [row(cell(text(name, ink, size), width=room_for(name, size)))]
    for line in box.lines:
        rows.append(row(cell(text(line, ink, 9, bold=loud), cellpadding=1, width=room_for(line, 9, bold=loud))))
    look: dict[str, Any] = {"shape": "box", "style": "filled,rounded", "penwidth": 3 if loud else 1.4}
    if box.role not in ("gate", "rule", "sum"):
        look = {"style": "filled"} | _leaf_shape(theme, box)
    look |= {"fillcolor": fill, "color": border, "margin": "0.08,0.04"}
    tooltip = box.tooltip or box.words
    return statement(box.name, table(*rows), group=group, class_=f"{box.role} {box.status}", tooltip=tooltip, **look)


def _leaf_shape(theme: Theme, box: Box) -> dict[str, Any]:
    shapes: dict[str, dict[str, Any]] = {
        "parameter": {"shape": "box", "penwidth": 2.4},
        "input": {"shape": "parallelogram", "penwidth": 1.2, "margin": "0,0"},
        "constant": {"shape": "box", "penwidth": 0, "fillcolor": "transparent"},
        "output": {"shape": "box", "peripheries": 2},
        "more": {"shape": "plaintext", "fillcolor": "transparent", "margin": "0.02,0.02"},
    }
    return shapes[box.role]


def _inches(words: str, size: float, margin: float) -> float:
    return round(room_for(words, size) / 72 + margin, 2)


def _symbol(theme: Theme, box: Box) -> str:
    length = len(box.words)
    size = 18 if length <= _SHORT_SYMBOL else 14 - length / 2.2 if length <= _CIRCLE_SYMBOL else 12
    size = 24 if box.role == "sum" and length == 1 else round(size, 1)
    return text(shortened(box.words, LONGEST_NAME), theme.ink, size)


def _gate_shape(theme: Theme, box: Box) -> dict[str, Any]:
    shape: dict[str, Any] = {"penwidth": 1.4, "fillcolor": theme.card}
    shape |= {"color": theme.gradient} if box.role == "rule" else {}
    if len(box.words) > _CIRCLE_SYMBOL:
        width = _inches(shortened(box.words, LONGEST_NAME), 12, 0.2)
        pill = {"shape": "box", "style": "filled,rounded", "height": 0.4, "width": width, "margin": "0.1,0.03"}
        return shape | pill | ({"shape": "octagon", "style": "filled"} if box.role == "rule" else {})
    if box.role == "rule":
        return shape | {"shape": "octagon", "fixedsize": "true", "width": 0.56, "height": 0.56}
    return shape | {"shape": "circle", "fixedsize": "true", "width": 0.72 if box.role == "sum" else 0.5}


def _folded_statement(theme: Theme, box: Box) -> str:
    """Return a solid block: the sign of many of a kind, readable without colour."""
    head = text(box.words, theme.ink, 12, bold=True)
    rows = [row(cell(head, cellpadding=3, width=room_for(box.words, 12, bold=True)))]
    for line in (shortened(x, 60) for x in box.lines):
        rows.append(row(cell(text(line, theme.muted, 9.5), cellpadding=1, width=room_for(line, 9.5))))
    look: dict[str, Any] = {"shape": "box3d", "style": "filled", "fillcolor": theme.idle_tint}
    look |= {"color": theme.gradient if box.light == "lit" else theme.muted}
    return statement(
        box.name,
        table(*rows),
        class_=" ".join((box.role, *box.classes)),
        tooltip=box.tooltip or box.words,
        margin="0.1,0.06",
        **look,
    )


def wire_statements(theme: Theme, name: str, wire: Wire, group: str | None = None) -> list[str]:
    """Return the label node of one wire and the two edges that lead through it."""
    theme = in_light(theme, wire.light)
    look = _edge_look(theme, wire) | {"class_": " ".join(wire.classes) or None}
    label = wire_label(theme, wire)
    return [
        statement(
            name,
            label,
            shape="plain",
            group=group,
            class_=" ".join(("wire", *wire.classes)),
            tooltip=wire.tooltip or None,
        ),
        statement(f"{wire.tail} -> {name}:w:w", weight=3, **look),
        statement(f"{name}:w:e -> {wire.head}", weight=3, **look),
    ]


def wire_label(theme: Theme, wire: Wire) -> str:
    """Return value, bar and gradient of a wire one above the other; the bar is the wire itself.

    Wire and bar overlap a little, so that no seam shows. Both outer rows are there or neither is,
    which keeps the bar in the middle and chains straight.
    """
    longest = max(len(wire.value), len(wire.gradient))
    width, gradient_finite = 8 + 7 * longest, wire.strength is None or math.isfinite(wire.strength)
    rows = [
        _number_row(theme, wire.value, theme.value, finite=wire.value_finite),
        row(_bar(theme, wire, width)),
        _number_row(theme, wire.gradient, theme.gradient, finite=gradient_finite),
    ]
    if wire.above or wire.below:
        above, below = (text(shortened(note, 34), theme.muted, 8.5) for note in (wire.above, wire.below))
        rows.insert(0, row(cell(above, height=12, valign="bottom")))
        rows.append(row(cell(below, height=12, valign="top")))
    return table(*rows)


def _number_row(theme: Theme, words: str, color: str, *, finite: bool) -> str:
    fill = None if finite else theme.not_finite
    ink = color if finite else theme.on_not_finite
    return row(cell(text(words, ink, 12, bold=True), height=18, valign="bottom", bgcolor=fill))


def _bar(theme: Theme, wire: Wire, width: int) -> str:
    """Return the part of a wire inside its label, centred on a whole point and as thick as its ends.

    Graphviz 2 ends wires on whole points only, so a bar of odd thickness is an even one with a line of
    1 point around it, half of which lies outside.
    """
    look = _edge_look(theme, wire)
    color, thickness = str(look["color"]).split(":")[0], whole_points(wire.strength)
    if thickness == 1:
        return _thin_bar(color, width, dashed="style" in look)
    border = {"border": 1, "color": color} if thickness % 2 else {}
    inner = thickness - 3 if thickness % 2 else thickness
    end, middle = cell(width=3, height=inner or None), cell(port="w", width=width - 6, height=inner or None)
    return cell(table(row(end, middle, end)), bgcolor=color, **border)


def _thin_bar(color: str, width: int, *, dashed: bool) -> str:
    """Return a line of 1 point on the boundary of two rows of 1 point, again centred on a whole point."""
    blank = row(cell(height=1))
    if dashed:
        line = row(cell(border=1, sides="B", color=color, style="dashed", width=width))
        return cell(table(line, blank), port="w")
    piece = table(blank, "<HR/>", blank, color=color)
    end, middle = cell(piece, width=3), cell(piece, width=width - 6, port="w")
    return cell(table(row(end, middle, end)))


def _edge_look(theme: Theme, wire: Wire) -> dict[str, Any]:
    strength = wire.strength
    if strength is None:
        return {"penwidth": 1, "color": theme.line}
    if strength == 0:
        return {"penwidth": 1, "style": "dashed", "color": theme.dead}
    color = theme.wire if math.isfinite(strength) else theme.not_finite
    if wire.many:  # three parallel lines
        return {"penwidth": 2, "color": ":".join([color, theme.page, color, theme.page, color])}
    return {"penwidth": whole_points(strength), "color": color}


def cluster_statements(theme: Theme, cluster: Cluster, labels: Mapping[str, list[str]] | None = None) -> list[str]:
    """Return a rounded frame around boxes, and around the `labels` of the wires into each; clusters nest."""
    labels = labels or {}
    look: dict[str, Any] = {"style": "rounded,filled", "fillcolor": theme.idle_tint, "color": theme.line, "margin": 12}
    words = text(shortened(cluster.words), theme.muted, 10.5)
    inner = [line for c in cluster.clusters for line in cluster_statements(theme, c, labels)]
    held = [f"{name};" for box in cluster.boxes for name in (*labels.get(box, ()), box)]
    held += [line for box in cluster.boxes for line in _in_one_rank(labels.get(box, ()))]
    start = f"subgraph cluster_{cluster.name} {{"
    return [start, statement("graph", words, labeljust="l", **look), *held, *inner, "}"]
