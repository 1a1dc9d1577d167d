"""The same work done by us and by peers: every function returns a step to be timed, by the peer's name.

A peer that is not installed is left out.
"""

from __future__ import annotations

import gc
import importlib.util
import random
import sys
from collections.abc import Callable
from typing import Any

import numpy as np

import autograd_cnn as ag
from autograd_cnn import functional as F  # noqa: N812 - as everywhere
from autograd_cnn import nn, optim
from tests.benchmarks.networks import IMAGES, batch

Steps = dict[str, Callable[[], Any]]
OURS = "autograd_cnn"


def has(library: str) -> bool:
    """Whether a peer is installed."""
    return importlib.util.find_spec(library) is not None


def training(name: str, dtype: Any = np.float32) -> Steps:
    """One step of SGD with momentum: forward, cross entropy, backward, update."""
    build = IMAGES[name][0]
    images, labels = batch(name, dtype)
    ag.manual_seed(0)
    ours = build(nn)
    if dtype is np.float64:
        for module in ours.modules():
            for key, p in list(vars(module).items()):
                if isinstance(p, ag.Parameter):
                    setattr(module, key, ag.Parameter(p.value.astype(np.float64)))
    optimizer, criterion = optim.SGD(ours.parameters(), lr=0.01, momentum=0.9), nn.CrossEntropyLoss()
    x = ag.Tensor(images)

    def step() -> float:
        loss = criterion(ours(x), labels)
        optimizer.zero_grad()
        loss.backward(retain="leaves")
        optimizer.step()
        return float(loss.item())

    return {OURS: step} | _torch_training(build, ours, images, labels)


def _torch_training(build: Any, ours: Any, images: Any, labels: Any) -> Steps:
    if not has("torch"):
        return {}
    import torch

    theirs = build(torch.nn).to(torch.from_numpy(images).dtype)
    with torch.no_grad():
        for p, q in zip(theirs.parameters(), ours.parameters(), strict=True):
            p.copy_(torch.from_numpy(np.array(q.value)))
    optimizer = torch.optim.SGD(theirs.parameters(), lr=0.01, momentum=0.9)
    criterion, x, y = torch.nn.CrossEntropyLoss(), torch.from_numpy(images), torch.from_numpy(labels)

    def step() -> float:
        loss = criterion(theirs(x), y)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        return float(loss.item())

    return {"PyTorch": step}


def scalar_network() -> Steps:
    """Build and differentiate the loss of a 2-16-16-1 network of scalars on ten samples: 6,767 nodes."""
    made = {OURS: _scalar_step(ag.Scalar, ag.relu)}
    if has("micrograd"):
        from micrograd.engine import Value

        sys.setrecursionlimit(max(sys.getrecursionlimit(), 100_000))
        made["micrograd"] = _scalar_step(Value, lambda value: value.relu())
    return made


def _scalar_network(leaf: Callable[[float], Any], relu: Callable[[Any], Any]) -> tuple[Callable[[Any], Any], list[Any]]:
    """Return the squared error of a 2-16-16-1 network on one sample, whose target is 1, and the parameters."""
    rng = random.Random(0)
    layers = [
        [[leaf(rng.uniform(-1, 1)) for _ in range(count + 1)] for _ in range(outputs)]
        for count, outputs in ((2, 16), (16, 16), (16, 1))
    ]

    def error(sample: Any) -> Any:
        values: Any = sample
        for depth, neurons in enumerate(layers):
            sums = [sum((w * v for w, v in zip(row, values, strict=False)), row[-1]) for row in neurons]
            values = sums if depth == 2 else [relu(s) for s in sums]
        return (values[0] - 1) ** 2

    return error, [p for layer in layers for row in layer for p in row]


def _samples(count: int) -> list[list[float]]:
    rng = random.Random(1)
    return [[rng.uniform(-1, 1), rng.uniform(-1, 1)] for _ in range(count)]


def _scalar_step(leaf: Callable[[float], Any], relu: Callable[[Any], Any]) -> Callable[[], Any]:
    error, _ = _scalar_network(leaf, relu)
    samples = _samples(10)

    def step() -> Any:
        total: Any = 0.0
        for sample in samples:
            total = total + error(sample)
        total.backward()
        return total

    return step


def compiled_scalar_call() -> Steps:
    """Do the same with a compiled loss: call it, and go backward."""
    error, _ = _scalar_network(ag.Scalar, ag.relu)
    samples = _samples(10)
    loss = ag.compile(lambda: sum((error(sample) for sample in samples[1:]), error(samples[0])))

    def step() -> Any:
        total = loss()
        total.backward()
        return total

    return {OURS: step} | {name: peer for name, peer in scalar_network().items() if name != OURS}


def scalar_training(count: int, steps: int, *, in_lanes: bool = False, collect: bool = True) -> Steps:
    """Train the same network on the sum of its errors: forward, backward, update; `collect` runs Python's collector."""
    samples = _samples(count)
    error, _ = _scalar_network(ag.Scalar, ag.relu)
    if in_lanes:
        loss = ag.compile(error, update=lambda p, g: p - 1e-4 * count * g)  # train goes by the mean
        made: Steps = {OURS: lambda: loss.train(samples, steps=steps)[-1] * count}
    else:
        loss = ag.compile(
            lambda: sum((error(sample) for sample in samples[1:]), error(samples[0])), update=lambda p, g: p - 1e-4 * g
        )
        made = {OURS: lambda: loss.train(steps=steps)[-1]}
    if has("micrograd"):
        made["micrograd"] = _micrograd_training(samples, steps)
    return made if collect else {name: _without_collection(step) for name, step in made.items()}


