"""Cross entropy (CS231n, linear classification: the softmax classifier)."""

from __future__ import annotations

from typing import Any

import numpy as np

from autograd_cnn.gates.exponential import exp
from autograd_cnn.gates.reduction import sum as sum_of
from autograd_cnn.gates.shape import getitem, scatter_add
from autograd_cnn.gates.softmax import log_softmax
from autograd_cnn.registry import Value, gate


@gate("cross entropy", saves=("difference",))
def cross_entropy(logits: Value, labels: Value) -> Value:
    """−log of the probability given to the label, per sample: scores (N, K), labels (N,) -> (N,).

    Saves the probabilities minus the one-hot label, so that exponentials are taken once.

    Formula: −log softmax(s)[y]
    Local gradient: p − 1 at the label, p elsewhere
    """
    from autograd_cnn.kernels import softmax

    return softmax.cross_entropy(logits, labels)


@cross_entropy.vjp
def _(upstream: Value, output: Value, logits: Value, labels: Value, *, difference: Any) -> Value:
    return cross_entropy_gradient(upstream, logits, labels, difference=difference), None


@cross_entropy.expansion
def _(logits: Value, labels: Value) -> Value:
    """Log-softmax, then pick the label's entry and change its sign."""
    return -_pick(log_softmax(logits, axis=1), labels)


@gate("p − y")
def cross_entropy_gradient(upstream: Value, logits: Value, labels: Value, *, difference: Any = None) -> Value:
    """Gradient of cross entropy: probabilities minus the one-hot label, times the upstream gradient.

    `difference`, where it is known already, is the former minus the latter.

    Formula: (p − one-hot y)·u
    Local gradient: u: p − y; s: u·p·(v − Σ p·v) for an upstream v
    """
    if difference is not None:
        return np.multiply(np.reshape(upstream, (-1, 1)), difference)
    from autograd_cnn.kernels import softmax

    return softmax.cross_entropy_gradient(upstream, logits, labels)


@cross_entropy_gradient.vjp
def _(upstream: Value, output: Value, sent: Value, logits: Value, labels: Value, *, difference: Any) -> Value:
    probabilities = exp(log_softmax(logits, axis=1))
    expected = sum_of(upstream * probabilities, axis=1)
    to_logits = sent[:, None] * probabilities * (upstream - expected[:, None])
    return expected - _pick(upstream, labels), to_logits, None


@cross_entropy_gradient.expansion
def _(sent: Value, logits: Value, labels: Value, *, difference: Any) -> Value:
    """Softmax, subtract one at the label, scale by the upstream gradient."""
    probabilities = exp(log_softmax(logits, axis=1))
    rows = np.arange(labels.shape[0])
    one_hot = scatter_add(np.ones(labels.shape, logits.dtype), index=(rows, labels), shape=logits.shape)
    return (probabilities - one_hot) * sent[:, None]


def _pick(rows: Value, labels: Any) -> Value:
    return getitem(rows, index=(np.arange(labels.shape[0]), labels))
