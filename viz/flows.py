"""Flows: one card per layer from the input down to the loss, joined by wires as wide as their gradient."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from autograd_cnn.graph import Node
from autograd_cnn.health.report import Connection, Layer, Report
from autograd_cnn.health.wording import decades, extent, number
from viz import layers as layering
from viz.cards import card, compact_card, is_slim, verdict
from viz.dot import cluster_statements, frame
from viz.errors import UndrawableError
from viz.flow_legend import SEPARATOR, Heading, header, signs_of_card, signs_of_wire
from viz.flow_wires import Wire, branching_wire, chained_wire
from viz.labels import statement, text
from viz.layer_blocks import Block, check_scopes, with_folded_blocks
from viz.layers import Place
from viz.ledger import Entry, ledger_of
from viz.picture import Content, Picture
from viz.style import Theme, theme_named

MOST_FULL_CARDS = 14
"""Layers up to which each gets a full card; more, or a network that branches, get small ones."""

JOINTS = {"add": "+", "multiply": "×", "subtract": "−", "maximum": "max", "concatenate": "cat"}
"""Layers of one gate that joins branches, drawn as that gate."""


@dataclass(frozen=True)
class Flow:
    """What a flow shows.

    Attributes
    ----------
    report : Report
        The layers, before blocks are folded.
    title, subtitle : str
        The first two lines of the header.
    facts : tuple of str
        Its further lines.
    fold : bool or "auto"
        Whether blocks are drawn as one card; "auto" as many as a reader needs.
    expand : tuple of str
        Blocks that are not.
    """

    report: Report
    title: str = ""
    subtitle: str = ""
    facts: tuple[str, ...] = ()
    fold: bool | str = "auto"
    expand: tuple[str, ...] = ()


def flow(
    report_or_loss: Report | Node,
    *,
    title: str | None = None,
    subtitle: str | None = None,
    facts: Sequence[str] = (),
    theme: str = "light",
    merge_activations: bool | str = "auto",
    fold: bool | str = "auto",
    expand: str | Sequence[str] = (),
) -> Picture:
    """Draw how gradients flow through the layers of a network, and which layers are unwell.

    Parameters
    ----------
    report_or_loss : Report or Node
        What `autograd_cnn.health` found, or a loss on which ``backward()`` was called.
    title : str, optional
        The heading.
    subtitle : str, optional
        What stands behind step, batch and loss, such as an accuracy.
    facts : sequence of str
        Further lines of the header, such as the optimizer and its learning rate.
    theme : {"light", "dark"}
        The colours.
    merge_activations : bool or "auto"
        Draw each activation as part of the layer that feeds it; "auto" does so in deep networks.
    fold : bool or "auto"
        Draw blocks, scopes of several layers, as one card each; "auto" folds the innermost, and those that
        repeat, until about forty cards are left.
    expand : str or sequence of str
        Scopes to keep unfolded, such as ``"features/block3"``.

    Returns
    -------
    Picture
        With ``.save``, ``.svg`` and ``.source``; notebooks show it.

    Raises
    ------
    UndrawableError
        For anything but a report or a loss, a report whose connections name no layer of it, or an unknown scope
        to expand.
    UnknownThemeError
        For a theme that does not exist.
    """
    colours = theme_named(theme)
    report = shown_report(report_or_loss, merge_activations)
    title = title if title is not None else "Gradient flow"
    words = SEPARATOR.join(filter(None, (summary(report), subtitle)))
    opened = (expand,) if isinstance(expand, str) else tuple(expand)
    check_scopes(report, opened)
    return drawn(Flow(report, title, words, tuple(facts), fold, opened), colours)


def drawn(shown: Flow, theme: Theme) -> Picture:
    """Return the picture of a flow."""
    return Picture.of(Content("flow", shown, _source), theme, shown.title)


def _source(shown: Flow, theme: Theme) -> str:
    report = with_folded_blocks(shown.report, shown.fold, shown.expand)
    return document(report, theme, title=shown.title, subtitle=shown.subtitle, facts=shown.facts)


def shown_report(report_or_loss: Report | Node, merge_activations: bool | str = "auto") -> Report:
    """Return the report to draw: of a loss, or the one given; activations merged as asked."""
    if merge_activations not in (True, False, "auto"):
        raise UndrawableError(f"flow: merge_activations={merge_activations!r}; expected True, False or 'auto'")
    if isinstance(report_or_loss, Node):
        from autograd_cnn.health import inspect

        report_or_loss = inspect(report_or_loss)
    if not isinstance(report_or_loss, Report):
        given = type(report_or_loss).__name__
        raise UndrawableError(f"flow: got {given}, expected a health Report, or a loss after loss.backward()")
    report = layering.checked(report_or_loss)
    deep = len(report.layers) > layering.MANY_LAYERS
    merge = deep if merge_activations == "auto" else merge_activations
    return layering.with_merged_activations(report) if merge else report


def document(report: Report, theme: Theme, *, title: str = "", subtitle: str = "", facts: Sequence[str] = ()) -> str:
    """Return the DOT text of a report; pure, and the same for the same report."""
    drawing = Drawing(report, theme)
    drawing.draw()
    label = header(report, theme, Heading(title, subtitle, tuple(facts)), drawing.signs, drawing.ledger)
    root = layering.clusters(drawing.paths.items())
    groups = [line for cluster in root.clusters for line in cluster_statements(theme, cluster)]
    settings = {"rankdir": "TB", "ranksep": 0.07, "nodesep": 0.3, "newrank": "true"}
    return frame(theme, label, drawing.body + groups, **settings)


def summary(report: Report) -> str:
    """Return when, on how much, how well."""
    words = [f"step {report.step}", f"batch {report.batch}", f"loss {number(report.loss)}"]
    if report.first_to_last is not None:
        words.append(f"first layer against last {decades(report.first_to_last)} decades")
    return SEPARATOR.join(words)


class Drawing:
    """The statements of a flow, gathered from the input to the loss."""

    def __init__(self, report: Report, theme: Theme) -> None:
        self.report = report
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
            self._end("input", f"input  {extent(self.report.input_shape)}")
        places = layering.places(self.report.layers)
        for layer in self.report.layers:
            self._layer(layer, places[layer.name])
        self._end("loss", f"loss  {number(self.report.loss)}", finite=math.isfinite(self.report.loss))
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
        name = f"{place.shown} ({len(layer.members)} layers)" if isinstance(layer, Block) else place.shown
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
            name = run[0].name if len(run) == 1 else f"{len(run)} in a row"
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