def _micrograd_training(samples: list[list[float]], steps: int) -> Callable[[], float]:
    from micrograd.engine import Value

    sys.setrecursionlimit(max(sys.getrecursionlimit(), 100_000))
    error, parameters = _scalar_network(Value, lambda value: value.relu())

    def train() -> float:
        for _ in range(steps):
            total = sum((error(sample) for sample in samples[1:]), error(samples[0]))
            for p in parameters:
                p.grad = 0
            total.backward()
            for p in parameters:
                p.data -= 1e-4 * p.grad
        return float(total.data)

    return train


def _without_collection(step: Callable[[], Any]) -> Callable[[], Any]:
    def run() -> Any:
        gc.disable()
        try:
            return step()
        finally:
            gc.enable()

    return run


def elementwise(size: int = 16, length: int = 100) -> Steps:
    """A chain of products and sums of arrays of 16 numbers, forward and backward: the cost of a gate itself."""
    x, w = np.linspace(0.5, 1.5, size), np.full(size, 0.99)

    def ours() -> Any:
        start = y = ag.Tensor(x, requires_grad=True)
        for _ in range(length):
            y = y * w_ours + start
        y.sum().backward()
        return start.grad

    w_ours = ag.Tensor(w)
    made: Steps = {OURS: ours}
    if has("torch"):
        import torch

        w_torch = torch.from_numpy(w)

        def torch_step() -> Any:
            start = y = torch.tensor(x, requires_grad=True)
            for _ in range(length):
                y = y * w_torch + start
            y.sum().backward()
            return start.grad

        made["PyTorch"] = torch_step
    if has("mygrad"):
        import mygrad

        def mygrad_step() -> Any:
            start = y = mygrad.tensor(x)
            for _ in range(length):
                y = y * w + start
            y.sum().backward()
            return start.grad

        made["MyGrad"] = mygrad_step
    if has("autograd"):
        import autograd

        def loss(start: Any) -> Any:
            y = start
            for _ in range(length):
                y = y * w + start
            return y.sum()

        gradient = autograd.grad(loss)
        made["HIPS autograd"] = lambda: gradient(x)
    return made


def layer(name: str) -> Steps:
    """One layer alone on (32, 64, 28, 28), forward and backward."""
    rng = np.random.default_rng(0)
    x = rng.standard_normal((32, 64, 28, 28), np.float32)
    weight = rng.standard_normal((64, 64, 3, 3), np.float32) * np.float32(0.05)
    gamma, beta = np.ones(64, np.float32), np.zeros(64, np.float32)
    scores, labels = rng.standard_normal((256, 1000), np.float32), rng.integers(0, 1000, 256)
    inputs = {"cross entropy": [scores]}.get(name, {"convolution 3×3": [x, weight]}.get(name, [x]))

    def run(functions: Any, leaves: list[Any], target: Any, constant: Callable[[Any], Any]) -> Any:
        if name == "convolution 3×3":
            return functions.conv2d(*leaves, padding=1)
        if name == "max pool 2×2":
            return functions.max_pool2d(*leaves, 2)
        if name == "batch norm":
            return functions.batch_norm(*leaves, None, None, constant(gamma), constant(beta), training=True)
        return functions.cross_entropy(*leaves, target)

    def ours() -> Any:
        leaves = [ag.Tensor(a, requires_grad=True) for a in inputs]
        output = run(F, leaves, labels, ag.Tensor)
        output.backward(np.ones(output.shape, np.float32) if output.size > 1 else None)
        return leaves[0].grad

    made: Steps = {OURS: ours}
    if has("torch"):
        import torch

        def theirs() -> Any:
            leaves = [torch.tensor(a, requires_grad=True) for a in inputs]
            output = run(torch.nn.functional, leaves, torch.from_numpy(labels), torch.from_numpy)
            output.backward(torch.ones_like(output))
            return leaves[0].grad

        made["PyTorch"] = theirs
    return made


WORK: dict[str, Callable[[], Steps]] = {
    "scalar network, build and backward": scalar_network,
    "scalar network, compiled call and backward": compiled_scalar_call,
    "scalar network, 30 training steps": lambda: scalar_training(10, 30),
    "scalar network, 30 training steps, no garbage collection": lambda: scalar_training(10, 30, collect=False),
    "scalar network, step on 160 samples in lanes": lambda: scalar_training(160, 1, in_lanes=True),
    "scalar network, 5 steps on 160 samples in lanes, no garbage collection": (
        lambda: scalar_training(160, 5, in_lanes=True, collect=False)
    ),
    "chain of 200 gates on 16 numbers": elementwise,
    **{f"{name} step": (lambda name=name: training(name)) for name in IMAGES},
    **{name: (lambda name=name: layer(name)) for name in ("convolution 3×3", "max pool 2×2", "batch norm")},
    "cross entropy": lambda: layer("cross entropy"),
}
"""Every kind of work, by the name of its row."""
