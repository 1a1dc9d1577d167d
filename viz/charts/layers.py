"""Lines, points, zones, rules and fields, drawn where two scales place them."""

from __future__ import annotations

import math
from html import escape

from viz.charts.bands import bands
from viz.charts.data import Field, Layer, Line, Points, Rule, Zone
from viz.charts.lettering import tag
from viz.charts.scales import Scale
from viz.charts.strokes import glyph, shade, stroke
from viz.labels import plain
from viz.style import Theme

_FAR = 1e5
"""Points beyond which a line is out of sight in any case."""


def height(layer: Layer) -> int:
    """Return which layers lie lower: fields and zones under rules, rules under lines."""
    return {Field: 0, Zone: 1, Rule: 2}.get(type(layer), 3)


def drawn(theme: Theme, layer: Layer, x: Scale, y: Scale) -> str:
    """Return what a layer covers of the plot; its marks are drawn by `marks`, above all layers."""
    match layer:
        case Field():
            shapes = bands(theme, layer, x, y)
        case Zone():
            shapes = _zone(theme, layer, x, y)
        case Rule():
            shapes = _rule(theme, layer, x, y)
        case Line():
            path = _path(layer, x, y)
            shapes = stroke(theme, layer, path) if path else ""
        case Points():
            shapes = ""
    return _group(layer, shapes)


def marks(theme: Theme, layer: Layer, x: Scale, y: Scale) -> str:
    """Return the marks of points and of marked lines, whole also where they sit on the border of the plot."""
    if not isinstance(layer, Points | Line) or not layer.mark:
        return ""
    size = layer.size if isinstance(layer, Points) else 5.0
    places = [(x.place(a), y.place(b)) for a, b in zip(layer.x, layer.y, strict=True)]
    seen = [(px, py) for px, py in places if _within(px, x) and _within(py, y)]
    return _group(layer, "".join(glyph(theme, layer.mark, px, py, size, layer.ink) for px, py in seen))


def _group(layer: Layer, shapes: str) -> str:
    title = tag("title", escape(plain(layer.name))) if layer.name else ""
    return tag("g", title + shapes, class_=type(layer).__name__.lower()) if shapes else ""


def _within(place: float, scale: Scale) -> bool:
    return min(scale.start, scale.end) - 0.01 <= place <= max(scale.start, scale.end) + 0.01  # False for NaN


def _zone(theme: Theme, zone: Zone, x: Scale, y: Scale) -> str:
    left, right = x.inside(zone.low), x.inside(zone.high)
    return shade(theme, zone, left, y.end, right - left, y.start - y.end) if right > left else ""


def _rule(theme: Theme, rule: Rule, x: Scale, y: Scale) -> str:
    along = x if rule.axis == "x" else y
    at = along.place(rule.at)
    if not _within(at, along):
        return ""
    across = f"M{at:.2f} {y.start:.2f}V{y.end:.2f}" if rule.axis == "x" else f"M{x.start:.2f} {at:.2f}H{x.end:.2f}"
    return stroke(theme, rule, across)


def _path(line: Line, x: Scale, y: Scale) -> str:
    """Return a line's path; it begins anew after every number that has no place."""
    path, pen = [], "M"
    for a, b in zip(line.x, line.y, strict=True):
        px, py = x.place(a), y.place(b)
        if math.isfinite(px) and math.isfinite(py):
            path.append(f"{pen}{_near(px):.2f} {_near(py):.2f}")
            pen = "L"
        else:
            pen = "M"
    return "".join(path) if any(step[0] == "L" for step in path) else ""


def _near(place: float) -> float:
    return min(max(place, -_FAR), _FAR)
