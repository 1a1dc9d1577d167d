"""The parameters of a model, and which of them the loss does not depend on."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from autograd_cnn.errors import ArgumentError
from autograd_cnn.graph import Node
from autograd_cnn.health.network import Network
from autograd_cnn.settings import a_kind


def named_parameters(model: Any) -> dict[str, Node]:
    """Return the parameters of a model, or of an iterable, by name; none for None.

    Raises
    ------
    ArgumentError
        When the model has neither ``named_parameters()`` nor ``parameters()`` and is no iterable of nodes.
    """
    if model is None:
        return {}
    if hasattr(model, "named_parameters"):
        return dict(model.named_parameters())
    found = model.parameters() if hasattr(model, "parameters") else model
    if not isinstance(found, Iterable):
        raise ArgumentError(
            f"health: model is {a_kind(model)}; expected named_parameters(), parameters() or an iterable of Parameter"
        )
    found = list(found)
    if not all(isinstance(p, Node) for p in found):
        raise ArgumentError("health: model holds things that are no Parameter; pass model.parameters()")
    return {p.name or f"parameter {i}": p for i, p in enumerate(found)}


def disconnected(names: Mapping[str, Node], network: Network) -> tuple[str, ...]:
    """Return the names of trainable parameters without a path to the loss."""
    reached = set(network.order)
    return tuple(name for name, p in names.items() if p.requires_grad and p not in reached)
