"""Exponential, logarithm and square root."""

from __future__ import annotations

import math

import numpy as np

from autograd_cnn.registry import Value, gate


@gate("exp", method=True, scalar=math.exp)
def exp(a: Value) -> Value:
    """Exponential: its own local gradient."""
    return np.exp(a)


@exp.vjp
def _(upstream: Value, output: Value, a: Value) -> Value:
    return upstream * output


@gate("log", method=True, scalar=math.log)
def log(a: Value) -> Value:
    """Natural logarithm: local gradient 1/a."""
    return np.log(a)


@log.vjp
def _(upstream: Value, output: Value, a: Value) -> Value:
    return upstream / a


@gate("√", method=True, scalar=math.sqrt)
def sqrt(a: Value) -> Value:
    """Square root: local gradient 1/(2√a)."""
    return np.sqrt(a)


@sqrt.vjp
def _(upstream: Value, output: Value, a: Value) -> Value:
    return upstream / (2 * output)
