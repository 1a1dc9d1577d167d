"""Where a node comes from: what nodes that one gate made in one layer have in common."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from autograd_cnn.recording import Recording
    from autograd_cnn.registry import Gate

NO_ATTRIBUTES: dict[str, Any] = {}
"""Shared by all nodes without attributes; nobody writes into a node's attributes."""


class Origin:
    """What a node does not have for itself: most nodes share theirs with others. It is never changed.

    Attributes
    ----------
    gate : Gate or None
        The gate that made the node; None for a leaf.
    attributes : dict
        The gate's attributes, and what its forward saved.
    scope : str
        The layer path.
    name : str or None
        For messages and pictures.
    of_scalars : bool
        Whether the first input is known to be a Scalar, and the second, if any, a Scalar or Python number: what
        backpropagation need not find out again.
    recording : Recording or None
        While it is on, further nodes of the gate may share the origin.
    """

    __slots__ = ("attributes", "gate", "name", "of_scalars", "recording", "scope")

    def __init__(
        self,
        gate: Gate | None,
        scope: str,
        attributes: dict[str, Any] = NO_ATTRIBUTES,
        name: str | None = None,
        of_scalars: bool = False,
        recording: Recording | None = None,
    ) -> None:
        self.gate = gate
        self.scope = scope
        self.attributes = attributes
        self.name = name
        self.of_scalars = of_scalars
        self.recording = recording

    def but(self, **changes: Any) -> Origin:
        """Return an origin that differs in the fields given."""
        same = {"gate": self.gate, "scope": self.scope, "attributes": self.attributes, "name": self.name}
        return Origin(**(same | changes))

    def __reduce__(self) -> tuple[Any, ...]:
        """Let copies and pickles leave the recording behind."""
        return Origin, (self.gate, self.scope, self.attributes, self.name, self.of_scalars)


@lru_cache(maxsize=1024)
def of_leaves(scope: str) -> Origin:
    """Return the origin that leaves without a name share."""
    return Origin(None, scope)
