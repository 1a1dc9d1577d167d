"""Findings on both sides of each bound, judged by hand: thresholds of one's own, which numbers meet exactly."""

from dataclasses import replace

import pytest

import autograd_cnn as ag
from autograd_cnn import health
from autograd_cnn.health.course import Course
from autograd_cnn.health.findings import Facts, judged
from autograd_cnn.health.wording import tiny
from tests.health.test_judging import found
from tests.health.test_judging import layer as measured

OWN = health.Thresholds(
    dead=(0.25, 0.5),
    saturated=(0.25, 0.5),
    unit_samples=4,
    warning_samples=8,
    vanishing=(0.1, 0.01),
    vanished=0.5,
    exploding=(10.0, 100.0),
    update_ratio=(0.25, 0.5),
    update_ratio_critical=(0.125, 1.0),
    update_steps=4,
    unchanged_steps=2,
    same_sign=0.75,
    loss_steps=2,
    overfit=0.5,
    patience=1,
)
"""Thresholds that floats meet exactly."""


def test_counts_of_steps_begin_at_1_and_other_limits_at_0():
    """Of no steps there is no median."""
    least = {"update_steps": 1, "unchanged_steps": 1, "loss_steps": 1, "patience": 0, "unit_samples": 0, "overfit": 0.0}
    assert health.Thresholds(**least) == replace(health.Thresholds(), **least)
    for name, x in least.items():
        with pytest.raises(ag.ArgumentError, match=rf"^Thresholds: {name}=.*, expected an? .* of at least {x:.0f}$"):
            health.Thresholds(**{name: x - 1})


def judged_by_own(*layers, **facts):
    return [(f.kind, f.severity) for f in found(*layers, limits=OWN, **facts)]


@pytest.mark.parametrize("kind", ["dead", "starved", "saturated"])
@pytest.mark.parametrize("samples", [3, 4, 7, 8])
@pytest.mark.parametrize("count", range(9))
def test_units_are_told_above_a_share_from_so_many_samples_on(kind, samples, count):
    """A warning of units without gradient needs more samples."""
    told = judged_by_own(measured(units=health.Units(8, **{kind: tuple(range(count))})), samples=samples)
    severity = "critical" if count > 4 else "warning"
    needed = 4 if count > 4 or kind == "saturated" else 8
    assert told == [(kind, severity)] * (count > 2 and samples >= needed)


def test_no_units_are_no_share_of_any():
    assert judged_by_own(measured(units=health.Units(0))) == []


@pytest.mark.parametrize(
    ("first", "told"),
    [
        *((0.1, []), (0.09, [("vanishing", "warning")]), (0.01, [("vanishing", "warning")])),
        *((0.009, [("vanishing", "critical")]), (10.0, []), (11.0, [("exploding", "warning")])),
        *((100.0, [("exploding", "warning")]), (101.0, [("exploding", "critical")])),
    ],
)
def test_the_first_gradient_is_held_against_the_last(first, told):
    layers = [measured(name, size) for name, size in zip("abcd", (first, 7.0, 3.0, 1.0), strict=True)]
    findings = found(*layers, limits=replace(OWN, vanished=0.0))
    assert [(f.kind, f.severity) for f in findings] == told
    for finding in findings:
        times = f"{tiny(first)} in a, 1.0e+00 in d: ratio {tiny(first)}; "
        assert finding.evidence.startswith(f"RMS of the weight gradients {times}")


def test_one_gradient_is_held_against_none():
    assert judged(Facts((measured(weight_gradient=1.0),), None, (), 8, {}, lambda *_: 0), OWN) == ((), None)


@pytest.mark.parametrize(("size", "last", "told"), [(0.5, 0.5, 0), (0.49, 0.5, 1), (0.49, 0.49, 0), (0.49, 1.0, 1)])
def test_a_gradient_under_the_floor_vanishes_unless_the_last_one_does(size, last, told):
    assert (
        judged_by_own(measured("a", last), measured("b", size), measured("c", last))
        == [("vanishing", "critical")] * told
    )


@pytest.mark.parametrize(("lost", "named"), [(-0.31, True), (-0.3, False), (0.0, False), (0.29, False)])
def test_a_layer_is_named_that_loses_more_than_half(lost, named):
    (finding,) = found(measured("a", 0.9, attenuation=lost), measured("b", 10.0), limits=OWN)
    assert ("; most is lost in a (" in finding.evidence) == named


@pytest.mark.parametrize(("share", "told"), [(0.75, 0), (0.76, 1), (1.0, 1)])
def test_one_sign_is_told_above_a_share(share, told):
    assert judged_by_own(measured(same_sign=share)) == [("same-sign", "warning")] * told


@pytest.mark.parametrize(
    ("ratio", "told"),
    [
        *((0.25, []), (0.5, []), (0.24, [("update", "warning")]), (0.51, [("update", "warning")])),
        *((0.125, [("update", "warning")]), (0.12, [("update", "critical")])),
        *((1.0, [("update", "warning")]), (1.1, [("update", "critical")]), (0.0, [("unchanged", "critical")])),
    ],
)
def test_updates_are_told_outside_of_a_range(ratio, told):
    assert judged_by_own(measured(weight_gradient=1.0), updates={"fc": [ratio] * 4}) == told


@pytest.mark.parametrize(("still", "told"), [(1, 0), (2, 1), (3, 1)])
@pytest.mark.parametrize("before", [0, 3])
def test_weights_that_stood_still_for_so_many_steps_are_told(still, told, before):
    ratios = {"fc": [0.3] * before + [0.0] * still}
    assert [f for f in judged_by_own(measured(weight_gradient=1.0), updates=ratios) if f[0] == "unchanged"] == [
        ("unchanged", "critical")
    ] * told


@pytest.mark.parametrize(("last", "told"), [(3.0, []), (3.01, [("overfitting", "warning")])])
@pytest.mark.parametrize("same_sign", [None, 1.0])
def test_a_warning_of_a_layer_explains_a_loss_that_stands_still_but_no_gap_to_validation(last, told, same_sign):
    stuck = Course(range(4), [2.0] * 4, [(1, 1.0), (3, last)])
    blamed = [("loss", "warning")] if same_sign is None else [("same-sign", "warning")]
    assert judged_by_own(measured(same_sign=same_sign), course=stuck) == blamed + told
