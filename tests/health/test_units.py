"""What is told of units: the same as looking at every element, however a batch is cut, and whatever is known before."""

from unittest import mock

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

import autograd_cnn as ag
from autograd_cnn import functional as F  # noqa: N812 - as everywhere
from autograd_cnn import health
from autograd_cnn.health import units
from autograd_cnn.health.units import Batch, combined, is_positive, read_units, unit_numbers
from autograd_cnn.registry import GATES


def _gates():
    """Return two gates, forgotten by the registry: one with slope 1 between 0 and 3, one of two inputs."""

    @ag.gate("slope", dead_side=True)
    def slope(x):
        return np.minimum(np.maximum(x, 0), 3)

    @slope.vjp
    def _(upstream, output, x, *, needs):
        return upstream * (x > 0) * (x < 3) if needs[0] else None

    @ag.gate("larger", dead_side=True)
    def larger(x, y):
        return np.maximum(x, y)

    @larger.vjp
    def _(upstream, output, x, y):
        return upstream * (x >= y), upstream * (x < y)

    return GATES.pop("slope"), GATES.pop("larger")


SLOPE, LARGER = _gates()
SLOPES = {
    ag.relu: lambda x: ~(x <= 0) * 1.0,  # NaN goes through
    ag.step: lambda x: x * 0.0,
    SLOPE: lambda x: ((x > 0) & (x < 3)) * 1.0,
    ag.sigmoid: lambda x: ag.sigmoid(x) * (1 - ag.sigmoid(x)),
    ag.tanh: lambda x: 1 - np.tanh(x) ** 2,
}
HALF_FLAT = health.Thresholds(saturated_slope=1.0)  # all that is not steepest is flat: the limit is met exactly, at 0


def by_unit(mask):
    """Return the elements unit by unit, one row each."""
    axis = 1 if mask.ndim >= 4 else mask.ndim - 1
    return np.moveaxis(mask, axis, 0).reshape(mask.shape[axis], -1) if mask.ndim else mask.reshape(1, 1)


def looked_at(local, sent, saturates, limit):
    """Return what is so of each unit: active, driven, flat."""
    through = local != 0 if sent is None else (local != 0) & (sent != 0)
    flat = by_unit(np.abs(local) < limit * saturates).mean(axis=1) if saturates else 0.0
    return by_unit(local != 0).any(axis=1), by_unit(through).any(axis=1), flat


def assert_told(batch, samples, active, driven, flat):
    assert batch.samples == samples
    np.testing.assert_array_equal(np.ravel(batch.active), active)
    np.testing.assert_array_equal(np.ravel(batch.driven), driven)
    np.testing.assert_allclose(np.ravel(batch.flat), flat, rtol=1e-12)
    assert batch.active.shape == batch.driven.shape == batch.flat.shape


SHAPES = st.lists(st.integers(1, 4), max_size=5).map(tuple)


@given(st.sampled_from(list(SLOPES)), SHAPES, st.integers(0, 99), st.integers(1, 40), st.booleans(), st.booleans())
@example(ag.relu, (40,), 0, 8, True, False)
@example(ag.relu, (3, 4, 3), 0, 1, True, True)
@example(SLOPE, (4, 4), 1, 1, True, True)
@example(ag.sigmoid, (40,), 1, 8, True, True)
@example(ag.sigmoid, (3, 2, 2, 2), 1, 1, True, True)
def test_units_of_a_tensor(gate, shape, seed, portion, arrives, known):
    rng = np.random.default_rng(seed)
    x = rng.integers(-3, 3, shape) * np.where(rng.random(shape[-1:]) < 0.5, -1.0, 1.0)
    sent = rng.integers(0, 2, shape) * (rng.random(shape[-1:]) < 0.7) if arrives else None
    y, saturates = gate(ag.Tensor(x, requires_grad=True)), gate.saturates
    local = np.asarray(SLOPES[gate](x))
    active, driven, flat = looked_at(local, sent, saturates, 1.0)
    given_units = [driven] if known and shape else None
    with mock.patch.object(units, "PORTION", portion):
        batch = read_units([y], None, [sent], HALF_FLAT, given_units)
    assert_told(batch, shape[0] if len(shape) > 1 else 1, active, driven, flat)
    assert batch.has_dead_side == (saturates is None)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_nan_goes_through_a_relu(dtype):
    x = np.array([[-1.0, np.nan, 0.0, 2.0], [-2.0, -1.0, -0.0, 2.0]], dtype)
    for asked in ([True] * 4, [False, True, True, False]):
        found = is_positive(np.maximum(x, 0), 1, np.array(asked))
        assert found.tolist() == [went and told for went, told in zip([False, True, False, True], asked, strict=True)]


