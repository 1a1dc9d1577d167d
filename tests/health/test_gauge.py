"""What is read off a replayed step is what a look at all its arrays tells, whoever counted them."""

import math

import numpy as np
import pytest

import autograd_cnn as ag
from autograd_cnn import functional as F  # noqa: N812 - as everywhere
from autograd_cnn import health
from autograd_cnn.compilation.native.counting import Tally
from autograd_cnn.health.axes import unit_axis
from autograd_cnn.health.gauge import gauge_of
from autograd_cnn.health.plan import plan_of
from autograd_cnn.health.stepping import units_of


def weight(*shape, dtype=np.float32, seed=0):
    return ag.Parameter(np.random.default_rng([seed, *shape]).normal(size=shape).astype(dtype))


def images(seed, shape=(6, 2, 4, 4), dtype=np.float32, requires_grad=True):
    values = np.random.default_rng(seed).random(shape).astype(dtype) + dtype(2 * (seed % 2))
    return ag.Tensor(values, requires_grad=requires_grad)


def convolutional(seed, requires_grad=True):
    """Convolution, ReLU, pooling, flattening, a dense layer of four units, one dead, and one of three."""
    x = images(seed, requires_grad=requires_grad)
    with ag.scope("conv"):
        h = F.conv2d(x, weight(3, 2, 3, 3), weight(3))
    with ag.scope("relu"):
        h = ag.relu(h)
    with ag.scope("pool"):
        h = F.max_pool2d(h, 2)
    with ag.scope("flatten"):
        h = h.reshape(6, 3)
    with ag.scope("fc"):
        bias = np.array([0.0, -1e6, 1.0, 2.0], np.float32)
        h = F.linear(h, weight(4, 3), ag.Parameter(bias))
    with ag.scope("active"):
        h = ag.relu(h)
    with ag.scope("out"):
        h = F.linear(h, weight(3, 4))
    return (h * h).mean()


def dense(seed, requires_grad=False):
    x = images(seed, (5, 3), requires_grad=requires_grad)
    with ag.scope("fc"):
        h = F.linear(x, weight(4, 3))
    with ag.scope("active"):
        h = ag.relu(h)
    with ag.scope("out"):
        h = F.linear(h, weight(2, 4))
    return h.mean()


def shared(seed, requires_grad=True):
    """The input is read by a layer and by the loss: its gradient is not that of one wire."""
    x = images(seed, (5, 3), requires_grad=requires_grad)
    with ag.scope("fc"):
        h = F.linear(x, weight(3, 3))
    return (h * x).mean()


def tally(node):
    """Return sums of squares of each unit and in the end of all, by NumPy."""
    found, axis = Tally(), unit_axis(node)

    def sums(array):
        of_units = np.square(array, dtype=np.float64).sum(axis=tuple(i for i in range(array.ndim) if i != axis))
        return np.append(of_units, of_units.sum())

    found.values, found.gradients = sums(node.value), sums(node.grad)
    return found


def losses_of(make, seeds, **options):
    """Return the losses of some steps, after their backward passes."""
    losses = [make(seed, **options) for seed in seeds]
    for loss in losses:
        loss.backward()
    return losses


def watched(loss):
    """Return the gauge of a graph, its nodes, and what was counted of them, which is to be filled."""
    order, plan = ag.topological_order(loss), plan_of(loss, None)
    counted = {i: Tally() for layer in plan.layers for i in (*layer.activations, *layer.feeders)}
    return gauge_of(order, plan, counted), order, counted


def replay(order, counted, loss, without_values=()):
    """Put the numbers of a step into the graph that is watched, as a compiled function does."""
    for mine, theirs in zip(order, ag.topological_order(loss), strict=True):
        mine._value, mine.grad = theirs._value, theirs.grad
    for place, known in counted.items():
        told = tally(order[place])
        known.values, known.gradients = None if place in without_values else told.values, told.gradients


def near(number):
    return number if number is None else pytest.approx(number, rel=1e-5, abs=1e-6)


@pytest.mark.parametrize("requires_grad", [True, False])
@pytest.mark.parametrize(("make", "partly"), [(convolutional, True), (dense, False), (dense, True), (shared, False)])
def test_a_reading_tells_what_the_arrays_do(make, partly, requires_grad):
    """`partly`: of what goes into a ReLU the gradients alone are counted."""
    graph, *losses = losses_of(make, (0, 1, 2, 3), requires_grad=requires_grad)
    gauge, order, counted = watched(graph)
    feeders = [i for layer in plan_of(graph, None).layers for i in layer.feeders if partly]
    readings = []
    for step, loss in enumerate(losses):
        replay(order, counted, loss, feeders)
        reading = gauge.read(10 + step, loss.item())
        assert (reading.step, reading.loss) == (10 + step, loss.item())
        reading.ratios["fc"] = 0.5 + step
        readings.append(reading)
    written = gauge.written(readings, [6, 12, 18])
    for step, (record, batches) in enumerate(written):
        monitor = health.Monitor()
        monitor.observe(losses[step])
        theirs = monitor.history[0]
        assert (record.step, record.loss, record.samples) == (10 + step, losses[step].item(), 6 * step + 6)
        assert (record.update_ratios, record.same_sign) == ({"fc": 0.5 + step}, theirs.same_sign)
        for field in ("gradients", "weight_gradients", "activations", "attenuations"):
            assert getattr(record, field) == {k: near(v) for k, v in getattr(theirs, field).items()}, field
        nodes, plan = ag.topological_order(losses[step]), plan_of(losses[step], None)
        plan.census.take(nodes)
        with_units = {layer.name: layer for layer in plan.layers if layer.activations}
        assert list(batches) == list(with_units)
        for name, batch in batches.items():
            expected = units_of(with_units[name], nodes, plan.census, health.Thresholds())
            assert (batch.samples, batch.has_dead_side) == (expected.samples, True)
            for field in ("active", "driven", "flat"):
                np.testing.assert_array_equal(getattr(batch, field), getattr(expected, field))
            assert (batch.active is batch.driven) == batch.driven.all()


