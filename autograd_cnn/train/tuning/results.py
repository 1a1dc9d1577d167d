"""What a search found: its trials, the best of them, and whether the best lies where the space ends."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass
from typing import Any

from autograd_cnn.errors import ArgumentError
from autograd_cnn.health.wording import counted
from autograd_cnn.settings import real
from autograd_cnn.train.tuning.ranges import Choice, Range, border, narrowed
from autograd_cnn.train.tuning.trials import Direction, TrialRecord

MARGIN = 0.05
"""A value within this share of its range, on its scale, lies on the border."""
SHOWN = 10
"""How many trials a table has at most."""


@dataclass(frozen=True)
class SearchResult:
    """All trials of a search; draw it with ``viz.search(result)``, print it for a table of the best.

    Attributes
    ----------
    space : dict of str to range
        What was searched.
    trials : tuple of TrialRecord
        In the order in which they began.
    direction : {"maximize", "minimize"}
    """

    space: dict[str, Range]
    trials: tuple[TrialRecord, ...]
    direction: Direction = "maximize"

    @property
    def best(self) -> TrialRecord:
        """The best trial that was run to its end; of equal ones the first.

        Raises
        ------
        ArgumentError
            When none was.
        """
        return self.top(1)[0]

    def top(self, count: int) -> tuple[TrialRecord, ...]:
        """Return the best trials that were run to their ends, the best first.

        Raises
        ------
        ArgumentError
            When there are not so many.
        """
        sign = -1 if self.direction == "maximize" else 1
        found = sorted((trial for trial in self.trials if trial.state == "complete"), key=lambda t: sign * t.value)
        if not 1 <= count <= len(found):
            raise ArgumentError(
                f"search: the best {count} of {len(found)} finished trials were asked for ({self._ends})"
            )
        return tuple(found[:count])

    @property
    def on_border(self) -> dict[str, str]:
        """The parameters whose best value lies on the border of its range, with "lower" or "upper"."""
        best = self.best
        found = {name: border(values, best[name], MARGIN) for name, values in self.space.items()}
        return {name: which for name, which in found.items() if which}

    def narrowed(self, factor: float = 0.25) -> dict[str, Range]:
        """Return a space around the best trial, to search next: from coarse to fine.

        Parameters
        ----------
        factor : float
            How wide each new range is on its scale, as a share of the old one; above 0, below 1. It lies inside the
            old one. Choices stay.

        Raises
        ------
        ArgumentError
            For another factor, or when no trial was finished.

        Examples
        --------
        >>> from autograd_cnn import train
        >>> trials = (train.TrialRecord(0, {"lr": 0.1}, 0.8), train.TrialRecord(1, {"lr": 0.01}, 0.9))
        >>> result = train.SearchResult({"lr": train.LogUniform(1e-4, 1)}, trials)
        >>> result.narrowed(0.5)
        {'lr': LogUniform(low=0.001, high=0.1)}
        """
        if not 0 < real(factor) < 1:
            raise ArgumentError(f"narrowed: factor={factor!r}, expected a number above 0 and below 1")
        best = self.best
        return {name: narrowed(values, best[name], factor) for name, values in self.space.items()}

    @property
    def _ends(self) -> str:
        """How many trials ended in which way."""
        return ", ".join(f"{many} {state}" for state, many in Counter(trial.state for trial in self.trials).items())

    def __str__(self) -> str:
        order = {"complete": 0, "pruned": 1, "failed": 2, "running": 3}
        sign = -1 if self.direction == "maximize" else 1
        rows = sorted(self.trials, key=lambda t: (order[t.state], math.inf if math.isnan(t.value) else sign * t.value))
        more = [f"  and {len(rows) - SHOWN} more"] if len(rows) > SHOWN else []
        return "\n".join([f"{counted(len(rows), 'trial')}: {self._ends}", *map(str, rows[:SHOWN]), *more])


def border_words(result: SearchResult) -> str:
    """Return what to say about best values on a border, or an empty string."""
    words = []
    for name, which in result.on_border.items():
        values: Any = result.space[name]
        assert not isinstance(values, Choice)
        words.append(f"{name} = {result.best[name]:.4g} lies on the {which} border of {values}")
    return "; ".join(words)
