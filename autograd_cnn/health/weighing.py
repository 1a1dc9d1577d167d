"""Where a layer's inputs meet its weights: what the signs of their gradients say, and which units are provably dead."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from autograd_cnn.graph import Array, Node, Tensor
from autograd_cnn.health.axes import moved_axis, other_axes, unit_axis
from autograd_cnn.health.grouping import Group
from autograd_cnn.health.measures import rms
from autograd_cnn.health.network import Network
from autograd_cnn.registry import gradient_of

_FEWEST_WEIGHTS = 3
"""Weights of a unit, below which they share a sign by chance."""


_PROBES = 256
"""About as many inputs are looked at before all are, an odd number apart: of many units."""


class Weighing(NamedTuple):
    """One product of data with a parameter.

    Attributes
    ----------
    weight, data, product : Node
        The parameter, what it weighs, and the result.
    axis : int
        Axis of the parameter that numbers the units.
    """

    weight: Node
    data: Node
    product: Node
    axis: int


def weighings(network: Network, group: Group) -> list[Weighing]:
    """Return the convolutions and matrix products of a layer."""
    found = []
    for node in group.nodes:
        name = "" if node.gate is None else node.gate.name
        if name not in ("conv2d", "matmul"):
            continue
        data, weight = node.inputs or ()
        if data in network.data and weight not in network.data and weight.ndim >= 2:
            parameter, axis = _seen_through(weight, 0 if name == "conv2d" else weight.ndim - 1)
            if parameter in network.parameters[group]:
                found.append(Weighing(parameter, data, node, axis))
    return found


def _seen_through(weight: Node, axis: int) -> tuple[Node, int]:
    """Return what a weight was before it was transposed, or reshaped behind an axis, and which axis that one was."""
    if weight.gate is None or weight.gate.name not in ("transpose", "reshape"):
        return weight, axis
    (source,) = weight.inputs or ()
    if weight.gate.name == "transpose":
        axes = weight.attributes["axes"]
        return source, weight.ndim - 1 - axis if axes is None else axes[axis] % weight.ndim
    return (source, axis) if source.shape[: axis + 1] == weight.shape[: axis + 1] else (weight, axis)


def only_weighing(network: Network, group: Group) -> list[Weighing]:
    """Return the one product of a layer; none where it has several, whose units would mix."""
    found = weighings(network, group)
    return found if len(found) == 1 else []


def same_sign(data: Any, gradient: Any, axis: int, size: float | None = None) -> float | None:
    """Return the share of units whose weight gradients all have one sign; None unless all inputs are positive.

    Their mean must be more than twice their standard deviation: only then what they share outweighs what
    differs, and averages of ReLUs, positive too, do no harm. Units without any gradient do not count.
    `size` is the RMS of the data, where it is known.
    """
    inputs = data if isinstance(data, np.ndarray) else np.asarray(data)
    if gradient is None or not inputs.size or not inputs.item(0) > 0:
        return None
    for i in range(0, inputs.size, inputs.size // _PROBES | 1):  # most layers have one soon that is not positive
        if not inputs.item(i) > 0:
            return None
    if not np.minimum.reduce(inputs, axis=None) > 0:
        return None
    mean, size = float(np.add.reduce(inputs, axis=None)) / inputs.size, rms(inputs) if size is None else size
    if 5 * (mean / size) ** 2 < 4:  # mean² < 4·(RMS² − mean²)
        return None
    if not gradient.size or gradient.size < _FEWEST_WEIGHTS * gradient.shape[axis]:
        return None
    others = other_axes(gradient.ndim, axis)
    low, high = np.minimum.reduce(gradient, axis=others), np.maximum.reduce(gradient, axis=others)
    alike = (low >= 0) | (high <= 0)
    if not np.logical_or.reduce(alike):
        return 0.0
    told = (low != 0) | (high != 0)
    return float(np.count_nonzero(alike & told) / np.count_nonzero(told)) if told.any() else None


def provably_dead(network: Network, group: Group) -> tuple[tuple[int, ...], float | None]:
    """Return units that no input in the range of this batch can wake, and the highest pre-activation they can reach.

    Interval arithmetic: with inputs between l and h a sum of products is at most Σ max(w·l, w·h) + b. Zeros
    that padding adds count as inputs.
    """
    activations = [node for node in group.nodes if node.gate is not None and node.gate.dead_side]
    if len(activations) != 1:
        return (), None
    (activation,) = activations
    inputs = activation.inputs or ()
    if not isinstance(activation, Tensor) or activation.ndim < 2 or len(inputs) != 1:
        return (), None  # where a gate of several inputs is flat, one of them alone cannot say
    highest = _highest(network, *inputs)
    if highest is None:
        return (), None
    dead = (highest <= 0) & _is_flat(activation, highest)
    return tuple(np.flatnonzero(dead).tolist()), float(highest[dead].max()) if dead.any() else None


def _highest(network: Network, node: Node) -> Array | None:
    """Return the largest value that each unit of a weighted sum, reshaped or not, can take; None for other nodes."""
    while node.gate is not None and node.gate.name == "reshape":
        (source,) = node.inputs or ()
        if moved_axis(unit_axis(source), source, node) != unit_axis(node):
            return None
        node = source
    bias, shape = np.zeros(()), node.shape
    if node.gate is not None and node.gate.name == "add":
        terms = [x for x in node.inputs or () if isinstance(x, Node)]
        sums = [x for x in terms if x in network.data]
        if len(terms) != 2 or len(sums) != 1:
            return None
        (node,) = sums
        bias = np.asarray(terms[1 - terms.index(node)].value, np.float64)
    group = next((g for g in network.layers if node in g.nodes), None)
    found = next((w for w in (weighings(network, group) if group else ()) if w.product is node), None)
    if found is None or node.shape != shape or not _counts_units_as(found):
        return None
    low, high = float(np.min(found.data.value)), float(np.max(found.data.value))
    if any(side for pair in found.product.attributes.get("padding", ()) for side in pair):
        low, high = min(low, 0.0), max(high, 0.0)
    rows = np.moveaxis(np.asarray(found.weight.value, np.float64), found.axis, 0).reshape(
        found.weight.shape[found.axis], -1
    )
    added = bias.reshape((1,) * (node.ndim - bias.ndim) + bias.shape).max(axis=other_axes(node.ndim, unit_axis(node)))
    return np.asarray(np.maximum(rows * low, rows * high).sum(axis=1) + added)


def _counts_units_as(found: Weighing) -> bool:
    """Whether the units of the product's elements are those of its weight: not of a stack of matrices."""
    return (found.product.gate is not None and found.product.gate.name == "conv2d") or found.weight.ndim == 2


def _is_flat(activation: Node, at: Array) -> Array:
    """Return where the activation's own rule gives slope 0."""
    assert activation.gate is not None
    values = np.asarray(at)
    (slope,) = gradient_of(
        activation.gate, np.ones_like(values), activation.gate(values), [values], activation.attributes, (True,)
    )
    return np.asarray(slope == 0)
