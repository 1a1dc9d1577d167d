"""Schedules that only lower the learning rate: by steps, exponentially, and as 1/t."""

from __future__ import annotations

from collections.abc import Iterable

from autograd_cnn.errors import ArgumentError
from autograd_cnn.optim.groups import number
from autograd_cnn.optim.lr_scheduler.scheduler import LRScheduler
from autograd_cnn.optim.optimizer import Optimizer
from autograd_cnn.settings import count


class StepLR(LRScheduler):
    """Multiply the learning rate by gamma every few epochs: the step decay of the notes.

    Parameters
    ----------
    optimizer : Optimizer
        Whose learning rates to set.
    step_size : int
        How many epochs a rate is kept.
    gamma : float
        By what it is multiplied then; the notes name a half every 5 epochs, or 0.1 every 20.

    Raises
    ------
    ArgumentError
        When the number of epochs is no positive integer, or gamma is negative.

    Examples
    --------
    >>> import autograd_cnn as ag
    >>> from autograd_cnn import optim
    >>> optimizer = optim.SGD([ag.Scalar(1.0)], lr=0.8)
    >>> scheduler = optim.lr_scheduler.StepLR(optimizer, step_size=2, gamma=0.5)
    >>> rates = []
    >>> for epoch in range(5):
    ...     rates.append(optimizer.lr)
    ...     optimizer.step()
    ...     scheduler.step()
    >>> rates
    [0.8, 0.8, 0.4, 0.4, 0.2]
    """

    saved = ("step_size", "gamma")
    positive = ("step_size",)

    def __init__(self, optimizer: Optimizer, step_size: int, gamma: float = 0.1) -> None:
        self.step_size = count("StepLR", "step_size", step_size)
        self.gamma = number("StepLR", "gamma", gamma)
        super().__init__(optimizer)

    def rate(self, epoch: int, current: float, base: float, group: int) -> float:
        """Return the learning rate of an epoch; see `LRScheduler.rate`."""
        return current * self.gamma if epoch % self.step_size == 0 else current


class MultiStepLR(LRScheduler):
    """Multiply the learning rate by gamma at each of some epochs.

    Parameters
    ----------
    optimizer : Optimizer
        Whose learning rates to set.
    milestones : iterable of int
        The epochs; one that comes twice counts twice.
    gamma : float
        By what the rate is multiplied.

    Raises
    ------
    ArgumentError
        When the milestones are no list of positive integers, or gamma is negative.
    """

    saved = ("milestones", "gamma")

    def __init__(self, optimizer: Optimizer, milestones: Iterable[int], gamma: float = 0.1) -> None:
        if not isinstance(milestones, Iterable):
            raise ArgumentError(f"MultiStepLR: milestones={milestones!r}, expected a list of epochs")
        self.milestones = sorted(count("MultiStepLR", "a milestone", epoch) for epoch in milestones)
        self.gamma = number("MultiStepLR", "gamma", gamma)
        super().__init__(optimizer)

    def rate(self, epoch: int, current: float, base: float, group: int) -> float:
        """Return the learning rate of an epoch; see `LRScheduler.rate`."""
        times = self.milestones.count(epoch)
        return current * self.gamma**times if times else current


class ExponentialLR(LRScheduler):
    """Multiply the learning rate by gamma every epoch: the notes' α = α₀·e^(−kt), with gamma = e^(−k).

    Parameters
    ----------
    optimizer : Optimizer
        Whose learning rates to set.
    gamma : float
        By what the rate is multiplied.

    Raises
    ------
    ArgumentError
        When gamma is negative.
    """

    saved = ("gamma",)

    def __init__(self, optimizer: Optimizer, gamma: float) -> None:
        self.gamma = number("ExponentialLR", "gamma", gamma)
        super().__init__(optimizer)

    def rate(self, epoch: int, current: float, base: float, group: int) -> float:
        """Return the learning rate of an epoch; see `LRScheduler.rate`."""
        return current * self.gamma


class InverseTimeLR(LRScheduler):
    """Divide the learning rate by 1 + k·t at epoch t: the 1/t decay of the notes, α = α₀/(1 + kt).

    CS231n, neural networks part 3, "Annealing the learning rate". torch has no such schedule.

    Parameters
    ----------
    optimizer : Optimizer
        Whose learning rates to set.
    decay : float
        k: after 1/k epochs the rate is half of what it was.

    Raises
    ------
    ArgumentError
        When k is negative.

    Examples
    --------
    >>> import autograd_cnn as ag
    >>> from autograd_cnn import optim
    >>> optimizer = optim.SGD([ag.Scalar(1.0)], lr=1.0)
    >>> scheduler = optim.lr_scheduler.InverseTimeLR(optimizer, decay=1.0)
    >>> for epoch in range(3):
    ...     optimizer.step()
    ...     scheduler.step()
    >>> optimizer.lr
    0.25
    """

    saved = ("decay",)

    def __init__(self, optimizer: Optimizer, decay: float) -> None:
        self.decay = number("InverseTimeLR", "decay", decay)
        super().__init__(optimizer)

    def rate(self, epoch: int, current: float, base: float, group: int) -> float:
        """Return the learning rate of an epoch; see `LRScheduler.rate`."""
        return current * (1 + self.decay * (epoch - 1)) / (1 + self.decay * epoch)
