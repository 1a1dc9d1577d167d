"""Activation functions (CS231n, neural networks part 1)."""

from __future__ import annotations

import math

import numpy as np

from autograd_cnn.gates.comparison import where
from autograd_cnn.registry import Value, gate


@gate("tanh", method=True, scalar=math.tanh, saturates=1.0)
def tanh(x: Value) -> Value:
    """Squash to (−1, 1), centred on zero: local gradient 1 − tanh²x, which dies on both sides."""
    return np.tanh(x)


@tanh.vjp
def _(upstream: Value, output: Value, x: Value) -> Value:
    return upstream * (1 - output * output)


def _sigmoid_of_float(x: float) -> float:
    e = math.exp(-math.fabs(x))
    return (e if x < 0 else 1.0) / (1.0 + e)


@gate("σ", method=True, scalar=_sigmoid_of_float, saturates=0.25)
def sigmoid(x: Value) -> Value:
    """Squash to (0, 1): local gradient σ(1 − σ), at most ¼, which dies on both sides."""
    e = np.exp(-np.abs(x))  # never overflows
    return np.where(np.less(x, 0), e, 1) / (1 + e)


@sigmoid.vjp
def _(upstream: Value, output: Value, x: Value) -> Value:
    return upstream * (output * (1 - output))


@gate("ReLU", method=True, scalar=lambda x: 0.0 if x <= 0 else float(x), dead_side=True)
def relu(x: Value) -> Value:
    """max(0, x): passes the gradient where x > 0, kills it elsewhere, at 0 too."""
    return np.maximum(x, 0)


@relu.vjp
def _(upstream: Value, output: Value, x: Value) -> Value:
    return where(x <= 0, 0, upstream)


@relu.branch
def _(x: Value) -> Value:
    return np.sign(x)
