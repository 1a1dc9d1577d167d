"""Watching a training: windows, first steps, update ratios, wrong calls."""

import gc
import weakref

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import autograd_cnn as ag
from autograd_cnn import functional as F  # noqa: N812
from autograd_cnn import health, optim
from autograd_cnn.health.units import read_units
from autograd_cnn.health.window import Window
from tests.health.networks import convolutional, dense, gradients_of, loss_of, residual

ANY_SIZE = health.Thresholds(unit_samples=1, warning_samples=1)


def relu_batch(active, samples=2):
    """A graph of one ReLU layer whose units are active where told."""
    row = np.where(active, 1.0, -1.0)
    with ag.scope("relu"):
        y = ag.relu(ag.Tensor(np.tile(row, (samples, 1)), requires_grad=True))
    loss = y.sum()
    loss.backward()
    return loss


@given(
    st.integers(1, 4).flatmap(lambda n: st.lists(st.lists(st.booleans(), min_size=n, max_size=n), min_size=1)),
    st.integers(1, 5),
)
def test_dead_is_counted_over_the_window(pattern, window):
    monitor = health.Monitor(thresholds=ANY_SIZE, window=window)
    for step, active in enumerate(pattern):
        monitor.observe(relu_batch(active))
        seen = np.array(pattern[max(0, step + 1 - window) : step + 1])
        dead = ~seen.any(axis=0)
        report = monitor.report()
        units = report.layers[0].units
        assert units.dead == tuple(np.flatnonzero(dead).tolist())
        assert units.silent == tuple(np.flatnonzero(~seen[-1] & ~dead).tolist())
        assert report.samples == 2 * len(seen)
        assert monitor.history[step].dead["relu"] == dead.sum()
        assert monitor.history[step].silent["relu"] == (~seen[-1]).sum()


def test_since_is_the_first_batch_of_the_silence():
    monitor = health.Monitor(thresholds=ANY_SIZE, window=3)
    for active in [(1, 1), (0, 1), (1, 1), (0, 1), (0, 1), (0, 1), (0, 1)]:
        monitor.observe(relu_batch(np.array(active, bool)))
    (finding,) = monitor.report().findings
    assert (finding.kind, finding.units, finding.since) == ("dead", (0,), 3)


def test_by_default_the_window_holds_a_thousand_samples():
    monitor = health.Monitor()
    for _ in range(5):
        monitor.observe(relu_batch([True], samples=300))
    assert monitor.report().samples == 1200


@pytest.mark.parametrize(("size", "samples"), [(500, 1000), (333, 1332), (334, 1002), (1000, 1000), (999, 1998)])
def test_by_default_the_window_holds_no_more_batches_than_a_thousand_samples_take(size, samples):
    monitor = health.Monitor()
    for _ in range(5):
        monitor.observe(relu_batch([True], samples=size))
    assert monitor.report().samples == samples


def test_the_oldest_batch_goes_when_the_others_hold_a_thousand_samples():
    window = Window(None)
    for size in (64, 900, 100):
        window.take(size)
    assert (window.samples, window.batches, window.last) == (1000, 2, 100)


def test_saturation_is_averaged_over_the_window():
    monitor = health.Monitor(window=4)
    for pre_activation in (0.0, 9.0, 9.0, 9.0):
        with ag.scope("sigmoid"):
            y = ag.sigmoid(ag.Tensor(np.full((2, 1), pre_activation), requires_grad=True))
        loss = y.sum()
        loss.backward()
        monitor.observe(loss)
    assert monitor.report().layers[0].units.saturated == ()
    monitor.observe(loss)
    assert monitor.report().layers[0].units.saturated == (0,)
    assert [record.saturated["sigmoid"] for record in monitor.history] == [0, 1, 1, 1, 1]


