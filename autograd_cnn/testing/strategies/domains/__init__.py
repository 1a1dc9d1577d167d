"""For every gate: a strategy of calls inside its domain and away from its kinks, at which it is tested.

A new gate of the package needs an entry in the file of its family; `tests/test_every_gate.py` fails without one.
"""

from __future__ import annotations

from hypothesis import strategies as st

from autograd_cnn.testing.call import Call
from autograd_cnn.testing.strategies.domains import activation, core, loss, normalization, randomness, windows

FAMILIES = (activation, core, windows, loss, normalization, randomness)

DOMAINS: dict[str, st.SearchStrategy[Call]] = {
    name: strategy for family in FAMILIES for name, strategy in family.DOMAINS.items()
}

ON_FLOATS: tuple[str, ...] = tuple(name for family in FAMILIES for name in getattr(family, "ON_FLOATS", ()))
"""Gates that Scalars use: each is tested on floats against arrays."""

__all__ = ["DOMAINS", "FAMILIES", "ON_FLOATS"]
