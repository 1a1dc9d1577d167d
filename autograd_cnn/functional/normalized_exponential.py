"""Softmax, softmin and log-softmax with torch's argument name: `dim`, where NumPy and the gates say `axis`."""

from __future__ import annotations

from autograd_cnn.gates import softmax as gates
from autograd_cnn.registry import Value
from autograd_cnn.settings import whole


def softmax(x: Value, dim: int = -1) -> Value:
    """Turn scores into probabilities exp x / Σ exp x that sum to 1 along `dim`; see the gate `ag.softmax`.

    Examples
    --------
    >>> import numpy as np
    >>> from autograd_cnn import functional as F
    >>> F.softmax(np.log([[1.0, 3.0]]), dim=1).round(12).tolist()
    [[0.25, 0.75]]
    """
    return gates.softmax(x, axis=whole("softmax", "dim", dim))


def softmin(x: Value, dim: int = -1) -> Value:
    """Softmax of −x: the smallest score has the largest probability."""
    return gates.softmax(-x, axis=whole("softmin", "dim", dim))


def log_softmax(x: Value, dim: int = -1) -> Value:
    """Logarithms of the softmax probabilities, stable at any score; see the gate `ag.log_softmax`."""
    return gates.log_softmax(x, axis=whole("log_softmax", "dim", dim))
