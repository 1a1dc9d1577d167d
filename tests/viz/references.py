"""The reference circuits: small graphs whose numbers are known from CS231n's notes, and one of each hard case."""

from __future__ import annotations

import math
from itertools import pairwise

import numpy as np

import autograd_cnn as ag
from autograd_cnn import Scalar
from viz.circuits import circuit
from viz.picture import Picture


def add_multiply() -> ag.Node:
    x, y, z = Scalar(-2, name="x"), Scalar(5, name="y"), Scalar(-4, name="z")
    f = (x + y) * z
    f.name = "f"
    f.backward()
    return f


def sigmoid_neuron() -> ag.Node:
    """A neuron of the notes plus weight decay on w0, which is so used twice."""
    w0, w1, w2 = Scalar(2, name="w0"), Scalar(-3, name="w1"), Scalar(-3, name="w2")
    x0, x1 = Scalar(-1, name="x0", requires_grad=False), Scalar(-2, name="x1", requires_grad=False)
    loss = 0.1 * w0**2 + 1 / (1 + ag.exp(-(w0 * x0 + w1 * x1 + w2)))
    loss.name = "loss"
    loss.backward()
    return loss


def wide_neuron(terms: int = 30) -> ag.Node:
    w = [Scalar(math.sin(1.7 * i + 0.4), name=f"w{i}") for i in range(terms)]
    x = [Scalar(0.5 * math.cos(0.9 * i), name=f"x{i}") for i in range(terms)]
    total = w[0] * x[0]
    for a, b in zip(w[1:], x[1:], strict=True):
        total = total + a * b
    y = ag.tanh(total + Scalar(0.25, name="b"))
    y.name = "y"
    y.backward()
    return y


def scalar_network(widths: tuple[int, ...] = (2, 16, 16, 1)) -> ag.Node:
    rng = np.random.default_rng(0)
    layer = [Scalar(v, name=f"x{i}", requires_grad=False) for i, v in enumerate(rng.normal(size=widths[0]))]
    for fan_in, width in pairwise(widths):
        weights = rng.normal(0, 0.5, size=(width, fan_in))
        sums = []
        for row in weights:
            total = Scalar(0.1)
            for w, x in zip(row, layer, strict=True):
                total = total + Scalar(w) * x
            sums.append(total)
        layer = [ag.relu(s) for s in sums] if width > 1 else sums
    loss = (layer[0] - 1) ** 2
    loss.name = "loss"
    loss.backward()
    return loss


def tensors() -> ag.Node:
    rng = np.random.default_rng(1)
    x, weight = ag.Tensor(rng.normal(size=(8, 4)), name="x"), ag.Parameter(rng.normal(size=(4, 3)), name="weight")
    hidden = ag.relu(x @ weight + ag.Parameter(np.zeros(3), name="bias"))
    hidden.name = "hidden"
    loss = (hidden * hidden).mean() + (weight**2).sum() * 0.01
    loss.backward()
    return loss


def dead_and_tiny() -> ag.Node:
    x, y = Scalar(-3, name="x"), Scalar(0, name="y")
    f = ag.relu(x) * y + ag.maximum(x, y) + Scalar(1e-7, name="tiny") * Scalar(1e-6, name="small")
    f.backward()
    return f


def broken() -> ag.Node:
    x, y = Scalar(math.inf, name="x"), Scalar(2, name="y")
    f = (x - x) * y + y
    f.backward()
    return f


def before_backward() -> ag.Node:
    return ag.sigmoid(Scalar(2, name="x") * 3 + 1)


PICTURES: dict[str, Picture] = {
    "add_multiply": circuit(
        add_multiply(),
        title="f = (x + y) · z",
        subtitle="the add gate copies its gradient, the multiply gate swaps its inputs",
        explain=True,
    ),
    "sigmoid_neuron": circuit(
        sigmoid_neuron(),
        title="loss = 0.1·w0² + σ(w0·x0 + w1·x1 + w2)",
        subtitle="w0 is used twice: the data path sends −0.1966, the weight decay sends 0.4, and they add to 0.2034",
        explain=True,
    ),
    "wide_neuron": circuit(wide_neuron(), title="y = tanh(w0·x0 + … + w29·x29 + b)"),
    "scalar_network": circuit(scalar_network()),
    "tensors": circuit(tensors(), explain=True),
    "dead_and_tiny": circuit(dead_and_tiny(), explain=True),
    "broken": circuit(broken(), theme="dark"),
    "before_backward": circuit(before_backward()),
}
GOLDEN = ("add_multiply", "sigmoid_neuron", "wide_neuron")
