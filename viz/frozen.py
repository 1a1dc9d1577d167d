"""A flow laid out once that then shows any step: which cells change, and what stands in them.

The picture is drawn for a made-up report with all that any step shows, in a theme that names its changeable cells.
What a step writes into them is read off the labels that an ordinary drawing of that step would have, so that the
frozen picture cannot say anything else. viz/painting.py writes one step into the picture.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from typing import Any, TypeAlias
from xml.etree import ElementTree
from xml.etree.ElementTree import Element

from autograd_cnn.health.report import Connection, Layer, Report, Units
from autograd_cnn.health.verdicts import verdict
from viz.flow_drawing import Drawing, document
from viz.labels import FROZEN, SLOT
from viz.page import PAGE_THEME
from viz.picture import Picture
from viz.unit_bars import STATES

THEME = replace(PAGE_THEME, name=FROZEN)
_NAMES = {colour: name for name, colour in vars(THEME).items() if isinstance(colour, str)}
SVG = "{http://www.w3.org/2000/svg}"
_SETTING = re.compile(r'(\w+)="((?:[^"\\]|\\.)*)"')
_WIDE = 8.888e-88  # as wide as a number is ever written

Look: TypeAlias = dict[str, Any]
"""What one box or wire shows: its own look, and the content of its slots by name."""


def looks_of(report: Report) -> dict[str, Look]:
    """Return what every box and wire of a report shows, by its id in the picture."""
    drawing = Drawing(report, THEME)
    drawing.draw()
    found: dict[str, Look] = {}
    seen: Counter[str] = Counter()
    for name, look in map(_look, drawing.body):
        if name:  # a second wire between the same two boxes is called as viz.svg calls it
            found[f"{name}.{seen[name]}" if seen[name] else name] = look
            seen[name] += 1
    return found


def frozen_picture(reports: Sequence[Report]) -> Element:
    """Return the SVG of the layout that has room for all `reports`, its slots empty."""
    root = ElementTree.fromstring(Picture(document(_roomy(reports), THEME)).svg())
    for group in root.iter(f"{SVG}g"):
        _empty_slots(group)
        if group.get("id") == "loss":
            _centre_words(group)
    return root


def _roomy(reports: Sequence[Report]) -> Report:
    """Return a report whose drawing has a place for all that any of the reports shows."""
    last = reports[-1]
    versions: dict[str, list[Layer]] = {layer.name: [] for layer in last.layers}
    for report in reports:
        for layer in report.layers:
            versions.setdefault(layer.name, []).append(layer)
    layers = tuple(_roomy_layer(layer, versions[layer.name]) for layer in last.layers)
    zero = any(wire.gradient == 0 for report in reports for wire in report.connections)
    wires = tuple(
        Connection(wire.source, wire.target, _WIDE, 0.0 if zero and i == 0 else _WIDE)  # for the legend
        for i, wire in enumerate(last.connections)
    )
    return replace(last, layers=layers, connections=wires, loss=-_WIDE, findings=())


def _roomy_layer(layer: Layer, versions: Sequence[Layer]) -> Layer:
    def loud(version: Layer) -> tuple[bool, int]:
        said = verdict(version)
        return said.status != "ok", len(said.also)

    loudest = max(versions, key=loud)
    gradients = [version.gradient for version in versions if version.gradient is not None]
    gradient = layer.gradient or (gradients[-1] if gradients else None)
    size = next((g.rms for g in (loudest.gradient, gradient) if g is not None), 0.0)
    size = 0.0 if math.isfinite(size) else size  # without sizes no ledger, which the page has beside the picture
    units = [version.units for version in versions if version.units is not None]
    zeros = 0.5 * any(version.activation.zeros for version in versions)
    return replace(
        layer,
        update_ratio=_any([version.update_ratio for version in versions]),
        attenuation=_any([version.attenuation for version in versions]),
        findings=loudest.findings,
        activation=replace(layer.activation, zeros=zeros, rms=loudest.activation.rms),
        gradient=None if gradient is None else replace(gradient, rms=size, zeros=0.5 * any(g.zeros for g in gradients)),
        units=_one_of_each(units) if units else None,
    )


def _any(numbers: Sequence[float | None]) -> float | None:
    return next((x for x in numbers if x is not None), None)


def _one_of_each(units: Sequence[Units]) -> Units:
    seen = {state: (0,) if any(getattr(u, state) for u in units) else () for state in STATES if state != "active"}
    return Units(max(u.count for u in units), seen["dead"], seen["silent"], seen["starved"], seen["saturated"])


def _look(statement: str) -> tuple[str, Look]:
    """Return the id and the look of one DOT statement; no id for what never changes."""
    target, _, rest = statement.partition(" [")
    label, settings = "", rest
    if rest.startswith("label=<"):
        end = rest.index(">>") + 1  # a tag's end is followed by a > only at the end of the label
        label, settings = rest[len("label=<") : end], rest[end + 1 :]
    found = dict(_SETTING.findall(settings))
    if "->" in target:
        name = re.sub(r":\w+| ", "", target)
        look: Look = {
            "wire": [float(found["penwidth"]), _NAMES[found["color"]], int("dashed" in found.get("style", ""))]
        }
    elif "fillcolor" in found and "class" in found:
        name = target
        words = ElementTree.fromstring(f"<i>{label}</i>") if target in ("loss", "input") else None
        look = {"box": [found["class"], _NAMES[found["color"]], _NAMES[found["fillcolor"]]]}
        look |= {"tip": re.sub(r"\\\\", "\\\\", found.get("tooltip", ""))} if "tooltip" in found else {}
        look |= {"words": _words(words)} if words is not None else {}
    else:
        name, look = target, {}
    slots = _slots(label) if 'TARGET="slot-' in label else {}
    return (name, look | slots) if look or slots else ("", {})


def _slots(label: str) -> Look:
    found = {}
    for cell in ElementTree.fromstring(f"<i>{label}</i>").iter("TD"):
        kind = (cell.get("TARGET") or "").removeprefix("slot-")
        if kind != (cell.get("TARGET") or ""):
            read = {"bar": _bar, "columns": _columns, "pill": _pill}.get(kind, _words)
            found[(cell.get("ID") or "").removeprefix("slot-")] = read(cell)
    return found


def _words(cell: Element) -> list[Any]:
    """Return words, ink, and whether they are bold."""
    font = next(cell.iter("FONT"), None)
    if font is None:
        return []
    words = "".join(font.itertext()).replace("\\\\", "\\")
    return [words, _NAMES[font.get("COLOR", "")], int(font.find("B") is not None)]


def _pill(cell: Element) -> list[Any]:
    """Return words, ink, boldness and fill."""
    filled = next((table for table in cell.iter("TABLE") if table.get("BGCOLOR")), None)
    return [*_words(cell), "" if filled is None else _NAMES[filled.get("BGCOLOR", "")]]


def _bar(cell: Element) -> list[Any]:
    """Return [width, height, fill, dash, words, ink] of each block."""
    found: list[Any] = []
    for block in cell.findall("TABLE/TR/TD"):
        words = _words(block)
        fill, dash = _NAMES.get(block.get("BGCOLOR", ""), ""), {"dashed": 2, "solid": 1}.get(block.get("STYLE", ""), 0)
        size = [int(block.get("WIDTH", 0)), int(block.get("HEIGHT", 0))]
        found.append([*size, fill, dash, *(words[:2] or ["", ""])])
    return found


def _columns(cell: Element) -> list[Any]:
    """Return width of a column, its fill, the base line's fill, and the heights as digits of base 36."""
    rows = cell.findall("TABLE/TR")
    fill, digits, width = "", "", 0
    for column in rows[0].findall("TD"):
        bar = next((block for block in column.iter("TD") if block.get("BGCOLOR")), None)
        height = 0 if bar is None else int(bar.get("HEIGHT", 0))
        fill = fill if bar is None else _NAMES[bar.get("BGCOLOR", "")]
        digits += "0123456789abcdefghijklmnopqrstuvwxyz"[min(height, 35)]
        width = int(column.get("WIDTH", 0))
    return [width, fill, _NAMES[rows[1].findall("TD")[0].get("BGCOLOR", "")], digits]


