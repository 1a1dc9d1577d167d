"""When each unit died, starved or saturated: as data for a raster, and in words."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from autograd_cnn.health.lives import STATES, Spell
from autograd_cnn.health.report import Layer
from viz.page import text_of
from viz.timelines import Course

_MOST_LINES = 12
_MOST_IDS = 24
_BECAME = {"dead": "died", "starved": "starved", "saturated": "saturated"}


def lives_data(course: Course) -> list[dict[str, Any]]:
    """Return, for each layer with units, their number and [unit, state, since, until] of each spell; -1 is no end."""
    found = []
    for layer in course.last.layers:
        if layer.units is None:
            continue
        spells = course.timeline.spells.get(layer.name, ())
        rows = [[s.unit, STATES.index(s.state), s.since, -1 if s.until is None else s.until] for s in spells]
        summary, _ = _told(course, layer, spells)
        found.append({"layer": layer.name, "units": layer.units.count, "spells": rows, "summary": summary})
    return found


def lives_words(course: Course) -> str:
    """Return the same in words as HTML: per layer a line, which opens to the steps one by one."""
    items = []
    for layer in course.last.layers:
        spells = course.timeline.spells.get(layer.name, ())
        if layer.units is None or not spells:
            continue
        summary, lines = _told(course, layer, spells)
        inner = "".join(f"<li>{text_of(line)}</li>" for line in lines)
        head = f"<strong>{text_of(layer.name)}</strong>: {text_of(summary)}"
        items.append(f"<details><summary>{head}</summary><ul>{inner}</ul></details>")
    return "\n".join(items)


def _told(course: Course, layer: Layer, spells: Sequence[Spell]) -> tuple[str, list[str]]:
    """Return one line about a layer's units, and one for each step at which something happened to them."""
    count = 0 if layer.units is None else layer.units.count
    parts, lines = [], []
    unwell = {spell.unit for spell in spells if spell.until is None}
    for state in STATES:
        mine = [spell for spell in spells if spell.state == state]
        now = sum(spell.until is None for spell in mine)
        if not mine:
            continue
        begun = sorted(spell.since for spell in mine if spell.until is None) or sorted(s.since for s in mine)
        words = f"{now} of {count} {state} at the end" if now else f"none of {count} {state} at the end"
        if now:
            words += f", the first since {course.when(begun[0])}"
            words += f", half of them by {course.when(begun[(now - 1) // 2])}" if now > 1 else ""
        reborn = len({spell.unit for spell in mine} - unwell)  # each once, however often
        parts.append(words + (f"; {reborn} recovered on the way" if reborn else ""))
        lines += _lines(course, state, mine)
    more = len(lines) - _MOST_LINES
    shown = lines if more <= 0 else [*lines[:_MOST_LINES], f"and {more} more lines like these"]
    return "; ".join(parts) or f"none of {count} ever dead, starved or saturated", shown


def _lines(course: Course, state: str, spells: Sequence[Spell]) -> list[str]:
    begun: dict[int, list[int]] = {}
    ended: dict[int, list[int]] = {}
    for spell in spells:
        begun.setdefault(spell.since, []).append(spell.unit)
        if spell.until is not None:
            ended.setdefault(spell.until, []).append(spell.unit)
    lines = [(step, f"{course.when(step)}: {_BECAME[state]}: {_ids(units)}") for step, units in begun.items()]
    lines += [(step, f"{course.when(step)}: no longer {state}: {_ids(units)}") for step, units in ended.items()]
    return [line for _, line in sorted(lines)]


def _ids(units: Iterable[int]) -> str:
    ids = sorted(units)
    more = f" and {len(ids) - _MOST_IDS} more" if len(ids) > _MOST_IDS else ""
    return f"unit{'s' * (len(ids) > 1)} {', '.join(map(str, ids[:_MOST_IDS]))}{more}"