def test_units_that_are_saturated_over_the_window_but_not_in_its_last_batch_are_told_as_of_now():
    monitor = health.Monitor(window=4)
    for awake in (0, 0, 0, 0, 2):  # of 20 samples; on average 2.5 %, in the last batch 10 %
        x = np.full((20, 1), 9.0)
        x[:awake] = 0
        with ag.scope("sigmoid"):
            y = ag.sigmoid(ag.Tensor(x, requires_grad=True))
        loss = y.sum()
        loss.backward()
        monitor.observe(loss)
    (finding,) = monitor.report().findings
    assert (finding.kind, finding.units, finding.since) == ("saturated", (0,), 4)


def train(monitor, model, steps, lr=0.01):
    optimizer = optim.SGD(model.parameters(), lr=lr)
    for step in range(steps):
        optimizer.zero_grad()
        loss = loss_of(model, first=64 * step)
        loss.backward()
        monitor.observe(loss)
        optimizer.step()


def test_update_ratio_of_every_step_the_last_one_too():
    model, monitor = convolutional(), health.Monitor()
    expected = []
    optimizer = optim.SGD(model.parameters(), lr=0.01)
    for step in range(3):
        optimizer.zero_grad()
        loss = loss_of(model, first=64 * step)
        loss.backward()
        monitor.observe(loss)
        before = model.fc.weight.numpy()
        optimizer.step()
        expected.append(np.linalg.norm(model.fc.weight.value - before) / np.linalg.norm(before))
    report = monitor.report()
    assert [record.update_ratios["fc"] for record in monitor.history] == pytest.approx(expected, rel=1e-4)
    assert report.layers[-1].update_ratio == pytest.approx(expected[-1], rel=1e-4)
    assert [layer.name for layer in report.layers if layer.update_ratio is not None] == ["conv1", "conv2", "fc"]


def test_before_the_step_there_is_no_update_ratio():
    monitor = health.Monitor()
    monitor.observe(gradients_of(convolutional()))
    assert all(layer.update_ratio is None for layer in monitor.report().layers)


def test_history_holds_the_numbers_of_every_step():
    model, monitor = convolutional(), health.Monitor()
    train(monitor, model, 3)
    last = monitor.report()
    record = monitor.history[-1]
    assert [r.step for r in monitor.history] == [0, 1, 2]
    assert record.loss == last.loss
    for layer in last.layers:
        assert record.gradients[layer.name] == pytest.approx(layer.gradient.rms, rel=1e-5)
        assert record.weight_gradients[layer.name] == layer.weight_gradient


def test_observing_after_the_step_is_as_good():
    """The step is then told one observation later."""
    reports = []
    for late in (False, True):
        model = convolutional()
        loss = gradients_of(model)
        monitor = health.Monitor()
        if not late:
            monitor.observe(loss)
        for parameter in model.parameters():
            parameter.assign(parameter.value - 0.01 * parameter.grad)
        if late:
            monitor.observe(loss)
        reports.append(monitor.report())
    early, late = reports
    assert [layer.units for layer in late.layers] == [layer.units for layer in early.layers]
    assert [layer.gradient for layer in late.layers] == [layer.gradient for layer in early.layers]
    assert late.connections == early.connections
    assert late.layers[-1].update_ratio is None


def test_unknown_shares_stay_unknown_after_the_step():
    """What is left of the sum is told for one wire; of two neither can be told, and none is made up."""
    x = ag.Parameter(np.ones((2, 3)))
    w = [ag.Parameter(np.eye(3)) for _ in range(3)]
    with ag.scope("stem"):
        stem = F.linear(x, w[0])
    with ag.scope("left"):
        left = F.linear(stem, w[1])
    with ag.scope("right"):
        right = F.linear(stem, w[2])
    loss = (left + right).sum()
    loss.backward()
    monitor = health.Monitor()
    monitor.observe(loss)
    for weight, expected in ((w[1], 1.0), (w[2], None)):
        weight.assign(weight.value * 2)
        gradients = {(c.source, c.target): c.gradient for c in monitor.report().connections}
        assert gradients["stem", "left"] == gradients["stem", "right"] == expected


