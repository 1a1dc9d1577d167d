"""Train the digits CNN by a compiled step: recorded once, replayed natively, the same losses in less time.

Run: python examples/10_compiled.py [folder]
"""

import time

import numpy as np

import autograd_cnn as ag
from autograd_cnn import data, nn, optim
from autograd_cnn import functional as F  # noqa: N812 - as everywhere
from viz.charts import Axis, ChartData, Line, Panel, chart
from viz.scripts import arguments

folder = arguments(__doc__, quick=False).folder

digits = data.digits()


def network():
    rng = np.random.default_rng(0)
    layers = [nn.Conv2d(1, 8, 3, padding=1, rng=rng), nn.ReLU(), nn.MaxPool2d(2)]
    layers += [nn.Conv2d(8, 16, 3, padding=1, rng=rng), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten()]
    return nn.Sequential(*layers, nn.Dropout(0.2, rng=1), nn.Linear(64, 10, rng=rng))


def train(model, loss_of, epochs):
    """Return the losses of all steps, and the seconds that each step took."""
    optimizer = optim.Adam(model.parameters(), lr=0.01)
    losses, seconds = [], []
    for epoch in range(epochs):
        for images, labels in data.batches(digits.train, 64, rng=epoch):
            start = time.perf_counter()
            loss = loss_of(images, labels)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            seconds.append(time.perf_counter() - start)
            losses.append(loss.item())
    return np.array(losses), np.array(seconds)


eager, compiled = network(), network()
step = ag.compile(lambda x, y: F.cross_entropy(compiled(x), y))

expected, slow = train(eager, lambda x, y: F.cross_entropy(eager(ag.Tensor(x)), y), 2)
losses, fast = train(compiled, step, 2)
print(f"the losses differ by {np.max(np.abs(losses / expected - 1)):.0e} at most: dropout drew the same masks")
print(f"a step takes {np.median(slow) / np.median(fast):.1f} times as long without ag.compile")

more, _ = train(compiled, step, 4)
compiled.eval()  # the recording of training is not used for testing
with ag.no_grad():
    test = ag.compile(compiled)(digits.test.images)
right = test.value.argmax(1) == digits.test.labels
print(f"loss {losses[0]:.3f} -> {more[-1]:.3f}  test accuracy {right.mean():.1%}  {step}")


def panel(label, slowly, replayed, log=False):
    """Return one number of every step, gate by gate and compiled."""
    steps = range(len(slowly))
    lines = Line("gate by gate", steps, slowly, "wire", width=4.0), Line("compiled", steps, replayed)
    return Panel(Axis("step"), Axis(label, log=log), lines)


panels = (panel("training loss (nats)", expected, losses), panel("seconds per step", slow, fast, log=True))
facts = ("the first steps compile kernels, unless that was done before, and record the step",)
title = "The same training, recorded and replayed"
picture = chart(ChartData(title, panels, facts=facts, columns=2, size=(260.0, 180.0)))
print("written:", picture.save(folder / "compiled.svg"))
