"""Monitors that look at every so many steps tell what they would tell of all."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import autograd_cnn as ag
from autograd_cnn import functional as F  # noqa: N812
from autograd_cnn import health, optim
from tests.health.networks import convolutional, loss_of
from tests.health.test_monitor import ANY_SIZE, relu_batch


def trained(every, steps, lr=0.01, **options):
    """Train and tell a monitor of every step."""
    model, monitor = convolutional(), health.Monitor(every=every, **options)
    optimizer = optim.SGD(model.parameters(), lr=lr)
    for step in range(steps):
        if step % 5 == 0:
            monitor.begin_epoch()
        optimizer.zero_grad()
        loss = loss_of(model, first=64 * (step % 20))
        loss.backward()
        monitor.observe(loss)
        monitor.note(lr=lr)
        optimizer.step()
    return monitor


@settings(max_examples=10)
@given(st.integers(1, 9), st.integers(1, 24))
def test_steps_that_are_looked_at_tell_what_they_told_among_all(every, steps):
    all_steps, some = trained(1, steps), trained(every, steps)
    looked = [i for i in range(steps) if i % every == 0 or (i < every and i in (1, 2, 4, 8))]
    assert [record.step for record in some.history] == looked
    for record in some.history:
        other = all_steps.history[record.step]
        assert (record.loss, record.gradients, record.activations) == (other.loss, other.gradients, other.activations)
        assert (record.weight_gradients, record.attenuations) == (other.weight_gradients, other.attenuations)
        assert record.silent == other.silent
        if record.step < steps - 1:
            assert record.update_ratios == other.update_ratios
            assert set(record.update_ratios) == {"conv1", "conv2", "fc"}
    timeline, other = some.timeline(), all_steps.timeline()
    assert (timeline.epochs, timeline.curves) == (other.epochs, other.curves)
    assert timeline.last.step == looked[-1]
    assert [timeline.at(step).step for step in looked] == looked
    assert timeline.frames[0].step == 0
    kept = {0, *(every * power for power in (1, 2, 4, 8, 16)), looked[-1]}
    assert {frame.step for frame in timeline.frames} == kept & set(looked)


@given(st.integers(2, 6), st.integers(1, 4), st.integers(1, 30))
def test_a_unit_that_dies_is_found_at_most_so_many_steps_later(every, window, death):
    monitor = health.Monitor(thresholds=ANY_SIZE, window=window, every=every)
    for step in range(death + every * (window + 1)):
        monitor.observe(relu_batch(np.array([step < death, True])))
    (finding,) = monitor.report().findings
    assert (finding.kind, finding.units) == ("dead", (0,))
    assert death <= finding.since < death + every
    assert finding.since in [record.step for record in monitor.history]
    assert monitor.report().samples == 2 * min(window, len(monitor.history))


def test_findings_about_the_loss_name_the_step():
    limits = health.Thresholds(loss_steps=3, patience=2, unit_samples=10**9)
    monitor = health.Monitor(thresholds=limits, every=4)
    for step in range(40):
        monitor.observe(relu_batch([True]))
        if step in (20, 25, 30, 35):
            monitor.note("validation", loss=10.0 * step)
    found = {finding.kind: finding.since for finding in monitor.report().findings}
    assert found == {"loss": 16, "overfitting": 20}  # 0 1 2 4 8 12, 16 20 24 28 32 36


def test_what_became_nan_between_two_looks_is_told_as_of_the_last_step():
    w = ag.Parameter([[1.0, 2.0]], name="w")
    monitor = health.Monitor(every=8)
    for step in range(7):
        with ag.scope("fc"):
            loss = F.linear(ag.Tensor([[1.0, 1.0]]), w).sum()
        w.zero_grad()
        loss.backward()
        monitor.observe(loss)
        if step == 5:
            w.assign([[np.nan, 1.0]])
    (finding,) = monitor.report().findings
    assert (finding.kind, finding.since) == ("non-finite", 6)
    assert [record.step for record in monitor.history] == [0, 1, 2, 4]


def test_a_leaf_that_was_used_in_a_step_passed_over_does_not_tell_a_wrong_attenuation():
    w, monitor = ag.Parameter(np.eye(2)), health.Monitor(every=4)
    leaves = [ag.Tensor(np.ones((3, 2)), requires_grad=True) for _ in range(3)]
    for step in range(5):
        if step == 3:  # passed over
            leaves.append(ag.Tensor(np.ones((3, 2)), requires_grad=True))
        with ag.scope("fc"):
            y = F.linear(leaves[min(step, 3)], w)
        loss = (y * y).sum()
        loss.backward()
        monitor.observe(loss)
    assert [(r.step, "" in r.gradients) for r in monitor.history][-1] == (4, False)


def test_every_is_at_least_one():
    with pytest.raises(ag.ArgumentError, match="every=0"):
        health.Monitor(every=0)
