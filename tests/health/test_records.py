"""The records of steps as columns: to the last bit what was put in, and as quick to ask since when something is so."""

import math
import tracemalloc
from dataclasses import fields

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from autograd_cnn import health
from autograd_cnn.health.findings import is_usual_update
from autograd_cnn.health.onset import onset, onset_of_units
from autograd_cnn.health.records import Records

LAYERS = st.sampled_from(["", "conv", "relu", "fc"])
NUMBERS = st.floats() | st.sampled_from([0.0, -0.0, 1e-12, 1e-3, 1.0, math.inf])
COUNTS = st.dictionaries(LAYERS, st.integers(0, 10**6))


def sizes(numbers=NUMBERS):
    return st.dictionaries(LAYERS, numbers)


RECORDS = st.lists(
    st.builds(
        health.StepRecord,
        step=st.integers(0, 2**40),
        loss=NUMBERS,
        gradients=sizes(st.none() | NUMBERS),
        weight_gradients=sizes(st.none() | NUMBERS),
        samples=st.integers(0, 10**6),
        activations=sizes(),
        attenuations=sizes(st.none() | NUMBERS),
        dead=COUNTS,
        starved=COUNTS,
        silent=COUNTS,
        saturated=COUNTS,
        silent_units=st.dictionaries(LAYERS, st.lists(st.integers(0, 2**31), max_size=3).map(tuple)),
        same_sign=sizes(st.floats(0, 1)),
        update_ratios=sizes(),
    ),
    max_size=6,
)


def same(ours, theirs):
    """Whether two lists of records are the same to the last bit: repr tells -0.0 from 0.0, 1 from 1.0, and NaN."""
    return repr(list(ours)) == repr(list(theirs))


@given(RECORDS)
def test_what_was_put_in_comes_out(records):
    ours = Records(records)
    assert len(ours) == len(records)
    assert same(ours, records)
    assert same(ours[1:4], records[1:4])
    assert [repr(ours[-i]) for i in range(1, len(records) + 1)] == [repr(r) for r in reversed(records)]
    assert ours.steps == [r.step for r in records]
    assert repr(ours.losses) == repr([float(r.loss) for r in records])


@given(RECORDS)
def test_columns_are_those_of_the_records(records):
    ours = Records(records)
    for name in ("weight_gradients", "update_ratios", "dead"):
        for layer in ("", "fc"):
            expected = [(i, x) for i, r in enumerate(records) if (x := getattr(r, name).get(layer)) is not None]
            places, numbers = ours.known(name, layer)
            assert repr(list(zip(places.tolist(), numbers.tolist(), strict=True))) == repr(
                [(i, float(x)) for i, x in expected]
            )
    assert ours.totals("dead") == [sum(r.dead.values()) for r in records]


@given(RECORDS, RECORDS)
def test_a_copy_stays_what_it_was(records, later):
    ours = Records(records)
    copy = ours.copied()
    for record in later:
        ours.append(record)
    assert same(copy, records)
    for record in later:
        copy.append(record)
    assert same(copy, ours)


def test_the_last_record_is_open_and_the_others_are_closed():
    ours = Records([health.StepRecord(i, 1.0, {}, {}) for i in range(3)])
    copy = ours.copied()
    for i in range(3):
        ours[i].update_ratios["fc"] = 0.5
    assert [r.update_ratios for r in ours] == [{}, {}, {"fc": 0.5}]
    assert [r.update_ratios for r in copy] == [{}, {}, {}]
    assert ours != copy
    assert copy == [health.StepRecord(i, 1.0, {}, {}) for i in range(3)] != ours
    assert ours != 3
    with pytest.raises(IndexError, match="record 3 of 3"):
        ours[3]
    with pytest.raises(IndexError, match="record -4 of 3"):
        ours[-4]


def test_numbers_by_hand():
    """Layers that hold None, layers that are not there, and as many as are asked for by place."""
    sizes = [{"a": 1.0, "b": None, "c": 4.0}, {"a": None, "b": 2.0}, {"a": 3.0, "b": 5.0}, {}]
    given_records = [health.StepRecord(10 + i, 0.5, {}, own, dead={"a": i, "b": 1}) for i, own in enumerate(sizes)]
    for count in (3, 4):
        records = Records(given_records[:count])
        assert [records[i] for i in range(count)] == [records[i] for i in range(-count, 0)] == given_records[:count]
        assert records[-1].step == 9 + count
        places, numbers = records.ends("weight_gradients")
        assert (places.tolist(), numbers.tolist()) == ([0, 2], [[1.0, 4.0], [3.0, 5.0]])
        assert records.totals("weight_gradients") == [5.0, 2.0, 8.0, 0.0][:count]
        assert records.totals("dead") == [1, 2, 3, 4][:count]
        assert [x.tolist() for x in records.known("weight_gradients", "a")] == [[0, 2], [1.0, 3.0]]
    empty = Records()
    assert (len(empty), list(empty), empty.steps, empty.losses, empty.totals("dead")) == (0, [], [], [], [])
    for place in (0, -1):
        with pytest.raises(IndexError, match=f"record {place} of 0"):
            empty[place]


def first_to_last(record):
    known = [size for size in record.weight_gradients.values() if size is not None]
    return known[0] / known[-1] if len(known) > 1 and known[-1] else None


