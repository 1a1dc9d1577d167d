"""Losses of pairs and triplets of embeddings as layers; their nodes stand in scope ``loss``."""

from __future__ import annotations

from typing import Any

from autograd_cnn import functional
from autograd_cnn.functional.targets import check_reduction
from autograd_cnn.nn.module import Module
from autograd_cnn.settings import number, positive


class TripletMarginLoss(Module):
    """The anchor nearer to the positive than to the negative; see `functional.triplet_margin_loss`.

    Parameters
    ----------
    margin : float
        By how much nearer.
    p, eps : float
        Norm of the distance, and what is added to every difference.
    swap : bool
        Take the distance of positive and negative where it is smaller than that of the anchor.
    reduction : {"mean", "sum", "none"}
        How the losses of a batch become one.

    Raises
    ------
    ArgumentError
        For another reduction, or what is no number.
    """

    _name = "loss"
    _shown = ("margin", "p", "swap", "reduction")

    def __init__(
        self, margin: float = 1.0, p: float = 2.0, eps: float = 1e-6, swap: bool = False, *, reduction: str = "mean"
    ) -> None:
        self.margin, self.eps = number("TripletMarginLoss", "margin", margin), number("TripletMarginLoss", "eps", eps)
        self.p, self.swap = positive("TripletMarginLoss", "p", p), bool(swap)
        self.reduction = check_reduction("TripletMarginLoss", reduction)

    def forward(self, anchor: Any, positive: Any, negative: Any) -> Any:
        """Return the loss of three batches of embeddings (N, D)."""
        return functional.triplet_margin_loss(
            anchor, positive, negative, self.margin, self.p, self.eps, self.swap, reduction=self.reduction
        )


class ContrastiveLoss(Module):
    """Similar pairs together, dissimilar ones apart; see `functional.contrastive_loss`.

    Parameters
    ----------
    margin : float
        Distance from which on dissimilar pairs leave each other alone.
    reduction
        As in `TripletMarginLoss`.
    """

    _name = "loss"
    _shown = ("margin", "reduction")

    def __init__(self, margin: float = 1.0, *, reduction: str = "mean") -> None:
        self.margin = number("ContrastiveLoss", "margin", margin)
        self.reduction = check_reduction("ContrastiveLoss", reduction)

    def forward(self, input1: Any, input2: Any, target: Any) -> Any:
        """Return the loss of pairs of embeddings (N, D) for targets 0 (similar) and 1, (N,)."""
        return functional.contrastive_loss(input1, input2, target, self.margin, reduction=self.reduction)


class CosineEmbeddingLoss(Module):
    """Pairs with target 1 point the same way, those with −1 do not; see `functional.cosine_embedding_loss`.

    Parameters
    ----------
    margin : float
        Cosine that pairs with target −1 may have.
    reduction
        As in `TripletMarginLoss`.
    """

    _name = "loss"
    _shown = ("margin", "reduction")

    def __init__(self, margin: float = 0.0, *, reduction: str = "mean") -> None:
        self.margin = number("CosineEmbeddingLoss", "margin", margin)
        self.reduction = check_reduction("CosineEmbeddingLoss", reduction)

    def forward(self, input1: Any, input2: Any, target: Any) -> Any:
        """Return the loss of pairs of embeddings (N, D) for targets 1 and −1, (N,)."""
        return functional.cosine_embedding_loss(input1, input2, target, self.margin, reduction=self.reduction)
