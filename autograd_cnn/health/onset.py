"""Since when a training shows a finding: the first step of the unbroken run, up to the last, that showed it."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from autograd_cnn.graph import Array
from autograd_cnn.health.findings import is_usual_update
from autograd_cnn.health.records import Records
from autograd_cnn.health.report import Thresholds


def onset(history: Records, kind: str, layer: str, limits: Thresholds, last: int | None = None) -> int:
    """Return the first step of the unbroken run of steps that showed a finding.

    Parameters
    ----------
    history : Records
    kind, layer : str
        What was found, and where.
    limits : Thresholds
    last : int, optional
        Place of the record up to which the run goes; by default the last one.
    """
    last = len(history) - 1 if last is None else last
    if kind == "disconnected":
        return history[0].step
    if kind in ("update", "unchanged"):
        places, ratios = _up_to(last, *history.known("update_ratios", layer))
        begin = _begin(ratios == 0) if kind == "unchanged" else _begin_of_update(ratios.tolist(), limits)
        return history[int(places[begin])].step
    shows = _SHOWS.get(kind)
    return history[last if shows is None else _begin(shows(history, layer, limits)[: last + 1])].step


def onset_of_units(since: Array, kind: str, limits: Thresholds, last: int) -> int:
    """Return the step at which the share of such units crossed the first threshold.

    Parameters
    ----------
    since : array of int
        Step since which each unit is so without a break; -1 where it is not.
    kind : str
    limits : Thresholds
    last : int
        The last step, told when the units are so over the window but not in every batch.
    """
    warning, _ = limits.saturated if kind == "saturated" else limits.dead
    steps = np.sort(since[since >= 0])
    place = int(warning * since.size)
    return int(steps[place]) if place < steps.size else last


def _up_to(last: int, places: Array, numbers: Array) -> tuple[Array, Array]:
    count = int(np.searchsorted(places, last, side="right"))
    return places[:count], numbers[:count]


def _begin(shown: Array) -> int:
    """Return where the run begins that goes up to the last one, which shows it."""
    others = np.flatnonzero(~shown[:-1])
    return int(others[-1]) + 1 if others.size else 0


def _begin_of_update(ratios: list[float], limits: Thresholds) -> int:
    place = len(ratios) - 1
    while place > 0 and not is_usual_update(ratios[max(0, place - limits.update_steps) : place], limits):
        place -= 1
    return place


def _of_all(history: Records, field: str, layer: str) -> Array:
    """Return a number of each record; NaN, which shows nothing, where it is not known."""
    return _spread(len(history), *history.known(field, layer))


def _spread(count: int, places: Array, numbers: Array) -> Array:
    found = np.full(count, np.nan)
    found[places] = numbers
    return found


def _end_to_end(history: Records) -> Array:
    """Return the first over the last layer's weight gradient at each step."""
    places, ends = history.ends("weight_gradients")
    first, last = ends.reshape(len(places), 2).T
    known = last != 0
    with np.errstate(all="ignore"):
        return _spread(len(history), places[known], first[known] / last[known])


def _vanishing(history: Records, layer: str, limits: Thresholds) -> Array:
    found = _of_all(history, "weight_gradients", layer) if layer else _end_to_end(history)
    return np.asarray((found > 0) & (found < (limits.vanished if layer else limits.vanishing[0])))


def _exploding(history: Records, layer: str, limits: Thresholds) -> Array:
    return np.asarray(_end_to_end(history) > limits.exploding[0])


def _zero(history: Records, layer: str, limits: Thresholds) -> Array:
    return np.asarray(_of_all(history, "weight_gradients", layer) == 0)


def _same_sign(history: Records, layer: str, limits: Thresholds) -> Array:
    return np.asarray(_of_all(history, "same_sign", layer) > limits.same_sign)


_SHOWS: dict[str, Callable[[Records, str, Thresholds], Array]] = {
    "vanishing": _vanishing,
    "exploding": _exploding,
    "zero": _zero,
    "same-sign": _same_sign,
}
"""By kind of finding, whether each record shows it."""
