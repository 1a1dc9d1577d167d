"""Batch norm trains networks that do not train without it, and keeps the inputs of a deep layer where they are.

CS231n, neural networks part 2, "Batch Normalization" (Ioffe & Szegedy 2015). Six layers of ReLUs learn from weights of
almost any scale once every layer's sums are standardised; without, from hardly one. And while the layers below learn,
what a sigmoid deep in the network receives wanders about: the covariate shift. With batch norm it stays where it is.

Run: python examples/20_batch_norm.py [folder] [--quick]
"""

import sys
from pathlib import Path

import numpy as np

import autograd_cnn as ag
from autograd_cnn import data, init, nn, optim
from autograd_cnn import functional as F  # noqa: N812 - as everywhere
from viz.charts import Axis, Band, ChartData, Line, Panel, chart

quick = "--quick" in sys.argv
folder = Path(next((word for word in sys.argv[1:] if word != "--quick"), "."))

train = data.digits().train
images, labels = train.images.reshape(len(train), -1), train.labels


def network(depth, activation, std, norm):
    """Return hidden layers of 64 units with weights of this standard deviation, with batch norm or without."""
    rng, layers = np.random.default_rng(0), []
    for _ in range(depth):
        linear = nn.Linear(64, 64, bias=not norm, rng=rng)  # batch norm has a bias of its own
        init.normal_(linear.weight, std=std, rng=rng)
        layers += [linear, *([nn.BatchNorm1d(64)] if norm else []), activation()]
    return nn.Sequential(*layers, nn.Linear(64, 10, rng=rng))


def train_for(model, rate, epochs, look=lambda: None):
    """Train by plain gradient descent, looking at the network before every step; return the accuracy."""
    optimizer = optim.SGD(model.parameters(), lr=rate)
    step = ag.compile(lambda x, y: F.cross_entropy(model(x), y))
    for epoch in range(epochs):
        for batch in np.array_split(np.random.default_rng(epoch).permutation(len(labels)), 20):
            look()
            with np.errstate(over="ignore", invalid="ignore"):  # from large weights a plain network diverges
                loss = step(images[batch], labels[batch])
                optimizer.zero_grad()
                loss.backward()
                optimizer.step()
    model.eval()
    with ag.no_grad(), np.errstate(invalid="ignore"):
        return np.mean(model(images).value.argmax(axis=1) == labels)


scales = (0.03, 0.3) if quick else (0.01, 0.03, 0.1, 0.2, 0.3, 0.5, 1.0)
LOOKS = {"plain": ("gradient", "dashed"), "batch norm": ("value", "solid")}
right, shifts = [], []
for name, (ink, dash) in LOOKS.items():
    found = [train_for(network(6, nn.ReLU, std, name != "plain"), 0.1, 3 if quick else 10) for std in scales]
    print(
        f"{name:10}: accuracy by the scale of the weights",
        ", ".join(f"{s}: {a:.0%}" for s, a in zip(scales, found, strict=True)),
    )
    right.append(Line(name, scales, found, ink, dash, mark="circle"))

    model, received = network(3, nn.Sigmoid, 0.3, name != "plain"), []
    below = nn.Sequential(*list(model)[:-2])  # all that comes before the last sigmoid

    def look(model=model, below=below, received=received):
        model.eval()
        with ag.no_grad():
            received.append(below(images[:200]).value)
        model.train()

    accuracy = train_for(model, 1.0, 3 if quick else 10, look)
    sums = np.array(received[20:])  # (steps, images, units), after the first epoch
    wander = np.median(sums.mean(axis=1).std(axis=0) / sums.std(axis=1).mean(axis=0))
    print(f"{name:10}: accuracy {accuracy:.0%}; what a deep sigmoid receives wanders by {wander:.2f} of its spread")
    low, middle, high = np.percentile(np.array(received)[:, :, 0], (15, 50, 85), axis=1)
    steps = range(len(received))
    layers = (Band("middle 70 % of the images", steps, low, high), Line("median", steps, middle))
    shifts.append(
        Panel(Axis("step"), Axis("input of a deep sigmoid", -4, 4), layers, f"Three layers of sigmoids, {name}")
    )

accuracy = Panel(
    Axis("standard deviation of the first weights", log=True), Axis("accuracy", 0, 1), right, "Six layers of ReLUs"
)
picture = chart(ChartData("Batch norm", (accuracy, *shifts), columns=3, size=(250.0, 200.0)))
print("written:", picture.save(folder / "batch_norm.svg"))
