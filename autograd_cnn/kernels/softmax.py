"""Softmax, its logarithm and cross entropy, row by row, without overflow or cancellation.

With ``m`` the largest logit of a row and ``rest`` the sum of ``exp(x - m)`` over all *other*
logits, ``log(sum(exp(x))) = m + log1p(rest)``. Nothing overflows, since ``x - m <= 0``, and a
nearly certain class keeps its small loss ``log1p(rest)`` to full relative accuracy.
Everything is computed in float64 and rounded once to the dtype of the result. Exponentials are taken once, and all
passes over a row are SIMD: which logit is the largest need not be known, since the exponential of ``x - m`` is 1 for
it, and, where it is 1 for others as well, these count into the rest.

-inf logits have probability 0. A row with NaN or +inf, or of -inf alone, has no softmax: NaN.
"""

from __future__ import annotations

import math
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from autograd_cnn.errors import DtypeError, ShapeError
from autograd_cnn.kernels.exponentials import exp
from autograd_cnn.kernels.jit import jit
from autograd_cnn.kernels.layout import Floats, floating_dtype, readable
from autograd_cnn.kernels.threads import share_out

# What an exponential costs, in multiply-adds.
EXPONENTIAL = 10

# So many maxima of a row are sought side by side.
STRANDS = 32

# So many exponentials are taken at once; they stay in the first-level cache.
BUNCH = 1024


def softmax(x: Floats, *, out: Floats | None = None) -> Floats:
    """Return ``exp(x) / sum(exp(x))`` over the last axis of ``x``, (N, K), float32 or float64."""
    dtype = floating_dtype("softmax", x)
    y = _result("softmax", out, x.shape, dtype)
    if x.size:
        share_out(_softmax, len(x), x.size * EXPONENTIAL, readable(x, dtype), y)
    return y


def log_softmax(x: Floats, *, out: Floats | None = None) -> Floats:
    """Return ``x - log(sum(exp(x)))`` over the last axis of ``x``, (N, K), float32 or float64."""
    dtype = floating_dtype("log_softmax", x)
    y = _result("log_softmax", out, x.shape, dtype)
    if x.size:
        share_out(_log_softmax, len(x), x.size * EXPONENTIAL, readable(x, dtype), y)
    return y


def cross_entropy(
    logits: Floats, labels: NDArray[Any], *, out: tuple[Floats, Floats] | None = None
) -> tuple[Floats, Floats]:
    """Return the loss ``-log_softmax(logits)[n, labels[n]]`` of each sample, and its gradient.

    Parameters
    ----------
    logits : ndarray
        (N, K), float32 or float64, any strides.
    labels : ndarray of int
        (N,), from 0 to K - 1; not checked here.
    out : (ndarray, ndarray), optional
        Where to put both results.

    Returns
    -------
    losses : ndarray
        (N,).
    difference : ndarray
        (N, K), ``softmax(logits) - one_hot(labels)``: the local gradient, for which no exponential is needed again.
    """
    dtype = floating_dtype("cross_entropy", logits)
    losses = _result("cross_entropy", out[0] if out else None, logits.shape[:1], dtype)
    difference = _result("cross_entropy", out[1] if out else None, logits.shape, dtype)
    if logits.size:
        fill_cross_entropy(readable(logits, dtype), readable(labels, np.int64), losses, difference)
    return losses, difference


def fill_cross_entropy(logits: Floats, labels: NDArray[Any], losses: Floats, difference: Floats) -> None:
    """Do what `cross_entropy` does with arrays that `layout.readable` gave; there is a number at least."""
    operations = logits.size * EXPONENTIAL
    share_out(_cross_entropy, len(logits), operations, logits, labels, _nothing(logits.dtype), losses, difference)


def cross_entropy_gradient(
    upstream: Floats, logits: Floats, labels: NDArray[Any], *, out: Floats | None = None
) -> Floats:
    """Return ``upstream * (softmax(logits) - one_hot(labels))``, (N, K).

    Parameters
    ----------
    upstream : ndarray
        Gradient of each sample's loss, (N,).
    logits, labels
        As given to :func:`cross_entropy`.
    out : ndarray, optional
        Where to put the result.
    """
    dtype = floating_dtype("cross_entropy_gradient", upstream, logits)
    gradient = _result("cross_entropy_gradient", out, logits.shape, dtype)
    if not logits.size:
        return gradient
    share_out(
        _cross_entropy,
        len(logits),
        logits.size * EXPONENTIAL,
        readable(logits, dtype),
        readable(labels, np.int64),
        readable(upstream, dtype),
        np.empty(0, dtype),
        gradient,
    )
    return gradient


@lru_cache
def _nothing(dtype: np.dtype[Any]) -> Floats:
    return readable(np.empty(0, dtype), dtype)


def _result(kernel: str, out: Floats | None, shape: tuple[int, ...], dtype: np.dtype[Any]) -> Floats:
    if out is None:
        return np.empty(shape, dtype)
    if out.shape != shape:
        raise ShapeError(f"{kernel}: out has shape {out.shape}, expected {shape}")
    if out.dtype != dtype or not out.flags.carray:
        raise DtypeError(f"{kernel}: out is {out.dtype}, expected a writable array of {dtype} in C order")
    return out


