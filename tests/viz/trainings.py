"""Small trainings on digits for the tests of pages, each watched step by step once per session."""

from functools import cache

import numpy as np

import autograd_cnn as ag
from autograd_cnn import data, health, init, nn, optim
from autograd_cnn.graph import Node

_ACTIVATIONS = {"relu": nn.ReLU, "sigmoid": nn.Sigmoid}


def network(
    activation: str, std: float | None, depth: int = 2, norm: bool = False, names: tuple[str, ...] = ()
) -> nn.Module:
    """Return fully connected layers of 16 units, He-initialised unless a standard deviation is given."""
    rng = np.random.default_rng(0)
    layers: dict[str, nn.Module] = {}
    width = 64
    for i in range(1, depth + 1):
        name = names[i - 1] if names else f"fc{i}"
        layers[name] = nn.Linear(width, 16)
        if norm:
            layers[f"norm{i}"] = nn.BatchNorm1d(16)
        layers[f"act{i}"] = _ACTIVATIONS[activation]()
        width = 16
    model = nn.Sequential(layers | {"output": nn.Linear(16, 10)})
    for parameter in model.parameters():
        if parameter.ndim == 2 and std is None:
            init.kaiming_normal_(parameter, nonlinearity="relu", rng=rng)
        elif parameter.ndim == 2:
            init.normal_(parameter, std=std, rng=rng)
    return model


@cache
def training(
    activation: str = "relu",
    lr: float = 0.05,
    *,
    std: float | None = None,
    steps: int = 24,
    depth: int = 2,
    frames_every: int = 8,
    norm: bool = False,
    names: tuple[str, ...] = (),
) -> health.Timeline:
    """Train on digits in epochs of eight steps; return what the monitor saw."""
    digits = data.digits().train
    model = network(activation, std, depth, norm, names)
    optimizer = optim.SGD(model.parameters(), lr=lr)
    monitor = health.Monitor(model, frames_every=frames_every, window=4)
    with np.errstate(all="ignore"):
        for step in range(steps):
            if step % 8 == 0:
                monitor.begin_epoch()
            rows = slice(64 * (step % 8), 64 * (step % 8) + 64)
            images = ag.Tensor(digits.images[rows].reshape(64, -1), requires_grad=True)
            scores: Node = model(images)
            loss = ag.functional.cross_entropy(scores, digits.labels[rows])
            optimizer.zero_grad()
            loss.backward()
            monitor.observe(loss)
            optimizer.step()
            if step % 8 == 7:
                monitor.note("validation", accuracy=float((scores.value.argmax(1) == digits.labels[rows]).mean()))
    return monitor.timeline()
