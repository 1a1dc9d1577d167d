"""The legend of a chart: each look once, in lines as long as the chart is wide."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from viz.charts.areas import Band, Field
from viz.charts.bands import band_colours, has_holes, levels_of
from viz.charts.data import ChartData, Layer
from viz.charts.lettering import NOTE, fitted, tag, text, width_of
from viz.charts.lines import Line, Points, Rule
from viz.charts.strokes import swatch
from viz.style import Theme, number

_ROW, _GAP, _SAMPLE = 17.0, 12.0, 32.0


@dataclass(frozen=True)
class Entry:
    """What stands together in a legend: a layer's sample or a band's colour, and its words."""

    layer: Layer
    words: str
    fill: str = ""

    @property
    def width(self) -> float:
        """Points that it takes, with the gap behind it."""
        sample = 0 if isinstance(self.layer, Field) and not self.fill else 20 if self.fill else _SAMPLE
        return sample + width_of(self.words, NOTE) + (5 if isinstance(self.layer, Field) else _GAP)


def entries(theme: Theme, data: ChartData, room: float) -> list[Entry]:
    """Return the legend's entries, each name and look once; the bands of a field one by one."""
    seen: dict[object, list[Entry]] = {}
    for layer in (layer for panel in data.panels for layer in panel.layers if layer.name):
        seen.setdefault(_look(layer), list(_entries_of(theme, layer, room)))
    return [entry for found in seen.values() for entry in found]


def _look(layer: Layer) -> object:
    match layer:
        case Field():
            return layer.name, layer.ramp, layer.strength, levels_of(layer)
        case Line():
            return layer.name, layer.ink, layer.dash, layer.mark
        case Points():
            return layer.name, layer.ink, layer.mark
        case Rule():
            return layer.name, layer.ink, layer.dash
        case Band():
            return layer.name, layer.ink
        case _:
            return layer.name, layer.ink, layer.hatch


def _entries_of(theme: Theme, layer: Layer, room: float) -> Iterable[Entry]:
    longest = room - _SAMPLE - _GAP - 2
    if not isinstance(layer, Field):
        return [Entry(layer, fitted(layer.name, NOTE, longest))]
    levels = levels_of(layer)
    ends = [number(level) for level in levels] + ["above" if levels else ""]
    bands = [Entry(layer, end, fill) for end, fill in zip(ends, band_colours(theme, layer), strict=True)]
    if has_holes(layer):
        bands.append(Entry(layer, "NaN", theme.not_finite))
    return [Entry(layer, fitted(f"{layer.name}, up to" if levels else layer.name, NOTE, longest)), *bands]


def legend(theme: Theme, found: list[Entry], left: float, top: float, room: float) -> tuple[str, float]:
    """Return the legend drawn from `left` and `top`, and its height."""
    parts, x, y = [], left, top
    for entry in found:
        if x > left and x + entry.width - 5 > left + room:
            x, y = left, y + _ROW
        parts.append(_drawn(theme, entry, x, y + _ROW / 2))
        x += entry.width
    return tag("g", "".join(parts), class_="legend"), (y + _ROW - top if found else 0.0)


def _drawn(theme: Theme, entry: Entry, x: float, y: float) -> str:
    base = y + 0.35 * NOTE
    if isinstance(entry.layer, Field):
        if not entry.fill:
            return text(entry.words, x, base, NOTE, theme.ink)
        look = {"fill": entry.fill, "fill_opacity": entry.layer.strength, "stroke": theme.line}
        chip = tag("rect", x=x, y=y - 5, width=16, height=10, **look)
        return chip + (text(entry.words, x + 20, base, NOTE, theme.ink) if entry.words else "")
    return swatch(theme, entry.layer, x, y) + text(entry.words, x + _SAMPLE, base, NOTE, theme.ink)
