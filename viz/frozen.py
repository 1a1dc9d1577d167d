"""A flow laid out once that then shows any step: which cells change, and what stands in them.

The picture is drawn for a made-up report with all that any step shows, in a theme that names its changeable cells.
What a step writes into them is read off the labels that an ordinary drawing of that step would have, so that the
frozen picture cannot say anything else. `painted` writes one step into the picture; pages/timeline.js does the
same in the browser.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from typing import Any, TypeAlias
from xml.etree import ElementTree
from xml.etree.ElementTree import Element, SubElement

from autograd_cnn.health.report import Connection, Layer, Report, Units
from viz.cards import STATES, verdict
from viz.flow_drawing import Drawing, document
from viz.labels import FROZEN, SLOT
from viz.page import PAGE_THEME
from viz.picture import Picture
from viz.style import FONT

THEME = replace(PAGE_THEME, name=FROZEN)
_NAMES = {colour: name for name, colour in vars(THEME).items() if isinstance(colour, str)}
_SVG = "{http://www.w3.org/2000/svg}"
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
    for group in root.iter(f"{_SVG}g"):
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
        link = child.find(f"{_SVG}a")
        name = child.get("id", "")
        if link is None or not name.startswith("a_slot-"):
            _empty_slots(child)
            continue
        place = next(shape for shape in link.findall(f"{_SVG}polygon") if shape.get("fill") == SLOT)
        corners = [tuple(map(float, pair.split(","))) for pair in place.get("points", "").split()]
        left, top = min(x for x, _ in corners), min(y for _, y in corners)
        wide, high = max(x for x, _ in corners) - left, max(y for _, y in corners) - top
        text = next(link.iter(f"{_SVG}text"), None)
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
    corners = next(group.iter(f"{_SVG}polygon")).get("points", "").split()
    across = [float(pair.split(",")[0]) for pair in corners]
    for text in group.iter(f"{_SVG}text"):
        text.attrib |= {"text-anchor": "middle", "x": f"{(min(across) + max(across)) / 2:g}"}


def painted(root: Element, looks: dict[str, Look]) -> Element:
    """Write one step into a frozen picture."""
    for group in root.iter(f"{_SVG}g"):
        look = looks.get(group.get("id", ""))
        if look is None:
            continue
        if "wire" in look:
            _paint_wire(group, look["wire"])
        if "box" in look:
            _paint_box(group, look)
        for place in group.iter(f"{_SVG}g"):
            if place.get("class") == "slot":
                _paint_slot(place, look.get(place.get("data-slot", ""), []))
    return root


def _paint_wire(group: Element, wire: list[Any]) -> None:
    width, color, dashed = wire
    for shape in group:
        if shape.tag in (f"{_SVG}path", f"{_SVG}polygon"):
            line = shape.tag == f"{_SVG}path"
            shape.set("stroke", f"var(--{color})")
            shape.set("fill", "none" if line else f"var(--{color})")
            if line:
                shape.set("stroke-width", f"{width:g}")
                shape.set("stroke-dasharray", "5,2" if dashed else "none")


def _paint_box(group: Element, look: Look) -> None:
    kind, border, fill = look["box"]
    group.set("class", f"node {kind}")
    title = group.find(f"{_SVG}title")
    if title is not None and "tip" in look:
        title.text = look["tip"]
    shapes = [shape for shape in group.iter() if shape.tag in (f"{_SVG}path", f"{_SVG}polygon", f"{_SVG}ellipse")]
    for i, shape in enumerate(shape for shape in shapes if shape.get("data-slot") is None):
        if i == 0:
            shape.set("fill", f"var(--{fill})")
            shape.set("stroke", f"var(--{border})")
    if "words" in look:
        text = next(group.iter(f"{_SVG}text"))
        text.text, text.attrib["fill"] = look["words"][0], f"var(--{look['words'][1]})"


def _paint_slot(place: Element, content: list[Any]) -> None:
    for child in list(place):
        place.remove(child)
    if not content:
        return
    kind = place.get("data-kind", "")
    left, top, wide, high = map(float, place.get("data-box", "").split())
    size = float(place.get("data-size", "9"))
    if kind == "bar":
        x = left
        for width, height, fill, dash, words, ink in content:
            block = _rectangle(place, x, top, width, height, fill)
            if dash:
                block.attrib |= {"stroke": "var(--dead)", "stroke-dasharray": "5,2" if dash == 2 else "none"}
            if words:
                _text(place, words, ink, 1, 9.0, (x + width / 2, top + height / 2), "middle")
            x += width
    elif kind == "columns":
        width, fill, base, digits = content
        floor = top + high - 1
        for i, digit in enumerate(digits):
            if digit != "0":
                _rectangle(place, left + i * width, floor - int(digit, 36), width - 1, int(digit, 36), fill)
        _rectangle(place, left, floor, wide, 1, base)
    else:
        words, ink, bold, *filled = content
        if filled and filled[0]:
            _rectangle(place, left, top, wide, high, filled[0]).set("rx", "6")
            _text(place, words, ink, bold, size, (left + wide / 2, top + high / 2), "middle")
            return
        if ink == "on_not_finite":
            room = min(wide, len(words) * size * 0.7 + 4)
            _rectangle(place, left + wide - room if kind == "right" else left, top, room, high, "not_finite")
        at = (left + wide, top + high / 2) if kind == "right" else (left, top + high / 2)
        _text(place, words, ink, bold, size, at, "end" if kind == "right" else "start")


def _rectangle(place: Element, x: float, y: float, width: float, height: float, fill: str) -> Element:
    sizes = {"x": f"{x:g}", "y": f"{y:g}", "width": f"{width:g}", "height": f"{height:g}"}
    look = {"fill": f"var(--{fill})" if fill else "none", "shape-rendering": "crispEdges"}
    return SubElement(place, f"{_SVG}rect", sizes | look)


def _text(place: Element, words: str, ink: str, bold: int, size: float, at: tuple[float, float], anchor: str) -> None:
    x, y = at
    look = {"text-anchor": anchor, "x": f"{x:g}", "y": f"{y + 0.35 * size:g}", "font-family": FONT}
    look |= {"font-weight": "bold" if bold else "normal", "font-size": f"{size:g}", "fill": f"var(--{ink})"}
    SubElement(place, f"{_SVG}text", look).text = words
