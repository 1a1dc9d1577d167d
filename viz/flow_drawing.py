"""How a flow is drawn: the DOT statements of its cards, junctions and wires, from the input to the loss."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

from autograd_cnn.health.report import Connection, Layer, Report
from autograd_cnn.health.verdicts import verdict
from autograd_cnn.health.wording import counted, decades, extent, number
from viz import layers as layering
from viz.cards import card, compact_card, is_slim
from viz.dot import cluster_statements, frame
from viz.flow_legend import Heading, header, signs_of_card, signs_of_wire
from viz.flow_wires import Wire, branching_wire, chained_wire
from viz.labels import statement, text
from viz.layer_blocks import Block
from viz.layers import Place
from viz.ledger import Entry, ledger_of
from viz.style import Theme

MOST_FULL_CARDS = 14
"""Layers up to which each gets a full card; more, or a network that branches, get small ones."""

JOINTS = {"add": "+", "multiply": "×", "subtract": "−", "maximum": "max", "concatenate": "cat"}
"""Layers of one gate that joins branches, drawn as that gate."""


def document(
    report: Report,
    theme: Theme,
    *,
    title: str = "",
    subtitle: str = "",
    facts: Sequence[str] = (),
    ends: tuple[str, str] | None = None,
) -> str:
    """Return the DOT text of a report; pure, and the same for the same report.

    `ends` are the words at both ends of a part of a network, in place of its input and its loss.
    """
    drawing = Drawing(report, theme, ends)
    drawing.draw()
    label = header(report, theme, Heading(title, subtitle, tuple(facts)), drawing.signs, drawing.ledger)
    root = layering.clusters(drawing.paths.items())
    groups = [line for cluster in root.clusters for line in cluster_statements(theme, cluster)]
    settings = {"rankdir": "TB", "ranksep": 0.07, "nodesep": 0.3, "newrank": "true"}
    return frame(theme, label, drawing.body + groups, **settings)


class Drawing:
    """The statements of a flow, gathered from the input to the loss."""

    def __init__(self, report: Report, theme: Theme, ends: tuple[str, str] | None = None) -> None:
        self.report = report
        self._ends = ends or (f"input  {extent(report.input_shape)}", f"loss  {number(report.loss)}")
        self.theme = theme
        self.body: list[str] = []
        self.paths: dict[str, tuple[str, ...]] = {}  # the clusters around each box
        self.signs: set[str] = set()
        self._leaving = layering.outgoing(report)
        self._boxes = {layer.name: f"layer{i}" for i, layer in enumerate(report.layers)}
        self._main = ["input", *(self._boxes[name] for name in layering.main_line(report)), "loss"]
        branches = any(len(wires) > 1 for wires in self._leaving.values())
        self._compact = branches or sum(not is_slim(layer) for layer in report.layers) > MOST_FULL_CARDS
        entering = Counter(self._boxes.get(wire.target, "loss") for wire in report.connections)
        self._joins = {box for box, wires in entering.items() if wires > 1}
        self.ledger = ledger_of(report)
        self._narrow = self._bottleneck(self.ledger.bottleneck() if self.ledger and report.findings else ())

    def draw(self) -> None:
        """Draw the boxes in forward order, then what leaves each."""
        if self._leaving[""]:  # plain numbers that meet weights leave no trace in the graph
            self._end("input", self._ends[0])
        places = layering.places(self.report.layers)
        for layer in self.report.layers:
            self._layer(layer, places[layer.name])
        self._end("loss", self._ends[1], finite=math.isfinite(self.report.loss))
        self._branches("input", None, self._leaving[""])
        for layer in self.report.layers:
            gradient = layer.gradient.rms if layer.gradient else None
            self._branches(self._boxes[layer.name], gradient, self._leaving[layer.name])

    def _box(self, name: str, path: tuple[str, ...], label: str, **look: object) -> None:
        self.paths[name] = path
        group = "main" if name in self._main else None
        self.body.append(statement(name, label, group=group, **look))

    def _end(self, name: str, words: str, *, finite: bool = True) -> None:
        """Draw the input, slanted, or the loss, with a double border."""
        fill, ink = self.theme.idle_tint, self.theme.ink
        if not finite:
            fill, ink = self.theme.not_finite, self.theme.on_not_finite
            self.signs.add("not finite")
        shape: dict[str, Any] = {"shape": "box", "peripheries": 2, "margin": "0.2,0.05"}
        if name == "input":
            shape = {"shape": "parallelogram", "margin": "0,0"}
        look = {"style": "filled", "color": self.theme.ink, "fillcolor": fill, "height": 0.36, "tooltip": words}
        self._box(name, (), text(words, ink, 12, bold=not finite), id=name, class_=name, **look | shape)

    def _layer(self, layer: Layer, place: Place) -> None:
        """Draw one layer: its card, or a circle for a healthy gate that only joins wires."""
        box, said, theme = self._boxes[layer.name], verdict(layer), self.theme
        kind = f"card {said.status}" + " folded" * isinstance(layer, Block)
        common = {"id": box, "class_": kind, "tooltip": f"{layer.name}: {said.words}"}
        symbol = JOINTS.get(layer.kind)
        if symbol is not None and said.status == "ok" and not (layer.parameters or layer.units):
            circle = {"shape": "circle", "fixedsize": "true", "width": 0.42, "style": "filled", "penwidth": 1.4}
            label = text(symbol, theme.ink, 17 if len(symbol) == 1 else 9)
            self._box(box, place.path, label, color=theme.ink, fillcolor=theme.card, **common | circle)
            return
        self.signs |= signs_of_card(layer, compact=self._compact)
        draw = compact_card if self._compact else card
        look = {"shape": "box", "style": "filled,rounded", "fillcolor": getattr(theme, said.status + "_tint")}
        look |= {"shape": "box3d", "style": "filled"} if isinstance(layer, Block) else {}
        look |= {"color": theme.line if said.status == "ok" else getattr(theme, said.status), "margin": "0.12,0.08"}
        border = {"penwidth": 2.6 if layer.parameters else 1.2}
        name = f"{place.shown} ({counted(len(layer.members), 'layer')})" if isinstance(layer, Block) else place.shown
        self._box(box, place.path, draw(theme, layer, name, self.report.thresholds), **common | look | border)

    def _branches(self, box: str, gradient: float | None, leaving: list[Connection]) -> None:
        """Draw what leaves a box: one wire, or a trunk with the whole gradient that splits at a dot."""
        heads = [self._boxes.get(wire.target, "loss") for wire in leaving]
        tail = box
        if len(leaving) > 1:
            tail = f"{box}_out"
            if box in self._main:
                self._main.insert(self._main.index(box) + 1, tail)
            look = {"shape": "circle", "width": 0.12, "fixedsize": "true", "style": "filled", "class_": "junction"}
            path = layering.common_path([self.paths[head] for head in heads])
            self._box(tail, path, "", color=self.theme.ink, fillcolor=self.theme.ink, **look)
            narrow = () if any((wire.source, wire.target) in self._narrow for wire in leaving) else None
            self._wire(Wire(box, tail, leaving[0].value, gradient, narrow, known=box != "input", arrow=False))
            self.signs.add("junction")
        for connection, head in zip(leaving, heads, strict=True):
            narrowing = self._narrow.get((connection.source, connection.target))
            self._wire(Wire(tail, head, connection.value, connection.gradient, narrowing))

    def _bottleneck(self, run: Sequence[Entry]) -> dict[tuple[str, str], tuple[str, ...]]:
        """Return the wires of the main line that lie in the bottleneck, with the words that some of them carry."""
        words: dict[str, tuple[str, ...]] = {entry.layers[0]: (f"◀ {decades(entry.decades)} decades",) for entry in run}
        if run:
            name = run[0].name if len(run) == 1 else f"{run[0].name} … {run[-1].name}"
            total = f"{decades(math.fsum(entry.decades for entry in run))} decades in {name}"
            words[run[0].layers[0]] = ("◀ bottleneck", total)
        inside = {name for entry in run for name in entry.layers}
        pairs = pairwise(("", *layering.main_line(self.report)))
        return {(source, target): words.get(target, ()) for source, target in pairs if target in inside}

    def _wire(self, wire: Wire) -> None:
        self.signs |= signs_of_wire(wire)
        main = (wire.tail, wire.head) in pairwise(self._main)
        if wire.head in self._joins or wire.tail.endswith("_out"):
            self.body += branching_wire(self.theme, wire, weight=20 if main else 2)
            return
        name = f"wire{sum(box.startswith('wire') for box in self.paths)}"
        self.paths[name] = layering.common_path([self.paths[wire.tail], self.paths[wire.head]])
        self.body += chained_wire(self.theme, name, wire, "main" if main else None)
