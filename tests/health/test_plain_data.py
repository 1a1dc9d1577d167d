"""Reports, records, notes and what is known of earlier steps, as plain data."""

import math
from dataclasses import FrozenInstanceError, fields, replace

import numpy as np
import pytest

import autograd_cnn as ag
from autograd_cnn import health
from autograd_cnn.health.course import Course
from autograd_cnn.health.notes import Notes
from autograd_cnn.health.past import Past

SHOWN = health.Distribution(0.0, 1.0, (1,), 0.0, 1.0)
FINDING = health.Finding("warning", "dead", "fc", "", "", "", "")


def test_a_report_is_judged_by_the_thresholds_of_the_notes():
    report = health.Report((), (), (), 1.0, 0, 1, 1)
    assert "dead over 10% ! 40% ✕" in str(report)
    assert (report.findings, report.first_to_last) == ((), None)
    assert {field.name: getattr(report.thresholds, field.name) for field in fields(health.Thresholds)} == {
        **{"dead": (0.1, 0.4), "unit_samples": 32, "warning_samples": 1000},
        **{"saturated": (0.2, 0.5), "saturated_slope": 0.05, "saturated_samples": 0.95},
        **{"vanishing": (1e-2, 1e-3), "vanished": 1e-7, "exploding": (1e2, 1e3)},
        **{"update_ratio": (1e-4, 1e-2), "update_ratio_critical": (1e-5, 1e-1), "update_steps": 20},
        **{"unchanged_steps": 3, "weight_scale": (0.5, 2.0), "same_sign": 0.5, "initial_loss": 3.0},
        **{"loss_steps": 50, "loss_decrease": 0.05, "overfit": 0.1, "patience": 5},
    }


def test_who_is_in_no_list_is_active():
    assert health.Units(10).active == 10
    assert health.Units(10, dead=(0, 1), silent=(2,), starved=(3,), saturated=(4, 5, 6)).active == 3
    assert health.Units(3) == health.Units(3, (), (), (), ())


def test_a_layer_takes_the_findings_that_are_its_own():
    layer = health.Layer("fc", "linear", (2,), (2,), 4, SHOWN, None)
    others = replace(FINDING, layer="a"), replace(FINDING, layer="")
    told = layer.with_findings((others[0], FINDING, others[1], replace(FINDING, severity="critical")))
    assert told.findings == (FINDING, replace(FINDING, severity="critical"))
    assert told.with_findings(others) == layer
    assert (layer.findings, layer.proven, layer.units, layer.highest) == ((), (), None, None)
    assert (FINDING.units, FINDING.since) == ((), 0)


@pytest.mark.parametrize(
    "made", [FINDING, SHOWN, health.Units(3), health.Thresholds(), Past(), health.Spell(0, "dead", 0, 0)]
)
def test_plain_data_is_not_written_to(made):
    with pytest.raises(FrozenInstanceError):
        setattr(made, fields(made)[0].name, 1)


@pytest.mark.parametrize("wrong", [math.nan, math.inf, -math.inf])
def test_a_record_is_finite_if_its_loss_and_gradients_are(wrong):
    def record(loss=1.0, gradients=(0.5, None), weights=(0.5, None), **options):
        return health.StepRecord(0, loss, dict(enumerate(gradients)), dict(enumerate(weights)), **options)

    assert record().is_finite
    assert record(activations={"fc": wrong}, update_ratios={"fc": wrong}).is_finite
    assert not record(wrong).is_finite
    assert not record(gradients=(None, 1.0, wrong)).is_finite
    assert not record(weights=(wrong, 1.0)).is_finite
    assert (record().samples, record().dead, record().silent_units) == (0, {}, {})
    assert record().dead is not record().dead


def test_of_a_single_look_nothing_is_known():
    past = Past()
    assert (past.step, past.samples, past.batch, past.now, past.updates) == (0, 0, 0, 0, {})
    assert {past.units, past.weight_gradients, past.onset, past.non_finite, past.accumulated, past.start} == {None}
    assert (past.same_sign, past.course) == (None, Course())


def test_notes():
    notes = Notes()
    assert (notes.curves(), notes.epochs, notes.curve("loss", "training")) == ({}, [], [])
    notes.take(3, "training", {"loss": np.float32(0.5), "accuracy": "0.25"})
    notes.take(4, "validation", {"loss": 2})
    notes.take(5, "training", {"loss": 0.25})
    assert notes.curves() == {
        "loss": {"training": ((3, 0.5), (5, 0.25)), "validation": ((4, 2.0),)},
        "accuracy": {"training": ((3, 0.25),)},
    }
    assert notes.curve("loss", "training") == [(3, 0.5), (5, 0.25)]
    assert notes.curve("loss", "test") == notes.curve("lr", "training") == []
    for step in (0, 3, 3, 7):
        notes.begin_epoch(step)
    assert notes.epochs == [0, 3, 7]
    for wrong, name in ((None, "NoneType"), ("high", "str"), ([1.0, 2.0], "list")):
        with pytest.raises(ag.ArgumentError, match=f"Monitor.note: lr is {name}, expected a number") as raised:
            notes.take(0, "training", {"lr": wrong})
        assert raised.value.__suppress_context__
