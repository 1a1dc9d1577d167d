"""Softmax, its logarithm and cross entropy, row by row, without overflow or cancellation.

With ``m`` the largest logit of a row and ``rest`` the sum of ``exp(x - m)`` over all *other*
logits, ``log(sum(exp(x))) = m + log1p(rest)``. Nothing overflows, since ``x - m <= 0``, and a
nearly certain class keeps its small loss ``log1p(rest)`` to full relative accuracy.
Everything is computed in float64 and rounded once to the dtype of the result.

-inf logits have probability 0. A row with NaN or +inf, or of -inf alone, has no softmax: NaN.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from autograd_cnn.kernels.jit import jit
from autograd_cnn.kernels.layout import Floats, floating_dtype, readable
from autograd_cnn.kernels.threads import share_out

# What an exponential costs, in multiply-adds.
EXPONENTIAL = 40


def softmax(x: Floats) -> Floats:
    """Return ``exp(x) / sum(exp(x))`` over the last axis of ``x``, (N, K), float32 or float64."""
    dtype = floating_dtype("softmax", x)
    y = np.empty(x.shape, dtype)
    share_out(_softmax, len(x), x.size * EXPONENTIAL, readable(x, dtype), y)
    return y


def log_softmax(x: Floats) -> Floats:
    """Return ``x - log(sum(exp(x)))`` over the last axis of ``x``, (N, K), float32 or float64."""
    dtype = floating_dtype("log_softmax", x)
    y = np.empty(x.shape, dtype)
    share_out(_log_softmax, len(x), x.size * EXPONENTIAL, readable(x, dtype), y)
    return y


def cross_entropy(logits: Floats, labels: NDArray[Any]) -> Floats:
    """Return the loss ``-log_softmax(logits)[n, labels[n]]`` of each sample, (N,).

    Parameters
    ----------
    logits : ndarray
        (N, K), float32 or float64, any strides.
    labels : ndarray of int
        (N,), from 0 to K - 1; not checked here.
    """
    dtype = floating_dtype("cross_entropy", logits)
    losses = np.empty(len(logits), dtype)
    share_out(
        _cross_entropy,
        len(logits),
        logits.size * EXPONENTIAL,
        readable(logits, dtype),
        readable(labels, np.int64),
        losses,
    )
    return losses


def cross_entropy_gradient(upstream: Floats, logits: Floats, labels: NDArray[Any]) -> Floats:
    """Return ``upstream * (softmax(logits) - one_hot(labels))``, (N, K).

    Parameters
    ----------
    upstream : ndarray
        Gradient of each sample's loss, (N,).
    logits, labels
        As given to :func:`cross_entropy`.
    """
    dtype = floating_dtype("cross_entropy_gradient", upstream, logits)
    gradient = np.empty(logits.shape, dtype)
    share_out(
        _cross_entropy_gradient,
        len(logits),
        logits.size * EXPONENTIAL,
        readable(upstream, dtype),
        readable(logits, dtype),
        readable(labels, np.int64),
        gradient,
    )
    return gradient


@jit
def _largest_and_rest(row: Floats) -> tuple[int, float, float]:
    """Return where the largest logit stands, its value, and the sum of the other exponentials."""
    where, largest = 0, -np.inf
    for k in range(row.size):
        if row[k] > largest:
            where, largest = k, np.float64(row[k])
    rest = largest - largest  # 0, or NaN if the largest logit is infinite
    for k in range(row.size):
        if k != where:
            rest += math.exp(np.float64(row[k]) - largest)
    return where, largest, rest


@jit
def _softmax(first: int, last: int, x: Floats, y: Floats) -> None:
    for n in range(first, last):
        _, largest, rest = _largest_and_rest(x[n])
        for k in range(x.shape[1]):
            y[n, k] = math.exp(np.float64(x[n, k]) - largest) / (1.0 + rest)


@jit
def _log_softmax(first: int, last: int, x: Floats, y: Floats) -> None:
    for n in range(first, last):
        _, largest, rest = _largest_and_rest(x[n])
        for k in range(x.shape[1]):
            y[n, k] = (np.float64(x[n, k]) - largest) - math.log1p(rest)


@jit
def _cross_entropy(first: int, last: int, logits: Floats, labels: NDArray[Any], losses: Floats) -> None:
    for n in range(first, last):
        _, largest, rest = _largest_and_rest(logits[n])
        losses[n] = (largest - np.float64(logits[n, labels[n]])) + math.log1p(rest)


@jit
def _cross_entropy_gradient(
    first: int, last: int, upstream: Floats, logits: Floats, labels: NDArray[Any], gradient: Floats
) -> None:
    for n in range(first, last):
        where, largest, rest = _largest_and_rest(logits[n])
        scale = np.float64(upstream[n])
        for k in range(logits.shape[1]):
            probability = math.exp(np.float64(logits[n, k]) - largest) / (1.0 + rest)
            if k != labels[n]:
                gradient[n, k] = scale * probability
            elif k == where:  # probability - 1, without cancellation
                gradient[n, k] = -scale * (rest / (1.0 + rest))
            else:
                gradient[n, k] = scale * (probability - 1.0)
