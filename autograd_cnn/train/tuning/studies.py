"""Optuna's study for a search: where it is kept, what each trial tries, when one is pruned."""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import optuna
from optuna.distributions import BaseDistribution
from optuna.samplers import BaseSampler
from optuna.storages import BaseStorage, InMemoryStorage, JournalStorage
from optuna.trial import FrozenTrial

from autograd_cnn.errors import ArgumentError, AutogradError, DataFileError
from autograd_cnn.train.tuning.ranges import Choice, Integer, Range, grid
from autograd_cnn.train.tuning.study_files import StudyFile
from autograd_cnn.train.tuning.trials import Direction, TrialRecord

PRUNERS: dict[str | None, Callable[[], optuna.pruners.BasePruner]] = {
    None: optuna.pruners.NopPruner,
    "median": lambda: optuna.pruners.MedianPruner(n_startup_trials=5, n_warmup_steps=1),
    "halving": lambda: optuna.pruners.SuccessiveHalvingPruner(min_resource=1, reduction_factor=3),
}
SAMPLERS = ("random", "grid", "tpe")
STATES = {"COMPLETE": "complete", "PRUNED": "pruned", "FAIL": "failed", "RUNNING": "running", "WAITING": "running"}
NAME = "autograd-cnn"
"""A file holds one study, of this name."""


class NumberedSampler(BaseSampler):
    """Draws the parameters of every trial from a generator of its own, which its number decides.

    So trials are the same whichever worker makes them, and a search that goes on tries nothing twice: one generator
    per process would begin anew with the same numbers.
    """

    def __init__(self, make: Callable[[int], BaseSampler]) -> None:
        self._make, self._number, self._current = make, -1, make(0)

    def _of(self, trial: FrozenTrial) -> BaseSampler:
        if trial.number != self._number:
            self._number, self._current = trial.number, self._make(trial.number)
        return self._current

    def before_trial(self, study: optuna.Study, trial: FrozenTrial) -> None:
        """See Optuna, as for the next ones."""
        self._of(trial).before_trial(study, trial)

    def infer_relative_search_space(self, study: optuna.Study, trial: FrozenTrial) -> dict[str, BaseDistribution]:
        """Return what is drawn together."""
        return self._of(trial).infer_relative_search_space(study, trial)

    def sample_relative(
        self, study: optuna.Study, trial: FrozenTrial, search_space: dict[str, BaseDistribution]
    ) -> dict[str, Any]:
        """Draw it."""
        return self._of(trial).sample_relative(study, trial, search_space)

    def sample_independent(
        self, study: optuna.Study, trial: FrozenTrial, param_name: str, param_distribution: BaseDistribution
    ) -> Any:
        """Draw one parameter."""
        return self._of(trial).sample_independent(study, trial, param_name, param_distribution)

    def after_trial(self, study: optuna.Study, trial: FrozenTrial, state: Any, values: Any) -> None:
        """See Optuna."""
        self._of(trial).after_trial(study, trial, state, values)


def study_of(
    space: dict[str, Range],
    trials: int,
    sampler: str,
    pruner: str | None,
    direction: Direction,
    seed: int,
    storage: str | os.PathLike[str] | None,
) -> optuna.Study:
    """Make a study, or open the one that a file holds.

    Raises
    ------
    ArgumentError
        When the file holds a search of another space or direction.
    DataFileError, FileAccessError
        When the file is damaged, or cannot be used.
    """
    wanted: dict[str, Any] = {"direction": direction, "space": {name: str(values) for name, values in space.items()}}
    if sampler == "grid":
        wanted["points of the grid"] = grid_points(space, trials)
    with _readable(storage):
        kept: BaseStorage = InMemoryStorage() if storage is None else JournalStorage(StudyFile(storage))
        study = optuna.create_study(
            storage=kept,
            study_name=NAME,
            direction=direction,
            load_if_exists=True,
            sampler=_sampler(sampler, space, trials, seed),
            pruner=PRUNERS[pruner](),
        )
        known = study.user_attrs.get("search")
        if known not in (None, wanted):
            raise ArgumentError(f"tune: {storage!r} holds a search of {known}, not of {wanted}; give another file")
        records_of(study, space)  # where they cannot be read, the file is damaged
    if known is None:
        study.set_user_attr("search", wanted)
    return study


def suggested(trial: optuna.Trial, space: dict[str, Range]) -> dict[str, Any]:
    """Return what a trial is to try."""
    return {name: _suggested(trial, name, values) for name, values in space.items()}


def records_of(study: optuna.Study, space: dict[str, Range]) -> tuple[TrialRecord, ...]:
    """Return all trials of a study as plain data.

    Raises
    ------
    DataFileError
        When a trial has ended without a parameter, or with one outside of its range.
    """
    records = []
    for trial in study.get_trials(deepcopy=False):
        parameters = {name: _meant(space[name], value) for name, value in trial.params.items() if name in space}
        reported = tuple(float(trial.intermediate_values[epoch]) for epoch in sorted(trial.intermediate_values))
        value = float("nan") if trial.value is None else float(trial.value)
        record = TrialRecord(trial.number, parameters, value, STATES[trial.state.name], reported)  # type: ignore[arg-type]
        if record.state in ("complete", "pruned") and not _belongs(record, space):
            raise DataFileError(f"the study is damaged: its trial {record.number} tried {parameters}")
        records.append(record)
    return tuple(records)


def _belongs(record: TrialRecord, space: dict[str, Range]) -> bool:
    """Whether a trial has a value for every range, inside of it."""
    return record.parameters.keys() == space.keys() and all(
        isinstance(values, Choice) or values.low <= record[name] <= values.high for name, values in space.items()
    )


def grid_points(space: dict[str, Range], trials: int) -> int:
    """Return how many points the grid has."""
    return math.prod(len(values) for values in grid(space, trials).values())


@contextmanager
def quiet() -> Iterator[None]:
    """Keep Optuna from telling of every trial."""
    before = optuna.logging.get_verbosity()
    optuna.logging.set_verbosity(optuna.logging.CRITICAL)
    try:
        yield
    finally:
        optuna.logging.set_verbosity(before)


def _sampler(name: str, space: dict[str, Range], trials: int, seed: int) -> BaseSampler:
    if name == "grid":
        return optuna.samplers.GridSampler(grid(space, trials), seed=seed % 2**32)
    kind: Any = optuna.samplers.RandomSampler if name == "random" else optuna.samplers.TPESampler
    # A key of its own, since Trial.seed follows from the same two numbers.
    return NumberedSampler(
        lambda number: kind(seed=int(np.random.SeedSequence([seed, number, 1]).generate_state(1)[0]))
    )


def _suggested(trial: optuna.Trial, name: str, values: Range) -> Any:
    if isinstance(values, Choice):
        return values.options[trial.suggest_categorical(name, range(len(values.options)))]  # which may be anything
    if isinstance(values, Integer):
        return trial.suggest_int(name, values.low, values.high, log=values.log)
    return trial.suggest_float(name, values.low, values.high, log=values.log)


def _meant(values: Range, value: Any) -> Any:
    return values.options[value] if isinstance(values, Choice) else value


@contextmanager
def _readable(storage: str | os.PathLike[str] | None) -> Iterator[None]:
    """Say that a file is damaged, whatever Optuna stumbles over in it."""
    try:
        yield
    except AutogradError:
        raise
    except Exception as error:
        if storage is None:
            raise
        raise DataFileError(f"{os.fspath(storage)!r} is a damaged study: {error!r}; give another file") from error
