"""Losses of real numbers as layers; their nodes stand in scope ``loss``."""

from __future__ import annotations

from typing import Any

from autograd_cnn import functional
from autograd_cnn.functional.targets import check_reduction
from autograd_cnn.nn.module import Module


class MSELoss(Module):
    """Mean squared error; see `functional.mse_loss`.

    Parameters
    ----------
    reduction : {"mean", "sum", "none"}
        How the losses of all elements become one.

    Raises
    ------
    ArgumentError
        For another reduction.
    """

    _name = "loss"
    _shown = ("reduction",)

    def __init__(self, *, reduction: str = "mean") -> None:
        check_reduction("MSELoss", reduction)
        self.reduction = reduction

    def forward(self, input: Any, target: Any) -> Any:
        """Return the loss of predictions for targets of the same shape."""
        return functional.mse_loss(input, target, reduction=self.reduction)


class L1Loss(Module):
    """Mean absolute error; see `functional.l1_loss`.

    Parameters
    ----------
    reduction
        As in `MSELoss`.
    """

    _name = "loss"
    _shown = ("reduction",)

    def __init__(self, *, reduction: str = "mean") -> None:
        check_reduction("L1Loss", reduction)
        self.reduction = reduction

    def forward(self, input: Any, target: Any) -> Any:
        """Return the loss of predictions for targets of the same shape."""
        return functional.l1_loss(input, target, reduction=self.reduction)


class SmoothL1Loss(Module):
    """Absolute error with its kink rounded off; see `functional.smooth_l1_loss`.

    Parameters
    ----------
    reduction
        As in `MSELoss`.
    beta : float
        Where the parabola ends.
    """

    _name = "loss"
    _shown = ("beta", "reduction")

    def __init__(self, *, reduction: str = "mean", beta: float = 1.0) -> None:
        check_reduction("SmoothL1Loss", reduction)
        self.reduction, self.beta = reduction, beta

    def forward(self, input: Any, target: Any) -> Any:
        """Return the loss of predictions for targets of the same shape."""
        return functional.smooth_l1_loss(input, target, self.reduction, self.beta)


class HuberLoss(Module):
    """Squared error that becomes a line; see `functional.huber_loss`.

    Parameters
    ----------
    reduction
        As in `MSELoss`.
    delta : float
        Where the parabola ends.
    """

    _name = "loss"
    _shown = ("delta", "reduction")

    def __init__(self, *, reduction: str = "mean", delta: float = 1.0) -> None:
        check_reduction("HuberLoss", reduction)
        self.reduction, self.delta = reduction, delta

    def forward(self, input: Any, target: Any) -> Any:
        """Return the loss of predictions for targets of the same shape."""
        return functional.huber_loss(input, target, self.reduction, self.delta)
