"""Pictures of a hyperparameter search: what was tried, how good it was, where the space ends; and grid against random.

Every axis is that of its parameter's range: logarithmic where orders of magnitude are searched.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from autograd_cnn.health.wording import counted
from autograd_cnn.train.tuning.results import MARGIN
from viz.charts import Axis, ChartData, Line, Panel, Points, Rule, chart
from viz.errors import UndrawableError
from viz.style import number

if TYPE_CHECKING:
    from autograd_cnn.train import SearchResult, TrialRecord
    from viz.charts.data import Layer
    from viz.picture import Picture

_QUARTERS = (("value", "circle", 8.0), ("value", "ring", 7.0), ("gradient", "ring", 7.0), ("gradient", "cross", 7.0))
"""Ink, mark and size of the best quarter of the trials, and of the others."""


def search(
    result: SearchResult, x: str | None = None, y: str | None = None, *, title: str = "", theme: str = "light"
) -> Picture:
    """Draw the trials of a search over two of its parameters, told apart by how good they were.

    Parameters
    ----------
    result : train.SearchResult
        What `train.tune` found.
    x, y : str, optional
        Two parameters; by default the first two of the space. Where there is one alone, it is drawn against what the
        objective returned.
    title : str
        Of the picture.
    theme : {"light", "dark"}

    Raises
    ------
    UndrawableError
        When there is no such parameter, or no trial was finished.

    Notes
    -----
    Dashed lines stand inside of each range by 5% of its scale: a best trial beyond them lies on the border.
    """
    names = _chosen(result, x, y)
    if len(names) == 1:
        panel = Panel(_axis(result, names[0]), Axis("what the objective returned"), tuple(_over(result, names[0])))
    else:
        panel = _plane(result, *names)
    best = result.best
    facts = [f"{counted(len(result.trials), 'trial')}; the best is number {best.number}: {number(best.value, '.4g')}"]
    for name, which in result.on_border.items():
        facts.append(f"the best {name} lies on the {which} border: better ones may lie beyond")
    size = (420.0, 300.0)
    return chart(ChartData(title or "Hyperparameter search", (panel,), facts=tuple(facts), size=size), theme=theme)


def grid_and_random(
    grid: SearchResult, random: SearchResult, important: str, other: str, *, title: str = "", theme: str = "light"
) -> Picture:
    """Draw why random search beats a grid: it tries another value of what matters with every trial.

    Bergstra and Bengio 2012, "Random search for hyper-parameter optimization", figure 1, with trials that were made.

    Parameters
    ----------
    grid, random : train.SearchResult
        Two searches of the same space, with as many trials.
    important, other : str
        The parameter that matters, and one that matters little.
    title : str
        Of the picture.
    theme : {"light", "dark"}

    Raises
    ------
    UndrawableError
        When there is no such parameter, or no trial was finished.
    """
    searches = {"Grid": grid, "Random": random}
    planes, profiles = [], []
    values = [trial.value for result in searches.values() for trial in _finished(result)]
    room = 0.08 * (max(values) - min(values) or 1.0)
    for name, result in searches.items():
        _chosen(result, important, other)
        planes.append(_plane(result, important, other, title=f"{name}: {counted(len(result.trials), 'trial')}"))
        tried = len({trial[important] for trial in _finished(result)})
        best = number(result.best.value, ".4g")
        profiles.append(
            Panel(
                _axis(result, important),
                Axis("what the objective returned", min(values) - room, max(values) + room),
                tuple(_over(result, important)),
                notes=(f"{tried} values of {important} were tried; the best trial: {best}",),
            )
        )
    heading = title or "Random search tries more values of what matters"
    return chart(ChartData(heading, (*planes, *profiles), columns=2, size=(280.0, 190.0)), theme=theme)


def _chosen(result: SearchResult, x: str | None, y: str | None) -> tuple[str, ...]:
    """Return which parameters to draw: those that are wanted, else the first of the space."""
    known = list(result.space)
    for name in (x, y):
        if name is not None and name not in known:
            raise UndrawableError(f"search: there is no parameter {name!r}; there are {known}")
    _finished(result)
    rest = [name for name in known if name not in (x, y)]
    across = x or rest.pop(0)
    return (across, y) if y else (across, *rest[:1])


def _finished(result: SearchResult) -> list[TrialRecord]:
    found = [trial for trial in result.trials if trial.state == "complete" and math.isfinite(trial.value)]
    if not found:
        raise UndrawableError("search: no trial was finished, so that there is nothing to draw")
    return found


def _plane(result: SearchResult, x: str, y: str, *, title: str = "") -> Panel:
    layers = (*_borders(result, x, "x"), *_borders(result, y, "y"), *_trials(result, x, y))
    return Panel(_axis(result, x), _axis(result, y), layers, title=title)


def _axis(result: SearchResult, name: str) -> Axis:
    """Return an axis over the whole range of a parameter, on its scale."""
    values: Any = result.space[name]
    if hasattr(values, "options"):
        labels = [str(getattr(option, "__name__", option)) for option in values.options]
        return Axis(name, -0.5, len(labels) - 0.5, ticks=tuple((float(i), label) for i, label in enumerate(labels)))
    # a little more than the range, so that marks on its ends are whole
    return Axis(name, _place(values, -0.04), _place(values, 1.04), log=values.log)


def _place(values: Any, position: float) -> float:
    """Return what lies at a position of a range's scale, also outside of it."""
    low, high = values.low, values.high
    return float(low * (high / low) ** position if values.log else low + position * (high - low))


