"""The card of one layer: its numbers, its units to scale, and where its gradients lie.

Every card has the same width and the same axes, so that a column of cards compares at a glance.
"""

from __future__ import annotations

import math
from itertools import pairwise

from autograd_cnn.health.report import Distribution, Layer, Thresholds, Units
from autograd_cnn.health.verdicts import Verdict, verdict
from autograd_cnn.health.wording import brief, counted, decades, extent, number, share, tiny
from viz.labels import NARROWEST, block, cell, histogram, plain, room_for, row, slot, table, text
from viz.style import MARKS, Theme, shortened
from viz.unit_bars import unit_counts, units_bar

WIDTH = 424
"""Points across a card; every row below adds up to it."""
COMPACT_WIDTH = 250
_NUMBERS = 142  # the column of numbers, and above it the verdict
_LEFT = 92  # what stands before a bar
_CHART = 126
_CHART_HEIGHT = 30
_GAUGE_LOG10 = (-6.0, 0.0)


def fitted(words: str, points: float, size: float, *, bold: bool = True) -> str:
    """Return `words`, with so much of the middle left out that `points` hold them in type of `size`."""
    words = plain(words)
    longest = min(len(words), int(points / (NARROWEST * size)) + 2)  # more never fit, however narrow they are
    while longest > 2 and room_for(shortened(words, longest), size, bold=bold) > points:
        longest -= 1
    return shortened(words, longest)


def card(theme: Theme, layer: Layer, name: str, thresholds: Thresholds) -> str:
    """Return the label of a layer: all that is known about it, or two lines where there is little to know."""
    said = verdict(layer)
    head = row(
        _words(theme.ink, name, WIDTH - _NUMBERS, 20, 14, bold=True),
        cell(_pill(theme, said, _NUMBERS), width=_NUMBERS, align="left", **slot(theme.name, "pill", "pill")),
    )
    rows = [row(cell(table(head), align="left")), row(_words(theme.muted, sizes(layer), WIDTH, 15, 10))]
    if said.also:
        named = slot(theme.name, "also")
        rows.append(row(_words(theme.ink, "also " + ", ".join(said.also), WIDTH, 14, 10, named=named)))
    if layer.units is not None:
        rows += [_gap(4), row(cell(_units_row(theme, layer.units), align="left"))]
    if layer.update_ratio is not None:
        rows += [_gap(5), row(cell(_update_row(theme, layer.update_ratio, thresholds), align="left"))]
    if not is_slim(layer):
        rows += [_gap(4), row(cell(_charts(theme, layer), align="left"))]
    return table(*rows)


def is_slim(layer: Layer) -> bool:
    """Return whether two lines say enough: layers that only move numbers, such as pools and reshapes."""
    return not (layer.parameters or layer.units or layer.findings or verdict(layer).status != "ok")


def compact_card(theme: Theme, layer: Layer, name: str, thresholds: Thresholds) -> str:
    """Return the small label, for pictures where the wiring is the subject."""
    said = verdict(layer)
    width = COMPACT_WIDTH
    marked = f"{MARKS[said.status]} {name}"
    rows = [row(_words(theme.ink, marked, width, 18, 12.5, bold=True, named=slot(theme.name, "name")))]
    rows.append(row(_words(theme.muted, sizes(layer, with_input=False), width, 13, 9.5)))
    if said.status != "ok":
        words = ", ".join((said.words, *said.also))
        rows.append(row(_words(theme.ink, words, width, 13, 9.5, bold=True, named=slot(theme.name, "also"))))
    notes = [] if layer.attenuation is None else [_decades_words(layer.attenuation)]
    notes += [f"update {tiny(layer.update_ratio)}"] if layer.update_ratio is not None else []
    if layer.units is not None:
        notes.append(", ".join(f"{n} {kind}" for kind, n in unit_counts(layer.units).items() if n))
    if notes:
        rows.append(row(_words(theme.muted, "   ·   ".join(notes), width, 13, 9.5, named=slot(theme.name, "notes"))))
    if layer.units is not None:
        named = slot(theme.name, "units", "bar")
        rows += [_gap(3), row(cell(units_bar(theme, layer.units, width, 5), align="left", **named))]
    return table(*rows)


