"""Softmax and its logarithm (CS231n, linear classification: the softmax classifier)."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from autograd_cnn.gates.axes import one_axis
from autograd_cnn.gates.exponential import exp, log
from autograd_cnn.gates.reduction import max as maximum_of
from autograd_cnn.gates.reduction import sum as sum_of
from autograd_cnn.registry import Value, gate


@gate("softmax")
def softmax(x: Value, *, axis: int = -1) -> Value:
    """exp x / Σ exp x, stable: each input receives its probability × (upstream − the mean upstream under p).

    Formula: pᵢ = exp xᵢ / Σⱼ exp xⱼ
    Local gradient: ∂pᵢ/∂xⱼ = pᵢ(δᵢⱼ − pⱼ)
    """
    from autograd_cnn.kernels import softmax as kernels

    return _row_by_row("softmax", kernels.softmax, x, axis)


@softmax.vjp
def _(upstream: Value, output: Value, x: Value, *, axis: int) -> Value:
    return output * (upstream - sum_of(upstream * output, axis=axis, keepdims=True))


@softmax.expansion
def _(x: Value, *, axis: int) -> Value:
    """Subtract the maximum, then divide each exponential by their sum."""
    exponentials = exp(x - maximum_of(x, axis=axis, keepdims=True))
    return exponentials / sum_of(exponentials, axis=axis, keepdims=True)


@gate("log softmax")
def log_softmax(x: Value, *, axis: int = -1) -> Value:
    """x − log Σ exp x, stable: each input receives its upstream gradient minus its probability's share of the sum.

    Formula: xᵢ − log Σⱼ exp xⱼ
    Local gradient: δᵢⱼ − pⱼ
    """
    from autograd_cnn.kernels import softmax as kernels

    return _row_by_row("log_softmax", kernels.log_softmax, x, axis)


@log_softmax.vjp
def _(upstream: Value, output: Value, x: Value, *, axis: int) -> Value:
    return upstream - exp(output) * sum_of(upstream, axis=axis, keepdims=True)


@log_softmax.expansion
def _(x: Value, *, axis: int) -> Value:
    """Subtract the maximum, then the logarithm of the sum of exponentials."""
    shifted = x - maximum_of(x, axis=axis, keepdims=True)
    return shifted - log(sum_of(exp(shifted), axis=axis, keepdims=True))


def _row_by_row(name: str, kernel: Callable[[Any], Any], x: Any, axis: int) -> Any:
    """Hand the kernel the classes as the last axis of a matrix."""
    axis = one_axis(name, axis, np.ndim(x))
    rows = np.moveaxis(np.asarray(x), axis, -1)
    matrix = np.ascontiguousarray(rows).reshape(math.prod(rows.shape[:-1]), rows.shape[-1])
    return np.moveaxis(kernel(matrix).reshape(rows.shape), -1, axis)
