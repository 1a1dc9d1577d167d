"""A gate by its name."""

from __future__ import annotations

from autograd_cnn.errors import UnknownNameError, suggestion
from autograd_cnn.registry import GATES, Gate


def gate_named(gate: str | Gate, asked_by: str) -> Gate:
    """Return the gate of that name, or the gate itself.

    Raises
    ------
    UnknownNameError
        For a gate that does not exist.
    """
    name = gate.name if isinstance(gate, Gate) else gate
    if name not in GATES:
        raise UnknownNameError(f"{asked_by}: no gate is called {name!r}{suggestion(name, GATES)}")
    return GATES[name]
