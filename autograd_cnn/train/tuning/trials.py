"""One trial of a search: its parameters, and what it reports while it runs."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from autograd_cnn.errors import ArgumentError, UnknownNameError, suggestion
from autograd_cnn.train.trainer import Trainer
from autograd_cnn.train.tuning.ranges import name_of

Direction = Literal["maximize", "minimize"]


class Trial(Mapping[str, Any]):
    """What an objective is called with: the parameters to try, by name, and a way to report how it goes.

    Attributes
    ----------
    number : int
        From 0, of all that were begun by any worker.
    parameters : dict
        What it tries; ``trial["lr"]`` gives one of them.
    seed : int
        Of its own, for the starting values and the order of the samples: it follows from that of the search and from
        `number`.
    """

    def __init__(
        self,
        number: int,
        parameters: dict[str, Any],
        seed: int,
        direction: Direction = "maximize",
        report: Callable[[float, int], None] = lambda value, epoch: None,
    ) -> None:
        self.number, self.parameters = number, parameters
        self.seed = int(np.random.SeedSequence([seed, number]).generate_state(1)[0])
        self._direction, self._report = direction, report
        self._reported = 0

    def __getitem__(self, name: str) -> Any:
        if name not in self.parameters:
            known = list(self.parameters)
            raise UnknownNameError(f"trial: there is no {name!r}{suggestion(name, known)}; it tries {known}")
        return self.parameters[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self.parameters)

    def __len__(self) -> int:
        return len(self.parameters)

    def __repr__(self) -> str:
        return f"Trial({self.number}: {described(self.parameters)})"

    def report(self, value: float, epoch: int) -> None:
        """Tell how good it is after an epoch; a trial that is worse than others were then ends here.

        Parameters
        ----------
        value : float
            What the objective would return now.
        epoch : int
            From 1, and later than the one reported before.

        Raises
        ------
        ArgumentError
            For another epoch, such as that of a second training in one trial: of several folds report the mean.
        optuna.TrialPruned
            Which `tune` catches, when its pruner finds that this is not worth going on.
        """
        if not epoch > self._reported:
            raise ArgumentError(
                f"trial.report: epoch {epoch} after epoch {self._reported}, expected a later one; "
                "of several trainings report the mean, epoch by epoch"
            )
        self._reported = epoch
        self._report(as_number("trial.report", value), epoch)

    def watch(self, trainer: Trainer) -> None:
        """Report every epoch of a training: ``Trainer(..., callbacks=[trial.watch])``.

        It goes by the accuracy on the validation data where the search maximises, else by the loss on them.

        Raises
        ------
        ArgumentError
            When there is no such number, since `fit` was given no validation data.
        """
        record = trainer.history.epochs[-1]
        value = record.validation_accuracy if self._direction == "maximize" else record.validation_loss
        if value is None:
            raise ArgumentError("trial.watch: there is nothing to judge by; give fit(..., validation)")
        self.report(value, record.epoch)


@dataclass(frozen=True)
class TrialRecord:
    """What became of a trial.

    Attributes
    ----------
    number : int
    parameters : dict
        What it tried.
    value : float
        What the objective returned, or what a pruned trial reported last; NaN for others.
    state : {"complete", "pruned", "failed", "running"}
        "failed" raised or returned NaN; "running" is at work in some process, or was when that was killed.
    reported : tuple of float
        What it reported, epoch by epoch.
    """

    number: int
    parameters: dict[str, Any]
    value: float = math.nan
    state: Literal["complete", "pruned", "failed", "running"] = "complete"
    reported: tuple[float, ...] = ()

    def __getitem__(self, name: str) -> Any:
        """Return a parameter, so that what makes a model from a trial makes one from its record too."""
        return self.parameters[name]

    def __str__(self) -> str:
        value = self.state if math.isnan(self.value) else f"{self.value:.4f}"
        return f"{self.number:4d}  {value:>8}  {described(self.parameters)}" + "  pruned" * (self.state == "pruned")


def described(parameters: Mapping[str, Any]) -> str:
    """Return parameters in one line."""
    return ", ".join(f"{name} = {name_of(value)}" for name, value in parameters.items())


def as_number(who: str, value: Any) -> float:
    """Return what a trial said as a float; raise ArgumentError where it is no real number."""
    try:
        return float(value)
    except (TypeError, ValueError) as error:
        raise ArgumentError(f"{who}: got {value!r}, expected a number, such as the validation accuracy") from error
