"""Cross entropy and its mean over the batch as one instruction."""

from __future__ import annotations

from typing import Any

import numpy as np

from autograd_cnn.compilation.native.memory import Places, buffer, send
from autograd_cnn.compilation.native.users import Users
from autograd_cnn.graph import Node
from autograd_cnn.kernels import softmax
from autograd_cnn.kernels.layout import Reader


def loss_chain(losses: Node, users: Users) -> list[Node] | None:
    """Return cross_entropy and the mean of its losses; or None."""
    mean = users.only(losses, "mean")
    if mean is None or mean.attributes["axis"] is not None or not losses.size:
        return None
    return [losses, mean]


class MeanLoss:
    """What `loss_chain` found."""

    def __init__(self, nodes: list[Node], places: Places) -> None:
        losses, mean = nodes
        logits, labels = losses.inputs or ()
        self.logits, self.labels, self.output = map(places.node, (logits, labels, mean))
        self.to_logits = places.sink(logits)
        self.read_logits, self.read_labels = Reader(logits.dtype), Reader(np.int64)
        self.losses = buffer(losses.shape, losses.dtype)
        self.mean = buffer(mean.shape, mean.dtype)
        self.output._value = self.mean
        self.each = buffer(mean.shape, mean.dtype)
        self.difference = buffer(logits.shape, logits.dtype)
        self.of_logits = buffer(logits.shape, logits.dtype)

    def forward(self) -> None:
        """Compute the losses and their mean."""
        logits, labels = self.read_logits(self.logits._value), self.read_labels(self.labels._value)
        softmax.fill_cross_entropy(logits, labels, self.losses, self.difference)
        np.add.reduce(self.losses, out=self.mean)
        np.divide(self.mean, self.losses.size, out=self.mean)

    def backward(self) -> None:
        """Send the gradient of the scores."""
        upstream: Any = self.output.grad
        if upstream is None or self.to_logits is None:
            return
        np.divide(upstream, self.losses.size, out=self.each)
        np.multiply(self.each, self.difference, out=self.of_logits)
        send(self.to_logits, self.of_logits)
