"""The HTML-like table language of Graphviz labels, and the statements of DOT.

Everything that users can name passes through `text` or `quote`, so it is always just text.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from functools import lru_cache
from html import escape
from typing import Any
from xml.etree import ElementTree

from viz.errors import LabelError

_INVISIBLE = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff\ufeff\ufffe\uffff]")

NARROWEST = 0.32
"""Width of the narrowest letters, in type sizes."""
_NARROW_LETTERS = frozenset(" !'(),-./:;I[]`fijlrt|·")
_LONGEST_STRING = 2000
"""Characters of a quoted string; escaped they take up to five bytes each."""
_WIDE_LETTERS, _WIDE = frozenset("%@GMOQWmw…—"), 0.88


def _visible(match: re.Match[str]) -> str:
    code = ord(match[0])
    if match[0] in "\n\r\u2028\u2029\x85":
        return "↵"
    if code < 0x20:
        return chr(0x2400 + code)  # Unicode has a picture of each control character
    return "␡" if code == 0x7F else "\N{REPLACEMENT CHARACTER}"


def plain(words: object) -> str:
    """Return `words` on one line, with what XML cannot hold or a reader cannot see made visible."""
    return _INVISIBLE.sub(_visible, str(words))


def escaped(words: object) -> str:
    r"""Return `words` as text of an HTML-like label: visible, escaped, spaces kept, ``\G`` no escape."""
    return str(words) if type(words) is int else _escaped(str(words))


@lru_cache(4096)  # the same few sizes, colours and words over and over
def _escaped(words: str) -> str:
    return re.sub(" (?= )|^ | $", "&#160;", escape(plain(words))).replace("\\", "\\\\")


def attributes(pairs: dict[str, Any]) -> str:
    """Return ``NAME="value"`` for every pair that is not None; a trailing underscore is dropped."""
    return "".join(f' {k.rstrip("_").upper()}="{escaped(v)}"' for k, v in pairs.items() if v is not None)


def text(words: object, color: str | None = None, size: float | None = None, *, bold: bool = False) -> str:
    """Return one run of text. Two runs in one cell collide when a font is missing: one run per cell."""
    content = escaped(words)
    if not content:  # an empty <FONT> is a syntax error in Graphviz
        return ""
    content = f"<B>{content}</B>" if bold else content
    font = attributes({"color": color, "point_size": size}).replace("POINT_SIZE", "POINT-SIZE")
    return f"<FONT{font}>{content}</FONT>" if font else content


def room_for(words: object, size: float, *, bold: bool = False) -> int:
    """Return how many points `words` need in Helvetica, rounded up.

    Minimum widths make labels fit where Graphviz measures too little: without fonts it guesses, and
    takes bold for regular; with hinted fonts it rounds each letter.
    """
    ems = sum(NARROWEST if c in _NARROW_LETTERS else _WIDE if c in _WIDE_LETTERS else _em(c) for c in plain(words))
    return math.ceil(ems * size * (1.07 if bold else 1.0))


def _em(character: str) -> float:
    return 1.0 if ord(character) >= 0x2E80 else 0.72 if character.isupper() or character == "&" else 0.57


FROZEN = "frozen"
"""The theme of a layout that is drawn once and then shows many steps: its changeable cells are named."""


SLOT = "#fd005a"
"""The fill of a named cell: no theme has this colour. It shows where the cell is, and is painted over."""


def slot(theme: str, name: str, kind: str = "left") -> dict[str, str]:
    """Return the settings that name a changeable cell, in a theme that wants it.

    The kind is ``left`` or ``right`` for words, ``pill``, ``bar`` (blocks side by side) or ``columns`` (a histogram).
    Graphviz writes the name of a cell only where it has a target and a tooltip, as links have.
    """
    if theme != FROZEN:
        return {}
    return {"id": f"slot-{name}", "target": f"slot-{kind}", "tooltip": name, "bgcolor": SLOT}


def cell(content: str = "", **settings: Any) -> str:
    """Return one cell of a row; `settings` are Graphviz's (``align="left"``, ``height=18`` ...)."""
    return f"<TD{attributes(settings)}>{content}</TD>"