def test_what_is_not_finite_or_missing_is_no_reading():
    graph, loss = losses_of(dense, (1, 2))
    gauge, order, counted = watched(graph)
    replay(order, counted, loss)
    assert gauge.read(0, 1.0) is not None
    assert gauge.read(0, math.nan) is gauge.read(0, math.inf) is None
    output = next(node for node in reversed(order) if node.ndim == 2)
    value, gradient = output._value, output.grad
    for wrong in (np.nan, np.inf):
        output._value = value * np.float32(wrong)
        assert gauge.read(0, 1.0) is None
        output._value, output.grad = value, gradient * np.float32(wrong)
        assert gauge.read(0, 1.0) is None
        output.grad = gradient
        assert gauge.read(0, 1.0) is not None
    for known in counted.values():
        for field, wrong in (("values", np.inf), ("gradients", np.inf), ("gradients", None)):
            before = getattr(known, field)
            setattr(known, field, before if wrong is None else np.full_like(before, wrong))
            known.gradients = None if wrong is None else known.gradients
            assert gauge.read(0, 1.0) is None
            setattr(known, field, before)
    assert gauge.read(0, 1.0) is not None
    output.grad = None
    assert gauge.read(0, 1.0) is None  # it was there before
    output.grad = gradient
    assert gauge.read(0, 1.0) is not None


def test_a_gradient_that_was_not_counted_is_no_reading():
    graph, loss = losses_of(dense, (1, 2))
    gauge, order, counted = watched(graph)
    (feeder,) = [i for layer in plan_of(graph, None).layers for i in layer.feeders]
    replay(order, counted, loss, [feeder])
    assert gauge.read(0, 1.0) is not None
    counted[feeder].gradients = None
    assert gauge.read(0, 1.0) is None


def test_arrays_that_are_replaced_are_read_anew():
    graph, loss = losses_of(dense, (1, 2))
    gauge, order, counted = watched(graph)
    replay(order, counted, loss)
    first, again = gauge.read(0, 1.0), gauge.read(1, 1.0)
    output = next(node for node in reversed(order) if node.ndim == 2)
    output._value = output._value * np.float32(2)
    other = gauge.read(2, 1.0)
    np.testing.assert_array_equal(first.sums, again.sums)  # what was read is kept
    (changed,) = np.flatnonzero(other.sums != first.sums)
    assert other.sums[changed] == pytest.approx(4 * first.sums[changed])


def sums_of(make, drop=()):
    """Return the gauge of a graph of which all activations are counted, but for some."""
    loss = make()
    order = ag.topological_order(loss)
    plan = plan_of(loss, None)
    counted = {i: Tally() for layer in plan.layers for i in (*layer.activations, *layer.feeders)}
    for kind in drop:
        for layer in plan.layers:
            for place in getattr(layer, kind):
                counted.pop(place, None)
    return gauge_of(order, plan, counted)


def network(*, dtype=np.float32, skip=False, twice=False, second=False, gate=ag.relu):
    x = images(1, (5, 3), dtype)
    with ag.scope("fc"):
        h = F.linear(x, weight(3, 3, dtype=dtype))
        h = h + F.linear(x, weight(3, 3, dtype=dtype, seed=1)) if second else h
    with ag.scope("active"):
        y = gate(h)
        y = y * gate(h * 2.0) if twice else y
    with ag.scope("out"):
        y = F.linear(y, weight(3, 3, dtype=dtype))
        y = y + h if skip else y
    return (y * y).mean()


def one_number():
    with ag.scope("fc"):
        y = (images(1, (5, 3)) @ weight(3, 2)).sum()
    with ag.scope("next"):
        y = y * weight(2, 2)
    return y.sum()


def two_units():
    x = images(1, (5, 3))
    with ag.scope("both"):
        y = ag.relu(x * 1.0) + ag.relu(x * -1.0)
    return y.sum()


def test_where_sums_tell_all():
    assert sums_of(network) is not None
    assert sums_of(lambda: ag.exp(images(1, (5, 3)) @ weight(3, 2)).sum()) is not None  # without units
    assert sums_of(lambda: ag.exp(images(1, (5, 3))).sum()) is not None  # of one layer
    assert sums_of(lambda: (ag.exp(x := images(1, (5, 3))) * x).sum()) is not None  # with nothing but an output
    assert sums_of(one_number) is None
    assert sums_of(lambda: ag.exp(images(1, (5, 3)) * weight()).sum()) is None  # a weight of no axis is not counted
    assert sums_of(two_units) is None
    assert sums_of(lambda: network(dtype=np.float64)) is None  # squares vanish
    assert sums_of(network, ["activations"]) is sums_of(network, ["feeders"]) is None
    assert sums_of(lambda: network(skip=True)) is None  # of one gradient two wires have a share
    assert sums_of(lambda: network(twice=True)) is None  # two activations
    assert sums_of(lambda: network(second=True)) is None  # two weights
    loss = network()
    plan = plan_of(loss, None, 4)
    counted = {i: Tally() for layer in plan.layers for i in (*layer.activations, *layer.feeders)}
    assert gauge_of(ag.topological_order(loss), plan, counted) is None  # of which only a part is read
