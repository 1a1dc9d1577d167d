"""The search itself: trial after trial, in one process or in several."""

from __future__ import annotations

import math
import os
import sys
from collections.abc import Callable
from typing import Any, Literal

from autograd_cnn.errors import ArgumentError, SearchBorderWarning, extra, suggestion, warn
from autograd_cnn.random import generator
from autograd_cnn.settings import whole
from autograd_cnn.train.interruption import times_heard
from autograd_cnn.train.progress import bar as progress_bar
from autograd_cnn.train.tuning.ranges import Space, checked_space
from autograd_cnn.train.tuning.results import SearchResult, border_words
from autograd_cnn.train.tuning.trials import Direction, Trial, TrialRecord, as_number


def tune(
    objective: Callable[[Trial], float],
    space: Space,
    *,
    trials: int = 20,
    sampler: Literal["random", "grid", "tpe"] = "random",
    pruner: Literal["median", "halving"] | None = None,
    direction: Direction = "maximize",
    seed: int | None = None,
    storage: str | os.PathLike[str] | None = None,
    progress: bool = True,
) -> SearchResult:
    """Search for the hyperparameters that make an objective best; the extra ``tune`` brings Optuna, which this uses.

    Parameters
    ----------
    objective : callable
        Takes a `Trial`, which gives the parameters by name, and returns how good they are, such as the accuracy on
        the validation data. It reports its epochs by ``Trainer(..., callbacks=[trial.watch])``, or by
        ``trial.report``, where a pruner shall end what is not worth going on.
    space : mapping of str to range
        `LogUniform`, `Uniform`, `Integer` or `Choice` for each parameter.
    trials : int
        How many the search ends with, those of earlier calls and of other processes among them.
    sampler : {"random", "grid", "tpe"}
        What is tried. Random before grid: where few parameters matter, a grid tries few values of those (Bergstra
        and Bengio 2012). The points of a grid lie at equal steps of each scale, from end to end, at most `trials` of
        them. "tpe" learns from the trials before (Bergstra et al. 2011).
    pruner : {"median", "halving"}, optional
        "median" ends a trial that is worse, from its second epoch on, than half of those before it were by then;
        successive halving lets a third go on to 3 times the epochs, and so on.
    direction : {"maximize", "minimize"}
        Whether more is better, or less.
    seed : int, optional
        From this and its number follows what a trial tries, in whichever process and after however many stops; by
        default it is drawn from the default generator.
    storage : path, optional
        A file that keeps the study. A search that was stopped goes on from there, and several processes that call
        this with the same file share one search. A process that is killed loses the trial it was at, no more; a
        worker ends the trial it has begun, so that together they may run a few more than `trials`.
    progress : bool
        Whether to show a bar, if standard error is a terminal.

    Returns
    -------
    SearchResult
        What was found; after Ctrl-C, what was found until then.

    Raises
    ------
    MissingExtraError
        When Optuna is not installed.
    ArgumentError
        For wrong arguments, a file with another search, or an objective that returns no number.
    DataFileError, FileAccessError
        When the storage is damaged, or cannot be used.

    Warns
    -----
    SearchBorderWarning
        When the best value of a parameter lies within 5% of an end of its range: better ones may lie beyond.

    Notes
    -----
    An error that the objective raises ends the search, and counts as a failed trial. NaN, as a training that diverged
    may give, counts as a failed trial too, and the search goes on.

    Examples
    --------
    >>> import math
    >>> from autograd_cnn import train
    >>> def hill(trial):
    ...     return -((math.log10(trial["lr"]) + 2) ** 2)
    >>> result = train.tune(hill, {"lr": train.LogUniform(1e-6, 10)}, trials=30, seed=0)
    >>> 0.003 < result.best["lr"] < 0.03
    True
    """
    checked = checked_space(space)
    trials, seed = whole("tune", "trials", trials, 1), _seed(seed)
    extra("optuna", "tune", "train.tune")
    from autograd_cnn.train.tuning import studies

    _one_of("sampler", sampler, studies.SAMPLERS)
    _one_of("pruner", pruner, tuple(studies.PRUNERS))
    _one_of("direction", direction, ("maximize", "minimize"))
    if sampler == "grid":
        trials = min(trials, studies.grid_points(checked, trials))
    with studies.quiet():
        study = studies.study_of(checked, trials, sampler, pruner, direction, seed, storage)
        search = _Search(objective, checked, study, seed, direction)
        _run(search, trials, progress, storage)
        result = SearchResult(checked, search.records(), direction)
    words = border_words(result) if any(trial.state == "complete" for trial in result.trials) else ""
    if words:
        warn(f"tune: {words}; better values may lie beyond: widen the range", SearchBorderWarning)
    return result


class _Search:
    """One process's part in a search."""

    def __init__(
        self, objective: Callable[[Trial], float], space: Any, study: Any, seed: int, direction: Direction
    ) -> None:
        self.objective, self.space, self.study = objective, space, study
        self.seed, self.direction = seed, direction

    def records(self) -> tuple[TrialRecord, ...]:
        from autograd_cnn.train.tuning.studies import records_of

        return records_of(self.study, self.space)

    def ended(self) -> int:
        """How many trials have ended, in all processes."""
        return sum(trial.state.is_finished() for trial in self.study.get_trials(deepcopy=False))

    def try_one(self, trial: Any) -> float:
        """Call the objective for a trial of Optuna's."""
        from optuna import TrialPruned

        from autograd_cnn.train.tuning.studies import suggested

        def report(value: float, epoch: int) -> None:
            trial.report(value, epoch)
            if trial.should_prune():
                raise TrialPruned(f"pruned after epoch {epoch}")

        heard = times_heard()
        found = self.objective(Trial(trial.number, suggested(trial, self.space), self.seed, self.direction, report))
        if times_heard() > heard:
            raise KeyboardInterrupt  # which a Trainer kept, to end its step: the training is half done
        return as_number("tune: the objective", found)


def _run(search: _Search, trials: int, progress: bool, storage: Any) -> None:
    """Make trials until there are enough, or Ctrl-C is pressed."""
    done = search.ended()
    with progress_bar("search", total=trials, done=done, wanted=progress, unit="trial") as bar:

        def after(study: Any, trial: Any) -> None:
            bar.update()
            if search.ended() >= trials:
                study.stop()

        if done >= trials:
            return
        try:
            search.study.optimize(search.try_one, callbacks=[after])
        except KeyboardInterrupt:
            rest = "" if storage is None else f"; the same call goes on from {os.fspath(storage)!r}"
            print(f"Ctrl-C: search stopped after {search.ended()} of {trials} trials{rest}", file=sys.stderr)


def _one_of(name: str, given: Any, known: tuple[str | None, ...]) -> None:
    if given not in known:
        near = suggestion(str(given), [word for word in known if word])
        raise ArgumentError(f"tune: {name}={given!r}, expected one of {known}{near}")


def _seed(given: int | None) -> int:
    return int(generator().integers(2**31)) if given is None else whole("tune", "seed", given, 0, math.inf)
