"""Losses with labels checked and a choice of reduction."""

from __future__ import annotations

from typing import Any

import numpy as np

from autograd_cnn.errors import DtypeError, OutOfRangeError, ShapeError
from autograd_cnn.functional.arguments import floating, reduced
from autograd_cnn.gates import loss
from autograd_cnn.graph import Node
from autograd_cnn.registry import Value


def cross_entropy(logits: Value, labels: Any, reduction: str = "mean") -> Value:
    """Cross entropy of softmax scores against class labels: −log p[label].

    Parameters
    ----------
    logits : (N, K) array or node
        Unnormalised scores of K classes, float32 or float64.
    labels : (N,) integers
        The right classes, 0 to K − 1.
    reduction : {"mean", "sum", "none"}
        How the N losses become one.

    Raises
    ------
    ShapeError, DtypeError, OutOfRangeError, ArgumentError
        When shapes do not fit, labels are no integers or outside 0 to K − 1, or the reduction is unknown.

    Examples
    --------
    >>> import numpy as np
    >>> from autograd_cnn import functional as F
    >>> round(float(F.cross_entropy(np.zeros((4, 10)), [0, 1, 2, 3])), 4)  # ln 10: chance
    2.3026
    """
    labels = np.asarray(labels.value if isinstance(labels, Node) else labels)
    if len(logits.shape) != 2 or labels.shape != logits.shape[:1]:
        raise ShapeError(
            f"cross_entropy: scores {logits.shape} and labels {labels.shape} do not fit; expected (N, K) and (N,)"
        )
    floating("cross_entropy", logits)
    if labels.dtype.kind not in "iu":
        raise DtypeError(f"cross_entropy: labels of dtype {labels.dtype}, expected integers; use labels.astype(int)")
    classes = logits.shape[1]
    if labels.size and not (labels.min() >= 0 and labels.max() < classes):
        wrong = int(np.flatnonzero((labels < 0) | (labels >= classes))[0])
        raise OutOfRangeError(
            f"cross_entropy: label {labels[wrong]} of sample {wrong} is not among the {classes} classes, "
            f"0 to {classes - 1}"
        )
    return reduced("cross_entropy", loss.cross_entropy(logits, labels.astype(np.intp)), reduction)
