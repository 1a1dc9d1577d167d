"""Losses of classes and of probabilities as layers; their nodes stand in scope ``loss``."""

from __future__ import annotations

from typing import Any

from autograd_cnn import functional
from autograd_cnn.functional.targets import check_reduction, check_smoothing, factors, some_class_weights
from autograd_cnn.nn.module import Module
from autograd_cnn.settings import whole


class CrossEntropyLoss(Module):
    """Cross entropy of softmax scores against class labels or probabilities; its nodes stand in scope ``loss``.

    Parameters
    ----------
    weight : (K,) array_like, optional
        How much each class counts.
    ignore_index : int
        Samples with this label do not count.
    reduction : {"mean", "sum", "none"}
        How the losses of a batch become one.
    label_smoothing : float
        This part of each target, 0 to 1, is spread evenly over all classes.

    Raises
    ------
    ArgumentError
        For another reduction, a smoothing outside 0 to 1, or weights below 0.

    Examples
    --------
    >>> import numpy as np
    >>> from autograd_cnn import nn
    >>> round(float(nn.CrossEntropyLoss()(np.zeros((4, 10)), [0, 1, 2, 3])), 4)  # ln 10: chance
    2.3026
    """

    _name = "loss"

    def __init__(
        self,
        weight: Any = None,
        *,
        ignore_index: int = -100,
        reduction: str = "mean",
        label_smoothing: float = 0.0,
    ) -> None:
        self.weight = None if weight is None else some_class_weights("CrossEntropyLoss", weight).copy()
        self.ignore_index = whole("CrossEntropyLoss", "ignore_index", ignore_index)
        self.reduction = check_reduction("CrossEntropyLoss", reduction)
        self.label_smoothing = check_smoothing("CrossEntropyLoss", label_smoothing)

    def forward(self, input: Any, target: Any) -> Any:
        """Return the loss of scores (N, K, ...) for labels (N, ...); see `functional.cross_entropy`."""
        return functional.cross_entropy(
            input,
            target,
            self.weight,
            ignore_index=self.ignore_index,
            reduction=self.reduction,
            label_smoothing=self.label_smoothing,
        )

    def extra_repr(self) -> str:
        """Return the settings that differ from the defaults, and the reduction."""
        smoothing = f"label_smoothing={self.label_smoothing}, " if self.label_smoothing else ""
        return f"{_weighing(self.weight, self.ignore_index)}{smoothing}reduction={self.reduction!r}"


class NLLLoss(Module):
    """Negative log likelihood of log-probabilities; see `functional.nll_loss`.

    Parameters
    ----------
    weight, ignore_index, reduction
        As in `CrossEntropyLoss`.
    """

    _name = "loss"

    def __init__(self, weight: Any = None, *, ignore_index: int = -100, reduction: str = "mean") -> None:
        self.weight = None if weight is None else some_class_weights("NLLLoss", weight).copy()
        self.ignore_index = whole("NLLLoss", "ignore_index", ignore_index)
        self.reduction = check_reduction("NLLLoss", reduction)

    def forward(self, input: Any, target: Any) -> Any:
        """Return the loss of log-probabilities (N, K, ...) for labels (N, ...)."""
        return functional.nll_loss(input, target, self.weight, ignore_index=self.ignore_index, reduction=self.reduction)

    def extra_repr(self) -> str:
        """Return the settings that differ from the defaults, and the reduction."""
        return f"{_weighing(self.weight, self.ignore_index)}reduction={self.reduction!r}"


class BCELoss(Module):
    """Binary cross entropy of probabilities; see `functional.binary_cross_entropy`.

    Parameters
    ----------
    weight : array_like, optional
        Factors of the losses.
    reduction
        As in `CrossEntropyLoss`.
    """

    _name = "loss"
    _shown = ("reduction",)

    def __init__(self, weight: Any = None, *, reduction: str = "mean") -> None:
        self.weight = None if weight is None else factors("BCELoss", "weight", weight).copy()
        self.reduction = check_reduction("BCELoss", reduction)

    def forward(self, input: Any, target: Any) -> Any:
        """Return the loss of probabilities for targets of the same shape."""
        return functional.binary_cross_entropy(input, target, self.weight, reduction=self.reduction)


class BCEWithLogitsLoss(Module):
    """Binary cross entropy of scores; see `functional.binary_cross_entropy_with_logits`.

    Parameters
    ----------
    weight, reduction
        As in `BCELoss`.
    pos_weight : array_like, optional
        How much a target of 1 weighs against one of 0.
    """

    _name = "loss"
    _shown = ("reduction",)

    def __init__(self, weight: Any = None, *, reduction: str = "mean", pos_weight: Any = None) -> None:
        self.weight = None if weight is None else factors("BCEWithLogitsLoss", "weight", weight).copy()
        self.pos_weight = None if pos_weight is None else factors("BCEWithLogitsLoss", "pos_weight", pos_weight).copy()
        self.reduction = check_reduction("BCEWithLogitsLoss", reduction)

    def forward(self, input: Any, target: Any) -> Any:
        """Return the loss of scores for targets of the same shape."""
        return functional.binary_cross_entropy_with_logits(
            input, target, self.weight, reduction=self.reduction, pos_weight=self.pos_weight
        )


class KLDivLoss(Module):
    """Kullback–Leibler divergence; see `functional.kl_div`.

    Parameters
    ----------
    reduction : {"mean", "batchmean", "sum", "none"}
        How the terms become one.
    log_target : bool
        Whether targets are logarithms of probabilities.
    """

    _name = "loss"
    _shown = ("log_target", "reduction")

    def __init__(self, *, reduction: str = "mean", log_target: bool = False) -> None:
        batchmean = isinstance(reduction, str) and reduction == "batchmean"
        self.reduction = reduction if batchmean else check_reduction("KLDivLoss", reduction)
        self.log_target = bool(log_target)

    def forward(self, input: Any, target: Any) -> Any:
        """Return the divergence of log-probabilities from targets of the same shape."""
        return functional.kl_div(input, target, reduction=self.reduction, log_target=self.log_target)


def _weighing(weight: Any, ignore_index: int) -> str:
    words = [] if weight is None else [f"weight={weight.tolist()}"]
    words += [] if ignore_index == -100 else [f"ignore_index={ignore_index}"]
    return "".join(f"{word}, " for word in words)
