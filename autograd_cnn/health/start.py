"""What only the first step shows: whether the weights keep the scale, and whether the loss is that of chance.

Glorot and Bengio 2010, He et al. 2015: weights are well scaled when a layer's outputs spread about as widely as
its inputs, √2 times before a ReLU. CS231n: before the first step the softmax loss of K classes is ln K.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from autograd_cnn.graph import Node
from autograd_cnn.health.grouping import Group
from autograd_cnn.health.measures import rms, spread
from autograd_cnn.health.network import Network
from autograd_cnn.health.weighing import Weighing, weighings

_NORMS = frozenset({"batch_norm", "standardize", "local_response_norm"})


@dataclass(frozen=True)
class Scale:
    """How widely the outputs of a layer with weights spread, before its activation.

    Attributes
    ----------
    layer : str
    units : int
        How many numbers, or channels, it computes.
    ratio : float
        Standard deviation of the outputs over the RMS of the inputs; zeros that padding adds are no inputs.
    """

    layer: str
    units: int
    ratio: float


@dataclass(frozen=True)
class Start:
    """What the first step showed.

    Attributes
    ----------
    step : int
    scales : tuple of Scale
        Of layers with weights, in forward order; not of those that a normalisation follows.
    loss : float or None
        Mean cross entropy over the samples, without penalties; None for another loss.
    classes : int
        How many classes it tells apart; 0 without.
    """

    step: int
    scales: tuple[Scale, ...]
    loss: float | None
    classes: int


def start_of(network: Network, step: int = 0) -> Start:
    """Measure a network whose weights are as they were initialised."""
    scales = tuple(scale for group in network.layers for scale in _scales(network, group))
    for node in network.order:
        name = node.gate.name if node.gate is not None else ""
        if name in ("cross_entropy", "binary_cross_entropy_with_logits"):
            scores = next(x for x in node.inputs or () if isinstance(x, Node))
            classes = scores.shape[1] if name == "cross_entropy" else 2
            return Start(step, scales, float(np.mean(node.value)), classes)
    return Start(step, scales, None, 0)


def _scales(network: Network, group: Group) -> list[Scale]:
    if _is_normalised(network, group):
        return []
    found = []
    for product in weighings(network, group):
        size = rms(product.data.value) * math.sqrt(_share_inside(product))
        if size > 0:
            found.append(Scale(group.name, product.weight.shape[product.axis], spread(product.product.value) / size))
    return found


def _share_inside(product: Weighing) -> float:
    """Return which share of the numbers under the windows of a convolution lies in the image, not in its padding."""
    attributes = product.product.attributes
    if "padding" not in attributes:
        return 1.0
    _, weight = product.product.inputs or ()
    share = 1.0
    for axis, (before, _) in enumerate(attributes["padding"]):
        size, window = product.data.shape[2 + axis], weight.shape[2 + axis]
        starts = np.arange(product.product.shape[2 + axis]) * attributes["stride"][axis] - before
        places = starts[:, None] + np.arange(window) * attributes["dilation"][axis]
        share *= float(((places >= 0) & (places < size)).mean())
    return share


def _normalises(group: Group) -> bool:
    return any(node.gate is not None and node.gate.name in _NORMS for node in group.nodes)


def _is_normalised(network: Network, group: Group) -> bool:
    """Whether a normalisation follows, which makes the scale of the weights irrelevant."""
    takers = [edge.taker for edge in network.leaving(group)]
    return _normalises(group) or any(taker is not None and _normalises(taker) for taker in takers)
