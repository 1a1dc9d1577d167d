"""The lives of units over a training: when each died, starved or saturated, and when it came back."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from autograd_cnn.graph import Array
from autograd_cnn.health.history import StepRecord
from autograd_cnn.health.report import Thresholds, Units
from autograd_cnn.health.units import Batch, average_of_flat, state_of, states_of

STATES = ("dead", "starved", "saturated")


@dataclass(frozen=True)
class Spell:
    """One unit in one state, from a step on.

    Attributes
    ----------
    unit : int
    state : str
        ``dead``, ``starved`` or ``saturated``: each over the window, as a report counts them.
    since : int
        First step of the unbroken run of batches that showed it.
    confirmed : int
        Step from which on the window agreed, so that reports tell it.
    until : int or None
        First step at which it was over: a rebirth; None while it lasts.
    """

    unit: int
    state: str
    since: int
    confirmed: int
    until: int | None = None

    def holds(self, step: int) -> bool:
        """Whether a report of that step tells it."""
        return self.confirmed <= step and (self.until is None or step < self.until)


def units_at(spells: Iterable[Spell], count: int, step: int) -> Units:
    """Return which units were dead, starved and saturated at a step; who was silent is not kept, only how many."""
    now = [spell for spell in spells if spell.holds(step)]
    dead, starved, saturated = (tuple(sorted(s.unit for s in now if s.state == state)) for state in STATES)
    return Units(count, dead=dead, starved=starved, saturated=saturated)


@dataclass
class _Watched:
    """The units of one layer.

    `since` holds the step since which a unit is so in every batch, or -1; a state that no unit is in is left out,
    because healthy units are the usual case. `flat_at` is the last step on which a unit was saturated. `told` holds
    which units were in each state at the last step, as `open` does unit by unit. `like` is what the last batch showed:
    what was said of it holds for the next one like it, as long as the window begins before `due`.
    """

    batches: deque[Batch]
    steps: deque[int]
    since: dict[str, Array] = field(default_factory=dict)
    flat_at: int = -1
    told: dict[str, Array] = field(default_factory=dict)
    like: tuple[Any, ...] = ()
    due: float = math.inf
    said: tuple[int, int, tuple[int, ...]] = 0, 0, ()
    samples: int = 0
    open: dict[tuple[str, int], Spell] = field(default_factory=dict)
    closed: list[Spell] = field(default_factory=list)


class Lives:
    """Takes in one batch after the other, layer by layer."""

    def __init__(self, thresholds: Thresholds) -> None:
        self._thresholds = thresholds
        self._watched: dict[str, _Watched] = {}

    def take(self, name: str, batch: Batch, record: StepRecord, window: int) -> None:
        """Take in what one batch told, and write into the record how many units are in each state.

        Parameters
        ----------
        name : str
            The layer.
        batch : Batch
        record : StepRecord
        window : int
            How many batches dead, starved and saturated are judged over.
        """
        watched = self._watched.get(name)
        if watched is None or watched.batches[-1].active.shape != batch.active.shape:
            watched = self._start(name)
        watched.batches.append(batch)
        watched.steps.append(record.step)
        watched.samples += batch.samples
        while len(watched.batches) > window:
            watched.samples -= watched.batches.popleft().samples
            watched.steps.popleft()
        if not watched.since and batch.is_well:  # the usual case
            record.starved[name] = record.dead[name] = record.silent[name] = 0
            watched.like = ()
            return
        if not batch.has_dead_side:
            self._take_flat(name, watched, batch, record)
            return
        enough = watched.samples >= self._thresholds.unit_samples
        like = enough, batch.active.tobytes(), batch.driven.tobytes()
        if like != watched.like or watched.steps[0] >= watched.due:
            self._take_changed(watched, batch, record.step)
            watched.like = like
        starved, dead, silent = watched.said
        record.starved[name], record.dead[name], record.silent[name] = starved, dead, dead + len(silent)
        if silent:
            record.silent_units[name] = silent

    def _take_changed(self, watched: _Watched, batch: Batch, step: int) -> None:
        """Take in a batch in which other units are unwell than in the one before, or for long enough now."""
        unwell = self._unwell(batch)
        for kind in STATES:
            _prolong(watched.since, kind, unwell.get(kind), step)
        states = self._judge(watched, step)
        begun = [since[since > watched.steps[0]] for since in watched.since.values()]
        watched.due = min([int(since.min()) for since in begun if since.size], default=math.inf)
        counts = {state: int(np.count_nonzero(mask)) for state, mask in states.items()}
        silent = np.flatnonzero(~batch.active & ~states["dead"] if "dead" in states else ~batch.active)
        watched.said = counts.get("starved", 0), counts.get("dead", 0), tuple(silent.tolist())

    def _take_flat(self, name: str, watched: _Watched, batch: Batch, record: StepRecord) -> None:
        """Take in a batch of units that saturate."""
        unwell = self._unwell(batch)
        watched.flat_at = record.step if "saturated" in unwell else watched.flat_at
        for kind in STATES:
            _prolong(watched.since, kind, unwell.get(kind), record.step)
        states = self._judge(watched, record.step)
        record.starved[name] = int(np.count_nonzero(states["starved"])) if "starved" in states else 0
        record.saturated[name] = int(np.count_nonzero(unwell["saturated"])) if "saturated" in unwell else 0

    def units(self, name: str) -> Units | None:
        """Return the state of a layer's units over the window; None for a layer without units."""
        watched = self._watched.get(name)
        return None if watched is None else state_of(watched.batches[-1], _window(watched), self._thresholds)

    def since(self, name: str, kind: str) -> Array | None:
        """Return the step since which each unit is so without a break, or -1; None where nothing is known."""
        watched = self._watched.get(name)
        if watched is None or kind not in STATES:
            return None
        begun = watched.since.get(kind)
        return np.full(watched.batches[-1].active.shape, -1) if begun is None else begun

    def spells(self) -> dict[str, tuple[Spell, ...]]:
        """Return what happened to the units of each layer, in the order in which it began."""
        return {
            name: tuple(sorted((*each.closed, *each.open.values()), key=lambda s: (s.since, s.unit)))
            for name, each in self._watched.items()
        }

    def _start(self, name: str) -> _Watched:
        """Begin with a layer; one whose number of units changed is another layer from then on."""
        made = self._watched[name] = _Watched(deque(), deque())
        return made

    def _unwell(self, batch: Batch) -> dict[str, Array]:
        """Return which units are in a state in this batch, for each state that some may be in."""
        found = {}
        if not batch.driven.all():  # who is not active is not driven either
            found["starved"] = ~batch.driven
            if batch.has_dead_side:
                found["dead"] = ~batch.active
        if not batch.has_dead_side:
            saturated = batch.flat >= self._thresholds.saturated_samples
            if saturated.any():
                found["saturated"] = saturated
        return found

    def _judge(self, watched: _Watched, step: int) -> dict[str, Array]:
        """Return which units are in each state over the window, for states that some are in; begin and end spells."""
        if not watched.open and not _suspicious(watched):
            return {}
        last = watched.batches[-1]
        states = states_of(last, _window(watched), self._thresholds)
        if watched.told.keys() == states.keys() and all([np.array_equal(watched.told[k], states[k]) for k in states]):
            return states
        watched.told = states
        now = {(state, unit) for state, mask in states.items() for unit in np.flatnonzero(mask).tolist()}
        for key in watched.open.keys() - now:
            spell = watched.open.pop(key)
            watched.closed.append(Spell(spell.unit, spell.state, spell.since, spell.confirmed, step))
        for state, unit in sorted(now - watched.open.keys()):
            begun = watched.since.get(state)
            since = -1 if begun is None else int(begun.ravel()[unit])  # -1: over the window, but not in every batch
            watched.open[state, unit] = Spell(unit, state, since if since >= 0 else step, step)
        return states


def _prolong(since: dict[str, Array], kind: str, mask: Array | None, step: int) -> None:
    """Take in which units are so at this step."""
    if mask is not None and mask.any():
        known = since.get(kind)
        since[kind] = np.where(mask, step if known is None else np.where(known < 0, step, known), -1)
    else:
        since.pop(kind, None)


def _window(watched: _Watched) -> Batch:
    """Return the batches of the window as one: who was so in each of them, has been so since before it began."""
    first, last = watched.steps[0], watched.batches[-1]

    def not_once(kind: str) -> Array:
        since = watched.since.get(kind)
        return np.zeros(last.active.shape, bool) if since is None else (since >= 0) & (since <= first)

    flat = average_of_flat(watched.batches) if watched.flat_at >= first else np.zeros(last.active.shape)
    return Batch(watched.samples, last.has_dead_side, ~not_once("dead"), ~not_once("starved"), flat)


def _suspicious(watched: _Watched) -> bool:
    """Whether any unit may be unwell over the window: one was so in each of its batches, or saturated in one."""
    first = watched.steps[0]
    through = any(((since >= 0) & (since <= first)).any() for since in watched.since.values())
    return through or watched.flat_at >= first