def test_first_not_a_number_is_kept():
    monitor = health.Monitor()
    for number in (1.0, np.nan, 1.0):
        w = ag.Parameter([[number]])
        with ag.scope("fc"):
            loss = F.linear(np.ones((1, 1)), w).sum()
        loss.backward()
        monitor.observe(loss)
    (finding,) = monitor.report().findings
    assert (finding.kind, finding.since) == ("non-finite", 1)
    assert "step 1" in finding.evidence


def test_disconnected_parameters_of_the_model():
    loss, _, weights = residual()
    loss.backward()
    monitor = health.Monitor([*weights, ag.Parameter([1.0], name="spare")])
    monitor.observe(loss)
    assert [f.words for f in monitor.report().findings] == ["spare disconnected"]


def test_graph_may_change_from_step_to_step():
    monitor = health.Monitor(thresholds=ANY_SIZE)
    monitor.observe(relu_batch([True, False]))
    monitor.observe(relu_batch([False, True, True]))
    report = monitor.report()
    assert report.layers[0].units.count == 3
    assert report.layers[0].units.dead == (0,)


def test_only_the_last_graph_is_kept():
    monitor = health.Monitor()
    freed = []
    for _ in range(3):
        loss = relu_batch([True])
        freed.append(weakref.ref(loss.inputs[0].value.base if loss.inputs[0].value.base is not None else loss))
        monitor.observe(loss)
    del loss
    gc.collect()
    assert [array() is None for array in freed] == [True, True, False]


def test_observe_before_backward():
    with pytest.raises(ag.GradientError, match=r"between loss.backward\(\) and optimizer.step\(\)"):
        health.Monitor().observe(loss_of(convolutional()))


@pytest.mark.parametrize("first", [False, True])
def test_observe_a_freed_graph(first):
    monitor, model = health.Monitor(), convolutional()
    if first:
        monitor.observe(gradients_of(model))
    loss = loss_of(model)
    loss.backward(retain="leaves")
    with pytest.raises(ag.GradientError, match="without retain"):
        monitor.observe(loss)
    assert len(monitor.history) == first


def test_report_before_observe():
    with pytest.raises(ag.GradientError, match="nothing was observed"):
        health.Monitor().report()


@pytest.mark.parametrize("window", [0, -1])
def test_window_without_batches(window):
    with pytest.raises(ag.ArgumentError, match="at least 1 batch"):
        health.Monitor(window=window)


@pytest.mark.parametrize("shape", [(3, 4), (700, 5), (300, 3, 4), (600, 2, 3, 5), (2, 3, 80, 80)])
@pytest.mark.parametrize("gate", [ag.sigmoid, ag.tanh])
def test_the_share_of_flat_samples_is_counted_exactly_however_many_there_are(gate, shape):
    x = np.random.default_rng(0).normal(scale=6, size=shape)
    with ag.scope("fc"):
        y = gate(ag.Tensor(x, requires_grad=True) * 1.0)
    y.sum().backward()
    passed = y.inputs[0].grad
    batch = read_units([y], None, [y.grad], health.Thresholds(), [passed])
    value = y.value
    slope = 1 - value**2 if gate is ag.tanh else 4 * value * (1 - value)
    axes = (0, *range(2, x.ndim)) if x.ndim > 3 else tuple(range(x.ndim - 1))
    np.testing.assert_array_equal(batch.flat, (slope < 0.05).mean(axis=axes))
    assert batch.driven.all()


def filters(scale, seed=0):
    """A convolution with a ReLU on images of 4,608 numbers, as in a training step; unit 2 is dead."""
    rng = np.random.default_rng(seed)
    x = ag.Tensor(rng.normal(size=(16, 2, 12, 12)) * scale, name="x")
    w = ag.Parameter(rng.normal(size=(4, 2, 3, 3)), name="w")
    b = ag.Parameter([0.0, 0.0, -1e9, 0.0], name="b")
    with ag.scope("conv"):
        y = F.conv2d(x, w, b)
    with ag.scope("relu"):
        z = ag.relu(y)
    loss = (z * rng.normal(size=z.shape)).mean()
    loss.backward()
    return loss


