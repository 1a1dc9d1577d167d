"""Sigmoid, tanh or ReLU: how many epochs each takes to a given error, in a shallow and in a deep network.

CS231n, neural networks part 1, "Commonly used activation functions" (after Krizhevsky et al. 2012, figure 1). All
networks learn at the same rate, from weights that suit their activation. ReLU is first; tanh, thanks to such weights,
is not far behind; a sigmoid passes on at most a quarter of the gradient, and ten layers of them do not learn at all.

Run: python examples/17_activations.py [folder] [--quick]
"""

import itertools

import numpy as np

import autograd_cnn as ag
from autograd_cnn import data, init, nn, optim
from autograd_cnn import functional as F  # noqa: N812 - as everywhere
from viz.charts import Axis, ChartData, Line, Panel, Rule, chart
from viz.scripts import arguments

given = arguments(__doc__)
folder, quick = given.folder, given.quick

train = data.digits().train
images, labels = train.images.reshape(len(train), -1) * 2 - 1, train.labels
goal, most = (0.1, 8) if quick else (0.05, 120)  # error on the training images, epochs
ACTIVATIONS = {
    "sigmoid": (nn.Sigmoid, "saturated", "dotted"),
    "tanh": (nn.Tanh, "ok_text", "dashed"),
    "relu": (nn.ReLU, "value", "solid"),
}


def network(name, depth):
    """Return `depth` hidden layers of 128 units, He's weights for ReLU and Xavier's for the others."""
    sizes = [64] + [128] * depth
    layers = [layer for n, m in itertools.pairwise(sizes) for layer in (nn.Linear(n, m), ACTIVATIONS[name][0]())]
    model = nn.Sequential(*layers, nn.Linear(128, 10))
    rng = np.random.default_rng(0)
    for layer in (layer for layer in model if isinstance(layer, nn.Linear)):
        init.zeros_(layer.bias)
        if name == "relu":
            init.kaiming_normal_(layer.weight, nonlinearity="relu", rng=rng)
        else:
            init.xavier_normal_(layer.weight, rng=rng)
    return model


def errors(model):
    """Train until the goal is reached; return the training error after each epoch, and how much gradient arrives."""
    optimizer = optim.SGD(model.parameters(), lr=0.003, momentum=0.9)
    step = ag.compile(lambda x, y: F.cross_entropy(model(x), y))
    found, arrives = [], None
    while len(found) < most and (not found or found[-1] > goal):
        order = np.random.default_rng(len(found)).permutation(len(labels))
        for batch in np.array_split(order, len(labels) // 64):
            loss = step(images[batch], labels[batch])
            optimizer.zero_grad()
            loss.backward()
            if arrives is None:
                first, last = (np.sqrt(np.mean(model[i].weight.grad ** 2)) for i in (0, -1))
                arrives = first / last
            optimizer.step()
        with ag.no_grad():
            found.append(np.mean(model(images).value.argmax(axis=1) != labels))
    return found, arrives


panels = []
for depth in (2, 10):
    lines = [Rule("the goal", goal)]
    for name, (_, ink, dash) in ACTIVATIONS.items():
        found, arrives = errors(network(name, depth))
        reached = f"after {len(found)} epochs" if found[-1] <= goal else f"not in {most} epochs"
        print(f"{depth:2} layers of {name:7}: error {goal:.0%} {reached} (now {found[-1]:.1%});", end=" ")
        print(f"of the last layer's gradient {arrives:.0e} arrives at the first")
        lines.append(Line(name, range(1, len(found) + 1), found, ink, dash))
    axes = Axis("epoch", log=True), Axis("training error", 0.02, 1, log=True)
    panels.append(Panel(*axes, lines, f"{depth} hidden layers"))

title = "Epochs to a given error, on digits"
picture = chart(ChartData(title, panels, "one learning rate for all", columns=2, size=(300.0, 220.0)))
print("written:", picture.save(folder / "activations.svg"))