@jit
def _largest(row: Floats, strands: Floats) -> Any:
    """Return the largest logit, whatever NaN there is."""
    whole = row.size - row.size % STRANDS
    largest = row.dtype.type(-np.inf)
    if whole:
        strands[:] = -np.inf
        for start in range(0, whole, STRANDS):
            piece = row[start : start + STRANDS]
            for i in range(STRANDS):
                strands[i] = piece[i] if piece[i] > strands[i] else strands[i]
        for i in range(STRANDS):
            largest = strands[i] if strands[i] > largest else largest
    for k in range(whole, row.size):
        largest = row[k] if row[k] > largest else largest
    return largest


@jit(flags=frozenset({"reassoc"}))  # none is negative: in whatever order they are added up, nothing cancels
def _ones_and_others(numbers: Floats) -> tuple[float, float]:
    """Return how many exponentials are 1, and the sum of the others."""
    ones, others = 0.0, 0.0
    for k in range(numbers.size):
        is_one = numbers[k] == 1.0
        ones += 1.0 if is_one else 0.0
        others += 0.0 if is_one else numbers[k]
    return ones, others


@jit
def _exponentials(x: Floats, first: int, last: int, strands: Floats, largest: Floats, numbers: Floats) -> None:
    """Put ``exp(x - m)`` of some rows into ``numbers``, row after row, and each row's m into ``largest``."""
    classes = x.shape[1]
    for n in range(first, last):
        row, own = x[n], numbers[(n - first) * classes : (n - first + 1) * classes]
        m = np.float64(_largest(row, strands))
        largest[n - first] = m
        for k in range(classes):
            own[k] = np.float64(row[k]) - m
    for k in range((last - first) * classes):  # one long loop, however few classes there are
        numbers[k] = exp(numbers[k])


@jit
def _rest(numbers: Floats) -> float:
    """Return the sum of all exponentials of a row but one that is 1; NaN where there is no softmax."""
    ones, others = _ones_and_others(numbers)
    return (ones - 1.0) + others


@jit
def _softmax(first: int, last: int, x: Floats, y: Floats) -> None:
    classes, bunch = x.shape[1], max(1, BUNCH // x.shape[1])
    strands, largest, numbers = np.empty(STRANDS, x.dtype), np.empty(bunch), np.empty(bunch * classes)
    for begin in range(first, last, bunch):
        end = min(begin + bunch, last)
        _exponentials(x, begin, end, strands, largest, numbers)
        for n in range(begin, end):
            row, own = y[n], numbers[(n - begin) * classes : (n - begin + 1) * classes]
            rest = _rest(own)
            for k in range(classes):
                row[k] = own[k] / (1.0 + rest)


@jit
def _log_softmax(first: int, last: int, x: Floats, y: Floats) -> None:
    classes, bunch = x.shape[1], max(1, BUNCH // x.shape[1])
    strands, largest, numbers = np.empty(STRANDS, x.dtype), np.empty(bunch), np.empty(bunch * classes)
    for begin in range(first, last, bunch):
        end = min(begin + bunch, last)
        _exponentials(x, begin, end, strands, largest, numbers)
        for n in range(begin, end):
            logits, row, m = x[n], y[n], largest[n - begin]
            base = math.log1p(_rest(numbers[(n - begin) * classes : (n - begin + 1) * classes]))
            for k in range(classes):
                row[k] = (np.float64(logits[k]) - m) - base


@jit
def _differ(numbers: Floats, rest: float, label: int, scale: float, row: Floats) -> None:
    """Put the probabilities into a row, less 1 at the label, times a scale."""
    share = scale / (1.0 + rest)
    for k in range(row.size):
        row[k] = numbers[k] * share
    if numbers[label] == 1.0:  # probability - 1, without cancellation
        row[label] = -scale * (rest / (1.0 + rest))
    else:
        row[label] = scale * (numbers[label] / (1.0 + rest) - 1.0)


@jit
def _cross_entropy(
    first: int,
    last: int,
    logits: Floats,
    labels: NDArray[Any],
    upstream: Floats,
    losses: Floats,
    gradient: Floats,
) -> None:
    """Put the losses, and ``upstream`` times their gradients, into two arrays; `upstream` or `losses` may be empty."""
    classes, bunch = logits.shape[1], max(1, BUNCH // logits.shape[1])
    strands, largest, numbers = np.empty(STRANDS, logits.dtype), np.empty(bunch), np.empty(bunch * classes)
    for begin in range(first, last, bunch):
        end = min(begin + bunch, last)
        _exponentials(logits, begin, end, strands, largest, numbers)
        for n in range(begin, end):
            own = numbers[(n - begin) * classes : (n - begin + 1) * classes]
            rest = _rest(own)
            scale = np.float64(upstream[n]) if upstream.size else 1.0
            _differ(own, rest, labels[n], scale, gradient[n])
            if losses.size:
                losses[n] = (largest[n - begin] - np.float64(logits[n, labels[n]])) + math.log1p(rest)
