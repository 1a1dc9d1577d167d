"""What a training leaves behind: the report of every step, the lives of units, frames, curves, epochs."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import autograd_cnn as ag
from autograd_cnn import data, health, optim
from autograd_cnn.health.timeline import MOST_FRAMES, Frames
from tests.health.networks import IMAGES, LABELS, convolutional, dense, loss_of, residual
from tests.health.test_monitor import ANY_SIZE, relu_batch

PATTERNS = st.integers(1, 4).flatmap(
    lambda n: st.lists(st.lists(st.booleans(), min_size=n, max_size=n), min_size=1, max_size=12)
)


def numbers(report):
    """Everything of a report that is no histogram and no share of a single wire, roughly as precise as float32."""
    return [
        (
            layer.name,
            layer.units,
            layer.findings,
            *(
                None if x is None else float(f"{x:.4g}")
                for x in (layer.activation.rms, layer.gradient and layer.gradient.rms, layer.weight_gradient)
            ),
            None if layer.attenuation is None else round(layer.attenuation, 4),
        )
        for layer in report.layers
    ]


@given(PATTERNS, st.integers(1, 5))
def test_the_report_of_every_step_is_the_one_given_then(pattern, window):
    monitor = health.Monitor(thresholds=ANY_SIZE, window=window, frames_every=3)
    then = []
    for active in pattern:
        monitor.observe(relu_batch(active))
        then.append(monitor.report())
    timeline = monitor.timeline()
    for step, report in enumerate(then):
        now = timeline.at(step)
        assert now.findings == report.findings
        assert numbers(now) == numbers(report)
        assert (now.loss, now.samples, now.step) == (report.loss, report.samples, step)


@given(st.lists(st.lists(st.sampled_from([0.0, 9.0]), min_size=2, max_size=2), min_size=1, max_size=10))
def test_saturation_of_every_step_is_the_one_reported_then(pattern):
    monitor = health.Monitor(thresholds=health.Thresholds(unit_samples=1), window=3)
    then = []
    for row in pattern:
        with ag.scope("sigmoid"):
            y = ag.sigmoid(ag.Tensor(np.tile(row, (2, 1)), requires_grad=True))
        loss = y.sum()
        loss.backward()
        monitor.observe(loss)
        then.append(monitor.report())
    timeline = monitor.timeline()
    assert [timeline.at(i).layers[0].units for i in range(len(then))] == [r.layers[0].units for r in then]
    assert [timeline.at(i).findings for i in range(len(then))] == [r.findings for r in then]


@pytest.mark.parametrize(("lr", "steps"), [(0.01, 6), (10.0, 25)])
def test_a_training_is_replayed_step_by_step(lr, steps):
    model, monitor, then = convolutional(), health.Monitor(frames_every=4), []
    optimizer = optim.SGD(model.parameters(), lr=lr)
    with np.errstate(all="ignore"):
        for step in range(steps):
            optimizer.zero_grad()
            rows = slice(64 * (step % 20), 64 * (step % 20) + 64)
            images = ag.Tensor(IMAGES[rows], requires_grad=True)
            loss = ag.functional.cross_entropy(model(images), LABELS[rows])
            loss.backward()
            monitor.observe(loss)
            optimizer.step()
            then.append(monitor.report())
    timeline = monitor.timeline()
    assert timeline.last == then[-1]
    for step, report in enumerate(then):
        now = timeline.at(step)
        assert numbers(now) == numbers(report)
        assert now.findings == report.findings
        assert [round(layer.update_ratio or 0, 9) for layer in now.layers] == [
            round(layer.update_ratio or 0, 9) for layer in report.layers
        ]
        for wire, expected in zip(now.connections, report.connections, strict=True):
            assert wire.value == pytest.approx(expected.value, rel=1e-5)
            assert wire.gradient == pytest.approx(expected.gradient, rel=1e-5)


def test_where_an_output_fans_out_the_attenuation_comes_from_the_full_reports():
    monitor = health.Monitor(frames_every=2)
    for _ in range(3):
        loss, _, _ = residual()
        loss.backward()
        monitor.observe(loss)
    timeline = monitor.timeline()
    assert "block/relu" not in timeline.steps[1].attenuations
    for step in range(3):
        assert numbers(timeline.at(step)) == numbers(timeline.last)
        assert timeline.at(step).connections == timeline.last.connections


def test_a_leaf_that_is_used_again_does_not_tell_a_wrong_attenuation():
    """Its gradient is that of all steps so far."""
    w, x = ag.Parameter(np.eye(2)), ag.Tensor(np.ones((3, 2)), requires_grad=True)
    monitor = health.Monitor(frames_every=1)
    for _ in range(3):
        with ag.scope("fc"):
            y = ag.functional.linear(x, w)
        loss = (y * y).sum()
        loss.backward()
        monitor.observe(loss)
    timeline = monitor.timeline()
    assert ["fc" in record.attenuations for record in timeline.steps] == [True, False, False]
    assert [timeline.at(step).layers[0].attenuation for step in range(3)] == pytest.approx([0.0] * 3)


def test_a_unit_dies_is_born_again_and_dies():
    monitor = health.Monitor(thresholds=ANY_SIZE, window=2)
    for active in [1, 0, 0, 0, 1, 1, 0, 0]:
        monitor.observe(relu_batch(np.array([active, 1], bool)))
    assert monitor.timeline().spells == {
        "relu": (
            health.Spell(unit=0, state="dead", since=1, confirmed=2, until=4),
            health.Spell(unit=0, state="dead", since=6, confirmed=7),
        )
    }


def test_healthy_units_leave_nothing_behind():
    model, monitor = convolutional(), health.Monitor()
    for step in range(3):
        for parameter in model.parameters():
            parameter.zero_grad()
        loss = loss_of(model, first=64 * step)
        loss.backward()
        monitor.observe(loss)
    assert set(monitor.timeline().spells.values()) == {()}


@given(st.integers(1, 7), st.integers(0, 1500))
def test_frames_are_few_and_evenly_spaced(every, steps):
    frames = Frames(every)
    report = health.inspect(relu_batch([True]))
    for step in range(steps + 1):
        if frames.wants(step):
            frames.keep(health.Report(**(vars(report) | {"step": step})))
    kept = [frame.step for frame in frames.kept]
    assert kept[0] == 0
    assert len(kept) <= MOST_FRAMES
    late = [step for step in kept if step >= frames.every]
    assert late == list(range(frames.every, steps + 1, frames.every))
    assert frames.every == every or len(kept) > MOST_FRAMES // 2 - 12


def test_the_first_steps_and_the_last_have_a_frame():
    monitor = health.Monitor(frames_every=4)
    for _ in range(7):
        monitor.observe(relu_batch([True]))
    timeline = monitor.timeline()
    assert [frame.step for frame in timeline.frames] == [0, 1, 2, 4, 6]
    assert timeline.frame(3).step == 2
    with pytest.raises(KeyError):
        timeline.at(7)


def test_numbers_of_the_loop_and_epochs_stand_beside_the_steps():
    monitor = health.Monitor()
    for epoch in range(2):
        monitor.begin_epoch()
        monitor.begin_epoch()  # twice is once
        for _ in range(3):
            monitor.observe(relu_batch([True]))
        monitor.note(accuracy=np.float32(0.5) * epoch, split="validation")
        monitor.note(accuracy=0.75, lr=0.1)
    timeline = monitor.timeline()
    assert timeline.curves == {
        "accuracy": {"validation": ((2, 0.0), (5, 0.5)), "training": ((2, 0.75), (5, 0.75))},
        "lr": {"training": ((2, 0.1), (5, 0.1))},
    }
    assert timeline.epochs == (0, 3)
    assert [timeline.epoch(step) for step in range(6)] == [1, 1, 1, 2, 2, 2]
    with pytest.raises(ag.ArgumentError, match="accuracy is str, expected a number"):
        monitor.note(accuracy="high")


def test_without_epochs_none_is_told():
    monitor = health.Monitor()
    monitor.observe(relu_batch([True]))
    assert monitor.timeline().epoch(0) is None


def test_timeline_before_observe():
    with pytest.raises(ag.GradientError, match="nothing was observed"):
        health.Monitor().timeline()


def test_frames_need_steps():
    with pytest.raises(ag.ArgumentError, match="at least 1 step"):
        health.Monitor(frames_every=0)


def test_a_too_large_rate_kills_units_and_the_timeline_says_when():
    model, monitor = dense(hidden=2), health.Monitor()
    optimizer = optim.SGD(model.parameters(), lr=30.0)
    rng = np.random.default_rng(0)
    with np.errstate(all="ignore"):
        for _ in range(2):
            monitor.begin_epoch()
            for images, labels in data.batches(data.digits().train, 64, rng=rng):
                loss = ag.functional.cross_entropy(model(images), labels)
                optimizer.zero_grad()
                loss.backward()
                monitor.observe(loss)
                optimizer.step()
    timeline = monitor.timeline()
    dead = [spell for spell in timeline.spells["activation1"] if spell.state == "dead" and spell.until is None]
    units = next(layer.units for layer in timeline.last.layers if layer.name == "activation1")
    assert sorted(spell.unit for spell in dead) == list(units.dead)
    assert len(dead) > 32
    since = [spell.since for spell in dead]
    assert max(since, key=since.count) == 1  # the first step killed most of them
    assert timeline.epoch(max(since, key=since.count)) == 1
