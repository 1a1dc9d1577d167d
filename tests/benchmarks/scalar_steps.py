"""Work on single numbers: a 2-16-16-1 network with ReLU, its squared error, its gradients."""

from __future__ import annotations

import gc
import random
import sys
from collections.abc import Callable
from typing import Any

import numpy as np

import autograd_cnn as ag
from tests.benchmarks.work import OURS, Step, Steps, installed

SIZES = ((2, 16), (16, 16), (16, 1))
RATE = 1e-4


def weights() -> list[list[list[float]]]:
    """Return the starting weights, layer by layer, neuron by neuron, the bias last."""
    rng = random.Random(0)
    return [[[rng.uniform(-1, 1) for _ in range(inputs + 1)] for _ in range(outputs)] for inputs, outputs in SIZES]


def samples(count: int) -> list[list[float]]:
    """Return inputs of the network."""
    rng = random.Random(1)
    return [[rng.uniform(-1, 1), rng.uniform(-1, 1)] for _ in range(count)]


def network(leaf: Callable[[float], Any], relu: Callable[[Any], Any]) -> tuple[Callable[[Any], Any], list[Any]]:
    """Return the squared error of the network on one sample, whose target is 1, and the parameters."""
    layers = [[[leaf(w) for w in row] for row in layer] for layer in weights()]

    def error(sample: Any) -> Any:
        values: Any = sample
        for depth, neurons in enumerate(layers):
            sums = [sum((w * v for w, v in zip(row, values, strict=False)), row[-1]) for row in neurons]
            values = sums if depth == 2 else [relu(s) for s in sums]
        return (values[0] - 1) ** 2

    return error, [p for layer in layers for row in layer for p in row]


def total(error: Callable[[Any], Any], inputs: list[list[float]]) -> Any:
    """Return the sum of the errors on all samples."""
    return sum((error(sample) for sample in inputs[1:]), error(inputs[0]))


def build_and_backward(*, collect: bool = True) -> Steps:
    """Build and differentiate the loss on ten samples: 6,767 nodes. `collect` runs Python's cycle collector."""
    makers = {
        OURS: lambda: _step(ag.Scalar, ag.relu),
        "micrograd": _micrograd_step,
        "MyGrad": _mygrad_step,
        "HIPS autograd": _hips_step,
    }
    return _collected(installed(makers), collect)


def _step(leaf: Callable[[float], Any], relu: Callable[[Any], Any]) -> Step:
    error, parameters = network(leaf, relu)
    inputs = samples(10)

    def step() -> float:
        for p in parameters:
            p.grad = 0.0
        loss = total(error, inputs)
        loss.backward()
        return float(parameters[0].grad)

    return step


def _micrograd_step() -> Step:
    from micrograd.engine import Value

    sys.setrecursionlimit(max(sys.getrecursionlimit(), 100_000))
    return _step(Value, lambda value: value.relu())


def _mygrad_step() -> Step:
    import mygrad

    error, parameters = network(mygrad.tensor, lambda value: mygrad.maximum(value, 0.0))
    inputs = samples(10)

    def step() -> float:
        total(error, inputs).backward()
        return float(parameters[0].grad)

    return step


def _hips_step() -> Step:
    import autograd

    flat = [w for layer in weights() for row in layer for w in row]
    inputs = samples(10)

    def loss(parameters: Any) -> Any:
        left = iter(parameters)
        error, _ = network(lambda _: next(left), lambda value: value * (value > 0))
        return total(error, inputs)

    gradient = autograd.grad(loss)
    return lambda: float(gradient(flat)[0])


def compiled_call() -> Steps:
    """Do the same with a compiled loss: call it, and go backward."""

    def ours() -> Step:
        error, parameters = network(ag.Scalar, ag.relu)
        inputs = samples(10)
        loss = ag.compile(lambda: total(error, inputs))

        def step() -> float:
            for p in parameters:
                p.zero_grad()
            loss().backward()
            return float(parameters[0].grad)

        return step

    return installed({OURS: ours, "micrograd": _micrograd_step})


def training(count: int, steps: int, *, collect: bool = True) -> Steps:
    """Train on the sum of the errors on a few samples: forward, backward, update."""

    def ours() -> Step:
        error, _ = network(ag.Scalar, ag.relu)
        inputs = samples(count)
        loss = ag.compile(lambda: total(error, inputs), update=lambda p, g: p - RATE * g)
        return lambda: float(loss.train(steps=steps)[-1])

    return _collected(installed({OURS: ours, "micrograd": lambda: _micrograd_training(count, steps)}), collect)


def training_in_lanes(count: int, steps: int, *, collect: bool = True) -> Steps:
    """Train likewise on many samples at once: ours in the lanes of its tape, CasADi's by a map over them."""

    def ours() -> Step:
        error, _ = network(ag.Scalar, ag.relu)
        inputs = np.array(samples(count))
        loss = ag.compile(error, update=lambda p, g: p - RATE * count * g)  # train goes by the mean
        return lambda: float(loss.train(inputs, steps=steps)[-1]) * count

    makers = {
        OURS: ours,
        "micrograd": lambda: _micrograd_training(count, steps),
        "CasADi": lambda: _casadi_training(count, steps),
    }
    return _collected(installed(makers), collect)


def _micrograd_training(count: int, steps: int) -> Step:
    from micrograd.engine import Value

    sys.setrecursionlimit(max(sys.getrecursionlimit(), 100_000))
    error, parameters = network(Value, lambda value: value.relu())
    inputs = samples(count)

    def train() -> float:
        for _ in range(steps):
            loss = total(error, inputs)
            for p in parameters:
                p.grad = 0
            loss.backward()
            for p in parameters:
                p.data -= RATE * p.grad
        return float(loss.data)

    return train


def _casadi_training(count: int, steps: int) -> Step:
    """Loss and gradient of one sample as an expression of SX, mapped over all of them and summed by CasADi."""
    import casadi

    flat = [w for layer in weights() for row in layer for w in row]
    symbols, sample = casadi.SX.sym("p", len(flat)), casadi.SX.sym("x", 2)
    left = iter(casadi.vertsplit(symbols))
    error, _ = network(lambda _: next(left), lambda value: casadi.fmax(value, 0))
    loss = error(casadi.vertsplit(sample))
    single = casadi.Function("single", [symbols, sample], [loss, casadi.gradient(loss, symbols)])
    mapped = single.map(count, [True, False], [True, True])
    inputs, parameters = casadi.DM(np.array(samples(count)).T), [casadi.DM(flat)]

    def train() -> float:
        for _ in range(steps):
            found, gradient = mapped(parameters[0], inputs)
            parameters[0] = parameters[0] - RATE * gradient
        return float(found)

    return train


def _collected(steps: Steps, collect: bool) -> Steps:
    return steps if collect else {name: _without_collection(step) for name, step in steps.items()}


def _without_collection(step: Step) -> Step:
    def run() -> Any:
        gc.disable()
        try:
            return step()
        finally:
            gc.enable()

    return run
