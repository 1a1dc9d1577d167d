"""The lives of units: batch after batch the same as looking at the whole window anew."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from autograd_cnn import health
from autograd_cnn.health import Spell
from autograd_cnn.health.lives import Lives, units_at
from autograd_cnn.health.units import Batch, combined

LIMITS = health.Thresholds(unit_samples=4, saturated_samples=0.5)
STATES = ("dead", "starved", "saturated")


def batch_of(row, has_dead_side, samples=2):
    """Return a batch of units that are as told: 0 asleep, 1 starved, 2 well, 3 half flat, 4 steep."""
    row = np.array(row)
    if has_dead_side:
        active = row > 0
        driven = active if (row != 1).all() else row > 1  # as it is read: one array where it is the same
        return Batch(samples, True, active, driven, np.zeros(row.size))
    return Batch(samples, False, row >= 0, row > 1, np.array([1.0, 0.25, 0.25, 0.5, 0.0])[row])


def shown_by(batch, state):
    """Return in which units a batch shows a state."""
    if state == "saturated":
        return batch.flat >= LIMITS.saturated_samples if not batch.has_dead_side else np.zeros(batch.flat.size, bool)
    if state == "dead" and not batch.has_dead_side:
        return np.zeros(batch.flat.size, bool)
    return ~(batch.active if state == "dead" else batch.driven)


class Told:
    """What `Lives` is to tell, worked out from all batches so far."""

    def __init__(self, window):
        self.window, self.batches, self.steps = window, [], []
        self.open, self.closed = {}, []

    def since(self, state, unit):
        """Return the first step of the unbroken run of batches that end now and show a unit in a state, or -1."""
        first = -1
        for step, batch in reversed(list(zip(self.steps, self.batches, strict=True))):
            if not shown_by(batch, state)[unit]:
                break
            first = step
        return first

    def take(self, batch, step):
        self.batches.append(batch)
        self.steps.append(step)
        self.units = combined(self.batches[-self.window :], LIMITS)
        now = {(state, unit) for state in STATES for unit in getattr(self.units, state)}
        for key in self.open.keys() - now:
            self.closed.append(replace(self.open.pop(key), until=step))
        for state, unit in now - self.open.keys():
            since = self.since(state, unit)
            self.open[state, unit] = Spell(unit, state, step if since < 0 else since, step)

    def spells(self):
        return sorted(map(repr, (*self.closed, *self.open.values())))


@st.composite
def rows(draw):
    """Return what units are at each step; many steps are like the one before."""
    count = draw(st.integers(1, 3))
    row = st.lists(st.sampled_from([0, 0, 1, 2, 2, 3, 4]), min_size=count, max_size=count)
    runs = draw(st.lists(st.tuples(row, st.integers(1, 4)), min_size=1, max_size=8))
    return [row for row, times in runs for _ in range(times)]


@given(rows(), st.booleans(), st.integers(1, 4), st.sampled_from([1, 2, 5]))
@example([[0, 2], [0, 2], [2, 2], [0, 2], [0, 2], [0, 2]], True, 2, 1)
@example([[2], [0], [0], [0], [0], [2]], False, 3, 1)
@example([[0, 0]] * 3 + [[2, 0]] + [[0, 0]] * 4 + [[2, 2]] * 2, True, 3, 5)
@example([[1, 2]] * 4 + [[2, 1]] * 4, True, 2, 2)
@example([[3], [2], [3], [3], [3]], False, 2, 1)
@example([[4], [2], [0], [2]], False, 3, 1)  # saturated over the window, when the batch that made it so is past
@example([[4], [0], [2], [2]], False, 3, 1)
@example([[0, 2]] * 4, True, 3, 1)  # too few samples
def test_lives_are_those_of_the_window_at_every_step(rows, has_dead_side, window, samples):
    lives, told, records = Lives(LIMITS), Told(window), []
    for step, row in enumerate(rows):
        batch = batch_of(row, has_dead_side, samples)
        record = health.StepRecord(10 * step, 1.0, {}, {})
        lives.take("layer", batch, record, window)
        told.take(batch, 10 * step)
        records.append(record)
        units = told.units
        assert lives.units("layer") == units
        assert record.starved == {"layer": len(units.starved)}
        if has_dead_side:
            assert record.dead == {"layer": len(units.dead)}
            assert record.silent == {"layer": len(units.dead) + len(units.silent)}
            assert record.silent_units == ({"layer": units.silent} if units.silent else {})
            assert record.saturated == {}
        else:
            assert (record.dead, record.silent, record.silent_units) == ({}, {}, {})
            assert record.saturated == {"layer": np.count_nonzero(shown_by(batch, "saturated"))}
        for state in STATES:
            expected = [told.since(state, unit) for unit in range(units.count)]
            assert lives.since("layer", state).tolist() == expected
    spells = lives.spells()["layer"]
    assert sorted(map(repr, spells)) == told.spells()
    assert [(s.since, s.unit) for s in spells] == sorted((s.since, s.unit) for s in spells)
    last = Told(window)
    for step, row in enumerate(rows):
        last.take(batch_of(row, has_dead_side, samples), 10 * step)
        now = units_at(spells, last.units.count, 10 * step)
        assert now == replace(last.units, silent=())


def test_a_layer_whose_number_of_units_changes_is_another_from_then_on():
    lives = Lives(LIMITS)
    for step, row in enumerate([[0, 0]] * 3 + [[0, 0, 2]] * 2):
        lives.take("layer", batch_of(row, True), health.StepRecord(step, 1.0, {}, {}), 2)
    assert lives.units("layer") == health.Units(3, dead=(0, 1))
    assert lives.spells() == {"layer": (Spell(0, "dead", 3, 4), Spell(1, "dead", 3, 4))}


def test_of_what_was_never_seen_nothing_is_known():
    lives = Lives(LIMITS)
    lives.take("layer", batch_of([2, 0], True), health.StepRecord(0, 1.0, {}, {}), 2)
    assert lives.units("other") is lives.since("other", "dead") is lives.since("layer", "vanishing") is None


@pytest.mark.parametrize(("until", "steps"), [(None, [4, 5, 6, 7, 8]), (6, [4, 5])])
def test_a_spell_is_told_from_its_confirmation_to_its_end(until, steps):
    spell = Spell(0, "dead", since=2, confirmed=4, until=until)
    assert [step for step in range(9) if spell.holds(step)] == steps
