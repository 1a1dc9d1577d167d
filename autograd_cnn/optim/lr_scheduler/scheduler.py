"""What all schedules share: they set the learning rate of every group, epoch by epoch."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

from autograd_cnn.errors import ArgumentError, warn
from autograd_cnn.optim.optimizer import Optimizer
from autograd_cnn.suggestions import suggest_options


class ScheduleOrderWarning(UserWarning):
    """A schedule that went on before the optimizer took a step: the first learning rate is never used."""


class LRScheduler:
    """Base of the schedules: a subclass defines `rate`, the learning rate of one group from the one before.

    Call `step` once an epoch, after the optimizer's steps. Each rate is made from the rate that the group has,
    as in torch: so several schedules of one optimizer multiply, and a rate that was changed by hand is gone on from.

    Parameters
    ----------
    optimizer : Optimizer
        Whose learning rates to set, those of all its groups; each group's rate is what its schedule starts from,
        and is kept in the group as ``initial_lr``.

    Attributes
    ----------
    last_epoch : int
        How often `step` was called: the epoch that the learning rates are for.
    base_lrs : list of float
        What the learning rates were at first, by group.

    Raises
    ------
    ArgumentError
        When it is given no optimizer, or settings that cannot be.
    """

    saved: tuple[str, ...] = ()
    """Attributes of a subclass that belong to its state, beside ``last_epoch`` and ``base_lrs``."""
    positive: tuple[str, ...] = ()
    """Those that must be above 0."""
    per_group: tuple[str, ...] = ("base_lrs",)
    """Those that are lists of a number for each group."""

    def __init_subclass__(cls) -> None:
        """Suggest the nearest option where one is mistyped."""
        super().__init_subclass__()
        suggest_options(cls)

    def __init__(self, optimizer: Optimizer) -> None:
        self.optimizer = checked_optimizer(type(self).__name__, optimizer)
        for group in optimizer.param_groups:
            group.setdefault("initial_lr", group["lr"])
        self.base_lrs: list[float] = [group["initial_lr"] for group in optimizer.param_groups]
        self.begin()

    def rate(self, epoch: int, current: float, base: float, group: int) -> float:
        """Return the learning rate of epoch 1, 2, … of a group whose rate is ``current``, and was ``base`` at first."""
        raise NotImplementedError(
            f"{type(self).__name__} has no rate; define rate(self, epoch, current, base, group) in the class"
        )

    def first_rate(self, current: float, base: float, group: int) -> float:
        """Return the learning rate of epoch 0."""
        return current

    def begin(self) -> None:
        """Set the learning rates of epoch 0; what an earlier schedule has made of them stays, so that both multiply."""
        self.last_epoch = 0
        self._set(self.first_rate)

    def step(self) -> None:
        """Go on to the next epoch: set its learning rates."""
        kind = type(self).__name__
        if self.last_epoch == 0 and not self.optimizer.has_stepped:
            warn(
                f"{kind}: step() before the optimizer's first step(): the learning rate of epoch 0 was never used; "
                "call optimizer.step() first",
                ScheduleOrderWarning,
            )
        check_groups(kind, self.optimizer, len(self.base_lrs))
        self.advance()

    def advance(self) -> None:
        """Set the learning rates of the next epoch."""
        self.last_epoch += 1
        self._set(partial(self.rate, self.last_epoch))

    def restart(self) -> None:
        """Begin at the optimizer's first learning rates, whatever other schedules have made of them."""
        for group, base in zip(self.optimizer.param_groups, self.base_lrs, strict=True):
            group["lr"] = base
        self.begin()

    def _set(self, rate: Callable[[float, float, int], float]) -> None:
        for i, (group, base) in enumerate(zip(self.optimizer.param_groups, self.base_lrs, strict=True)):
            group["lr"] = float(rate(group["lr"], base, i))

    def get_last_lr(self) -> list[float]:
        """Return the learning rates that were set last, by group."""
        return [group["lr"] for group in self.optimizer.param_groups]

    def state_dict(self) -> dict[str, Any]:
        """Return what the schedule remembers, as numbers, strings and lists; the rates are in the optimizer's state."""
        names = ("last_epoch", "base_lrs", *self.saved)
        return {name: _copied(getattr(self, name)) for name in names}

    def load_state_dict(self, saved: Mapping[str, Any]) -> None:
        """Take over what `state_dict` returned; load the optimizer's state too, where the learning rates are.

        Raises
        ------
        ArgumentError
            When it is the state of another schedule, or of an optimizer with other groups. Nothing is changed then.
        """
        kind, names = type(self).__name__, {"last_epoch", "base_lrs", *self.saved}
        if not isinstance(saved, Mapping) or {*saved} != names:
            raise ArgumentError(f"{kind}: got no saved {kind}, expected what state_dict() returned")
        for name in names:
            if not _alike(saved[name], getattr(self, name)) or (name in self.positive and not saved[name] > 0):
                raise ArgumentError(
                    f"{kind}: saved {name}={saved[name]!r}, expected something like {getattr(self, name)!r}"
                )
        for name in self.per_group:
            check_groups(kind, self.optimizer, len(saved[name]))
        for name in names:
            setattr(self, name, _copied(saved[name]))

    def __repr__(self) -> str:
        settings = "".join(f", {name}={getattr(self, name)!r}" for name in self.saved)
        return f"{type(self).__name__}(epoch {self.last_epoch}, lr={self.get_last_lr()}{settings})"


