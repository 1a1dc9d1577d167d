"""One panel of a chart: axes with their numbers, and everything that stands over them."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

from viz.charts.areas import Field
from viz.charts.data import Panel
from viz.charts.layers import drawn, height, marks
from viz.charts.lettering import HEADING, LABEL, NOTE, TICK, fitted, tag, text, width_of, wrapped
from viz.charts.scales import MARGIN, Scale, numbers_of, scale, ticks
from viz.style import LONGEST_NAME, Theme, shortened

_HEADING_ROW, _LABEL_ROW, _TICK_ROW, _NOTE_ROW = 18.0, 15.0, 15.0, 13.0
_MOST_NOTES = 4


@dataclass(frozen=True)
class Frame:
    """Where a panel's plot stands, in points; `gutter` is the room to its left."""

    left: float
    top: float
    width: float
    height: float
    gutter: float

    @property
    def bottom(self) -> float:
        """Where the x axis runs."""
        return self.top + self.height

    @property
    def block(self) -> float:
        """From the left end of the numbers to the right end of the plot."""
        return self.gutter + self.width


def scales(panel: Panel, frame: Frame) -> tuple[Scale, Scale]:
    """Return where the numbers of both axes stand."""
    margin = 0.0 if any(isinstance(layer, Field) for layer in panel.layers) else MARGIN  # a field fills its plot
    x = scale(panel.x, numbers_of(panel, "x"), frame.left, frame.left + frame.width, margin)
    return x, scale(panel.y, numbers_of(panel, "y"), frame.bottom, frame.top, margin)


def gutter(panel: Panel, size: tuple[float, float]) -> float:
    """Return the room that the numbers of the y axis need."""
    words = [words for _, words in y_ticks(panel, Frame(0, 0, *size, 0))]
    return 10.0 + max((width_of(w, TICK) for w in words), default=0.0)


def overhang(panel: Panel, size: tuple[float, float]) -> float:
    """Return how far the last number of the x axis reaches beyond the plot."""
    reach = [at + width_of(words, TICK) / 2 - size[0] for at, words in x_ticks(panel, Frame(0, 0, *size, 0))]
    return max(0.0, *reach, 0.0)


def x_ticks(panel: Panel, frame: Frame) -> list[tuple[float, str]]:
    """Return (place, words) along the x axis: as many as stand apart."""
    laid, _ = scales(panel, frame)
    found: list[tuple[float, str]] = []
    for most in range(max(2, int(frame.width / 45)), 0, -1):
        found = [(laid.place(n), shortened(words, LONGEST_NAME)) for n, words in ticks(panel.x, laid, most)]
        found = _every(found, most)
        middles = [(_inside(at, words, frame), width_of(words, TICK) / 2) for at, words in found]
        ends = [(middle - half, middle + half) for middle, half in middles]
        if all(one[1] + 6 <= other[0] for one, other in itertools.pairwise(ends)):
            break
    return [(at, fitted(words, TICK, frame.width)) for at, words in found]


def y_ticks(panel: Panel, frame: Frame) -> list[tuple[float, str]]:
    """Return (place, words) along the y axis: as many as stand apart."""
    _, laid = scales(panel, frame)
    most = max(2, int(frame.height / 24))
    found = [(laid.place(n), shortened(words, LONGEST_NAME)) for n, words in ticks(panel.y, laid, most)]
    return _apart(found, 1.4 * TICK)


def _every(found: list[tuple[float, str]], most: int) -> list[tuple[float, str]]:
    return found[:: -(-len(found) // most)] if found else found


def _apart(found: list[tuple[float, str]], least: float) -> list[tuple[float, str]]:
    kept: list[tuple[float, str]] = []
    for at, words in sorted(found, key=lambda tick: tick[0], reverse=True):
        if not kept or kept[-1][0] - at >= least:
            kept.append((at, words))
    return kept


def heading_height(panels: Sequence[Panel]) -> float:
    """Return the room above the plots of one row of panels."""
    return _LABEL_ROW + 6 + (_HEADING_ROW if any(panel.title for panel in panels) else 0)


def footing_height(panels: Sequence[Panel], frame: Frame) -> float:
    """Return the room below the plots of one row of panels."""
    lines = max(len(_notes(panel, frame)) for panel in panels)
    return _TICK_ROW + _LABEL_ROW + 5 + lines * _NOTE_ROW + (4 if lines else 0)


def _notes(panel: Panel, frame: Frame) -> list[str]:
    return [line for note in panel.notes for line in wrapped(note, NOTE, frame.block, most=_MOST_NOTES)]


def draw(theme: Theme, panel: Panel, frame: Frame, clip: str) -> str:
    """Return one panel; `clip` is the id of its plot's outline."""
    x, y = scales(panel, frame)
    box = {"x": frame.left, "y": frame.top, "width": frame.width, "height": frame.height}
    outline = tag("clipPath", tag("rect", **box), id=clip)
    ground = tag("rect", **box, fill=theme.idle_tint)
    layers = "".join(drawn(theme, layer, x, y) for layer in sorted(panel.layers, key=height))
    border = tag("rect", **box, fill="none", stroke=theme.wire)
    inside = tag("g", _grid(theme, panel, frame) + layers, clip_path=f"url(#{clip})")
    on_top = "".join(marks(theme, layer, x, y) for layer in panel.layers)
    return tag("g", outline + ground + inside + border + on_top + _words(theme, panel, frame), class_="panel")


def _grid(theme: Theme, panel: Panel, frame: Frame) -> str:
    across = "".join(f"M{frame.left:.2f} {at:.2f}h{frame.width:.2f}" for at, _ in y_ticks(panel, frame))
    up = "".join(f"M{at:.2f} {frame.top:.2f}v{frame.height:.2f}" for at, _ in x_ticks(panel, frame))
    return tag("path", d=across + up, stroke=theme.line, stroke_width=0.6, fill="none") if across + up else ""


def _words(theme: Theme, panel: Panel, frame: Frame) -> str:
    """Return title, names and numbers of the axes, and notes: each on a line of its own."""
    start, label_line = frame.left - frame.gutter, frame.top - 9
    parts = [text(fitted(panel.y.label, LABEL, frame.block), start, label_line, LABEL, theme.muted)]
    if panel.title:
        title = fitted(panel.title, HEADING, frame.block, bold=True)
        parts.append(text(title, start, label_line - _LABEL_ROW, HEADING, theme.ink, bold=True))
    parts += [
        text(w, frame.left - 6, at + 0.35 * TICK, TICK, theme.ink, anchor="end") for at, w in y_ticks(panel, frame)
    ]
    below = frame.bottom + _TICK_ROW - 2
    parts += [
        text(w, _inside(at, w, frame), below, TICK, theme.ink, anchor="middle") for at, w in x_ticks(panel, frame)
    ]
    below += _LABEL_ROW
    middle = frame.left + frame.width / 2
    parts.append(text(fitted(panel.x.label, LABEL, frame.width), middle, below, LABEL, theme.muted, anchor="middle"))
    for i, line in enumerate(_notes(panel, frame)):
        parts.append(text(line, start, below + 4 + (i + 1) * _NOTE_ROW, NOTE, theme.muted))
    return "".join(parts)


def _inside(at: float, words: str, frame: Frame) -> float:
    """Return where the middle of a number on the x axis goes, so that its beginning stays in the block."""
    return max(at, frame.left - frame.gutter + width_of(words, TICK) / 2)
