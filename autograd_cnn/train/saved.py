"""Numbers out of a file that may hold anything."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def count(saved: Mapping[str, Any], name: str) -> int:
    """Return a whole number of at least 0 by its name; raise ValueError for anything else."""
    x = saved[name]
    if not isinstance(x, int) or isinstance(x, bool) or x < 0:
        raise ValueError(f"{name} is {x!r}, expected a count")
    return x


def number(saved: Mapping[str, Any], name: str) -> float:
    """Return a number by its name; raise ValueError for anything else."""
    x = saved[name]
    if not isinstance(x, int | float) or isinstance(x, bool):
        raise ValueError(f"{name} is {x!r}, expected a number")
    return float(x)
