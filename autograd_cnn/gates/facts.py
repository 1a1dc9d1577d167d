"""What a gate's docstring teaches: its lesson, and the facts below it."""

from __future__ import annotations

import inspect
import re

from autograd_cnn.registry import Gate

NAMES = ("Formula", "Local gradient", "Kink")
"""The facts, by their names."""
PATTERN = r"^{}: (.+?)(?=\n\S[\w ]*: |\n\n|\Z)"
"""How a fact is written, of the name given."""


def fact(gate: Gate, name: str) -> str:
    """Return what a gate's docstring says behind ``Formula:``, ``Local gradient:`` or ``Kink:``; or ""."""
    found = re.search(PATTERN.format(name), inspect.getdoc(gate.forward) or "", re.M | re.S)
    return " ".join(found[1].split()) if found else ""


def lesson(gate: Gate) -> str:
    """Return the first line of a gate's docstring, such as "Switcher: each input receives ..."; or ""."""
    return (inspect.getdoc(gate.forward) or "").split("\n")[0]


def title(gate: Gate) -> str:
    """Return symbol and name, ``× multiply``; the name alone where the symbol is the name."""
    return gate.name if gate.symbol == gate.name else f"{gate.symbol} {gate.name}"