@pytest.mark.parametrize("part", [1, 500, 3000])
def test_a_part_of_large_arrays_tells_their_size_and_all_of_them_their_units(part):
    whole, some = health.Monitor(thresholds=ANY_SIZE), health.Monitor(thresholds=ANY_SIZE, part=part)
    for step in range(12):
        loss = filters(10.0**-step, step)
        whole.observe(loss)
        some.observe(loss)
    for exact, near in zip(whole.history, some.history, strict=True):
        assert (near.dead, near.silent, near.starved) == (exact.dead, exact.silent, exact.starved)
        assert (near.dead, near.starved) == ({"relu": 1}, {"relu": 0})
        assert near.weight_gradients == exact.weight_gradients
        for numbers, right in ((near.activations, exact.activations), (near.gradients, exact.gradients)):
            assert numbers == {name: size and pytest.approx(size, rel=0.4) for name, size in right.items()}
    assert some.report() == whole.report()


def test_every_step_reads_another_part():
    loss, monitor = filters(1.0), health.Monitor(part=2304)
    for _ in range(5):
        monitor.observe(loss)
    found = [record.activations["relu"] for record in monitor.history]
    assert found[0] != found[1]
    assert found[:2] == found[3:]  # its 6,400 numbers are read in three parts
    relu = next(iter(ag.nodes(loss, gate="relu")))
    assert np.mean(np.square(found[:3])) == pytest.approx(np.mean(relu.value**2), rel=0.2)


def test_the_rms_of_a_step_is_that_of_numpy():
    loss = filters(1.0)
    monitor = health.Monitor()
    monitor.observe(loss)
    (record,) = monitor.history
    relu = next(iter(ag.nodes(loss, gate="relu")))
    assert record.activations["relu"] == pytest.approx(np.sqrt(np.mean(relu.value**2)), rel=1e-13)
    assert record.gradients["relu"] == pytest.approx(np.sqrt(np.mean(relu.grad**2)), rel=1e-13)


def test_a_unit_with_the_smallest_gradients_is_not_starved():
    with ag.scope("relu"):
        y = ag.relu(ag.Tensor(np.ones((2, 2)), requires_grad=True) * 1.0)
    loss = (y * np.array([1e-200, 0.0])).sum()  # squares of 1e-200 are 0 in float64
    loss.backward()
    monitor = health.Monitor(thresholds=ANY_SIZE)
    monitor.observe(loss)
    assert monitor.report().layers[0].units.starved == (1,)


def test_a_graph_that_is_replayed_is_watched_without_being_read_again():
    loss, other = filters(1.0, 1), filters(3.0, 2)
    seen, replayed = health.Monitor(), health.Monitor()
    watch = replayed.watch(loss, replayed=True)
    for now in (loss, other):
        for mine, theirs in zip(ag.topological_order(loss), ag.topological_order(now), strict=True):
            mine._value, mine.grad = theirs._value, theirs.grad
        watch.take()
        seen.observe(now)
    for mine, theirs in zip(replayed.history, seen.history, strict=True):
        assert (mine.loss, mine.gradients, mine.activations) == (theirs.loss, theirs.gradients, theirs.activations)


def test_a_part_holds_numbers():
    with pytest.raises(ag.errors.ArgumentError, match="part=0, expected at least 1 number"):
        health.Monitor(part=0)


def one_layer(name="relu", sent=1.0, size=1.0):
    """A graph of one ReLU layer, whose gradient may be what no graph sends."""
    with ag.scope(name):
        y = ag.relu(ag.Tensor(np.full((2, 3), size), requires_grad=True))
    loss = y.sum()
    loss.backward()
    y.grad = np.full((2, 3), sent)
    return loss