def sizes(layer: Layer, *, with_input: bool = True) -> str:
    """Return what the layer is, its shapes, and how many numbers it learns."""
    before = f"{extent(layer.input_shape)} → " if with_input else ""
    words = f"{shortened(plain(layer.kind), 44 if with_input else 24)}   ·   {before}{extent(layer.output_shape)}"
    if layer.parameters:
        words += f"   ·   {counted(layer.parameters, 'parameter')}"
    return words


def _words(
    color: str,
    words: str,
    width: int,
    height: int,
    size: float,
    *,
    bold: bool = False,
    named: dict[str, str] | None = None,
) -> str:
    """Return a cell of text at its left: shortened to fit, yet free to grow where the fonts are wider."""
    content = text(fitted(words, width, size, bold=bold), color, size, bold=bold)
    return cell(content, width=width, height=height, align="left", **(named or {}))


def _gap(height: int) -> str:
    return row(cell(height=height))


def _pill(theme: Theme, said: Verdict, width: int) -> str:
    """Loud only when something is wrong: a healthy layer gets words without a fill."""
    words = fitted(f"{MARKS[said.status]} {said.words}", width - 6, 10.5)
    if said.status == "ok":
        return table(row(cell(text(words, theme.ok_text, 10.5, bold=True), height=20, width=width, align="left")))
    fill, ink = getattr(theme, said.status), getattr(theme, "on_" + said.status)
    line = row(cell(text(words, ink, 10.5, bold=True), height=20, width=width, valign="bottom"))
    return table(line, bgcolor=fill, style="rounded", cellpadding=2)


def _units_row(theme: Theme, units: Units) -> str:
    words = counted(units.count, "unit")
    bar = cell(units_bar(theme, units, WIDTH - _LEFT, 16), **slot(theme.name, "units", "bar"))
    return table(row(_words(theme.muted, words, _LEFT, 16, 10), bar))


def _update_row(theme: Theme, update: float, thresholds: Thresholds) -> str:
    healthy = thresholds.update_ratio[0] <= update <= thresholds.update_ratio[1]
    words = _figure(
        theme, f"update {tiny(update)}", update, theme.muted if healthy else theme.ink, 10, bold=not healthy
    )
    label = cell(words, width=_LEFT, height=14, align="left", **slot(theme.name, "update"))
    return table(row(label, cell(_gauge(theme, update, thresholds), **slot(theme.name, "gauge", "bar"))))


def _gauge(theme: Theme, update: float, thresholds: Thresholds) -> str:
    """Return the update ratio's mark on a log axis; the bands are critical, warning, healthy, warning, critical."""
    total = WIDTH - _LEFT

    def at(ratio: float) -> int:
        low, high = _GAUGE_LOG10
        exponent = math.log10(ratio) if ratio > 0 else low
        return round(total * (min(max(exponent, low), high) - low) / (high - low))

    edges = (thresholds.update_ratio_critical[0], *thresholds.update_ratio, thresholds.update_ratio_critical[1])
    bands = sorted(map(at, edges))
    fills = (theme.critical_soft, theme.warning_soft, theme.ok_soft, theme.warning_soft, theme.critical_soft)
    marks = [min(max(at(update) + d, 0 if d < 0 else 4), total - 4 if d < 0 else total) for d in (-2, 2)]
    marks = marks if math.isfinite(update) or update == math.inf else []
    cuts = sorted({0, total, *bands, *marks})
    cells = []
    for low, high in pairwise(cuts):
        marked = marks and marks[0] <= low and high <= marks[1]
        fill = theme.ink if marked else fills[sum(edge <= low for edge in bands)]
        cells.append(block(high - low, 14, bgcolor=fill))
    return table(row(*cells))


