"""Losses of one class among many: cross entropy and negative log likelihood (CS231n, linear classification)."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from autograd_cnn import live
from autograd_cnn.errors import ArgumentError
from autograd_cnn.functional.arguments import array_of, floating
from autograd_cnn.functional.probability_loss import where_possible
from autograd_cnn.functional.targets import (
    alike,
    check_reduction,
    check_smoothing,
    class_weights,
    classes_and_ignored,
    reduced,
    weighed,
    weighted_mean,
)
from autograd_cnn.gates import loss
from autograd_cnn.gates.comparison import equal
from autograd_cnn.gates.reduction import sum
from autograd_cnn.gates.shape import getitem, reshape, transpose
from autograd_cnn.gates.softmax import log_softmax
from autograd_cnn.registry import Value
from autograd_cnn.settings import whole


def nll_loss(
    input: Value, target: Any, weight: Any = None, *, ignore_index: int = -100, reduction: str = "mean"
) -> Value:
    """Negative log likelihood: −w[label]·input[label] of log-probabilities.

    Parameters
    ----------
    input : (N, K), (N, K, d1, ...) or (K,) array or node
        Log-probabilities of K classes.
    target, weight, ignore_index, reduction
        As the class labels of `cross_entropy`.

    Raises
    ------
    ShapeError, DtypeError, OutOfRangeError, ArgumentError
        As in `cross_entropy`.
    """
    floating("nll_loss", input)
    ignore_index = whole("nll_loss", "ignore_index", ignore_index)
    labels, ignored = classes_and_ignored("nll_loss", input.shape, target, ignore_index)
    rows = _rows(input)
    factors = _factors("nll_loss", labels, weight, ignore_index if ignored else None, rows)
    picked = -_picked(rows, _safe(labels, ignore_index if ignored else None))
    return _weighted("nll_loss", picked, factors, labels.shape, reduction)


def cross_entropy(
    input: Value,
    target: Any,
    weight: Any = None,
    *,
    ignore_index: int = -100,
    reduction: str = "mean",
    label_smoothing: float = 0.0,
) -> Value:
    """Cross entropy of softmax scores against class labels, −log p[label], or against probabilities.

    Parameters
    ----------
    input : (N, K), (N, K, d1, ...) or (K,) array or node
        Unnormalised scores of K classes, float32 or float64.
    target : (N,), (N, d1, ...) or () integers, or array or node of the shape of `input`
        The right classes, 0 to K − 1; or, floating, the probability of each class.
    weight : (K,) array_like, optional
        How much each class counts; a class of weight 0 does not count at all.
    ignore_index : int
        Samples with this label do not count.
    reduction : {"mean", "sum", "none"}
        How the losses become one. The mean divides by the weights of the labels that count; with
        probabilities as targets, by the number of samples. Over nothing it is NaN, with gradient 0.
    label_smoothing : float
        This part of each target, 0 to 1, is spread evenly over all classes.

    Raises
    ------
    ShapeError, DtypeError, OutOfRangeError, ArgumentError
        When shapes do not fit, labels are no integers or outside 0 to K − 1, or an argument is not allowed.

    Notes
    -----
    A class that is impossible (score −∞) costs nothing where its target is 0; torch gives NaN there.

    Examples
    --------
    >>> import numpy as np
    >>> from autograd_cnn import functional as F
    >>> round(float(F.cross_entropy(np.zeros((4, 10)), [0, 1, 2, 3])), 4)  # ln 10: chance
    2.3026
    """
    name = "cross_entropy"
    floating(name, input)
    check_reduction(name, reduction)
    smoothing, ignore_index = check_smoothing(name, label_smoothing), whole(name, "ignore_index", ignore_index)
    if input.shape and _are_probabilities(name, target, input.shape):
        return _against_probabilities(input, alike(name, input, target), weight, ignore_index, reduction, smoothing)
    labels, ignored = classes_and_ignored(name, input.shape, target, ignore_index)
    ignore = ignore_index if ignored else None
    rows, known = _rows(input), _safe(labels, ignore)
    factors = _factors(name, labels, weight, ignore, rows)
    if not smoothing:
        return _weighted(name, loss.cross_entropy(rows, known), factors, labels.shape, reduction)
    logs = log_softmax(rows, axis=1)
    hard = -_picked(logs, known)
    each = logs if weight is None else weighed(logs, class_weights(name, weight, rows.shape[1], rows.dtype))
    even = -sum(each, axis=1)
    if factors is not None:
        hard, even = weighed(hard, factors), weighed(even, _kept(labels, ignore))
    losses = (1 - smoothing) * hard + smoothing / rows.shape[1] * even
    total = labels.size if factors is None else live.number(factors.sum(), rows.dtype)
    return weighted_mean(name, reshape(losses, shape=labels.shape), reduction, total)


def _against_probabilities(
    input: Value, target: Value, weight: Any, ignore_index: int, reduction: str, smoothing: float
) -> Value:
    if ignore_index >= 0:
        raise ArgumentError(f"cross_entropy: ignore_index={ignore_index} has no meaning for probabilities as targets")
    rows, goals = _rows(input), _rows(target)
    count = rows.shape[1]
    if smoothing:
        goals = goals * (1 - smoothing) + smoothing / count
    terms = goals * where_possible(equal(goals, 0), log_softmax(rows, axis=1))
    if weight is not None:
        terms = weighed(terms, class_weights("cross_entropy", weight, count, rows.dtype))
    axis = min(1, len(input.shape) - 1)
    shape = input.shape[:axis] + input.shape[axis + 1 :]
    return reduced("cross_entropy", reshape(-sum(terms, axis=1), shape=shape), reduction)


def _rows(x: Value) -> Value:
    """Return scores (N, K, d1, ...) or (K,) as (samples, K)."""
    if len(x.shape) == 1:
        return reshape(x, shape=(1, *x.shape))
    if len(x.shape) == 2:
        return x
    moved = transpose(x, axes=(0, *range(2, len(x.shape)), 1))
    return reshape(moved, shape=(math.prod(moved.shape[:-1]), moved.shape[-1]))


def _picked(rows: Value, labels: Any) -> Value:
    return getitem(rows, index=(np.arange(labels.size), labels))


def _safe(labels: Any, ignore_index: int | None) -> Any:
    """Return labels in one row, with class 0 in place of those that are ignored."""
    if ignore_index is not None:
        labels = np.where(labels == ignore_index, 0, labels)
    return labels if labels.ndim == 1 else labels.ravel()


def _kept(labels: Any, ignore_index: int | None) -> Any:
    """Return for each label in one row whether it counts."""
    row = _safe(labels, None)
    return np.ones_like(row, dtype=bool) if ignore_index is None else row != ignore_index


def _factors(name: str, labels: Any, weight: Any, ignore_index: int | None, rows: Value) -> Any:
    """Return how much each sample counts, 0 for an ignored one; None when all count alike."""
    kept = _kept(labels, ignore_index) if weight is not None or ignore_index is not None else None
    if weight is not None:
        return np.take(class_weights(name, weight, rows.shape[1], rows.dtype), _safe(labels, ignore_index)) * kept
    return kept


def _weighted(name: str, losses: Value, factors: Any, shape: tuple[int, ...], reduction: str) -> Value:
    check_reduction(name, reduction)
    if losses.shape != shape:
        losses = reshape(losses, shape=shape)
    if factors is None:
        return reduced(name, losses, reduction)
    return weighted_mean(
        name, weighed(losses, factors.reshape(shape)), reduction, live.number(factors.sum(), losses.dtype)
    )


def _are_probabilities(name: str, target: Any, shape: tuple[int, ...]) -> bool:
    given = target if hasattr(target, "dtype") else array_of(name, "target", target)
    return bool(given.shape == shape and given.dtype.kind == "f")
