"""Title and legend of a circuit, as one HTML-like table: the legend says only what the picture uses."""

from __future__ import annotations

import textwrap
from typing import Any

from viz.diagram import Diagram
from viz.labels import block, cell, room_for, row, table, text
from viz.style import (
    CHECK_MARKS,
    LEGEND,
    LEGEND_EXPONENTS,
    LONGEST_LINE,
    LONGEST_TITLE,
    Theme,
    check_look,
    number,
    whole_points,
)

_GAP = " " * 4
"""Between two signs on one line of a legend."""
_SCALES_ROOM = 520
"""Points that the scales of a legend take at least: shorter lines above and below them fit."""


def header(theme: Theme, diagram: Diagram) -> str:
    """Return title and legend as one table: as the graph's own label it cannot collide with the drawing."""
    key = _scales(theme, diagram.legend)
    across: dict[str, Any] = {"colspan": len(key), "align": "left"}

    def lines(words: str, width: int, color: str, size: float, **settings: Any) -> list[str]:
        bold = size > 12
        wrapped = textwrap.wrap(words, width)[:3]
        rooms = [room_for(x, size, bold=bold) for x in wrapped]  # where the scales below do not make room anyway
        wide = [{"width": room} if room > _SCALES_ROOM else {} for room in rooms]
        return [
            row(cell(text(x, color, size, bold=bold), **across, **settings, **w))
            for x, w in zip(wrapped, wide, strict=True)
        ]

    rows = lines(diagram.title, LONGEST_TITLE, theme.ink, 17)
    rows += lines(diagram.subtitle, LONGEST_LINE, theme.muted, 11)
    rows += [row(cell(**across, height=6)), row(cell(**across, height=1, bgcolor=theme.line))]
    rows += [row(cell(**across, height=4)), row(*key)]
    if any(status in diagram.legend for status in CHECK_MARKS):
        rows.append(row(cell(table(row(*_check_chips(theme, diagram.legend))), **across)))
    for words in (*_legend_lines(diagram.legend), *diagram.facts):
        rows += lines(words, LONGEST_LINE, theme.muted, 9, height=14)
    return table(*rows, row(cell(**across, height=16)))


def _scales(theme: Theme, legend: tuple[str, ...]) -> list[str]:
    """Return the cells of the legend's first line: the two numbers of a wire, and its widths."""
    value, gradient = "value above the wire", "gradient below"
    cells = [
        cell(text(value, theme.value, 10, bold=True), width=room_for(value, 10, bold=True), align="left"),
        cell(width=12),
        cell(text(gradient, theme.gradient, 10, bold=True), width=room_for(gradient, 10, bold=True), align="left"),
        cell(width=12),
        cell(text("width: |gradient|", theme.muted, 9), width=78),
    ]
    for exponent in LEGEND_EXPONENTS:
        bar = table(row(block(28, whole_points(10.0**exponent), bgcolor=theme.wire)))
        cells += [cell(bar, cellpadding=3), cell(text(f"1e{number(exponent)}", theme.muted, 9), width=22)]
    if "zero" in legend:
        cells += [cell(width=12), cell(text(LEGEND["zero"], theme.muted, 9))]
    if "not finite" in legend:
        words = text(LEGEND["not finite"], theme.on_not_finite, 9)
        cells += [cell(width=12), cell(words, bgcolor=theme.not_finite)]
    return cells


def _check_chips(theme: Theme, legend: tuple[str, ...]) -> list[str]:
    """Return what the fills of a gradient check mean, each in its own."""
    chips, taken = [], 0
    for status in CHECK_MARKS:
        if status in legend:
            fill, border, ink = check_look(theme, status)
            width = room_for(LEGEND[status], 9) + 10
            chip = block(width, 18, text(LEGEND[status], ink, 9), bgcolor=fill, border=1, color=border)
            chips += [chip, block(8, 18)]
            taken += width + 8
    return [*chips, cell(width=max(1, _SCALES_ROOM - taken))]  # else the chips would spread


def _legend_lines(legend: tuple[str, ...]) -> list[str]:
    """Return what the signs mean, packed into lines, in the order of the legend's table."""
    packed: list[str] = []
    for key, words in LEGEND.items():
        if key not in legend or key in ("zero", "not finite", *CHECK_MARKS):
            continue
        if packed and len(packed[-1]) + len(_GAP) + len(words) <= LONGEST_LINE:
            packed[-1] += _GAP + words
        else:
            packed.append(words)
    return packed
