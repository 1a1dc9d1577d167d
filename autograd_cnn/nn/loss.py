"""Losses as layers."""

from __future__ import annotations

from typing import Any

from autograd_cnn import functional
from autograd_cnn.errors import ArgumentError
from autograd_cnn.nn.module import Module


class CrossEntropyLoss(Module):
    """Cross entropy of softmax scores against class labels; its nodes stand in scope ``loss``.

    Parameters
    ----------
    reduction : {"mean", "sum", "none"}
        How the losses of a batch become one.

    Raises
    ------
    ArgumentError
        For another reduction.

    Examples
    --------
    >>> import numpy as np
    >>> from autograd_cnn import nn
    >>> round(float(nn.CrossEntropyLoss()(np.zeros((4, 10)), [0, 1, 2, 3])), 4)  # ln 10: chance
    2.3026
    """

    _name = "loss"

    def __init__(self, *, reduction: str = "mean") -> None:
        if reduction not in ("mean", "sum", "none"):
            raise ArgumentError(f"CrossEntropyLoss: reduction={reduction!r}, expected 'mean', 'sum' or 'none'")
        self.reduction = reduction

    def forward(self, logits: Any, labels: Any) -> Any:
        """Return the loss of scores (N, K) for labels (N,); see `functional.cross_entropy`."""
        return functional.cross_entropy(logits, labels, reduction=self.reduction)