def block(width: int, height: int, content: str = "", **settings: Any) -> str:
    """Return a cell that never grows: the unit of bars, gauges and histograms."""
    return cell(content, fixedsize="TRUE", width=width, height=height, **settings)


def row(*cells: str) -> str:
    """Return one row of a table."""
    return f"<TR>{''.join(cells)}</TR>"


def table(*rows: str, **settings: Any) -> str:
    """Return a table without borders, spacing or padding, unless `settings` say otherwise."""
    bare: dict[str, Any] = {"border": 0, "cellborder": 0, "cellspacing": 0, "cellpadding": 0}
    return f"<TABLE{attributes(bare | settings)}>{''.join(rows)}</TABLE>"


def histogram(counts: list[int], bin_width: int, height: int, color: str, base: str) -> str:
    """Return columns standing on a base line, one per count; every non-zero count shows.

    A column is a blank cell over a filled one, because Graphviz centres nested tables however they
    are aligned.
    """
    highest = max(*counts, 1)
    heights = [max(1, round(height * count / highest)) if count else 0 for count in counts]
    columns = (_column(filled, bin_width, height, color) for filled in heights)
    return table(row(*columns), row(cell(colspan=len(counts), height=1, bgcolor=base)))


@lru_cache(4096)  # a report of many steps draws the same few columns many thousand times
def _column(filled: int, width: int, height: int, color: str) -> str:
    blank = row(block(width - 1, height - filled)) if filled < height else ""
    bar = row(block(width - 1, filled, bgcolor=color)) if filled else ""
    return cell(table(blank, bar), width=width, align="left")


def quote(words: object) -> str:
    r"""Return `words` as a DOT string that means just this text.

    Graphviz would read ``\N`` or ``\l`` as an escape and ``&amp;`` as an entity.
    """
    content = plain(words).replace("\\", "\\\\").replace('"', '\\"').replace("&", "&amp;")
    return f'"{content}"'


def statement(target: str, html: str | None = None, **settings: Any) -> str:
    """Return one DOT statement about a node, an edge or the graph; `html` becomes its label.

    A trailing underscore is dropped (``class_``); settings that are None are left out.
    """
    if "tooltip" in settings and settings["tooltip"] is not None:  # Graphviz unescapes tooltips twice
        settings["tooltip"] = _bounded(plain(settings["tooltip"])).replace("\\", "\\\\")
    parts = [f"{k.rstrip('_')}={quote(v)}" for k, v in settings.items() if v is not None]
    if html is not None:
        parts.insert(0, f"label=<{html}>" if html else 'label=""')
    return f"{target} [{' '.join(parts)}];" if parts else f"{target};"


def _bounded(words: str) -> str:
    """Return `words` without their middle, where they are longer than Graphviz reads: 16,384 bytes of a string."""
    if len(words) <= _LONGEST_STRING:
        return words
    return f"{words[: _LONGEST_STRING // 2]}…{words[-_LONGEST_STRING // 2 :]}"


def check_labels(dot: str) -> None:
    """Parse every HTML-like label of `dot` as XML.

    Raises
    ------
    LabelError
        For the first one that is malformed; some Graphviz versions would drop it without a word.
    """
    for label in html_labels(dot):
        try:
            ElementTree.fromstring(f"<LABEL>{label}</LABEL>".replace("&nbsp;", "&#160;"))
        except ElementTree.ParseError as error:
            raise LabelError(
                f"malformed HTML-like label ({error}): {label[:80]!r}; escape names with viz.labels.text"
            ) from None


def html_labels(dot: str) -> Iterator[str]:
    """Yield what stands between ``<`` and its closing ``>`` outside of quoted strings."""
    pieces = re.compile(r'"(?:[^"\\]|\\.)*"|[<>]', re.DOTALL)
    position = 0
    while found := pieces.search(dot, position):
        position = found.end()
        if found[0] != "<":  # a quoted string, or the > of an arrow
            continue
        depth, start = 1, position
        while depth:
            bracket = re.compile("[<>]").search(dot, position)
            if bracket is None:
                raise LabelError(f"an HTML-like label never ends: {dot[start : start + 80]!r}")
            depth += 1 if bracket[0] == "<" else -1
            position = bracket.end()
        yield dot[start : position - 1]