class LambdaLR(LRScheduler):
    """The first learning rate times a function of the epoch.

    Parameters
    ----------
    optimizer : Optimizer
        Whose learning rates to set.
    lr_lambda : callable, or list of callables
        Takes the epoch 0, 1, 2, … and returns a factor; one for all groups, or one for each. Not part of the state.

    Raises
    ------
    ArgumentError
        When there is not one function, or one for each group.

    Examples
    --------
    >>> import autograd_cnn as ag
    >>> from autograd_cnn import optim
    >>> optimizer = optim.SGD([ag.Scalar(1.0)], lr=0.5)
    >>> scheduler = optim.lr_scheduler.LambdaLR(optimizer, lambda epoch: 0.5**epoch)
    >>> for epoch in range(2):
    ...     optimizer.step()
    ...     scheduler.step()
    >>> optimizer.lr
    0.125
    """

    def __init__(
        self, optimizer: Optimizer, lr_lambda: Callable[[int], float] | Sequence[Callable[[int], float]]
    ) -> None:
        groups = len(checked_optimizer("LambdaLR", optimizer).param_groups)
        several = lr_lambda if isinstance(lr_lambda, Sequence) else ()
        lambdas = [lr_lambda] * groups if callable(lr_lambda) else list(several)
        if len(lambdas) != groups or not all(map(callable, lambdas)):
            raise ArgumentError(
                f"LambdaLR: lr_lambda={lr_lambda!r}, expected a function of the epoch, or a list of {groups}: "
                "one for each group"
            )
        self.lr_lambdas = lambdas
        super().__init__(optimizer)

    def first_rate(self, current: float, base: float, group: int) -> float:
        """Return the learning rate of epoch 0."""
        return self.rate(0, current, base, group)

    def rate(self, epoch: int, current: float, base: float, group: int) -> float:
        """Return the learning rate of an epoch; see `LRScheduler.rate`."""
        factor: float = self.lr_lambdas[group](epoch)
        return base * factor


def checked_optimizer(kind: str, optimizer: Any) -> Optimizer:
    """Return `optimizer`; raise ArgumentError when it is something else."""
    if not isinstance(optimizer, Optimizer):
        raise ArgumentError(f"{kind}: got {type(optimizer).__name__}, expected an optimizer such as optim.SGD(...)")
    return optimizer


def check_groups(kind: str, optimizer: Optimizer, expected: int) -> None:
    """Raise ArgumentError unless the optimizer has as many groups as the schedule has rates for."""
    if len(optimizer.param_groups) != expected:
        raise ArgumentError(
            f"{kind}: has learning rates for {expected} groups, and the optimizer has {len(optimizer.param_groups)}; "
            "add groups before the schedule is made"
        )


def _copied(value: Any) -> Any:
    return list(value) if isinstance(value, list | tuple) else value


def _alike(saved: Any, present: Any) -> bool:
    """Whether a saved value is of the kind that it was: a number, a word, or a list of numbers."""
    if isinstance(present, list):
        return isinstance(saved, list | tuple) and all(_alike(x, 0.0) for x in saved)
    kinds = (int, float) if isinstance(present, float) else type(present)
    return isinstance(saved, kinds) and not isinstance(saved, bool) and saved == saved  # NaN is not
