"""One step of SGD with momentum on a network: forward, cross entropy, backward, update."""

from __future__ import annotations

from functools import partial
from types import SimpleNamespace
from typing import Any

import numpy as np

import autograd_cnn as ag
from autograd_cnn import functional as F  # noqa: N812 - as everywhere
from autograd_cnn import health, nn, optim
from autograd_cnn.health.monitor import OF_REPLAYS
from tests.benchmarks.networks import NETWORKS
from tests.benchmarks.work import OURS, Step, Steps, installed

RATE, MOMENTUM = 0.01, 0.9


def training(name: str, dtype: Any = np.float32, *, compiled: int = False, batch: int | None = None) -> Steps:
    """Train one of `NETWORKS` on one batch; each step returns the loss before its update."""
    makers = {OURS: our_compiled_training if compiled else our_training, "PyTorch": torch_training}
    if not compiled:
        makers |= {"MyGrad": mygrad_training}
        if name == "three-layer MLP":  # its convolutions take minutes
            makers |= {"HIPS autograd": hips_training}
    return installed({who: partial(maker, name, dtype, batch) for who, maker in makers.items()})


def our_network(name: str, dtype: Any) -> Any:
    """Return a network of ours with the starting weights."""
    layers = {kind: partial(getattr(nn, kind), dtype=dtype) for kind in ("Conv2d", "Linear")}
    others = {kind: getattr(nn, kind) for kind in ("ReLU", "MaxPool2d", "Flatten", "Sequential")}
    network = NETWORKS[name].build(SimpleNamespace(**layers, **others))
    for parameter, weight in zip(network.parameters(), NETWORKS[name].weights(dtype), strict=True):
        parameter.assign(weight)
    return network


def our_training(name: str, dtype: Any = np.float32, batch: int | None = None, retain: str = "leaves") -> Step:
    """Return a step of ours; `retain` is what stays of the graph after backward."""
    network = our_network(name, dtype)
    images, labels = NETWORKS[name].data(dtype, batch)
    optimizer, x = optim.SGD(network.parameters(), lr=RATE, momentum=MOMENTUM), ag.Tensor(images)

    def step() -> float:
        loss = F.cross_entropy(network(x), labels)
        optimizer.zero_grad()
        loss.backward(retain=retain)
        optimizer.step()
        return float(loss.item())

    return step


def watched_training(name: str, count: int, every: int | None = None) -> Steps:
    """Train compiled, with a health monitor and without: what its counters cost.

    A turn is so many steps, of one of which a full report is kept; the first ones, of which more are, go before.
    """
    monitor = health.Monitor(frames_every=max(1, count // (every or OF_REPLAYS)), every=every)
    steps = {OURS: our_compiled_training(name, monitor=monitor), "not watched": our_compiled_training(name)}
    return {who: lambda step=step: [step() for _ in range(count)] for who, step in steps.items()}


def our_compiled_training(
    name: str, dtype: Any = np.float32, batch: int | None = None, monitor: health.Monitor | None = None
) -> Step:
    """Return a step of ours whose loss is compiled, and perhaps watched."""
    network = our_network(name, dtype)
    images, labels = NETWORKS[name].data(dtype, batch)
    optimizer = optim.SGD(network.parameters(), lr=RATE, momentum=MOMENTUM)
    compiled = ag.compile(lambda x, y: F.cross_entropy(network(x), y), monitor=monitor)

    def step() -> float:
        loss = compiled(images, labels)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        return float(loss.item())

    return step


def torch_training(name: str, dtype: Any = np.float32, batch: int | None = None) -> Step:
    """Return a step of PyTorch, as its tutorials write it."""
    import torch

    network = NETWORKS[name].build(torch.nn).to(torch.from_numpy(np.zeros(1, dtype)).dtype)
    with torch.no_grad():
        for parameter, weight in zip(network.parameters(), NETWORKS[name].weights(dtype), strict=True):
            parameter.copy_(torch.from_numpy(weight))
    optimizer = torch.optim.SGD(network.parameters(), lr=RATE, momentum=MOMENTUM)
    x, y = map(torch.from_numpy, NETWORKS[name].data(dtype, batch))

    def step() -> float:
        loss = torch.nn.functional.cross_entropy(network(x), y)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        return float(loss.item())

    return step


def mygrad_training(name: str, dtype: Any = np.float32, batch: int | None = None) -> Step:
    """Return a step of MyGrad, the update by hand."""
    import mygrad
    from mygrad.nnet import conv_nd, max_pool, relu, softmax_crossentropy

    images, labels = NETWORKS[name].data(dtype, batch)
    parameters = [mygrad.tensor(weight) for weight in NETWORKS[name].weights(dtype)]
    speeds = [np.zeros_like(p.data) for p in parameters]

    def convolution(x: Any, weight: Any, bias: Any, padding: int) -> Any:
        return conv_nd(x, weight, stride=1, padding=padding) + bias.reshape(1, -1, 1, 1)

    functions = SimpleNamespace(
        conv2d=convolution,
        linear=lambda x, weight, bias: mygrad.matmul(x, weight.T) + bias,
        relu=relu,
        max_pool2d=lambda x, size: max_pool(x, (size, size), size),
    )
    forward = _forward(name, functions)

    def step() -> float:
        loss = softmax_crossentropy(forward(mygrad.tensor(images, constant=True), parameters), labels)
        loss.backward()
        for p, speed in zip(parameters, speeds, strict=True):
            speed *= MOMENTUM
            speed += p.grad
            p.data -= RATE * speed
        return float(loss.item())

    return step


def hips_training(name: str, dtype: Any = np.float32, batch: int | None = None) -> Step:
    """Return a step of HIPS autograd, which has no convolution of images; loss and update by hand."""
    import autograd
    from autograd import numpy as anp
    from autograd.scipy.special import logsumexp

    images, labels = NETWORKS[name].data(dtype, batch)
    parameters = NETWORKS[name].weights(dtype)
    speeds = [np.zeros_like(p) for p in parameters]
    rows = np.arange(len(labels))
    functions = SimpleNamespace(
        linear=lambda x, weight, bias: anp.dot(x, weight.T) + bias, relu=lambda x: anp.maximum(x, 0)
    )
    forward = _forward(name, functions)

    def loss(weights: Any) -> Any:
        scores = forward(images, weights)
        return anp.mean(logsumexp(scores, axis=1) - scores[rows, labels])

    both = autograd.value_and_grad(loss)

    def step() -> float:
        value, gradients = both(parameters)
        for p, speed, gradient in zip(parameters, speeds, gradients, strict=True):
            speed *= MOMENTUM
            speed += gradient
            p -= RATE * speed
        return float(value)

    return step


def _forward(name: str, functions: Any) -> Any:
    """Return the network as a function of an input and the parameters, for a library without layers."""

    def convolution(_: int, __: int, ___: int, padding: int = 0) -> Any:
        return lambda x, left: functions.conv2d(x, next(left), next(left), padding)

    layers = SimpleNamespace(
        Conv2d=convolution,
        Linear=lambda *_: lambda x, left: functions.linear(x, next(left), next(left)),
        ReLU=lambda: lambda x, left: functions.relu(x),
        MaxPool2d=lambda size: lambda x, left: functions.max_pool2d(x, size),
        Flatten=lambda: lambda x, left: x.reshape(x.shape[0], -1),
        Sequential=lambda *made: made,
    )
    sequence = NETWORKS[name].build(layers)

    def forward(x: Any, parameters: Any) -> Any:
        left = iter(parameters)
        for layer in sequence:
            x = layer(x, left)
        return x

    return forward
