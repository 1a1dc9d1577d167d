"""Schedules between two learning rates: along a cosine, and along a line, such as a warm-up."""

from __future__ import annotations

import math

from autograd_cnn.errors import ArgumentError
from autograd_cnn.optim.groups import number
from autograd_cnn.optim.lr_scheduler.scheduler import LRScheduler
from autograd_cnn.optim.optimizer import Optimizer
from autograd_cnn.settings import count


class CosineAnnealingLR(LRScheduler):
    """Go from the first learning rate to the lowest along half a cosine, slowly at both ends.

    Loshchilov & Hutter 2017, "SGDR"; after ``T_max`` epochs the rate rises again along the same curve, as in torch.

    Parameters
    ----------
    optimizer : Optimizer
        Whose learning rates to set.
    T_max : int
        How many epochs the way down takes.
    eta_min : float
        The lowest rate.

    Raises
    ------
    ArgumentError
        When the number of epochs is no positive integer, or the lowest rate is negative.

    Notes
    -----
    α = eta_min + ½(α₀ − eta_min)(1 + cos(π·t/T_max)) at epoch t.

    Examples
    --------
    >>> import autograd_cnn as ag
    >>> from autograd_cnn import optim
    >>> optimizer = optim.SGD([ag.Scalar(1.0)], lr=1.0)
    >>> scheduler = optim.lr_scheduler.CosineAnnealingLR(optimizer, T_max=4)
    >>> rates = []
    >>> for epoch in range(5):
    ...     rates.append(round(optimizer.lr, 3))
    ...     optimizer.step()
    ...     scheduler.step()
    >>> rates
    [1.0, 0.854, 0.5, 0.146, 0.0]
    """

    saved = ("T_max", "eta_min")
    positive = ("T_max",)

    def __init__(self, optimizer: Optimizer, T_max: int, eta_min: float = 0.0) -> None:  # noqa: N803 - torch's name
        self.T_max = count("CosineAnnealingLR", "T_max", T_max)
        self.eta_min = number("CosineAnnealingLR", "eta_min", eta_min)
        super().__init__(optimizer)

    def rate(self, epoch: int, current: float, base: float, group: int) -> float:
        """Return the learning rate of an epoch; see `LRScheduler.rate`."""
        low, half = self.eta_min, self.T_max
        if (epoch - 1 - half) % (2 * half) == 0:  # the epoch before was the lowest, from which no factor leads up
            return current + (base - low) * (1 - math.cos(math.pi / half)) / 2
        now, before = (1 + math.cos(math.pi * t / half) for t in (epoch, epoch - 1))
        return now / before * (current - low) + low


class LinearLR(LRScheduler):
    """Go from one share of the learning rate to another along a line: a warm-up.

    Parameters
    ----------
    optimizer : Optimizer
        Whose learning rates to set.
    start_factor, end_factor : float
        By what the rate is multiplied at first, above 0 and up to 1, and in the end, from 0 to 1.
    total_iters : int
        How many epochs the way takes.

    Raises
    ------
    ArgumentError
        When a factor is outside its bounds, or the number of epochs is no positive integer.

    Examples
    --------
    >>> import autograd_cnn as ag
    >>> from autograd_cnn import optim
    >>> optimizer = optim.SGD([ag.Scalar(1.0)], lr=1.0)
    >>> scheduler = optim.lr_scheduler.LinearLR(optimizer, start_factor=0.25, total_iters=3)
    >>> rates = []
    >>> for epoch in range(5):
    ...     rates.append(optimizer.lr)
    ...     optimizer.step()
    ...     scheduler.step()
    >>> rates
    [0.25, 0.5, 0.75, 1.0, 1.0]
    """

    saved = ("start_factor", "end_factor", "total_iters")
    positive = ("start_factor", "total_iters")

    def __init__(
        self, optimizer: Optimizer, start_factor: float = 1 / 3, end_factor: float = 1.0, total_iters: int = 5
    ) -> None:
        self.start_factor = number("LinearLR", "start_factor", start_factor)
        self.end_factor = number("LinearLR", "end_factor", end_factor)
        if not 0 < self.start_factor <= 1 or self.end_factor > 1:
            raise ArgumentError(
                f"LinearLR: start_factor={start_factor!r}, end_factor={end_factor!r}; expected a start above 0, "
                "and both at most 1: the optimizer's lr is the largest rate"
            )
        self.total_iters = count("LinearLR", "total_iters", total_iters)
        super().__init__(optimizer)

    def first_rate(self, current: float, base: float, group: int) -> float:
        """Return the learning rate of epoch 0."""
        return current * self.start_factor

    def rate(self, epoch: int, current: float, base: float, group: int) -> float:
        """Return the learning rate of an epoch; see `LRScheduler.rate`."""
        if epoch > self.total_iters:
            return current
        whole = self.end_factor - self.start_factor
        return current * (1 + whole / (self.total_iters * self.start_factor + (epoch - 1) * whole))
