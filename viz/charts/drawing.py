"""A whole chart as SVG text: title, legend and panels, each in room of its own. Pure and deterministic."""

from __future__ import annotations

from html import escape

from viz.charts.areas import Band, Bars, Field, Zone
from viz.charts.data import ChartData, Layer, Panel
from viz.charts.legend import entries, legend
from viz.charts.lettering import NOTE, SUBTITLE, TITLE, tag, text, wrapped
from viz.charts.lines import Line, Points, Rule
from viz.charts.panels import Frame, draw, footing_height, gutter, heading_height, overhang
from viz.charts.strokes import hatch_id, hatching
from viz.labels import plain
from viz.style import FONT, Theme, number

_MARGIN, _BETWEEN, _LEAST_WIDTH = 16.0, 26.0, 320.0


def svg_of(data: ChartData, theme: Theme) -> str:
    """Return the chart as SVG, sizes in points; the same text for the same data.

    Parameters
    ----------
    data : ChartData
    theme : Theme
        Where all its colours come from.
    """
    room = max(_panels_width(data), _LEAST_WIDTH)
    head, top = _header(theme, data, room)
    panels, bottom = _panels(theme, data, top)
    width, height = room + 2 * _MARGIN, bottom + _MARGIN
    ground = tag("rect", x=0.0, y=0.0, width=width, height=height, fill=theme.page)
    content = _spoken(data) + _patterns(theme, data) + ground + head + panels
    size = {"width": f"{width:.2f}pt", "height": f"{height:.2f}pt", "viewBox": f"0 0 {width:.2f} {height:.2f}"}
    root = tag("svg", content, xmlns="http://www.w3.org/2000/svg", role="img", **size, font_family=FONT)
    return root + "\n"


def _gutter(data: ChartData) -> float:
    return max(gutter(panel, data.size) for panel in data.panels)


def _panels_width(data: ChartData) -> float:
    columns = min(data.columns, len(data.panels))
    return columns * (_gutter(data) + data.size[0]) + (columns - 1) * _between(data) + _overhang(data)


def _overhang(data: ChartData) -> float:
    return max(overhang(panel, data.size) for panel in data.panels)


def _between(data: ChartData) -> float:
    return max(_BETWEEN, _overhang(data) + 10)


def _header(theme: Theme, data: ChartData, room: float) -> tuple[str, float]:
    """Return title, subtitle, legend and facts, and where the panels may begin."""
    parts, y = [], _MARGIN
    for words, size, fill, bold in (
        (data.title, TITLE, theme.ink, True),
        (data.subtitle, SUBTITLE, theme.muted, False),
    ):
        for line in wrapped(words, size, room, bold=bold):
            y += 1.3 * size
            parts.append(text(line, _MARGIN, y, size, fill, bold=bold))
    if parts:
        y += 10
        parts.append(tag("path", d=f"M{_MARGIN:g} {y:.2f}h{room:.2f}", stroke=theme.line, stroke_width=1.0))
        y += 4
    drawn, height = legend(theme, entries(theme, data, room), _MARGIN, y, room)
    y += height
    parts.append(drawn)
    for line in (line for fact in data.facts for line in wrapped(fact, NOTE, room)):
        y += 13
        parts.append(text(line, _MARGIN, y, NOTE, theme.muted))
    return tag("g", "".join(parts), class_="header"), y + 12


def _panels(theme: Theme, data: ChartData, top: float) -> tuple[str, float]:
    """Return all panels, row by row, and where they end."""
    left, (width, height) = _gutter(data), data.size
    parts: list[str] = []
    for first in range(0, len(data.panels), data.columns):
        row = data.panels[first : first + data.columns]
        top += heading_height(row)
        for column, panel in enumerate(row):
            start = _MARGIN + left + column * (left + width + _between(data))
            parts.append(draw(theme, panel, Frame(start, top, width, height, left), f"plot{first + column}"))
        top += height + footing_height(row, Frame(0, 0, width, height, left)) + 10
    return "".join(parts), top - 10


def _patterns(theme: Theme, data: ChartData) -> str:
    areas = {hatch_id(area): area for panel in data.panels for area in panel.layers if isinstance(area, Zone | Bars)}
    drawn = "".join(hatching(theme, area) for area in areas.values() if area.hatch != "none")
    return tag("defs", drawn) if drawn else ""


def _spoken(data: ChartData) -> str:
    """Return what a reader who does not see the chart is told: its name, then what each panel holds."""
    words = " ".join((data.subtitle, *data.facts, *(_spoken_panel(panel) for panel in data.panels))).strip()
    return tag("title", escape(plain(data.title or "chart"))) + tag("desc", escape(plain(words)))


def _spoken_panel(panel: Panel) -> str:
    layers = "; ".join(words for layer in panel.layers if (words := _spoken_layer(layer)))
    title = f"{panel.title}: " if panel.title else ""
    return f"{title}{panel.y.label} over {panel.x.label}. {layers}."


def _spoken_layer(layer: Layer) -> str:
    match layer:
        case Zone():
            return f"{layer.name} from {number(layer.low)} to {number(layer.high)}"
        case Rule():
            return f"{layer.name} at {layer.axis} = {number(layer.at)}"
        case Field():
            heights = [h for row in layer.heights for h in row]
            return f"{layer.name} from {number(min(heights))} to {number(max(heights))}"
        case Line():
            return f"{layer.name}: {_ends(layer.y)}"
        case Band():
            return f"{layer.name}: at the end from {_last(layer.low)} to {_last(layer.high)}"
        case Bars():
            return f"{layer.name}: {len(layer.heights)} bars, {_ends(layer.heights)}"
        case Points():
            return f"{layer.name}: {len(layer.x)} points"


def _last(numbers: tuple[float, ...]) -> str:
    return number(numbers[-1] if numbers else None)


def _ends(y: tuple[float, ...]) -> str:
    if not y:
        return "empty"
    return f"from {number(y[0])} to {number(y[-1])}, lowest {number(min(y))}, highest {number(max(y))}"
