"""The reference circuits: small graphs whose numbers are known from CS231n's notes, and one of each hard case."""

from __future__ import annotations

import math
from itertools import pairwise

import numpy as np

import autograd_cnn as ag
from autograd_cnn import Scalar, nn
from autograd_cnn import functional as F  # noqa: N812 - its usual name
from viz.circuits import circuit
from viz.explanations import explain
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


def patterns(x: ag.Node, y: ag.Node, z: ag.Node, w: ag.Node) -> ag.Node:
    return (x * y + ag.maximum(z, w)) * 2


def staged(x: ag.Node, y: ag.Node) -> ag.Node:
    return (x + ag.sigmoid(y)) / (ag.sigmoid(x) + (x + y) ** 2)


def notes_neuron(w0: ag.Node, w1: ag.Node, w2: ag.Node, x0: ag.Node, x1: ag.Node) -> ag.Node:
    return 1 / (1 + ag.exp(-(w0 * x0 + w1 * x1 + w2)))


def second_order() -> ag.Node:
    x, y = Scalar(2, name="x"), Scalar(3, name="y")
    (first,) = ag.grad(ag.sigmoid(x * y) + ag.relu(x), x, create_graph=True)
    first.name = "df/dx"
    first.backward()
    return first


def deep(layers: int = 1000, *, shared: bool = False) -> ag.Node:
    """Layers alike in a row; with shared parameters a recurrent network."""
    x, weight, bias = Scalar(0.5, name="x"), Scalar(0.9, name="w"), Scalar(0.1, name="b")
    for i in range(layers):
        w, b = (weight, bias) if shared else (Scalar(1 + 0.1 * math.sin(i), name=f"w{i}"), Scalar(0.1, name=f"b{i}"))
        x = ag.tanh(x * w + b)
    x.backward()
    return x


def samples(n: int = 12) -> ag.Node:
    """The hinge loss of one neuron, averaged over samples: the same parameters n times."""
    w0, w1, b = Scalar(0.5, name="w0"), Scalar(-1, name="w1"), Scalar(0.1, name="b")
    rng = np.random.default_rng(0)
    total: ag.Node | None = None
    for i, (p, q) in enumerate(rng.normal(size=(n, 2))):
        x0, x1 = (Scalar(v, name=f"x{i}{j}", requires_grad=False) for j, v in enumerate((p, q)))
        term = ag.relu(1 - (w0 * x0 + w1 * x1 + b) * (1 if i % 2 else -1))
        total = term if total is None else total + term
    loss = total / n
    loss.backward()
    return loss


class Network(nn.Module):
    """Two convolution blocks, one within the other's scope, and a residual connection."""

    def __init__(self) -> None:
        rng = np.random.default_rng(0)
        self.features = nn.Sequential(
            nn.Conv2d(1, 2, 3, padding=1, rng=rng), nn.BatchNorm2d(2), nn.ReLU(), nn.MaxPool2d(2)
        )
        self.mix = nn.Conv2d(2, 2, 1, rng=rng)
        self.head = nn.Linear(2 * 3 * 3, 3, rng=rng)

    def forward(self, image: ag.Node) -> ag.Node:
        found = self.features(image)
        found = ag.relu(self.mix(found)) + found
        return self.head(found.reshape(found.shape[0], -1))


def paths(theme: str = "light") -> Picture:
    loss = sigmoid_neuron()
    (w0,) = (node for node in ag.nodes(loss) if node.name == "w0")
    return explain(loss, w0, theme=theme)


def network() -> Picture:
    image = np.random.default_rng(1).normal(size=(2, 1, 6, 6)).astype(np.float32)
    return circuit(Network(), image, loss=lambda scores: F.cross_entropy(scores, np.array([0, 2])))


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
    "notes_neuron": circuit(notes_neuron, 2, -3, -3, -1, -2, title="f = σ(w0·x0 + w1·x1 + w2)", explain=True),
    "notes_patterns": circuit(patterns, 3, -4, 2, -1, title="f = 2 · (x·y + max(z, w))", explain=True),
    "notes_staged": circuit(staged, 3, -4, title="f = (x + σ(y)) / (σ(x) + (x + y)²)", explain=True),
    "second_order": circuit(second_order(), explain=True),
    "deep": circuit(deep(), title="1,000 layers"),
    "recurrent": circuit(deep(100, shared=True), title="100 steps"),
    "samples": circuit(samples(), title="mean hinge loss of 12 samples"),
    "network": network(),
    "neurons": circuit(nn.NeuronMLP(2, [3, 1], rng=0), [1.0, -2.0]),
    "paths": paths(),
}
GOLDEN = (
    "add_multiply",
    "sigmoid_neuron",
    "wide_neuron",
    "notes_neuron",
    "notes_patterns",
    "notes_staged",
    "second_order",
    "deep",
    "samples",
    "paths",
)
