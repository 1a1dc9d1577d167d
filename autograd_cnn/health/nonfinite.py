"""Find where NaN or infinity came into a network."""

from __future__ import annotations

import numpy as np

from autograd_cnn.graph import Node, Parameter, describe
from autograd_cnn.health.grouping import Group
from autograd_cnn.health.measures import is_finite
from autograd_cnn.health.network import Gradients, Network
from autograd_cnn.health.report import Finding


def first_non_finite(network: Network, gradients: Gradients, step: int) -> Finding | None:
    """Return a finding about the first node whose value, or else whose gradient, is not finite.

    Values are searched forward, gradients backward, each in the order they were computed in.
    """
    values = ((node, "value", node.value) for node in network.order)
    upstream = (
        (node, "gradient", gradients.nodes[node]) for node in reversed(network.order) if node in gradients.nodes
    )
    for node, what, number in (*values, *upstream):
        if not is_finite(number):
            layer = _layer_of(network)
            bad = int(np.size(number) - np.count_nonzero(np.isfinite(number)))
            word = "NaN" if np.isnan(number).any() else "infinity"
            return Finding(
                "critical",
                "non-finite",
                layer.get(node, ""),
                f"{word} in {what}",
                f"{bad} of {np.size(number)} numbers in the {what} of {describe(node)} at step {step}",
                *_cause_and_remedy(node),
                since=step,
            )
    return None


def _cause_and_remedy(node: Node) -> tuple[str, str]:
    """Return what may have made numbers infinite, and what to try; no gate of the network made its data."""
    if node.gate is None and not node.requires_grad and not isinstance(node, Parameter):
        return "the data: no gate was before it", "look for it in what the network was given: np.isfinite(x).all()"
    return (
        "a step too large, or an exponential, logarithm or division outside its range",
        "lower the learning rate; run one step inside ag.detect_anomaly() to stop at the gate itself",
    )


def _layer_of(network: Network) -> dict[object, str]:
    """Return the layer of each node; a parameter belongs to the first layer that uses it."""
    found: dict[object, str] = {}
    groups: list[Group] = network.layers
    for group in groups:
        for node in (*group.nodes, *network.parameters[group]):
            found.setdefault(node, group.name)
    return found
