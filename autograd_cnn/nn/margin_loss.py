"""Hinge losses as layers; their nodes stand in scope ``loss``."""

from __future__ import annotations

from typing import Any

from autograd_cnn import functional
from autograd_cnn.functional.margin_loss import check_power
from autograd_cnn.functional.targets import check_reduction, some_class_weights
from autograd_cnn.nn.module import Module
from autograd_cnn.settings import number


class MulticlassSVMLoss(Module):
    """The notes' multiclass SVM loss; see `functional.multiclass_svm_loss`.

    Parameters
    ----------
    delta : float
        Margin by which the right score shall lead.
    squared : bool
        Square each margin.
    reduction : {"mean", "sum", "none"}
        How the losses of a batch become one.

    Raises
    ------
    ArgumentError
        For another reduction, or what is no number.
    """

    _name = "loss"
    _shown = ("delta", "squared", "reduction")

    def __init__(self, delta: float = 1.0, squared: bool = False, *, reduction: str = "mean") -> None:
        self.delta, self.squared = number("MulticlassSVMLoss", "delta", delta), bool(squared)
        self.reduction = check_reduction("MulticlassSVMLoss", reduction)

    def forward(self, scores: Any, labels: Any) -> Any:
        """Return the loss of scores (N, K) for labels (N,)."""
        return functional.multiclass_svm_loss(scores, labels, self.delta, self.squared, reduction=self.reduction)


class MultiMarginLoss(Module):
    """Multiclass SVM loss divided by the number of classes; see `functional.multi_margin_loss`.

    Parameters
    ----------
    p : {1, 2}
        Power of each margin.
    margin : float
        Margin by which the right score shall lead.
    weight : (K,) array_like, optional
        Factor of the losses of each class.
    reduction
        As in `MulticlassSVMLoss`.
    """

    _name = "loss"
    _shown = ("p", "margin", "reduction")

    def __init__(self, p: int = 1, margin: float = 1.0, weight: Any = None, *, reduction: str = "mean") -> None:
        self.p, self.margin = check_power("MultiMarginLoss", p), number("MultiMarginLoss", "margin", margin)
        self.weight = None if weight is None else some_class_weights("MultiMarginLoss", weight).copy()
        self.reduction = check_reduction("MultiMarginLoss", reduction)

    def forward(self, input: Any, target: Any) -> Any:
        """Return the loss of scores (N, K) for labels (N,)."""
        return functional.multi_margin_loss(input, target, self.p, self.margin, self.weight, reduction=self.reduction)


class BinaryHingeLoss(Module):
    """Binary SVM loss for labels 1 and −1; see `functional.binary_hinge_loss`.

    Parameters
    ----------
    delta, squared, reduction
        As in `MulticlassSVMLoss`.
    """

    _name = "loss"
    _shown = ("delta", "squared", "reduction")

    def __init__(self, delta: float = 1.0, squared: bool = False, *, reduction: str = "mean") -> None:
        self.delta, self.squared = number("BinaryHingeLoss", "delta", delta), bool(squared)
        self.reduction = check_reduction("BinaryHingeLoss", reduction)

    def forward(self, scores: Any, labels: Any) -> Any:
        """Return the loss of scores for labels of the same shape."""
        return functional.binary_hinge_loss(scores, labels, self.delta, self.squared, reduction=self.reduction)


class AttributeHingeLoss(Module):
    """Binary hinges summed over independent attributes; see `functional.attribute_hinge_loss`.

    Parameters
    ----------
    delta, reduction
        As in `MulticlassSVMLoss`.
    """

    _name = "loss"
    _shown = ("delta", "reduction")

    def __init__(self, delta: float = 1.0, *, reduction: str = "mean") -> None:
        self.delta = number("AttributeHingeLoss", "delta", delta)
        self.reduction = check_reduction("AttributeHingeLoss", reduction)

    def forward(self, scores: Any, labels: Any) -> Any:
        """Return the loss of scores (N, A) for labels 1 and −1 of the same shape."""
        return functional.attribute_hinge_loss(scores, labels, self.delta, reduction=self.reduction)


class HingeEmbeddingLoss(Module):
    """Distances small for target 1, above the margin for −1; see `functional.hinge_embedding_loss`.

    Parameters
    ----------
    margin : float
        Distance that pairs with target −1 shall have.
    reduction
        As in `MulticlassSVMLoss`.
    """

    _name = "loss"
    _shown = ("margin", "reduction")

    def __init__(self, margin: float = 1.0, *, reduction: str = "mean") -> None:
        self.margin = number("HingeEmbeddingLoss", "margin", margin)
        self.reduction = check_reduction("HingeEmbeddingLoss", reduction)

    def forward(self, input: Any, target: Any) -> Any:
        """Return the loss of distances for targets 1 and −1 of the same shape."""
        return functional.hinge_embedding_loss(input, target, self.margin, reduction=self.reduction)


class MarginRankingLoss(Module):
    """The first input ranks higher for target 1, lower for −1; see `functional.margin_ranking_loss`.

    Parameters
    ----------
    margin : float
        By how much one shall lead.
    reduction
        As in `MulticlassSVMLoss`.
    """

    _name = "loss"
    _shown = ("margin", "reduction")

    def __init__(self, margin: float = 0.0, *, reduction: str = "mean") -> None:
        self.margin = number("MarginRankingLoss", "margin", margin)
        self.reduction = check_reduction("MarginRankingLoss", reduction)

    def forward(self, input1: Any, input2: Any, target: Any) -> Any:
        """Return the loss of two scores for targets 1 and −1, all of one shape."""
        return functional.margin_ranking_loss(input1, input2, target, self.margin, reduction=self.reduction)
