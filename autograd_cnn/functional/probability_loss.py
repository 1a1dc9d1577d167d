"""Losses of probabilities: binary cross entropy, also of scores, and Kullback–Leibler divergence.

CS231n, neural networks part 2: attribute classification as independent logistic regressions.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from autograd_cnn.functional.targets import alike, between_0_and_1, reduced, scales, weighted_mean
from autograd_cnn.gates import classification
from autograd_cnn.gates.comparison import equal, maximum, where
from autograd_cnn.gates.exponential import exp, log
from autograd_cnn.registry import Value


def binary_cross_entropy(input: Value, target: Any, weight: Any = None, *, reduction: str = "mean") -> Value:
    """Binary cross entropy of probabilities: −t·log p − (1−t)·log(1−p).

    Parameters
    ----------
    input : array or node
        Probabilities, any shape. Of scores, `binary_cross_entropy_with_logits` is the stable form.
    target : array_like or node
        0, 1 or a probability between, of the same shape.
    weight : array_like or node, optional
        Factors of the losses, which broadcast to their shape.
    reduction : {"mean", "sum", "none"}
        How the losses become one.

    Raises
    ------
    ShapeError, DtypeError, ArgumentError
        When shapes or dtypes do not fit, or numbers lie outside [0, 1].

    Notes
    -----
    At p in {0, 1}, as in torch: each logarithm is at least −100 and p(1−p) in the gradient at least
    1e−12. A wrong certainty costs 100, with gradient ±1e12; a right one costs 0, with gradient 0.
    """
    name = "binary_cross_entropy"
    target = alike(name, input, target)
    between_0_and_1(name, "input", input)
    between_0_and_1(name, "target", target)
    losses = classification.binary_cross_entropy(input, target)
    return reduced(name, losses if weight is None else losses * scales(name, "weight", weight, losses), reduction)


def binary_cross_entropy_with_logits(
    input: Value, target: Any, weight: Any = None, *, reduction: str = "mean", pos_weight: Any = None
) -> Value:
    """Binary cross entropy of p = σ(input), stable for scores of any size.

    Parameters
    ----------
    input : array or node
        Scores, any shape.
    target, weight, reduction
        As in `binary_cross_entropy`.
    pos_weight : array_like or node, optional
        How much a target of 1 weighs against one of 0; broadcasts, usually one number per column.
    """
    name = "binary_cross_entropy_with_logits"
    target = alike(name, input, target)
    between_0_and_1(name, "target", target)
    positive = 1.0 if pos_weight is None else scales(name, "pos_weight", pos_weight, input)
    losses = classification.binary_cross_entropy_with_logits(input, target, positive)
    return reduced(name, losses if weight is None else losses * scales(name, "weight", weight, losses), reduction)


def kl_div(input: Value, target: Any, *, reduction: str = "mean", log_target: bool = False) -> Value:
    """Kullback–Leibler divergence of a distribution from the target: t·(log t − input), element by element.

    Parameters
    ----------
    input : array or node
        Logarithms of probabilities, any shape.
    target : array_like or node
        Probabilities, or with `log_target` their logarithms; of the same shape.
    reduction : {"mean", "batchmean", "sum", "none"}
        "batchmean" divides the sum by the number of samples, which is the divergence itself;
        "mean", as in torch, by the number of elements.

    Notes
    -----
    Where the target is 0 the term is 0, whatever the input; torch gives NaN for an input of −∞.
    """
    target = alike("kl_div", input, target)
    if log_target:
        impossible = equal(target, -math.inf)
        terms = exp(target) * (where(impossible, 0, target) - where_possible(impossible, input))
    else:
        impossible = equal(target, 0)
        terms = target * (log(where(impossible, 1, target)) - where_possible(impossible, input))
    if reduction != "batchmean":
        return reduced("kl_div", terms, reduction)
    return weighted_mean("kl_div", terms, "mean", input.shape[0] if input.shape else 1)


def where_possible(impossible: Value, logs: Value) -> Value:
    """Log-probabilities that can be multiplied by 0: where a target is 0, −∞ becomes the lowest number."""
    return where(impossible, maximum(logs, float(np.finfo(logs.dtype).min)), logs)
