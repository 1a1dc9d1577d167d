"""Normalisation: each group of numbers to mean 0 and variance 1 (Ioffe and Szegedy, 2015, and its successors)."""

from __future__ import annotations

import builtins
import math
from typing import Any

from autograd_cnn.gates.arithmetic import divide
from autograd_cnn.gates.exponential import sqrt
from autograd_cnn.gates.reduction import sum as sum_of
from autograd_cnn.gates.shape import getitem, pad, reshape
from autograd_cnn.registry import Value, gate

Axes = tuple[int, ...]


@gate("(x−μ)/s", saves=("mean", "variance"))
def standardize(x: Value, *, axis: Axes, eps: float = 1e-5) -> Value:
    """Mean 0 and variance 1 over `axis`: the gradient loses what would shift or stretch the group as a whole.

    Saves the mean and variance of each group.

    Formula: x̂ = (x − μ)/s, s = √(variance + ε)
    Local gradient: ∂x̂ᵢ/∂xⱼ = (δᵢⱼ − 1/m − x̂ᵢx̂ⱼ/m)/s for m numbers
    """
    from autograd_cnn.kernels import normalization

    return normalization.standardize(x, axis, eps)


@standardize.vjp
def _(upstream: Value, output: Value, x: Value, *, axis: Axes, eps: float, mean: Any, variance: Any) -> Value:
    return standardize_gradient(upstream, x, axis=axis, eps=eps)


@standardize.expansion
def _(x: Value, *, axis: Axes, eps: float) -> Value:
    """Subtract the mean, divide by the root of the mean square."""
    centred = x - _mean(x, axis)
    return divide(centred, sqrt(_mean(centred * centred, axis) + eps))


@gate("∂(x−μ)/s")
def standardize_gradient(upstream: Value, x: Value, *, axis: Axes, eps: float = 1e-5) -> Value:
    """(u − mean u − x̂·mean(u·x̂))/s: what is left of the upstream gradient u across 1 and x̂.

    Formula: (u − mean u − x̂·mean(u·x̂))/s
    Local gradient: that of standardize for u; second derivatives of x̂ for x
    """
    from autograd_cnn.kernels import normalization

    return normalization.standardize_gradient(upstream, x, axis, eps)


@standardize_gradient.vjp
def _(upstream: Value, output: Value, sent: Value, x: Value, *, axis: Axes, eps: float) -> Value:
    to_sent = standardize_gradient(upstream, x, axis=axis, eps=eps)  # the matrix of this linear map is symmetric
    centred = x - _mean(x, axis)
    scale = divide(1.0, sqrt(_mean(centred * centred, axis) + eps))
    standard = centred * scale
    along = (
        standard * _mean(upstream * output, axis)
        + output * _mean(upstream * standard, axis)
        + to_sent * _mean(sent * standard, axis)
    )
    return to_sent, -along * scale


@standardize_gradient.expansion
def _(upstream: Value, x: Value, *, axis: Axes, eps: float) -> Value:
    """The formula, mean by mean."""
    centred = x - _mean(x, axis)
    scale = divide(1.0, sqrt(_mean(centred * centred, axis) + eps))
    standard = centred * scale
    return (upstream - _mean(upstream, axis) - standard * _mean(upstream * standard, axis)) * scale


@gate("batch norm", saves=("mean", "variance"))
def batch_norm(x: Value, weight: Value, bias: Value, *, eps: float = 1e-5) -> Value:
    """Standardise each channel over the batch, then stretch and shift it by two learned numbers.

    Inputs are (N, C, ...), (C,) and (C,). Saves the mean and variance of each channel.

    Formula: w·x̂ + b, per channel
    Local gradient: w · that of standardize for x; x̂ for w; 1 for b
    """
    from autograd_cnn.kernels import normalization

    return normalization.standardize(x, _all_but_channels(x), eps, weight, bias)


