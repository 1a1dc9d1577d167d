"""Batch norm trains networks that do not train without it, and keeps the inputs of a deep layer where they are.

CS231n, neural networks part 2, "Batch Normalization" (Ioffe & Szegedy 2015). Six layers of ReLUs learn from weights of
almost any scale once every layer's sums are standardised; without, from hardly one. And while the layers below learn,
what a sigmoid deep in the network receives wanders about: the covariate shift. With batch norm it stays where it is.

Run: python examples/20_batch_norm.py [folder] [--quick]
"""

import numpy as np

import autograd_cnn as ag
from autograd_cnn import data, init, nn, optim
from autograd_cnn import functional as F  # noqa: N812 - as everywhere
from viz.charts import Axis, Band, ChartData, Line, Panel, chart
from viz.scripts import arguments

given = arguments(__doc__)
folder, quick = given.folder, given.quick

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


def train(model, rate, below=None):
    """Train by plain gradient descent; return the accuracy, and what `below` put out before each step."""
    optimizer = optim.SGD(model.parameters(), lr=rate)
    step = ag.compile(lambda x, y: F.cross_entropy(model(x), y))
    received = []
    for epoch in range(epochs):
        for batch in np.array_split(np.random.default_rng(epoch).permutation(len(labels)), 20):
            if below is not None:
                received.append(evaluated(model, below, images[:200]))
            with np.errstate(over="ignore", invalid="ignore"):  # from large weights a plain network diverges
                loss = step(images[batch], labels[batch])
                optimizer.zero_grad()
                loss.backward()
                optimizer.step()
    return np.mean(evaluated(model, model, images).argmax(axis=1) == labels), np.array(received)


def evaluated(model, part, x):
    """Return what a part of a network makes of x, with the running statistics of batch norm."""
    model.eval()
    with ag.no_grad(), np.errstate(invalid="ignore"):
        y = part(x).value
    model.train()
    return y


scales, epochs = ((0.03, 0.3), 3) if quick else ((0.01, 0.03, 0.1, 0.2, 0.3, 0.5, 1.0), 10)
right, shifts = [], []
for name, norm, ink, dash in (("plain", False, "gradient", "dashed"), ("batch norm", True, "value", "solid")):
    found = [train(network(6, nn.ReLU, std, norm), 0.1)[0] for std in scales]
    by_scale = ", ".join(f"{s}: {a:.0%}" for s, a in zip(scales, found, strict=True))
    print(f"{name:10}: accuracy by the scale of the weights {by_scale}")
    right.append(Line(name, scales, found, ink, dash, mark="circle"))

    model = network(3, nn.Sigmoid, 0.3, norm)
    accuracy, received = train(model, 1.0, below=nn.Sequential(*list(model)[:-2]))  # all before the last sigmoid
    sums = received[20:]  # (steps, images, units), after the first epoch
    wander = np.median(sums.mean(axis=1).std(axis=0) / sums.std(axis=1).mean(axis=0))
    print(f"{name:10}: accuracy {accuracy:.0%}; what a deep sigmoid receives wanders by {wander:.2f} of its spread")
    low, middle, high = np.percentile(received[:, :, 0], (15, 50, 85), axis=1)
    steps = range(len(received))
    layers = (Band("middle 70 % of the images", steps, low, high), Line("median", steps, middle))
    axes = Axis("step"), Axis("input of a deep sigmoid", -4, 4)
    shifts.append(Panel(*axes, layers, f"Three layers of sigmoids, {name}"))

axes = Axis("standard deviation of the first weights", log=True), Axis("accuracy", 0, 1)
panels = (Panel(*axes, right, "Six layers of ReLUs"), *shifts)
picture = chart(ChartData("Batch norm", panels, columns=3, size=(250.0, 200.0)))
print("written:", picture.save(folder / "batch_norm.svg"))
