"""The losses of linear classifiers with gradients derived by hand, as the notes teach them.

Plain numpy, without the engine: what its gradients are checked against. Weights are (K, D), samples (N, D).
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Gradients = tuple[float, NDArray[Any], NDArray[Any]]


def svm_loss_and_gradients(
    weight: NDArray[Any],
    bias: NDArray[Any],
    x: NDArray[Any],
    y: NDArray[Any],
    delta: float = 1.0,
    regularization: float = 0.0,
) -> Gradients:
    """Return the multiclass SVM loss and its gradients with respect to weight and bias.

    CS231n, linear classification and optimization: with s = W x + b,

        L  = 1/N Σᵢ Σ_{j≠yᵢ} max(0, s_j − s_yᵢ + Δ) + λ ΣW²
        ∂L/∂w_j  gathers xᵢ wherever class j violates its margin,
        ∂L/∂w_yᵢ gathers −(the number of violated margins) · xᵢ.
    """
    everyone = np.arange(len(x))
    scores = x @ weight.T + bias
    margins = np.maximum(0, scores - scores[everyone, y][:, None] + delta)
    margins[everyone, y] = 0
    coefficients = (margins > 0).astype(scores.dtype)
    coefficients[everyone, y] = -coefficients.sum(1)
    return _with_penalty(margins.sum() / len(x), coefficients / len(x), weight, x, regularization)


def softmax_loss_and_gradients(
    weight: NDArray[Any], bias: NDArray[Any], x: NDArray[Any], y: NDArray[Any], regularization: float = 0.0
) -> Gradients:
    """Return the cross-entropy loss and its gradients with respect to weight and bias.

    CS231n, linear classification and the case study: with p = softmax(W x + b),

        L = −1/N Σᵢ log p_yᵢ + λ ΣW²,        ∂L/∂s_k = (p_k − 1[k = yᵢ]) / N.
    """
    everyone = np.arange(len(x))
    scores = x @ weight.T + bias
    shifted = scores - scores.max(1, keepdims=True)
    probabilities = np.exp(shifted) / np.exp(shifted).sum(1, keepdims=True)
    loss = -np.log(probabilities[everyone, y]).sum() / len(x)
    probabilities[everyone, y] -= 1
    return _with_penalty(loss, probabilities / len(x), weight, x, regularization)


def _with_penalty(
    loss: float, upstream: NDArray[Any], weight: NDArray[Any], x: NDArray[Any], regularization: float
) -> Gradients:
    """Return the whole loss, and from the gradient of the scores that of weight and bias."""
    total = float(loss + regularization * np.square(weight).sum())
    return total, upstream.T @ x + 2 * regularization * weight, upstream.sum(0)