def test_more_samples_than_a_byte_counts():
    x = np.full((600, 2), 9.0)
    x[:150, 1] = 0.0
    y = ag.sigmoid(ag.Tensor(x, requires_grad=True))
    batch = read_units([y], None, [np.ones((600, 2))], health.Thresholds(), [np.ones(2, bool)])
    assert batch.flat.tolist() == [1.0, 0.75]


def test_uses_of_one_layer_on_several_inputs_are_one_batch():
    x = [np.array([[9.0, 0.0]] * n) for n in (1, 3)]
    nodes = [ag.sigmoid(ag.Tensor(v, requires_grad=True)) for v in x]
    batch = read_units(nodes, None, [np.array([[0.0, 0.0]]), np.array([[1.0, 0.0]] * 3)], health.Thresholds())
    assert_told(batch, 4, [True, True], [True, False], [1.0, 0.0])
    for odd in (ag.relu(ag.Tensor([[9.0, 0.0]])), ag.sigmoid(ag.Tensor([[1.0, 2.0, 3.0]]))):  # the last one counts
        batch, alone = (
            read_units(some, None, [None] * len(some), health.Thresholds()) for some in ([*nodes, odd], [odd])
        )
        assert_told(batch, 1, alone.active, alone.driven, alone.flat)


@pytest.mark.parametrize("shape", [(3, 5), (3, 1, 5), (3, 5, 1, 1)])
@pytest.mark.parametrize("missing", [(1, 4), (1, 3), (2, 3), (2,)])
def test_units_that_are_looked_for_in_the_rest_stand_anywhere(shape, missing):
    x = np.full((3, 5), 1.0)
    x[0, missing] = x[1, missing[0]] = x[2, missing[-1]] = -1.0  # they show themselves later, with others between them
    x[1, missing[0]] = 1.0 if len(missing) == 1 else -1.0
    y = ag.relu(ag.Tensor(x.reshape(shape), requires_grad=True))
    with mock.patch.object(units, "PORTION", 5):
        assert_told(read_units([y], None, [None], HALF_FLAT), 3, [True] * 5, [True] * 5, 0.0)


def test_a_unit_that_hands_nothing_back_is_active_on_any_sample():
    x = np.array([[1.0, -1.0, 1.0], [-1.0, -1.0, 1.0]])
    sent, driven = np.array([[0.0, 1.0, 1.0]] * 2), np.array([False, False, True])
    for gate in (SLOPE, ag.relu):
        y = gate(ag.Tensor(x, requires_grad=True))
        assert_told(read_units([y], None, [sent], HALF_FLAT, [driven]), 2, [True, False, True], driven, 0.0)


def test_of_a_gate_of_two_inputs_the_first_tells_who_is_active():
    y = LARGER(ag.Tensor([[1.0, 2.0]], requires_grad=True), ag.Tensor([[2.0, 1.0]], requires_grad=True))
    assert_told(read_units([y], None, [None], HALF_FLAT), 1, [False, True], [False, True], 0.0)


@pytest.mark.parametrize("last", [ag.Scalar, ag.Tensor])
def test_a_layer_of_scalars_and_tensors_has_the_units_of_the_last(last):
    given_values = [ag.Scalar(2.0), ag.Tensor([[1.0, -2.0], [3.0, -4.0]], requires_grad=True)]
    first, second = sorted(given_values, key=lambda x: isinstance(x, last))
    with ag.scope("both"):
        product = ag.relu(first) * ag.relu(second)
    loss = product.sum()
    (layer,) = health.inspect(loss, thresholds=HALF_FLAT).layers
    assert layer.units.count == (1 if last is ag.Scalar else 2)
    loss.backward()
    monitor = health.Monitor(thresholds=HALF_FLAT)
    monitor.observe(loss)
    assert monitor.report().layers[0].units == layer.units


PLACES = st.lists(
    st.tuples(st.integers(0, 2), st.sampled_from([-1.0, 0.0, 2.0]), st.sampled_from([0.0, 1.0])), min_size=1
)


