"""What one step tells of each layer, read off a graph and off counts of it."""

import math
from types import SimpleNamespace

import numpy as np
import pytest

import autograd_cnn as ag
from autograd_cnn import health
from autograd_cnn.health.plan import plan_of
from autograd_cnn.health.sizes import Sizes
from autograd_cnn.health.stepping import are_units_known, record_of, same_signs, units_of
from autograd_cnn.health.units import read_units


def rms(x):
    return pytest.approx(math.sqrt(np.mean(np.square(x))))


def norm(x):
    return math.sqrt(np.sum(np.square(x)))


def network(gate=ag.relu, dtype=np.float64, requires_grad=True):
    """x -> fc -> activation -> sum of squares."""
    rng = np.random.default_rng(0)
    x = ag.Tensor(rng.normal(size=(5, 4)).astype(dtype), requires_grad=requires_grad)
    w = ag.Parameter(rng.normal(size=(4, 3)).astype(dtype))
    with ag.scope("fc"):
        z = x @ w
    with ag.scope("activation"):
        y = gate(z)
    loss = (y * y).sum()
    loss.backward()
    return loss, x, w, z, y


def read(loss, counted=None):
    order, plan = ag.topological_order(loss), plan_of(loss, None)
    plan.census.take(order, counted or {})
    return order, plan, Sizes(order, plan.census)


def record(loss, oldest=-1, signs=None):
    _, plan, sizes = read(loss)
    return record_of(3, 7.0, 40, plan, sizes, oldest, signs or {})


def test_the_numbers_of_a_step():
    loss, x, w, z, y = network()
    found = record(loss, signs={"fc": 0.5})
    assert (found.step, found.loss, found.samples, found.same_sign) == (3, 7.0, 40, {"fc": 0.5})
    assert found.gradients == {"fc": rms(z.grad), "activation": rms(y.grad), "": rms(x.grad)}
    assert found.weight_gradients == {"fc": rms(w.grad), "activation": None}
    assert found.activations == {"fc": rms(z.value), "activation": rms(y.value), "": rms(x.value)}
    assert found.attenuations == {
        "fc": pytest.approx(math.log10(norm(x.grad) / norm(z.grad))),
        "activation": pytest.approx(math.log10(norm(z.grad) / norm(y.grad))),
    }


def test_of_leaves_that_are_older_than_the_step_no_gradient_is_told():
    loss, x, *_ = network()
    assert record(loss, oldest=x.serial - 1) == record(loss)
    found = record(loss, oldest=x.serial)
    assert "" in found.activations
    assert "" not in found.gradients
    assert set(found.attenuations) == {"activation"}


def test_without_a_gradient_at_the_input_there_is_no_attenuation():
    found = record(network(requires_grad=False)[0])
    assert (found.gradients[""], found.attenuations["fc"]) == (None, None)
    x = ag.Tensor(np.ones((5, 4)), requires_grad=True)
    with ag.scope("first"):
        a = ag.exp(x)
    with ag.scope("second"):
        b = ag.exp(a)
    loss = (a * b).sum()
    loss.backward()
    assert set(record(loss).attenuations) == {"first"}  # the second reads one of two wires


def test_signs_of_layers_whose_inputs_are_positive():
    def signs(inputs, gradient):
        w = ag.Parameter(np.ones((4, 4)))
        with ag.scope("fc"):
            y = ag.Tensor(inputs) @ w
        loss = (y * np.asarray(gradient)).sum()
        loss.backward()
        order, plan, sizes = read(loss)
        assert same_signs(plan, order, sizes) == same_signs(plan, order)
        return same_signs(plan, order, sizes)

    assert signs(np.full((2, 4), 3.0), [[1.0, 1.0, -1.0, 2.0]] * 2) == {"fc": 1.0}
    assert signs(np.full((2, 4), -3.0), [[1.0, 1.0, -1.0, 2.0]] * 2) == {}
    spread = np.full((64, 4), 1.0)
    spread[0] = 100.0  # positive, but their mean is small beside their spread
    assert signs(spread, np.ones((64, 4))) == {}


def tally(*sums):
    return SimpleNamespace(values=np.array(sums), gradients=None)


def alike(ours, theirs):
    assert (ours.samples, ours.has_dead_side) == (theirs.samples, theirs.has_dead_side)
    for field in ("active", "driven", "flat"):
        np.testing.assert_array_equal(getattr(ours, field), getattr(theirs, field))


@pytest.mark.parametrize("gate", [ag.relu, ag.tanh, ag.sigmoid])
@pytest.mark.parametrize("drive", [(1.0, 1.0, 1.0), (1.0, 0.0, 1.0)])
@pytest.mark.parametrize("last", [1.0, -9.0])
def test_units_are_those_of_the_rule_of_their_gate(gate, drive, last):
    x = ag.Tensor(np.random.default_rng(1).normal((0.0, 2.0, last), size=(6, 3)), requires_grad=True)
    with ag.scope("fc"):
        z = x * 2.0
    with ag.scope("activation"):
        y = gate(z)
    (y * np.array(drive)).sum().backward()
    order, plan, _ = read((y * np.array(drive)).sum())
    limits = health.Thresholds()
    found = units_of(plan.layers[-1], order, plan.census, limits)
    alike(found, read_units([y], None, [y.grad], limits))
    assert found.has_dead_side == (gate is ag.relu)
    assert found.driven[1] == (drive[1] == 1.0)