def _value(result: SearchResult, trial: TrialRecord, name: str) -> float:
    """Return where on its axis a trial's parameter stands: a choice at its number."""
    values: Any = result.space[name]
    return float(values.options.index(trial[name]) if hasattr(values, "options") else trial[name])


def _borders(result: SearchResult, name: str, axis: Any) -> Iterator[Rule]:
    values: Any = result.space[name]
    if not hasattr(values, "options"):
        for position in (MARGIN, 1 - MARGIN):
            yield Rule(f"border of a range: {MARGIN:.0%} of it", _place(values, position), axis)


def _trials(result: SearchResult, x: str, y: str) -> Iterator[Layer]:
    """Return the points of a plane: a mark for each quarter of the trials, the worst drawn first."""
    ended = [trial for trial in result.trials if trial.state == "pruned"]
    if ended:
        yield Points("pruned", *_places(result, ended, x, y), "muted", "plus", 6.0)
    sign = -1 if result.direction == "maximize" else 1
    found = sorted(_finished(result), key=lambda trial: sign * trial.value)
    cuts = [round(len(found) * part / 4) for part in range(5)]
    names = ("best quarter", "second quarter", "third quarter", "last quarter")
    quarters = [found[low:high] for low, high in pairwise(cuts)]
    for name, quarter, (ink, mark, size) in reversed(list(zip(names, quarters, _QUARTERS, strict=True))):
        if quarter:
            yield Points(f"{name} of the trials", *_places(result, quarter, x, y), ink, mark, size)
    yield Points("the best", *_places(result, [result.best], x, y), "ok_text", "diamond", 10.0)


def _places(
    result: SearchResult, trials: Iterable[TrialRecord], x: str, y: str
) -> tuple[tuple[float, ...], tuple[float, ...]]:
    trials = list(trials)
    columns = (tuple(_value(result, trial, name) for trial in trials) for name in (x, y))
    return next(columns), next(columns)


def _over(result: SearchResult, name: str) -> Iterator[Layer]:
    """Return the trials' values over one parameter, on stems that show how many of its values were tried."""
    yield from _borders(result, name, "x")
    found = sorted(_finished(result), key=lambda trial: _value(result, trial, name))
    at, values = [_value(result, trial, name) for trial in found], [trial.value for trial in found]
    yield Line("trials", tuple(at), tuple(values), "wire", "dotted", 1.2, "circle")
    best = result.best
    yield Points("the best", (_value(result, best, name),), (best.value,), "ok_text", "diamond", 10.0)
