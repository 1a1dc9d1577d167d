"""For every gate: a hypothesis strategy of calls away from its kinks, at which it is tested.

A new gate needs an entry in the file of its family; `test_every_gate.py` fails without one.
"""

from tests.gates.domains import activation, core, loss, normalization, randomness, windows
from tests.gates.domains.calls import SEEDS

FAMILIES = (activation, core, windows, loss, normalization, randomness)

DOMAINS = {name: strategy for family in FAMILIES for name, strategy in family.DOMAINS.items()}

#: Gates that Scalars use: each is tested on floats against arrays.
ON_FLOATS = tuple(name for family in FAMILIES for name in getattr(family, "ON_FLOATS", ()))

__all__ = ["DOMAINS", "FAMILIES", "ON_FLOATS", "SEEDS"]