def _figure(theme: Theme, words: str, x: float | None, color: str, size: float, *, bold: bool = True) -> str:
    """Return a number, or NaN and infinity as black and yellow."""
    if x is None or math.isfinite(x):
        return text(words, color, size, bold=bold)
    content = text(words, theme.on_not_finite, size, bold=True)
    return table(row(cell(content, bgcolor=theme.not_finite, height=14, valign="bottom")))


def _charts(theme: Theme, layer: Layer) -> str:
    """Return both histograms over their axes, and the column of numbers."""
    values, gradients = layer.activation, layer.gradient
    columns = [_chart(theme, values, ("activation", "zeros"), (number(values.low, ".2g"), number(values.high, ".2g")))]
    if gradients is not None:
        low, high = (f"1e{number(end, '.3g')}" for end in (gradients.low, gradients.high))
        columns.append(_chart(theme, gradients, ("|gradient|, log", "exactly 0"), (f"≤ {low}", high)))
    else:
        height = _CHART_HEIGHT + 24
        columns.append(cell(text("no gradient", theme.muted, 8.5), width=_CHART, height=height, align="left"))
    return table(row(*(c + cell(width=15) for c in columns), cell(_numbers(theme, layer), valign="middle")))


def _chart(theme: Theme, shown: Distribution, words: tuple[str, str], ends: tuple[str, str]) -> str:
    """Return one histogram between its heading and the ends of its axis."""
    zeros = f"{share(shown.zeros)} {words[1]}" if shown.zeros else ""
    what, color = ("value", theme.value_bar) if words[0] == "activation" else ("gradient", theme.gradient_bar)
    columns = _histogram(shown, color, theme.line)
    return cell(
        table(
            row(cell(_at_both_ends(theme, words[0], zeros, ("", f"{what}-zeros")))),
            row(cell(columns, **slot(theme.name, f"{what}-columns", "columns"))),
            row(cell(_at_both_ends(theme, *ends, (f"{what}-low", f"{what}-high")))),
        )
    )


def _at_both_ends(theme: Theme, left: str, right: str, slots: tuple[str, str]) -> str:
    halves = (
        cell(
            text(words, theme.muted, 8.5),
            width=_CHART // 2,
            height=12,
            align=align,
            **(slot(theme.name, name, align) if name else {}),
        )
        for words, align, name in ((left, "left", slots[0]), (right, "right", slots[1]))
    )
    return table(row(*halves))


def _histogram(shown: Distribution, color: str, base: str) -> str:
    """Return the columns, neighbours added up when there are more than two points can show."""
    step = math.ceil(max(len(shown.counts), 1) / (_CHART // 2))
    counts = [sum(shown.counts[i : i + step]) for i in range(0, len(shown.counts), step)] or [0]
    return histogram(counts, _CHART // len(counts), _CHART_HEIGHT, color, base)


def _decades_words(x: float | None) -> str:
    return decades(x) if x is None else f"{decades(x)} dec"


def _numbers(theme: Theme, layer: Layer) -> str:
    gradient = layer.gradient.rms if layer.gradient else None
    rows = (
        ("gradient RMS", tiny(gradient), gradient, theme.gradient),
        ("attenuation", _decades_words(layer.attenuation), layer.attenuation, theme.ink),
        ("activation RMS", brief(layer.activation.rms), layer.activation.rms, theme.value),
    )
    # at the left: SVG text starts at a computed x, so a wider font overflows to the right
    return table(
        *(
            row(
                cell(text(name, theme.muted, 9.5), width=_NUMBERS - 66, height=15, align="left"),
                cell(_figure(theme, words, x, color, 11), width=66, height=15, align="left", **_named(theme, name)),
            )
            for name, words, x, color in rows
        )
    )


def _named(theme: Theme, number_name: str) -> dict[str, str]:
    return slot(theme.name, number_name.replace(" ", "-"))