def by_counts(monitor, loss):
    """Tell of a step as compiled functions do that count as they go; return whether that told enough."""
    return monitor.watch(loss, replayed=True, tallies={}).take()


def in_full(monitor, loss):
    assert monitor.watch(loss, replayed=True).take()


def test_counts_do_from_the_first_full_report_of_the_same_layers_on():
    monitor = health.Monitor(every=1)
    assert not by_counts(monitor, one_layer())
    assert not monitor.history
    for _ in range(4):
        in_full(monitor, one_layer())
    assert by_counts(monitor, one_layer())
    assert not by_counts(monitor, one_layer("another"))
    assert [record.step for record in monitor.history] == [0, 1, 2, 3, 4]


def test_counts_do_for_a_smaller_batch_that_was_looked_at_in_the_same_layers():
    monitor = health.Monitor(every=1)
    for samples in (1, 2):
        in_full(monitor, relu_batch([True], samples))
    assert all([by_counts(monitor, relu_batch([True], samples)) for samples in (1, 2)])


@pytest.mark.parametrize(("looks", "is_kept"), [(1, True), (2, True), (3, True), (4, False), (5, True)])
def test_counts_do_not_where_the_last_look_made_no_report(looks, is_kept):
    monitor = health.Monitor(every=1)
    for _ in range(looks):
        monitor.observe(one_layer())
    assert by_counts(monitor, one_layer()) == is_kept


def test_counts_do_not_where_it_is_to_be_found_what_is_not_finite_but_do_again_when_it_was():
    monitor = health.Monitor(every=1)
    in_full(monitor, one_layer())
    assert not by_counts(monitor, one_layer(sent=np.nan))
    with np.errstate(invalid="ignore"):
        in_full(monitor, one_layer(sent=np.nan))
        assert by_counts(monitor, one_layer(sent=np.nan))
    (found,) = (finding for finding in monitor.report().findings if finding.kind == "non-finite")
    assert found.since == 1


def test_a_timeline_has_each_of_its_frames_once_and_the_last_step():
    monitor, steps = health.Monitor(every=1), []
    for _ in range(6):
        in_full(monitor, one_layer())
        steps.append([frame.step for frame in monitor.timeline().frames])
    assert steps == [[0], [0, 1], [0, 1, 2], [0, 1, 2, 3], [0, 1, 2, 4], [0, 1, 2, 4, 5]]


def test_by_default_a_full_report_is_kept_of_the_first_steps_and_of_every_hundredth():
    monitor, kept = health.Monitor(), []
    for step in range(301):
        if monitor.wants_arrays():
            kept.append(step)
            monitor.observe(one_layer())
        else:
            monitor.pass_over()
    assert [frame.step for frame in monitor.timeline().frames] == kept
    assert kept == [0, 1, 2, 4, 8, 16, 32, 64, 100, 200, 300]


def test_what_the_loop_notes_is_of_the_last_step_and_before_all_of_the_first():
    monitor = health.Monitor()
    for number in range(3):
        monitor.note(lr=number)
        monitor.observe(one_layer())
    assert monitor.timeline().curves["lr"]["training"] == ((0, 0.0), (0, 1.0), (1, 2.0))


def test_a_step_that_moved_nothing_is_told_of_when_the_next_one_is_passed_over():
    monitor = health.Monitor(every=4)
    with ag.scope("fc"):
        loss = F.linear(np.ones((2, 3)), ag.Parameter(np.ones((4, 3)))).sum()
    loss.backward()
    monitor.observe(loss)
    assert monitor.history[0].update_ratios == {}
    monitor.pass_over()
    assert monitor.history[0].update_ratios == {"fc": 0.0}


def test_weights_at_the_start_are_those_of_the_first_step():
    reports = []
    for stds in [(1e-3, 0.2), (0.2, 1e-3)]:
        monitor = health.Monitor()
        for std in stds:
            monitor.observe(gradients_of(dense(std=std)))
        reports.append({finding.kind for finding in monitor.report().findings})
    assert reports == [{"weight scale"}, set()]
