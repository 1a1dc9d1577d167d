"""Activations made after the ReLU: leaky, learned, exponential and smooth ones."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from autograd_cnn.gates.activation import log_of_one_plus_exp, sigmoid
from autograd_cnn.gates.arithmetic import multiply
from autograd_cnn.gates.comparison import minimum, where
from autograd_cnn.gates.exponential import exp
from autograd_cnn.registry import Value, gate

# Klambauer et al., 2017: with these two, mean 0 and variance 1 are a fixed point from layer to layer.
SELU_ALPHA = 1.6732632423543772848170429916717
SELU_SCALE = 1.0507009873554804934193349852946


@gate("leaky ReLU")
def leaky_relu(x: Value, *, negative_slope: float = 0.01) -> Value:
    """max(αx, x) for a slope α < 1: no side is dead; the negative slope at 0 too.

    Formula: x if x > 0 else αx
    Local gradient: 1 if x > 0 else α
    Kink: x = 0; α there, as torch
    """
    return np.where(np.less_equal(x, 0), negative_slope * np.minimum(x, 0), x)


@leaky_relu.vjp
def _(upstream: Value, output: Value, x: Value, *, negative_slope: float) -> Value:
    return where(x <= 0, upstream * negative_slope, upstream)


@leaky_relu.branch
def _(x: Value, *, negative_slope: float) -> Value:
    return np.sign(x)


@gate("PReLU", broadcasts=True)
def prelu(x: Value, weight: Value) -> Value:
    """Leaky ReLU whose slope is learned (He et al., 2015): the slope receives upstream × x where x ≤ 0.

    Formula: x if x > 0 else w·x
    Local gradient: 1 or w for x; 0 or x for w
    Kink: x = 0; w there, as torch
    """
    return np.where(np.less_equal(x, 0), weight * np.minimum(x, 0), x)


@prelu.vjp
def _(upstream: Value, output: Value, x: Value, weight: Value, *, needs: tuple[bool, bool]) -> Value:
    to_x = where(x <= 0, upstream * weight, upstream) if needs[0] else None
    to_weight = where(x <= 0, upstream * x, 0) if needs[1] else None
    return to_x, to_weight


@prelu.branch
def _(x: Value, weight: Value) -> Value:
    return np.sign(x)


@gate("ELU", saturates=1.0)
def elu(x: Value, *, alpha: float = 1.0) -> Value:
    """ReLU with a smooth left side α(eˣ − 1) (Clevert et al., 2015): slope 1 on the right, αeˣ dying to the left.

    Formula: x if x > 0 else α(eˣ − 1)
    Local gradient: 1 if x > 0 else αeˣ
    Kink: x = 0, unless α = 1; α there, as torch
    """
    return np.where(np.greater(x, 0), x, alpha * np.expm1(np.minimum(x, 0)))


@elu.vjp
def _(upstream: Value, output: Value, x: Value, *, alpha: float) -> Value:
    return where(x > 0, upstream, upstream * (alpha * exp(minimum(x, 0.0))))


@elu.branch
def _(x: Value, *, alpha: float) -> Value:
    return np.sign(x)


@gate("SELU", saturates=SELU_SCALE * SELU_ALPHA)
def selu(x: Value) -> Value:
    """ELU with the two numbers that keep mean 0 and variance 1 from layer to layer (Klambauer et al., 2017).

    Formula: λ·elu(x, α), λ = 1.0507, α = 1.6733
    Local gradient: λ if x > 0 else λαeˣ
    Kink: x = 0; λα there, as torch
    """
    return SELU_SCALE * np.where(np.greater(x, 0), x, SELU_ALPHA * np.expm1(np.minimum(x, 0)))


@selu.vjp
def _(upstream: Value, output: Value, x: Value) -> Value:
    return where(x > 0, upstream * SELU_SCALE, upstream * (SELU_SCALE * SELU_ALPHA * exp(minimum(x, 0.0))))


@selu.branch
def _(x: Value) -> Value:
    return np.sign(x)


@selu.expansion
def _(x: Value) -> Value:
    """Scale an ELU."""
    return SELU_SCALE * elu(x, alpha=SELU_ALPHA)


@gate("softplus", saturates=1.0)
def softplus(x: Value, *, beta: float = 1.0) -> Value:
    """Smooth ReLU log(1 + exp βx)/β, exact at any size: its local gradient is the sigmoid of βx.

    Formula: log(1 + exp βx)/β
    Local gradient: σ(βx)
    """
    return log_of_one_plus_exp(beta * x) / beta


@softplus.vjp
def _(upstream: Value, output: Value, x: Value, *, beta: float) -> Value:
    return upstream * sigmoid(beta * x)


@gate("SiLU", saturates=1.0998393194)
def silu(x: Value) -> Value:
    """x·σ(x), also called swish: the input is its own gate; local gradient σ(x)(1 + x(1 − σ(x))).

    Formula: x·σ(x)
    Local gradient: σ(x)(1 + x(1 − σ(x)))
    """
    return x * sigmoid(x)


@silu.vjp
def _(upstream: Value, output: Value, x: Value) -> Value:
    gate_opening = sigmoid(x)
    return upstream * (gate_opening * (1 + x * (1 - gate_opening)))


@silu.expansion
def _(x: Value) -> Value:
    """Multiply by its sigmoid."""
    return multiply(x, sigmoid(x))


def _normal_cdf_of_float(x: float) -> float:
    return 0.5 * math.erfc(x * -math.sqrt(0.5))


@gate("Φ", scalar=_normal_cdf_of_float, saturates=1 / math.sqrt(2 * math.pi))
def normal_cdf(x: Value) -> Value:
    """Share of the standard normal distribution below x: its local gradient is the bell curve.

    Formula: ½ erfc(−x/√2)
    Local gradient: exp(−x²/2)/√(2π)
    """
    from autograd_cnn.kernels import normal

    return normal.normal_cdf(np.asarray(x))


@normal_cdf.vjp
def _(upstream: Value, output: Value, x: Value) -> Value:
    return upstream * _bell_curve(x)


def _bell_curve(x: Any) -> Any:
    return exp(x * x * -0.5) * (1 / math.sqrt(2 * math.pi))


@gate("GELU", saturates=1.1289042)
def gelu(x: Value) -> Value:
    """x·Φ(x) with the normal distribution's Φ (Hendrycks and Gimpel, 2016): local gradient Φ(x) + x·Φ′(x).

    Formula: x·Φ(x)
    Local gradient: Φ(x) + x·Φ′(x)
    """
    return x * normal_cdf(x)


@gelu.vjp
def _(upstream: Value, output: Value, x: Value) -> Value:
    return upstream * (normal_cdf(x) + x * _bell_curve(x))


@gelu.expansion
def _(x: Value) -> Value:
    """Multiply by the share of the normal distribution below."""
    return multiply(x, normal_cdf(x))
