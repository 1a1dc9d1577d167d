"""Lines, points, zones, rules and fields, drawn where two scales place them."""

from __future__ import annotations

import math
from html import escape

from viz.charts.areas import Band, Bars, Field, Zone
from viz.charts.bands import bands
from viz.charts.data import Layer
from viz.charts.lettering import tag
from viz.charts.lines import Line, Points, Rule
from viz.charts.scales import Scale
from viz.charts.strokes import bar, glyph, shade, stroke, tint
from viz.labels import plain
from viz.style import Theme

_FAR = 1e5
"""Points beyond which a line is out of sight in any case."""


def height(layer: Layer) -> int:
    """Return which layers lie lower: areas under rules, rules under lines."""
    return {Field: 0, Zone: 1, Band: 2, Bars: 3, Rule: 4}.get(type(layer), 5)


def drawn(theme: Theme, layer: Layer, x: Scale, y: Scale) -> str:
    """Return what a layer covers of the plot; its marks are drawn by `marks`, above all layers."""
    match layer:
        case Field():
            shapes = bands(theme, layer, x, y)
        case Zone():
            shapes = _zone(theme, layer, x, y)
        case Band():
            path = _ribbon(layer, x, y)
            shapes = tint(theme, layer, path) if path else ""
        case Bars():
            path = _bars(layer, x, y)
            shapes = bar(theme, layer, path) if path else ""
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


def _ribbon(band: Band, x: Scale, y: Scale) -> str:
    """Return a band's outline, piece by piece: along its upper edge, and back along its lower one."""
    pieces: list[list[tuple[float, float, float]]] = [[]]
    for a, low, high in zip(band.x, band.low, band.high, strict=True):
        at = (x.place(a), y.place(low), y.place(high))
        if all(map(math.isfinite, at)):
            pieces[-1].append(at)
        elif pieces[-1]:
            pieces.append([])
    return "".join(_ring(piece) for piece in pieces if len(piece) > 1)


def _ring(piece: list[tuple[float, float, float]]) -> str:
    around = [(px, high) for px, _, high in piece] + [(px, low) for px, low, _ in reversed(piece)]
    return "M" + "L".join(f"{_near(px):.2f} {_near(py):.2f}" for px, py in around) + "Z"


def _bars(bars: Bars, x: Scale, y: Scale) -> str:
    """Return the outlines of all bars that have a height; a log axis has no 0, so they stand on its end."""
    path, ground = [], y.inside(0.0)
    for left, right, height in zip(bars.edges, bars.edges[1:], bars.heights, strict=False):
        beside = bars.gap * (right - left) / 2
        start, end, top = x.place(left + beside), x.place(right - beside), y.place(height)
        if height and all(map(math.isfinite, (start, end, top))):
            start, end = _near(start), _near(end)
            path.append(f"M{start:.2f} {ground:.2f}V{_near(top):.2f}H{end:.2f}V{ground:.2f}Z")
    return "".join(path)


def _near(place: float) -> float:
    return min(max(place, -_FAR), _FAR)
