"""The words that lines, marks and areas are described by, and how their numbers are checked."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from typing import Any

from autograd_cnn.errors import suggestion
from viz.errors import ChartError

INKS = ("value", "gradient", "ok_text", "saturated", "critical", "ink", "muted", "wire", "dead")
"""The colours of a theme that lines and points may have: blue for values, orange for gradients, and the others."""
DASHES: dict[str, str] = {"solid": "", "dashed": "7 3", "dotted": "1.5 3", "dash-dot": "9 3 2 3", "long": "14 4"}
MARKS = ("circle", "square", "triangle", "diamond", "cross", "plus", "ring")
HATCHES = ("rising", "falling", "dots", "none")
RAMPS = ("value", "gradient", "signed")


def numbers(layer: Any, first: str, same_as: str | None = None) -> None:
    """Make the numbers of a layer plain floats, and check that there are as many of both."""
    for name in filter(None, (first, same_as)):
        object.__setattr__(layer, name, tuple(float(n) for n in getattr(layer, name)))
    if same_as is not None and len(getattr(layer, first)) != len(getattr(layer, same_as)):
        counts = f"{len(getattr(layer, first))} {first} and {len(getattr(layer, same_as))} {same_as}"
        raise ChartError(f"{type(layer).__name__} {layer.name!r}: {counts}, expected as many of both")


def rising(numbers: Sequence[float]) -> bool:
    """Return whether numbers are finite, and each is above the one before."""
    return all(map(math.isfinite, numbers)) and all(one < other for one, other in itertools.pairwise(numbers))


def one_of(kind: str, name: str, setting: str, given: str, known: Any) -> None:
    """Check that a setting is one of the known words."""
    if given not in known:
        choices = ", ".join(map(repr, known))
        raise ChartError(
            f"{kind} {name!r}: {setting}={given!r} is unknown; known: {choices}{suggestion(str(given), tuple(known))}"
        )
