"""Binary cross entropy and the multiclass hinge (CS231n: linear classification; neural networks part 2)."""

from __future__ import annotations

import numpy as np

from autograd_cnn.gates.activation import sigmoid
from autograd_cnn.gates.comparison import maximum, not_equal, where
from autograd_cnn.gates.exponential import log
from autograd_cnn.gates.rectifier import softplus
from autograd_cnn.gates.reduction import sum as sum_of
from autograd_cnn.gates.shape import getitem, reshape, scatter_add
from autograd_cnn.registry import Value, gate


@gate("BCE", broadcasts=True)
def binary_cross_entropy(p: Value, y: Value) -> Value:
    """−y·log p − (1−y)·log(1−p): the gradient is (p−y)/(p(1−p)), steep where a sure answer is wrong.

    As in torch, each logarithm is at least −100 and p(1−p) at least 1e−12: at p in {0, 1} the loss
    is 0 or 100, and the gradient 0 or ±1e12.

    Formula: −y·log p − (1−y)·log(1−p)
    Local gradient: (p − y)/(p(1 − p)); to y: log(1−p) − log p
    Kink: p = 0 or 1: logarithms end at −100 and p(1−p) at 1e−12, as torch
    """
    with np.errstate(divide="ignore"):
        return -(y * np.maximum(np.log(p), -100) + (1 - y) * np.maximum(np.log1p(-p), -100))


@binary_cross_entropy.vjp
def _(upstream: Value, output: Value, p: Value, y: Value, *, needs: tuple[bool, bool]) -> Value:
    to_p = upstream * ((p - y) / maximum(p * (1 - p), 1e-12)) if needs[0] else None
    to_y = upstream * (binary_cross_entropy(p, 1) - binary_cross_entropy(p, 0)) if needs[1] else None
    return to_p, to_y


@binary_cross_entropy.expansion
def _(p: Value, y: Value) -> Value:
    """The formula, logarithm by logarithm."""
    return -(y * maximum(log(p), -100) + (1 - y) * maximum(log(1 - p), -100))


@gate("BCE σ", broadcasts=True)
def binary_cross_entropy_with_logits(x: Value, y: Value, pos_weight: Value) -> Value:
    """Binary cross entropy of p = σ(x), stable: the gradient is p − y, or −w(1−p) where y = 1 weighs w.

    With L = log(1 + exp −|x|) it is (1−y)x + (1−y+wy)·L where x ≥ 0, and −wyx + (1−y+wy)·L where
    x < 0: nothing overflows, nothing cancels. An infinitely sure right answer costs 0.

    Formula: −w·y·log σ(x) − (1−y)·log(1 − σ(x))
    Local gradient: σ(x)·(1 − y + w·y) − w·y
    """
    wrong = pos_weight * y
    above = np.where(np.less(x, 0) | np.equal(y, 1), 0, x)  # no 0·∞
    below = np.where(np.less(x, 0) & np.not_equal(wrong, 0), x, 0)
    return (1 - y) * above - wrong * below + (1 - y + wrong) * np.log1p(np.exp(-np.abs(x)))


@binary_cross_entropy_with_logits.vjp
def _(upstream: Value, output: Value, x: Value, y: Value, pos_weight: Value, *, needs: tuple[bool, ...]) -> Value:
    to_x = to_y = to_weight = None
    if needs[0]:
        share = 1 - y + pos_weight * y
        to_x = upstream * where(x < 0, share * sigmoid(x) - pos_weight * y, (1 - y) - share * sigmoid(-x))
    if needs[1]:
        right, wrong = (binary_cross_entropy_with_logits(x, target, pos_weight) for target in (1, 0))
        to_y = upstream * (right - wrong)
    if needs[2]:
        to_weight = upstream * (y * binary_cross_entropy_with_logits(x, 1, 1))
    return to_x, to_y, to_weight


@binary_cross_entropy_with_logits.expansion
def _(x: Value, y: Value, pos_weight: Value) -> Value:
    """−log σ(x) is softplus(−x), and −log(1 − σ(x)) is softplus(x)."""
    return pos_weight * y * softplus(-x) + (1 - y) * softplus(x)


@gate("SVM")
def multiclass_svm_loss(scores: Value, labels: Value, *, delta: float = 1.0, squared: bool = False) -> Value:
    """Σ over wrong classes of max(0, s_j − s_y + Δ), per sample: (N, K), (N,) -> (N,).

    Router: every class inside the margin receives the upstream gradient, the right class minus their
    sum; at exactly 0 a margin counts as kept. `squared` squares each margin (L2-SVM).

    Formula: Σ max(0, s_j − s_y + Δ) over j ≠ y
    Local gradient: 1 for every class inside the margin, minus their number for y; twice the margin's violation when
        squared
    Kink: a margin of exactly Δ counts as kept and gives 0, where torch's multi_margin_loss agrees
    """
    margins = _margins(scores, labels, delta)
    return sum_of(margins * margins if squared else margins, axis=1)


@multiclass_svm_loss.vjp
def _(upstream: Value, output: Value, scores: Value, labels: Value, *, delta: float, squared: bool) -> Value:
    margins = _margins(scores, labels, delta)
    to_wrong = where(margins <= 0, 0, reshape(upstream, shape=(-1, 1)))
    if squared:
        to_wrong = to_wrong * (2 * margins)
    to_right = scatter_add(-sum_of(to_wrong, axis=1), index=_rights(labels), shape=scores.shape)
    return to_wrong + to_right, None


@multiclass_svm_loss.branch
def _(scores: Value, labels: Value, *, delta: float, squared: bool) -> Value:
    return np.where(_margins(scores, labels, delta) > 0, 1, 0)


@multiclass_svm_loss.expansion
def _(scores: Value, labels: Value, *, delta: float, squared: bool) -> Value:
    """Pick the right scores, subtract, take the maximum with 0, add up."""
    margins = _margins(scores, labels, delta)
    return sum_of(margins * margins if squared else margins, axis=1)


def _margins(scores: Value, labels: Value, delta: float) -> Value:
    right = reshape(getitem(scores, index=_rights(labels)), shape=(-1, 1))
    wrong = not_equal(np.arange(scores.shape[1]), reshape(labels, shape=(-1, 1)))
    return where(wrong, maximum(0, scores - right + delta), 0)


def _rights(labels: Value) -> Value:
    return np.arange(labels.shape[0]), labels
