"""Losses of real numbers as layers; their nodes stand in scope ``loss``."""

from __future__ import annotations

from typing import Any

from autograd_cnn import functional
from autograd_cnn.functional.regression_loss import check_beta
from autograd_cnn.functional.targets import check_reduction
from autograd_cnn.nn.module import Module
from autograd_cnn.settings import positive


class MSELoss(Module):
    """Mean squared error; see `functional.mse_loss`.

    Parameters
    ----------
    reduction : {"mean", "sum", "none"}
        How the losses of all elements become one.

    Raises
    ------
    ArgumentError
        For another reduction, or what is no number.
    """

    _name = "loss"
    _shown = ("reduction",)

    def __init__(self, *, reduction: str = "mean") -> None:
        self.reduction = check_reduction("MSELoss", reduction)

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
        self.reduction = check_reduction("L1Loss", reduction)

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
        self.beta = check_beta("SmoothL1Loss", beta)
        self.reduction = check_reduction("SmoothL1Loss", reduction)

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
        self.delta = positive("HuberLoss", "delta", delta)
        self.reduction = check_reduction("HuberLoss", reduction)

    def forward(self, input: Any, target: Any) -> Any:
        """Return the loss of predictions for targets of the same shape."""
        return functional.huber_loss(input, target, self.reduction, self.delta)
