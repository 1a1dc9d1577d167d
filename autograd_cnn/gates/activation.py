"""Activation functions that squash, and the ReLU (CS231n, neural networks part 1)."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from autograd_cnn.gates.arithmetic import divide
from autograd_cnn.gates.comparison import abs, maximum, minimum, where
from autograd_cnn.registry import Value, gate


@gate("x")
def identity(x: Value) -> Value:
    """No activation: passes everything. Layers joined by it are one linear layer, whatever their number.

    Formula: x
    Local gradient: 1
    """
    return +x


@identity.vjp
def _(upstream: Value, output: Value, x: Value) -> Value:
    return upstream


@gate("step", dead_side=True)
def step(x: Value) -> Value:
    """1 where x > 0, 0 elsewhere: the perceptron's threshold. Its local gradient is 0 everywhere: nothing learns.

    Formula: 1 if x > 0 else 0
    Local gradient: 0
    Kink: x = 0; its value there is 0
    """
    return np.heaviside(x, 0)


@step.vjp
def _(upstream: Value, output: Value, x: Value) -> Value:
    return where(True, 0.0, upstream)


@step.branch
def _(x: Value) -> Value:
    return np.sign(x)


@gate("tanh", method=True, scalar=math.tanh, saturates=1.0)
def tanh(x: Value) -> Value:
    """Squash to (−1, 1), centred on zero: local gradient 1 − tanh²x, which dies on both sides.

    Formula: (eˣ − e⁻ˣ)/(eˣ + e⁻ˣ) = 2σ(2x) − 1
    Local gradient: 1 − tanh²x
    """
    return np.tanh(x)


@tanh.vjp
def _(upstream: Value, output: Value, x: Value) -> Value:
    return upstream * (1 - output * output)


def _sigmoid_of_float(x: float) -> float:
    e = math.exp(-math.fabs(x))
    return (e if x < 0 else 1.0) / (1.0 + e)


@gate("σ", method=True, scalar=_sigmoid_of_float, saturates=0.25)
def sigmoid(x: Value) -> Value:
    """Squash to (0, 1): local gradient σ(1 − σ), at most ¼, which dies on both sides.

    Formula: 1/(1 + e⁻ˣ)
    Local gradient: σ(1 − σ)
    """
    e = np.exp(-np.abs(x))  # never overflows
    return np.where(np.less(x, 0), e, 1) / (1 + e)


@sigmoid.vjp
def _(upstream: Value, output: Value, x: Value) -> Value:
    return upstream * (output * (1 - output))


def log_of_one_plus_exp(x: Any) -> Any:
    """Return log(1 + exp x) of plain values, without overflow or cancellation at any size."""
    return np.maximum(x, 0) + np.log1p(np.exp(-np.abs(x)))


@gate("log σ", saturates=1.0)
def logsigmoid(x: Value) -> Value:
    """log σ(x) = −log(1 + e⁻ˣ), stable: local gradient σ(−x), 1 far left and dying to the right.

    Formula: −log(1 + e⁻ˣ)
    Local gradient: σ(−x)
    """
    return -log_of_one_plus_exp(-x)


@logsigmoid.vjp
def _(upstream: Value, output: Value, x: Value) -> Value:
    return upstream * sigmoid(-x)


@gate("hardtanh", saturates=1.0)
def hardtanh(x: Value, *, min_val: float = -1.0, max_val: float = 1.0) -> Value:
    """Tanh in three straight pieces: passes the gradient strictly between the bounds, kills it on and outside them.

    Formula: max(min_val, min(max_val, x))
    Local gradient: 1 between the bounds, else 0
    Kink: x on a bound; 0 there, as torch
    """
    return np.clip(x, min_val, max_val)


@hardtanh.vjp
def _(upstream: Value, output: Value, x: Value, *, min_val: float, max_val: float) -> Value:
    return where(x <= min_val, 0, where(x >= max_val, 0, upstream))


@hardtanh.branch
def _(x: Value, *, min_val: float, max_val: float) -> Value:
    return np.sign(np.subtract(x, min_val)) + np.sign(np.subtract(x, max_val))


@hardtanh.expansion
def _(x: Value, *, min_val: float, max_val: float) -> Value:
    """The bounds come first, so that at a tie they take the gradient."""
    return maximum(min_val, minimum(max_val, x))


@gate("softsign", saturates=1.0)
def softsign(x: Value) -> Value:
    """x/(1 + |x|): squash to (−1, 1), with a local gradient 1/(1 + |x|)² that dies slowly, not exponentially.

    Formula: x/(1 + |x|)
    Local gradient: 1/(1 + |x|)²
    """
    return x / (1 + np.abs(x))


@softsign.vjp
def _(upstream: Value, output: Value, x: Value) -> Value:
    size = 1 + abs(x)
    return upstream / size / size


@softsign.expansion
def _(x: Value) -> Value:
    """Divide by one more than the absolute value."""
    return divide(x, 1 + abs(x))


@gate("ReLU", method=True, scalar=lambda x: 0.0 if x <= 0 else float(x), dead_side=True)
def relu(x: Value) -> Value:
    """max(0, x): passes the gradient where x > 0, kills it elsewhere, at 0 too.

    Formula: max(0, x)
    Local gradient: 1 if x > 0 else 0
    Kink: x = 0; 0 there, as torch
    """
    return np.maximum(x, 0)


@relu.vjp
def _(upstream: Value, output: Value, x: Value) -> Value:
    return where(x <= 0, 0, upstream)


@relu.branch
def _(x: Value) -> Value:
    return np.sign(x)