@batch_norm.vjp
def _(
    upstream: Value,
    output: Value,
    x: Value,
    weight: Value,
    bias: Value,
    *,
    eps: float,
    mean: Any,
    variance: Any,
    needs: tuple[bool, ...],
) -> Value:
    axis = _all_but_channels(x)
    to_x = standardize_gradient(upstream * along_channels(weight, x), x, axis=axis, eps=eps) if needs[0] else None
    to_weight = batch_norm_weight_gradient(upstream, x, eps=eps) if needs[1] else None
    return to_x, to_weight, sum_of(upstream, axis=axis) if needs[2] else None


@batch_norm.expansion
def _(x: Value, weight: Value, bias: Value, *, eps: float) -> Value:
    """Standardise, multiply, add."""
    standard = standardize(x, axis=_all_but_channels(x), eps=eps)
    return standard * along_channels(weight, x) + along_channels(bias, x)


@gate("batch norm ∂w")
def batch_norm_weight_gradient(upstream: Value, x: Value, *, eps: float = 1e-5) -> Value:
    """Σ u·x̂ per channel: the gradient of batch norm's weight.

    Formula: Σ u·x̂, per channel
    Local gradient: x̂ for u; that of standardize, times u, for x
    """
    from autograd_cnn.kernels import normalization

    return normalization.weight_gradient(upstream, x, _all_but_channels(x), eps)


@batch_norm_weight_gradient.vjp
def _(upstream: Value, output: Value, sent: Value, x: Value, *, eps: float) -> Value:
    axis, spread = _all_but_channels(x), along_channels(upstream, x)
    to_sent = spread * standardize(x, axis=axis, eps=eps)
    return to_sent, spread * standardize_gradient(sent, x, axis=axis, eps=eps)


@batch_norm_weight_gradient.expansion
def _(upstream: Value, x: Value, *, eps: float) -> Value:
    """Standardise, multiply, add up."""
    axis = _all_but_channels(x)
    return sum_of(upstream * standardize(x, axis=axis, eps=eps), axis=axis)


@gate("LRN")
def local_response_norm(x: Value, *, size: int, alpha: float = 1e-4, beta: float = 0.75, k: float = 1.0) -> Value:
    """Divide by what the neighbouring channels do: a strong one damps the others (Krizhevsky et al., 2012).

    Formula: y = x/D^β, D = k + α/size · Σ x² over `size` channels
    Local gradient: D^−β for itself, less 2αβ/size · x·y/D of each neighbour
    """
    return x / _damping(x, size, alpha, k) ** beta


@local_response_norm.vjp
def _(upstream: Value, output: Value, x: Value, *, size: int, alpha: float, beta: float, k: float) -> Value:
    damping = _damping(x, size, alpha, k)
    from_neighbours = _sum_of_neighbours(upstream * output / damping, size, (size - 1) // 2)
    return upstream / damping**beta - x * from_neighbours * (2 * alpha * beta / size)


@local_response_norm.expansion
def _(x: Value, *, size: int, alpha: float, beta: float, k: float) -> Value:
    """Square, add up over neighbouring channels, raise to a power, divide."""
    return divide(x, _damping(x, size, alpha, k) ** beta)


def _damping(x: Value, size: int, alpha: float, k: float) -> Value:
    return k + _sum_of_neighbours(x * x, size, size // 2) * (alpha / size)


def _sum_of_neighbours(x: Value, size: int, before: int) -> Value:
    """Sum over channels c − before to c − before + size − 1; those outside count as 0."""
    channels, other = x.shape[1], ((0, 0),) * (len(x.shape) - 2)
    padded = pad(x, pad_width=((0, 0), (before, size - 1 - before), *other))
    parts = [getitem(padded, index=(slice(None), slice(i, i + channels))) for i in range(size)]
    return builtins.sum(parts[1:], parts[0])


def along_channels(vector: Value, x: Value) -> Value:
    """Return (C,) as (1, C, 1, ...), to stand beside (N, C, ...)."""
    return reshape(vector, shape=(1, -1) + (1,) * (len(x.shape) - 2))


def _all_but_channels(x: Value) -> Axes:
    return (0, *range(2, len(x.shape)))


def _mean(x: Value, axis: Axes) -> Value:
    """Mean over `axis`, kept as axes of length 1; 0 for no numbers."""
    return sum_of(x, axis=axis, keepdims=True) / builtins.max(math.prod(x.shape[a] for a in axis), 1)