SHOWS = {
    "vanishing": lambda r, layer, limits: (
        r.weight_gradients.get(layer) is not None and 0 < r.weight_gradients[layer] < limits.vanished
        if layer
        else (x := first_to_last(r)) is not None and 0 < x < limits.vanishing[0]
    ),
    "exploding": lambda r, layer, limits: (x := first_to_last(r)) is not None and x > limits.exploding[0],
    "zero": lambda r, layer, limits: r.weight_gradients.get(layer) == 0,
    "unchanged": lambda r, layer, limits: r.update_ratios.get(layer) == 0,
    "same-sign": lambda r, layer, limits: r.same_sign.get(layer, 0.0) > limits.same_sign,
    "disconnected": lambda r, layer, limits: True,
    "loss": lambda r, layer, limits: False,
}


def onset_by_records(records, kind, layer, limits):
    """Go back from the last record, one by one."""
    ratios = [r.update_ratios[layer] for r in records if layer in r.update_ratios]
    known = [r for r in records if layer in r.update_ratios] if kind in ("update", "unchanged") else records
    place = len(known) - 1

    def shows(place):
        if kind == "update":
            return not is_usual_update(ratios[max(0, place - limits.update_steps) : place], limits)
        return SHOWS[kind](known[place - 1], layer, limits)

    while place > 0 and shows(place):
        place -= 1
    return known[place].step


@st.composite
def trainings(draw):
    """Return the records of a few steps, whose numbers lie on both sides of the thresholds; all are known, or some."""
    some = draw(st.booleans())
    sizes_of_gradients = st.sampled_from([0.0, 1e-9, 1e-7, 1e-2, 1.0, 1e2, 5e3, math.nan])
    ratios = st.sampled_from([0.0, 1e-9, 1e-3, 1e-3, 0.5, math.nan])

    def numbers(values):
        optional = {layer: values for layer in ("", "conv", "fc")}
        return draw(st.fixed_dictionaries({}, optional=optional) if some else st.fixed_dictionaries(optional))

    return [
        health.StepRecord(
            10 * i,
            1.0,
            {},
            numbers(st.none() | sizes_of_gradients if some else sizes_of_gradients),
            same_sign=numbers(st.sampled_from([0.2, 0.5, 0.9])),
            update_ratios=numbers(ratios),
        )
        for i in range(draw(st.integers(1, 8)))
    ]


@pytest.mark.parametrize("kind", [*SHOWS, "update"])
@given(trainings())
def test_onsets_are_those_of_a_walk_back_record_by_record(kind, records):
    limits = health.Thresholds(
        same_sign=0.5, update_steps=2, vanished=1e-7, vanishing=(1e-2, 1e-4), exploding=(1e2, 1e4)
    )
    ours = Records(records)
    for layer in ("", "conv", "fc"):
        for last in range(len(records)):
            known = records[: last + 1]
            if kind not in ("update", "unchanged") or any(layer in record.update_ratios for record in known):
                expected = onset_by_records(known, kind, layer, limits)
                assert onset(ours, kind, layer, limits, last) == expected
                assert onset(Records(known), kind, layer, limits) == expected


@pytest.mark.parametrize(("kind", "at", "beyond"), [("exploding", 1e2, 5e3), ("vanishing", 1e-2, 1e-3)])
def test_at_the_threshold_nothing_is_shown_yet(kind, at, beyond):
    limits = health.Thresholds(vanishing=(1e-2, 1e-4), exploding=(1e2, 1e4))
    sizes = [{"conv": first, "fc": 1.0} for first in (beyond, at, beyond)]
    ours = Records([health.StepRecord(step, 1.0, {}, own) for step, own in enumerate(sizes)])
    assert onset(ours, kind, "", limits) == 2


def test_the_share_of_units_crosses_the_threshold_at_the_step_of_the_unit_that_makes_it_so():
    limits = health.Thresholds(dead=(0.25, 0.5), saturated=(0.5, 0.75))
    since = np.array([7, -1, 3, 5])
    assert onset_of_units(since, "dead", limits, last=9) == 5
    assert onset_of_units(since, "starved", limits, last=9) == 5
    assert onset_of_units(since, "saturated", limits, last=9) == 7
    assert onset_of_units(np.array([-1, -1, 0, -1]), "dead", limits, last=9) == 9
    assert onset_of_units(np.array([-1, -1, 0, 0]), "saturated", limits, last=9) == 9
    assert onset_of_units(np.array([0, 0, 0, 0]), "saturated", limits, last=9) == 0


def test_every_field_of_a_record_is_kept():
    """A new one would be forgotten otherwise."""
    record = health.StepRecord(1, 2.0, *({"a": 3.0} for _ in range(2)), 4)
    for field in fields(record):
        if isinstance(getattr(record, field.name), dict):
            getattr(record, field.name)["b"] = (5,) if field.name == "silent_units" else 5
    ours = Records([record, record])
    assert ours[0] == record


def test_a_step_costs_what_its_numbers_are():
    """Eight bytes a number, three of eight bytes for its place, and what lists keep free to grow: an eighth."""
    layers = [f"layer{i}" for i in range(8)]
    rng = np.random.default_rng(0)

    def record(step):
        sizes = [dict(zip(layers, rng.random(8).tolist(), strict=True)) for _ in range(4)]
        return health.StepRecord(step, 1.0, *sizes[:2], 64, *sizes[2:], update_ratios=sizes[0])

    tracemalloc.start()
    try:
        ours = Records(map(record, range(4000)))
        grown = tracemalloc.get_traced_memory()[0]
    finally:
        tracemalloc.stop()
    assert len(ours) == 4000
    assert grown / 4000 < (3 + 5 * 8 + 3) * 8 * 1.2
