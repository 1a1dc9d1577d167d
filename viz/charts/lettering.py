"""The text of a chart: elements of SVG, and words that are measured, so that they never run into each other."""

from __future__ import annotations

from collections.abc import Iterator
from html import escape
from typing import Any

from viz.labels import plain, room_for
from viz.style import shortened

TITLE, SUBTITLE, HEADING, LABEL, TICK, NOTE = 17.0, 11.0, 11.5, 10.0, 9.0, 9.5
"""Font sizes in points; nothing is smaller than a tick's number."""
_WIDER = 1.08
"""How much wider than Helvetica the font may be that a reader has instead."""


def tag(name: str, content: str = "", /, **attributes: Any) -> str:
    """Return one element; ``_`` in an attribute's name stands for ``-``, and what is None or "" is left out."""
    pairs = "".join(
        f' {key.rstrip("_").replace("_", "-")}="{escape(written(value))}"'
        for key, value in attributes.items()
        if value is not None and value != ""
    )
    return f"<{name}{pairs}>{content}</{name}>" if content else f"<{name}{pairs}/>"


def written(value: object) -> str:
    """Return an attribute's value: a number with two decimals at most."""
    if isinstance(value, float):
        text = f"{value:.2f}".rstrip("0").rstrip(".")
        return "0" if text == "-0" else text
    return plain(value)


def text(words: str, x: float, y: float, size: float, fill: str, *, anchor: str = "start", bold: bool = False) -> str:
    """Return one run of text that stands on the base line `y`."""
    weight = "bold" if bold else None
    at = None if anchor == "start" else anchor
    return tag("text", escape(plain(words)), x=x, y=y, font_size=size, fill=fill, text_anchor=at, font_weight=weight)


def width_of(words: str, size: float, *, bold: bool = False) -> float:
    """Return the points that words take, in a wider font than Helvetica too."""
    return _WIDER * room_for(words, size, bold=bold)


def fitted(words: str, size: float, room: float, *, bold: bool = False) -> str:
    """Return `words`, or their beginning and end, such that they take at most `room` points."""
    words = plain(words)
    low, high = 0, min(len(words), int(room / (0.2 * size)) + 4)  # no letter is narrower
    if width_of(shortened(words, max(high, 4)), size, bold=bold) <= room:
        return shortened(words, max(high, 4))
    while low < high - 1:
        middle = (low + high) // 2
        fits = width_of(shortened(words, middle), size, bold=bold) <= room
        low, high = (middle, high) if fits else (low, middle)
    return shortened(words, low) if low > 1 else "…"


def wrapped(words: str, size: float, room: float, *, most: int = 3, bold: bool = False) -> list[str]:
    """Return `words` on at most `most` lines of `room` points; the last one is shortened if need be."""
    lines: list[str] = []
    left = plain(words).strip()
    while left and len(lines) < most - 1:
        line = _first_line(left, size, room, bold)
        lines.append(line.rstrip())
        left = left[len(line) :].lstrip()
    return [*lines, fitted(left, size, room, bold=bold)] if left else lines


def _first_line(words: str, size: float, room: float, bold: bool) -> str:
    """Return the longest beginning that fits, up to a blank if there is one in its last half."""
    longest = int(room / (0.2 * size)) + 1
    if len(words) <= longest and width_of(words, size, bold=bold) <= room:
        return words
    end = next(i for i in _falling(min(longest, len(words))) if width_of(words[:i], size, bold=bold) <= room or i == 1)
    blank = words.rfind(" ", end // 2, end + 1)
    return words[: blank if blank > 0 else end]


def _falling(longest: int) -> Iterator[int]:
    return iter(range(longest, 0, -1))
