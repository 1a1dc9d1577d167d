"""One step written into a frozen picture; pages/timeline.js does the same in the browser."""

from __future__ import annotations

from typing import Any
from xml.etree.ElementTree import Element, SubElement

from viz.frozen import SVG, Look
from viz.style import FONT


def painted(root: Element, looks: dict[str, Look]) -> Element:
    """Write one step into a frozen picture."""
    for group in root.iter(f"{SVG}g"):
        look = looks.get(group.get("id", ""))
        if look is None:
            continue
        if "wire" in look:
            _paint_wire(group, look["wire"])
        if "box" in look:
            _paint_box(group, look)
        for place in group.iter(f"{SVG}g"):
            if place.get("class") == "slot":
                _paint_slot(place, look.get(place.get("data-slot", ""), []))
    return root


def _paint_wire(group: Element, wire: list[Any]) -> None:
    width, color, dashed = wire
    for shape in group:
        if shape.tag in (f"{SVG}path", f"{SVG}polygon"):
            line = shape.tag == f"{SVG}path"
            shape.set("stroke", f"var(--{color})")
            shape.set("fill", "none" if line else f"var(--{color})")
            if line:
                shape.set("stroke-width", f"{width:g}")
                shape.set("stroke-dasharray", "5,2" if dashed else "none")


def _paint_box(group: Element, look: Look) -> None:
    kind, border, fill = look["box"]
    group.set("class", f"node {kind}")
    title = group.find(f"{SVG}title")
    if title is not None and "tip" in look:
        title.text = look["tip"]
    shapes = [shape for shape in group.iter() if shape.tag in (f"{SVG}path", f"{SVG}polygon", f"{SVG}ellipse")]
    for i, shape in enumerate(shape for shape in shapes if shape.get("data-slot") is None):
        if i == 0:
            shape.set("fill", f"var(--{fill})")
            shape.set("stroke", f"var(--{border})")
    if "words" in look:
        text = next(group.iter(f"{SVG}text"))
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
    return SubElement(place, f"{SVG}rect", sizes | look)


def _text(place: Element, words: str, ink: str, bold: int, size: float, at: tuple[float, float], anchor: str) -> None:
    x, y = at
    look = {"text-anchor": anchor, "x": f"{x:g}", "y": f"{y + 0.35 * size:g}", "font-family": FONT}
    look |= {"font-weight": "bold" if bold else "normal", "font-size": f"{size:g}", "fill": f"var(--{ink})"}
    SubElement(place, f"{SVG}text", look).text = words
