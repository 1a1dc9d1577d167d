"""Schedules one after the other."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from typing import Any

from autograd_cnn.errors import ArgumentError
from autograd_cnn.optim.lr_scheduler.plateau import ReduceLROnPlateau
from autograd_cnn.optim.lr_scheduler.scheduler import LRScheduler, checked_optimizer
from autograd_cnn.optim.optimizer import Optimizer
from autograd_cnn.settings import count


class SequentialLR(LRScheduler):
    """One schedule until the first milestone, the next until the second, and so on: a warm-up, then a decay.

    Each begins at the optimizer's first learning rate, whatever the one before has made of it, as in torch.

    Parameters
    ----------
    optimizer : Optimizer
        Whose learning rates to set.
    schedulers : list of LRScheduler
        All of this optimizer.
    milestones : list of int
        In which epoch each but the first begins, rising.

    Raises
    ------
    ArgumentError
        When a schedule is none, or that of another optimizer; when there is not one milestone less than schedules, or
        they do not rise.

    Examples
    --------
    >>> import autograd_cnn as ag
    >>> from autograd_cnn import optim
    >>> from autograd_cnn.optim import lr_scheduler
    >>> optimizer = optim.SGD([ag.Scalar(1.0)], lr=1.0)
    >>> warm_up = lr_scheduler.LinearLR(optimizer, start_factor=0.5, total_iters=2)
    >>> decay = lr_scheduler.ExponentialLR(optimizer, gamma=0.5)
    >>> scheduler = lr_scheduler.SequentialLR(optimizer, [warm_up, decay], milestones=[2])
    >>> rates = []
    >>> for epoch in range(5):
    ...     rates.append(optimizer.lr)
    ...     optimizer.step()
    ...     scheduler.step()
    >>> rates
    [0.5, 0.75, 1.0, 0.5, 0.25]
    """

    saved = ("milestones",)

    def __init__(self, optimizer: Optimizer, schedulers: Sequence[LRScheduler], milestones: Sequence[int]) -> None:
        checked_optimizer("SequentialLR", optimizer)
        if not isinstance(schedulers, Sequence) or not isinstance(milestones, Sequence):
            raise ArgumentError("SequentialLR: expected a list of schedules, and a list of epochs as milestones")
        for scheduler in schedulers:
            if not isinstance(scheduler, LRScheduler) or isinstance(scheduler, ReduceLROnPlateau):
                raise ArgumentError(
                    f"SequentialLR: got {type(scheduler).__name__}, expected schedules that go by epochs alone"
                )
            if scheduler.optimizer is not optimizer:
                raise ArgumentError(
                    f"SequentialLR: {type(scheduler).__name__} belongs to another optimizer; make it with this one"
                )
        self.milestones = [count("SequentialLR", "a milestone", epoch) for epoch in milestones]
        if len(self.milestones) != len(schedulers) - 1 or sorted({*self.milestones}) != self.milestones:
            raise ArgumentError(
                f"SequentialLR: milestones={milestones!r} for {len(schedulers)} schedules, expected "
                "the epochs, rising, in which all but the first begin"
            )
        self.schedulers = list(schedulers)
        super().__init__(optimizer)

    def begin(self) -> None:
        """Begin the first schedule."""
        self.last_epoch = 0
        self.schedulers[0].restart()

    def advance(self) -> None:
        """Go on with the schedule whose turn it is, or begin the next."""
        self.last_epoch += 1
        current = self.schedulers[bisect_right(self.milestones, self.last_epoch)]
        if self.last_epoch in self.milestones:
            current.restart()
        else:
            current.advance()

    def state_dict(self) -> dict[str, Any]:
        """Return the state of the sequence, and that of each schedule under ``"schedulers"``."""
        return {**super().state_dict(), "schedulers": [scheduler.state_dict() for scheduler in self.schedulers]}

    def load_state_dict(self, saved: Mapping[str, Any]) -> None:
        """Take over what `state_dict` returned; see `LRScheduler.load_state_dict`."""
        parts = saved.get("schedulers") if isinstance(saved, Mapping) else ()
        parts = parts if isinstance(parts, list | tuple) else ()
        if len(parts) != len(self.schedulers):
            raise ArgumentError(
                f"SequentialLR: got the state of {len(parts)} schedules, expected that of {len(self.schedulers)}"
            )
        before = self.state_dict()
        try:
            super().load_state_dict({name: value for name, value in saved.items() if name != "schedulers"})
            for scheduler, part in zip(self.schedulers, parts, strict=True):
                scheduler.load_state_dict(part)
        except ArgumentError:
            self.load_state_dict(before)  # all or nothing
            raise