def _empty_slots(group: Element) -> None:
    """Turn what Graphviz drew in each named cell into an empty group that knows its place and kind."""
    for child in list(group):
        link = child.find(f"{SVG}a")
        name = child.get("id", "")
        if link is None or not name.startswith("a_slot-"):
            _empty_slots(child)
            continue
        place = next(shape for shape in link.findall(f"{SVG}polygon") if shape.get("fill") == SLOT)
        corners = [tuple(map(float, pair.split(","))) for pair in place.get("points", "").split()]
        left, top = min(x for x, _ in corners), min(y for _, y in corners)
        wide, high = max(x for x, _ in corners) - left, max(y for _, y in corners) - top
        text = next(link.iter(f"{SVG}text"), None)
        kind = (link.get("target") or "").removeprefix("slot-")
        child.clear()
        child.attrib |= {
            "class": "slot",
            "data-slot": name.removeprefix("a_slot-"),
            "data-kind": kind,
            "data-box": " ".join(f"{x:g}" for x in (left, top, wide, high)),
            "data-size": "9" if text is None else f"{float(text.get('font-size', 9)):g}",
        }


def _centre_words(group: Element) -> None:
    corners = next(group.iter(f"{SVG}polygon")).get("points", "").split()
    across = [float(pair.split(",")[0]) for pair in corners]
    for text in group.iter(f"{SVG}text"):
        text.attrib |= {"text-anchor": "middle", "x": f"{(min(across) + max(across)) / 2:g}"}