def test_units_of_one_axis_and_of_scalars():
    limits = health.Thresholds()
    with ag.scope("activation"):
        y = ag.relu(ag.Tensor([1.0, 2.0, 3.0], requires_grad=True) * 2.0)
    loss = y.sum()
    loss.backward()
    order, plan, _ = read(loss)
    alike(units_of(plan.layers[-1], order, plan.census, limits), read_units([y], None, [y.grad], limits))
    loss, *_ = network()
    order, plan, _ = read(loss)
    assert units_of(plan.layers[0], order, plan.census, limits) is None
    for count in (1, 3):
        with ag.scope("layer/neuron"):
            scalars = [ag.tanh(ag.Scalar(float(i)) * 2.0) for i in range(count)]
        loss = sum(scalars[1:], scalars[0] * 1.0)
        loss.backward()
        order, plan, _ = read(loss)
        expected = read_units(scalars, np.arange(count), [1.0] * count, limits)
        alike(units_of(plan.layers[0], order, plan.census, limits), expected)


def test_a_relu_on_two_inputs_is_one_layer_of_units():
    """Well on the first and dead on the second, or the other way round: the units that no input wakes are dead."""
    limits = health.Thresholds()
    for sides in ((1.0, -1.0), (-1.0, 1.0), (1.0, 1.0)):
        inputs = [ag.Tensor(np.full((2 + i, 3), side), requires_grad=True) * 1.0 for i, side in enumerate(sides)]
        with ag.scope("relu"):
            outputs = [ag.relu(x) for x in inputs]
        loss = outputs[0].sum() + outputs[1].sum()
        loss.backward()
        order, plan, _ = read(loss)
        (layer,) = (layer for layer in plan.layers if layer.activations)
        found = units_of(layer, order, plan.census, limits)
        assert (found.samples, found.active.tolist(), found.driven.tolist()) == (5, [True] * 3, [True] * 3)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_counted_units(dtype):
    """In float64 a square may have vanished: who has none is looked for in the array."""
    loss, _, _, z, y = network(dtype=dtype)
    places = {node: i for i, node in enumerate(ag.topological_order(loss))}
    y._value = np.zeros((5, 3), dtype)
    y._value[2] = 0.0, 1.0, -1.0
    counted = {places[y]: tally(2.0, 0.0, 0.0, 2.0)}
    z.grad = np.array([[0.0, 0.0, 3.0]] * 5, dtype)
    order, plan, _ = read(loss, counted)
    layer = plan.layers[-1]
    found = units_of(layer, order, plan.census, health.Thresholds())
    assert (found.samples, found.has_dead_side, found.flat.tolist()) == (5, True, [0.0] * 3)
    assert found.active.tolist() == [True, dtype == np.float64, False]
    assert found.driven.tolist() == [False, False, True]
    z.grad = None  # nothing arrived
    plan.census.take(order, counted)
    found = units_of(layer, order, plan.census, health.Thresholds())
    assert found.driven is found.active


def test_counted_units_of_several_uses():
    inputs = [ag.Tensor(np.ones((2, n), np.float32), requires_grad=True) * np.float32(1.0) for n in (4, 3, 3)]
    with ag.scope("relu"):
        outputs = [ag.relu(x) for x in inputs]
    loss = outputs[0].sum() + outputs[1].sum() + outputs[2].sum()
    loss.backward()
    places = {node: i for i, node in enumerate(ag.topological_order(loss))}
    sums = (1.0, 1.0, 1.0, 1.0, 4.0), (0.0, 0.0, 1.0, 1.0), (1.0, 0.0, 0.0, 1.0)
    counted = {places[y]: tally(*own) for y, own in zip(outputs, sums, strict=True)}
    order, plan, _ = read(loss, counted)
    (layer,) = (layer for layer in plan.layers if layer.activations)
    found = units_of(layer, order, plan.census, health.Thresholds())
    assert (found.samples, found.active.tolist()) == (4, [True, False, True])  # that of four units is no such layer
    assert are_units_known(plan)
    for missing in counted:
        read_anew = {place: sums for place, sums in counted.items() if place != missing}
        plan.census.take(order, read_anew)
        assert not are_units_known(plan)
    plan.census.take(order)
    assert are_units_known(plan)  # all are read


def test_of_a_relu_whose_input_is_read_by_others_counts_do_not_tell_all():
    with ag.scope("relu"):
        y = ag.relu(ag.Tensor(np.ones((2, 3), np.float32), requires_grad=True))
    loss = y.sum()
    loss.backward()
    _, plan, _ = read(loss, {ag.topological_order(loss).index(y): tally(1.0, 1.0, 1.0, 3.0)})
    assert plan.layers[0].feeders == ()
    assert not are_units_known(plan)
