"""Lower the learning rate when a measured number no longer improves."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from autograd_cnn.errors import ArgumentError
from autograd_cnn.optim.groups import number
from autograd_cnn.optim.lr_scheduler.scheduler import LRScheduler, check_groups, checked_optimizer
from autograd_cnn.optim.optimizer import Optimizer
from autograd_cnn.settings import whole


class ReduceLROnPlateau(LRScheduler):
    """Multiply the learning rate by a factor when a loss or an accuracy has not improved for some epochs.

    Unlike other schedules it is told that number: ``scheduler.step(validation_loss)``.

    Parameters
    ----------
    optimizer : Optimizer
        Whose learning rates to set.
    mode : {"min", "max"}
        Whether lower numbers are better (a loss), or higher ones (an accuracy).
    factor : float
        By what the rate is multiplied, below 1.
    patience : int
        How many epochs without improvement are let pass; the rate is lowered after one more.
    threshold : float
        How much better than the best a number must be to count as an improvement.
    threshold_mode : {"rel", "abs"}
        Whether that is a share of the best, or a difference.
    cooldown : int
        How many epochs after a change do not count.
    min_lr : float or list of float
        The lowest rate, of all groups or of each.
    eps : float
        A change of the rate that is not larger than this is not made.

    Attributes
    ----------
    best : float
        The best number so far.
    num_bad_epochs, cooldown_counter : int
        How many epochs passed without improvement, and how many more do not count.

    Raises
    ------
    ArgumentError
        When a setting is outside its bounds.

    Examples
    --------
    >>> import autograd_cnn as ag
    >>> from autograd_cnn import optim
    >>> optimizer = optim.SGD([ag.Scalar(1.0)], lr=1.0)
    >>> scheduler = optim.lr_scheduler.ReduceLROnPlateau(optimizer, factor=0.5, patience=1)
    >>> for loss in (0.9, 0.8, 0.8, 0.8):
    ...     optimizer.step()
    ...     scheduler.step(loss)
    >>> optimizer.lr
    0.5
    """

    saved = (
        *("mode", "factor", "patience", "threshold", "threshold_mode", "cooldown", "min_lrs", "eps"),
        *("best", "num_bad_epochs", "cooldown_counter"),
    )
    per_group = ("base_lrs", "min_lrs")

    def __init__(
        self,
        optimizer: Optimizer,
        mode: str = "min",
        factor: float = 0.1,
        patience: int = 10,
        threshold: float = 1e-4,
        threshold_mode: str = "rel",
        cooldown: int = 0,
        min_lr: float | Sequence[float] = 0.0,
        eps: float = 1e-8,
    ) -> None:
        kind = "ReduceLROnPlateau"
        if mode not in ("min", "max") or threshold_mode not in ("rel", "abs"):
            raise ArgumentError(
                f"{kind}: mode={mode!r}, threshold_mode={threshold_mode!r}; expected 'min' or 'max', and 'rel' or 'abs'"
            )
        self.mode, self.threshold_mode = mode, threshold_mode
        self.factor = number(kind, "factor", factor, below=1)
        self.patience = whole(kind, "patience", patience, 0, wanted="a number of epochs")
        self.cooldown = whole(kind, "cooldown", cooldown, 0, wanted="a number of epochs")
        self.threshold, self.eps = number(kind, "threshold", threshold), number(kind, "eps", eps)
        groups = len(checked_optimizer(kind, optimizer).param_groups)
        lowest = list(min_lr) if isinstance(min_lr, list | tuple) else [min_lr] * groups
        if len(lowest) != groups:
            raise ArgumentError(
                f"{kind}: min_lr={min_lr!r}, expected a rate, or a list of {groups}: one for each group"
            )
        self.min_lrs = [number(kind, "min_lr", rate) for rate in lowest]
        super().__init__(optimizer)

    def begin(self) -> None:
        """Forget what was measured."""
        self.last_epoch = self.num_bad_epochs = self.cooldown_counter = 0
        self.best = math.inf if self.mode == "min" else -math.inf

    def step(self, metrics: Any) -> None:  # type: ignore[override]  # as in torch: it needs the number
        """Take in the number of this epoch, and lower the learning rates when it has not improved for too long.

        Parameters
        ----------
        metrics : float
            What was measured. NaN is no improvement.
        """
        try:
            measured = float(metrics)
        except (TypeError, ValueError):
            raise ArgumentError(
                f"ReduceLROnPlateau: step({metrics!r}), expected the number that was measured, such as the loss"
            ) from None
        check_groups("ReduceLROnPlateau", self.optimizer, len(self.min_lrs))
        self.last_epoch += 1
        improved = self._improves(measured)
        self.best = measured if improved else self.best
        self.num_bad_epochs = 0 if improved else self.num_bad_epochs + 1
        if self.cooldown_counter > 0:
            self.cooldown_counter -= 1
            self.num_bad_epochs = 0
        if self.num_bad_epochs > self.patience:
            self.cooldown_counter, self.num_bad_epochs = self.cooldown, 0
            self._set(self._lowered)

    def _lowered(self, current: float, base: float, group: int) -> float:
        lower = max(current * self.factor, self.min_lrs[group])
        return lower if current - lower > self.eps else current

    def _improves(self, measured: float) -> bool:
        sign = 1 if self.mode == "max" else -1
        if self.threshold_mode == "rel":
            return sign * measured > sign * (self.best * (1 + sign * self.threshold))
        return sign * measured > sign * (self.best + sign * self.threshold)
