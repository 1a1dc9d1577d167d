"""The units of a layer as a bar, drawn to scale: how many are active, saturated, starved, silent and dead."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from autograd_cnn.health.report import Units
from viz.labels import block, room_for, row, table, text
from viz.style import Theme

STATES = ("active", "saturated", "starved", "silent", "dead")
_SMALLEST_SEGMENT = 3  # so that one dead unit of a thousand still shows


def unit_counts(units: Units) -> dict[str, int]:
    """Return how many units are in each state; the order is the order in the bar."""
    return {state: units.active if state == "active" else len(getattr(units, state)) for state in STATES}


def segment_look(theme: Theme, state: str) -> dict[str, Any]:
    """Return fill and border of one state of units: dead is dashed, so that it shows without colour."""
    fill = {"active": theme.ok_soft, "saturated": theme.saturated, "starved": theme.warning_soft}
    look: dict[str, Any] = {"bgcolor": fill.get(state, theme.idle_tint)}
    if state in ("starved", "silent", "dead"):
        look |= {"border": 1, "color": theme.dead, "style": "dashed" if state == "dead" else "solid"}
    return look


def units_bar(theme: Theme, units: Units, total: int, height: int) -> str:
    """Return the shares of units, drawn to scale, each named where there is room."""
    counts = {state: n for state, n in unit_counts(units).items() if n > 0}
    widths = to_scale(list(counts.values()), total)
    cells = []
    for (state, n), width in zip(counts.items(), widths, strict=True):
        words = (
            next((w for w in (f"{n} {state}", str(n)) if room_for(w, 9, bold=True) < width - 4), "")
            if height > 10
            else ""
        )
        ink = theme.on_saturated if state == "saturated" else theme.ink
        cells.append(
            block(width, height, text(words, ink, 9, bold=True), valign="bottom", **segment_look(theme, state))
        )
    return table(row(*cells)) if cells else table(row(block(total, height)))


def to_scale(counts: Sequence[float], total: int) -> list[int]:
    """Return whole points that add up to `total`; the smallest share is seen too, at the cost of the largest."""
    widths = [max(_SMALLEST_SEGMENT, round(total * n / sum(counts))) for n in counts]
    if widths:
        widths[max(range(len(counts)), key=counts.__getitem__)] += total - sum(widths)
    return widths
