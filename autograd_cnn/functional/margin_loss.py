"""Hinge losses: a score is right when it is right by a margin (CS231n, linear classification: SVM).

A margin that is kept exactly costs nothing and sends no gradient back: max(0, ·) gives its first
input, the constant, all of a tie.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from autograd_cnn.errors import ArgumentError, ShapeError
from autograd_cnn.functional.arguments import floating
from autograd_cnn.functional.targets import class_weights, classes, reduced, same_shape, signs
from autograd_cnn.gates import classification
from autograd_cnn.gates.comparison import maximum, where
from autograd_cnn.gates.reduction import sum
from autograd_cnn.registry import Value
from autograd_cnn.settings import number, real, written


def multiclass_svm_loss(
    scores: Value, labels: Any, delta: float = 1.0, squared: bool = False, *, reduction: str = "mean"
) -> Value:
    """Multiclass SVM: Σ over the wrong classes j of max(0, s_j − s_label + Δ).

    Parameters
    ----------
    scores : (N, K) or (K,) array or node
        Scores of K classes.
    labels : (N,) or () integers
        The right classes, 0 to K − 1.
    delta : float
        Margin by which the right score shall lead.
    squared : bool
        Square each margin: the L2-SVM.
    reduction : {"mean", "sum", "none"}
        How the N losses become one.

    Raises
    ------
    ShapeError, DtypeError, OutOfRangeError, ArgumentError
        When shapes do not fit, labels are no integers or outside 0 to K − 1, or the reduction is unknown.

    Notes
    -----
    The gradient of a row of weights is x_i times the gradient of its score: 1 for a class inside the
    margin, minus their number for the right one.

    Examples
    --------
    The notes' example: the first wrong score keeps the margin of 10, the second does not.

    >>> import numpy as np
    >>> from autograd_cnn import functional as F
    >>> float(F.multiclass_svm_loss(np.array([13.0, -7.0, 11.0]), 0, delta=10))
    8.0
    """
    name = "multiclass_svm_loss"
    return reduced(name, _svm(name, scores, labels, number(name, "delta", delta), squared), reduction)


def multi_margin_loss(
    input: Value, target: Any, p: int = 1, margin: float = 1.0, weight: Any = None, *, reduction: str = "mean"
) -> Value:
    """Multiclass SVM as torch has it: `multiclass_svm_loss` divided by the number of classes.

    Parameters
    ----------
    input, target, reduction
        As the scores and labels of `multiclass_svm_loss`.
    p : {1, 2}
        Power of each margin.
    margin : float
        As `delta` there.
    weight : (K,) array_like, optional
        Factor of the losses of each class; the mean divides by the number of samples all the same.
    """
    p, margin = check_power("multi_margin_loss", p), number("multi_margin_loss", "margin", margin)
    losses = _svm("multi_margin_loss", input, target, margin, p == 2) / input.shape[-1]
    if weight is not None:
        factors = class_weights("multi_margin_loss", weight, input.shape[-1], input.dtype)
        losses = losses * np.take(factors, classes("multi_margin_loss", input.shape, target))
    return reduced("multi_margin_loss", losses, reduction)


def check_power(name: str, p: Any) -> int:
    """Return the power of margins; raise ArgumentError unless it is 1 or 2."""
    if real(p) not in (1, 2):
        raise ArgumentError(f"{name}: p={written(p)}, expected 1 or 2")
    return int(p)


def _svm(name: str, scores: Value, labels: Any, delta: float, squared: bool) -> Value:
    floating(name, scores)
    if len(scores.shape) not in (1, 2):
        raise ShapeError(f"{name}: scores of shape {scores.shape}, expected (N, K) or (K,)")
    labels = classes(name, scores.shape, labels)
    rows = scores.reshape(1, -1) if len(scores.shape) == 1 else scores
    losses = classification.multiclass_svm_loss(rows, labels.reshape(-1), delta=delta, squared=squared)
    return losses if labels.shape else losses[0]


def binary_hinge_loss(
    scores: Value, labels: Any, delta: float = 1.0, squared: bool = False, *, reduction: str = "mean"
) -> Value:
    """Binary SVM: max(0, Δ − y·s) for labels y of 1 or −1.

    Parameters
    ----------
    scores : array or node
        One score per sample, any shape.
    labels : array_like
        1 or −1, of the same shape.
    delta, squared, reduction
        As in `multiclass_svm_loss`.
    """
    floating("binary_hinge_loss", scores)
    delta = number("binary_hinge_loss", "delta", delta)
    short = maximum(0, delta - signs("binary_hinge_loss", scores, labels, scores.shape) * scores)
    return reduced("binary_hinge_loss", short * short if squared else short, reduction)


def attribute_hinge_loss(scores: Value, labels: Any, delta: float = 1.0, *, reduction: str = "mean") -> Value:
    """Independent binary attributes: Σ_j max(0, Δ − y_j·s_j) over the attributes of each sample.

    CS231n, neural networks part 2, "Attribute classification".

    Parameters
    ----------
    scores : (N, A) or (A,) array or node
        One score per attribute.
    labels : array_like
        1 where the sample has the attribute, else −1; of the same shape.
    delta, reduction
        As in `multiclass_svm_loss`; the mean is over samples.
    """
    delta = number("attribute_hinge_loss", "delta", delta)
    if len(scores.shape) not in (1, 2):
        raise ShapeError(f"attribute_hinge_loss: scores of shape {scores.shape}, expected (N, attributes)")
    each = binary_hinge_loss(scores, labels, delta, reduction="none")
    return reduced("attribute_hinge_loss", sum(each, axis=-1), reduction)


def hinge_embedding_loss(input: Value, target: Any, margin: float = 1.0, *, reduction: str = "mean") -> Value:
    """Make distances small where the target is 1, and push them above the margin where it is −1.

    Parameters
    ----------
    input : array or node
        Distances, any shape: the loss where the target is 1; where it is −1 it is max(0, margin − input).
    target : array_like
        1 or −1, of the same shape.
    margin, reduction
        As in `margin_ranking_loss`.
    """
    floating("hinge_embedding_loss", input)
    margin = number("hinge_embedding_loss", "margin", margin)
    near = signs("hinge_embedding_loss", input, target, input.shape) > 0
    return reduced("hinge_embedding_loss", where(near, input, maximum(0, margin - input)), reduction)


def margin_ranking_loss(
    input1: Value, input2: Value, target: Any, margin: float = 0.0, *, reduction: str = "mean"
) -> Value:
    """Rank the first input higher where the target is 1, lower where it is −1: max(0, margin − t·(x1 − x2)).

    Parameters
    ----------
    input1, input2 : array or node
        Scores of one shape.
    target : array_like
        1 or −1, of the same shape.
    margin : float
        By how much one shall lead.
    reduction : {"mean", "sum", "none"}
        How the losses become one.

    Raises
    ------
    ShapeError, DtypeError, ArgumentError
        When shapes or dtypes do not fit, or a target is not ±1.
    """
    floating("margin_ranking_loss", input1)
    floating("margin_ranking_loss", input2)
    same_shape("margin_ranking_loss", input1.shape, "input2", input2.shape)
    margin = number("margin_ranking_loss", "margin", margin)
    target = signs("margin_ranking_loss", input1, target, input1.shape)
    return reduced("margin_ranking_loss", maximum(0, margin - target * (input1 - input2)), reduction)