@given(st.sampled_from([ag.relu, ag.sigmoid]), PLACES, st.booleans())
def test_units_of_scalars(gate, places, some_unknown):
    ids = [0, 1, 2] + [unit for unit, _, _ in places]  # each has a sample
    x, sent = [-1.0] * 3 + [x for _, x, _ in places], [0.0] * 3 + [u for _, _, u in places]
    nodes = [gate(ag.Scalar(v)) for v in x]
    upstream = [None, *sent[1:]] if some_unknown else sent
    batch = read_units(nodes, np.array(ids), upstream, HALF_FLAT)
    local = np.array([SLOPES[gate](np.float64(v)) for v in x])
    arrived = np.ones(len(x)) if some_unknown else np.array(sent)  # without all gradients only the slopes tell
    own = [[i for i, unit in enumerate(ids) if unit == k] for k in range(3)]
    flat = [np.mean(local[i] < gate.saturates) if gate.saturates else 0.0 for i in own]
    assert_told(
        batch, max(map(len, own)), [local[i].any() for i in own], [(local[i] * arrived[i]).any() for i in own], flat
    )


def test_neurons_whose_sums_begin_with_one_weight_are_one_unit():
    w, shared = [ag.Scalar(0.5), ag.Scalar(-0.5)], ag.Scalar(0.1)
    x = [ag.Scalar(1.0, requires_grad=False), ag.Scalar(2.0, requires_grad=False)]

    def numbers(nodes):
        return unit_numbers(nodes, {*x, *nodes}).tolist()

    assert numbers([ag.relu(w[i] * x[k] + shared) for k in range(2) for i in range(2)]) == [0, 1, 0, 1]
    assert numbers([ag.relu(x[k] * w[i] + w[1 - i] * x[k]) for k in range(2) for i in range(2)]) == [0, 1, 0, 1]
    assert numbers([ag.relu(2.0 * w[i] + shared) for _ in range(2) for i in range(2)]) == [0, 1, 0, 1]
    hidden = [ag.tanh(w[i] * x[0]) for i in range(2)]
    assert numbers([ag.relu(hidden[i] * w[1]) for i in range(2)]) == [0, 0]  # what lies behind is another unit's
    assert numbers([ag.relu(hidden[i] + x[i]) for i in range(2)]) == [0, 1]  # no weight: each is one
    assert numbers([LARGER(w[i] * x[k], shared * x[k]) for k in range(2) for i in range(2)]) == [0, 1, 0, 1]
    assert unit_numbers([ag.relu(ag.Tensor([1.0]))], set()) is None


UNITS = st.integers(1, 4)
LIMITS = health.Thresholds(unit_samples=6, saturated_samples=0.5)


@st.composite
def windows(draw):
    """Return batches of the same units; who is driven is active."""
    count, has_dead_side = draw(UNITS), draw(st.booleans())

    def row(elements):
        return np.array(draw(st.lists(elements, min_size=count, max_size=count)))

    batches = []
    for _ in range(draw(st.integers(1, 3))):
        active = row(st.booleans()) if has_dead_side else np.ones(count, bool)
        flat = np.zeros(count) if has_dead_side else row(st.sampled_from([0.0, 0.25, 0.5, 1.0]))
        driven = active if draw(st.booleans()) else active & row(st.booleans())
        batches.append(Batch(draw(st.integers(1, 4)), has_dead_side, active, driven, flat))
    return batches


@given(windows())
def test_the_state_of_each_unit_over_a_window(batches):
    last, samples = batches[-1], sum(b.samples for b in batches)
    expected = {"dead": [], "silent": [], "starved": [], "saturated": []}
    for i in range(last.active.size):
        active, driven = (any(getattr(b, name)[i] for b in batches) for name in ("active", "driven"))
        if not last.has_dead_side and sum(b.flat[i] * b.samples for b in batches) / samples >= 0.5:
            expected["saturated"].append(i)
        elif samples >= 6 and not active:
            expected["dead"].append(i)
        elif last.has_dead_side and not last.active[i]:
            expected["silent"].append(i)
        elif samples >= 6 and not driven:
            expected["starved"].append(i)
    told = combined(batches, LIMITS)
    assert {state: list(getattr(told, state)) for state in expected} == expected
    assert told.count == last.active.size


@pytest.mark.parametrize(
    ("shape", "axis"), [((3,), 0), ((2, 3), 1), ((2, 2, 3), 2), ((2, 3, 2, 2), 1), ((2, 3, 2, 2, 2), 1)]
)
def test_units_are_channels_of_images_and_else_the_last_axis(shape, axis):
    x = np.full(shape, 1.0)
    x[(slice(None),) * axis + (1,)] = -1.0
    with ag.scope("relu"):
        y = F.relu(ag.Tensor(x, requires_grad=True))
    (layer,) = health.inspect(y.sum(), thresholds=health.Thresholds(unit_samples=1)).layers
    assert (layer.units.count, layer.units.dead) == (3, (1,))
