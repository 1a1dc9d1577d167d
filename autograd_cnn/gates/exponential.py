"""Exponential, logarithm, their forms near 0, and square root."""

from __future__ import annotations

import math

import numpy as np

from autograd_cnn.registry import Value, gate


@gate("exp", method=True, scalar=math.exp)
def exp(a: Value) -> Value:
    """Exponential: its own local gradient.

    Formula: eᵃ
    Local gradient: eᵃ
    """
    return np.exp(a)


@exp.vjp
def _(upstream: Value, output: Value, a: Value) -> Value:
    return upstream * output


@gate("log", method=True, scalar=math.log)
def log(a: Value) -> Value:
    """Natural logarithm: local gradient 1/a.

    Formula: log a
    Local gradient: 1/a
    """
    return np.log(a)


@log.vjp
def _(upstream: Value, output: Value, a: Value) -> Value:
    return upstream / a


@gate("expm1", scalar=math.expm1)
def expm1(a: Value) -> Value:
    """exp(a) − 1, exact near 0: local gradient exp(a).

    Formula: eᵃ − 1
    Local gradient: eᵃ
    """
    return np.expm1(a)


@expm1.vjp
def _(upstream: Value, output: Value, a: Value) -> Value:
    return upstream * exp(a)


@gate("log1p", scalar=math.log1p)
def log1p(a: Value) -> Value:
    """log(1 + a), exact near 0: local gradient 1/(1 + a).

    Formula: log(1 + a)
    Local gradient: 1/(1 + a)
    """
    return np.log1p(a)


@log1p.vjp
def _(upstream: Value, output: Value, a: Value) -> Value:
    return upstream / (1 + a)


@gate("√", method=True, scalar=math.sqrt)
def sqrt(a: Value) -> Value:
    """Square root: local gradient 1/(2√a), infinite at 0.

    Formula: √a
    Local gradient: 1/(2√a)
    Kink: a = 0: infinite, as torch
    """
    return np.sqrt(a)


@sqrt.vjp
def _(upstream: Value, output: Value, a: Value) -> Value:
    return upstream / (2 * output)
