"""How lines, marks and zones look: every kind is told apart by its shape as well as by its colour."""

from __future__ import annotations

from viz.charts.areas import Band, Bars, Zone
from viz.charts.lettering import tag
from viz.charts.lines import Line, Points, Rule
from viz.charts.words import DASHES
from viz.style import Theme


def colour(theme: Theme, ink: str) -> str:
    """Return a theme's colour of a line."""
    found: str = getattr(theme, ink)
    return found


def stroke(theme: Theme, layer: Line | Rule, path: str) -> str:
    """Return a path drawn as a line or a rule is."""
    width = layer.width if isinstance(layer, Line) else 1.0
    return tag(
        "path",
        d=path,
        fill="none",
        stroke=colour(theme, layer.ink),
        stroke_width=width,
        stroke_dasharray=DASHES[layer.dash],
        stroke_linejoin="round",
    )


def glyph(theme: Theme, kind: str, x: float, y: float, size: float, ink: str) -> str:
    """Return one mark around a place: filled with an outline of the page, so that it stands out on bands too."""
    half, paint = size / 2, colour(theme, ink)
    if kind in ("cross", "plus", "ring"):
        thick = {"fill": "none", "stroke": paint, "stroke_width": 1.8}
        if kind == "ring":
            return tag("circle", cx=x, cy=y, r=half, **thick)
        return tag("path", d=_strokes(kind, x, y, half), **thick)
    rim = {"fill": paint, "stroke": theme.page, "stroke_width": 0.9}
    if kind == "circle":
        return tag("circle", cx=x, cy=y, r=half, **rim)
    if kind == "square":
        return tag("rect", x=x - half, y=y - half, width=size, height=size, **rim)
    return tag("path", d=_outline(kind, x, y, half), **rim)


def _strokes(kind: str, x: float, y: float, half: float) -> str:
    if kind == "cross":
        left, right, top, bottom = (f"{at:.2f}" for at in (x - half, x + half, y - half, y + half))
        return f"M{left} {top}L{right} {bottom}M{right} {top}L{left} {bottom}"
    return f"M{x - half:.2f} {y:.2f}H{x + half:.2f}M{x:.2f} {y - half:.2f}V{y + half:.2f}"


def _outline(kind: str, x: float, y: float, half: float) -> str:
    around = [(0, -1.1), (1.1, 0.8), (-1.1, 0.8)] if kind == "triangle" else [(0, -1.3), (1.3, 0), (0, 1.3), (-1.3, 0)]
    return "M" + "L".join(f"{x + half * dx:.2f} {y + half * dy:.2f}" for dx, dy in around) + "Z"


def shade(theme: Theme, zone: Zone, x: float, y: float, width: float, height: float) -> str:
    """Return the area of a zone: a tint, and hatching that survives grey paper."""
    box = {"x": x, "y": y, "width": width, "height": height}
    tint = tag("rect", **box, fill=colour(theme, zone.ink), fill_opacity=0.16)
    return tint if zone.hatch == "none" else tint + tag("rect", **box, fill=f"url(#{hatch_id(zone)})")


def tint(theme: Theme, band: Band, path: str) -> str:
    """Return a band with this outline: a tint that lets the lines below be seen."""
    return tag("path", d=path, fill=colour(theme, band.ink), fill_opacity=0.2)


def bar(theme: Theme, bars: Bars, path: str) -> str:
    """Return bars with this outline: a tint, hatching where they have one, and an edge."""
    paint = colour(theme, bars.ink)
    tint = tag("path", d=path, fill=paint, fill_opacity=0.35, stroke=paint, stroke_width=0.8)
    return tint if bars.hatch == "none" else tint + tag("path", d=path, fill=f"url(#{hatch_id(bars)})")


def hatch_id(layer: Zone | Bars) -> str:
    """Return the id of an area's hatching; areas that look alike share it."""
    return f"hatch-{layer.hatch}-{layer.ink}"


def hatching(theme: Theme, zone: Zone | Bars) -> str:
    """Return the pattern that an area is filled with."""
    paint = {"stroke": colour(theme, zone.ink), "stroke_width": 1.1, "stroke_opacity": 0.75, "fill": "none"}
    drawn = {
        "rising": tag("path", d="M-2 2L2 -2M0 8L8 0M6 10L10 6", **paint),
        "falling": tag("path", d="M-2 6L2 10M0 0L8 8M6 -2L10 2", **paint),
        "dots": tag("circle", cx=4, cy=4, r=1.1, fill=colour(theme, zone.ink)),
    }[zone.hatch]
    return tag("pattern", drawn, id=hatch_id(zone), width=8, height=8, patternUnits="userSpaceOnUse")


def swatch(theme: Theme, layer: Line | Points | Rule | Zone | Band | Bars, x: float, y: float) -> str:
    """Return a sample of a layer for the legend, 26 points wide and centred on `y`."""
    match layer:
        case Zone():
            return shade(theme, layer, x, y - 5, 26, 10)
        case Band():
            return tint(theme, layer, f"M{x:.2f} {y - 5:.2f}h26v10h-26Z")
        case Bars():
            return bar(theme, layer, f"M{x:.2f} {y - 5:.2f}h26v10h-26Z")
        case Points():
            return glyph(theme, layer.mark, x + 13, y, min(layer.size, 8.0), layer.ink)
        case Rule():
            return stroke(theme, layer, f"M{x:.2f} {y:.2f}h26")
        case Line():
            mark = glyph(theme, layer.mark, x + 13, y, 5.0, layer.ink) if layer.mark else ""
            return stroke(theme, layer, f"M{x:.2f} {y:.2f}h26") + mark
