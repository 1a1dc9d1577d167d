"""One call of a gate: inputs, attributes, and the slots that receive gradients."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Call:
    """One call of a gate.

    Attributes
    ----------
    inputs : tuple of ndarray
        One array per input slot.
    attributes : dict
        The gate's attributes; those that are missing have their defaults.
    differentiable : tuple of int
        The slots that receive gradients.
    """

    inputs: tuple[Any, ...]
    attributes: dict[str, Any] = field(default_factory=dict)
    differentiable: tuple[int, ...] = (0,)
