"""How much of a call a monitor sees."""

from __future__ import annotations

from enum import IntEnum


class Look(IntEnum):
    """What of a recorded graph is there to be seen, from nothing to all: the less, the more gates are fused.

    ``COUNTS`` fuses as ``NOTHING`` does, and native instructions count what the values and gradients come to that no
    array holds; ``ARRAYS`` keeps them.
    """

    NOTHING = 0
    COUNTS = 1
    ARRAYS = 2
