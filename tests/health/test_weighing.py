"""Where inputs meet weights: signs of gradients, and bounds of sums, against every element and every corner."""

import itertools

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

import autograd_cnn as ag
from autograd_cnn import functional as F  # noqa: N812 - as everywhere
from autograd_cnn import health
from autograd_cnn.health.network import read_network
from autograd_cnn.health.weighing import only_weighing, provably_dead, same_sign, weighings
from autograd_cnn.registry import GATES


@given(st.integers(0, 999), st.integers(1, 600), st.integers(1, 3), st.integers(1, 4), st.booleans(), st.booleans())
@example(0, 600, 2, 3, True, False)
def test_the_share_of_units_whose_gradients_have_one_sign(seed, count, units, weights, axis_first, known):
    rng = np.random.default_rng(seed)
    data = rng.choice([1.0, 1.0, 1.5, 3.0, 7.0], count)
    if rng.random() < 0.3:
        data[rng.integers(count)] = rng.choice([0.0, -1.0])
    gradient = rng.choice([0.0, 1.0, 2.0], (units, weights)) * rng.choice([1.0, -1.0], (units, 1))
    gradient[rng.random(gradient.shape) < 0.1] *= -1
    told = [row for row in gradient if row.any()]
    expected = None
    if (data > 0).all() and data.mean() > 2 * data.std() and weights >= 3 and told:
        expected = np.mean([(row >= 0).all() or (row <= 0).all() for row in told])
    given_gradient, axis = (gradient, 0) if axis_first else (gradient.T, 1)
    size = float(np.sqrt(np.mean(data**2))) if known else None
    found = same_sign(data.reshape(1, -1), given_gradient, axis, size)
    assert found == (None if expected is None else pytest.approx(expected))


def test_signs_by_hand():
    """A zero is of either sign; a row of zeros does not count. The inputs 1 and r are steady enough up to r = 3."""
    gradient = np.array([[0.0, 0.5, 0.25], [0.0, -0.5, -0.25], [0.0, 0.0, 0.0], [1.0, -1.0, 0.0], [0.5, 0.5, 0.25]])
    assert same_sign(np.ones((2, 3)), gradient, 0) == 3 / 4
    assert same_sign(np.array([1.0, 2.9]), gradient, 0) == 3 / 4
    assert same_sign(np.array([1.0, 3.1]), gradient, 0) is None


def test_where_signs_say_nothing():
    ones = np.ones((2, 3))
    assert same_sign(ones, np.ones((2, 3)), 0) == 1.0
    assert same_sign(ones, np.ones((2, 2, 2)), 0) == 1.0
    assert same_sign(1.0, np.ones((2, 3)), 0) == 1.0  # plain numbers
    assert same_sign(ones, None, 0) is None
    assert same_sign(np.ones((0, 3)), np.ones((2, 3)), 0) is same_sign(ones, np.ones((0, 3)), 0) is None
    assert same_sign(ones, np.zeros((2, 3)), 0) is None
    assert same_sign(ones, np.array([[1.0, -1.0, 1.0]]), 0) == 0.0


@pytest.mark.parametrize("place", [0, 1, 600, 700, 1023])
def test_one_input_that_is_not_positive_is_found_wherever_it_stands(place):
    data = np.ones(1024)
    data[place] = 0.0
    assert same_sign(data, np.ones((1, 3)), 0) is None


def test_what_is_a_weighing():
    rng = np.random.default_rng(0)
    x, image = ag.Tensor(rng.random((2, 3))), ag.Tensor(rng.random((2, 3, 4, 4)))
    w, v, filters = (ag.Parameter(rng.random(shape)) for shape in ((4, 3), (3, 4), (5, 3, 2, 2)))
    column = ag.Parameter(rng.random(3))

    def axes(make):
        with ag.scope("layer"):
            loss = make().sum()
        network = read_network(loss)
        (group,) = network.layers
        found = weighings(network, group)
        assert only_weighing(network, group) == (found if len(found) == 1 else [])
        return [(each.weight, each.axis, each.weight.shape[each.axis]) for each in found]

    assert axes(lambda: F.linear(x, w)) == [(w, 0, 4)]
    assert axes(lambda: x @ v) == [(v, 1, 4)]
    assert axes(lambda: x @ v + ag.Parameter(rng.random((2, 4)))) == [(v, 1, 4)]
    assert axes(lambda: rng.random((2, 3)) @ v) == [(v, 1, 4)]
    assert axes(lambda: F.conv2d(image, filters)) == [(filters, 0, 5)]
    row, last = ag.Parameter(rng.random((5, 3, 2))), ag.Parameter(rng.random((2, 2, 3, 5)))
    assert axes(lambda: F.conv1d(image[:, :, 0], row)) == [(row, 0, 5)]
    assert axes(lambda: F.conv2d(image, last.transpose(3, 2, 0, 1))) == [(last, 3, 5)]
    assert axes(lambda: F.conv2d(image, filters.reshape(15, 1, 2, 2), groups=3)) == []  # several units in one row
    assert axes(lambda: F.conv2d(image, last.transpose(3, -2, -4, -3))) == [(last, 3, 5)]
    stack = ag.Parameter(rng.random((2, 4, 3)))
    assert axes(lambda: image[:, 0, :2, None, :3] @ stack.transpose(0, 2, 1)) == [(stack, 1, 4)]
    assert axes(lambda: x @ v + F.linear(x, w)) == [(v, 1, 4), (w, 0, 4)]
    assert axes(lambda: ag.tanh(x @ v) @ w) == [(v, 1, 4), (w, 1, 3)]
    assert axes(lambda: x @ column) == axes(lambda: w @ x.T) == axes(lambda: x @ (v * 2.0)) == []
    assert axes(lambda: (x * 2.0) @ x.T + column.sum()) == []


def _dead_below(end):
    """Return a gate, forgotten by the registry."""

    @ag.gate("late", dead_side=True)
    def late(x):
        return np.maximum(x, end)

    @late.vjp
    def _(upstream, output, x, *, needs):
        return upstream * (x > end) if needs[0] else None

    return GATES.pop("late")


ENDS = {ag.relu: 0, _dead_below(-1): -1, _dead_below(2): 0}  # units are called dead at 0 or below
FORMS = {
    "linear": lambda x, w: F.linear(x, ag.Parameter(w.value.T)),
    "product": lambda x, w: x @ w,
    "rows": lambda x, w: ag.reshape(x, (1, *x.shape)) @ w,
    "conv": lambda x, w: F.conv2d(ag.Tensor(x.value[:, :, None, None]), ag.Parameter(w.value.T[:, :, None, None])),
    "padded": lambda x, w: F.conv2d(
        ag.Tensor(x.value[:, :, None, None]), ag.Parameter(w.value.T[:, :, None, None]), padding=(0, 1)
    ),
}


@given(
    *(st.sampled_from(list(FORMS)), st.integers(0, 999), st.integers(1, 3), st.integers(1, 3)),
    *(st.sampled_from(["none", "one", "each", "first"]), st.sampled_from(list(ENDS))),
)
@example("product", 0, 3, 3, "each", ag.relu)
@example("conv", 1, 2, 3, "first", ag.relu)
def test_a_unit_is_dead_if_it_is_at_every_corner(form, seed, inputs, count, bias, gate):
    rng = np.random.default_rng(seed)
    x = rng.integers(-1, 3, (4, inputs)).astype(float) + rng.choice([0.0, 2.0, -3.0])
    w = rng.integers(-3, 2, (inputs, count)).astype(float)
    shape = () if bias == "one" else (count,)
    b = rng.integers(-8, 2, shape) * (bias != "none") * 1.0
    with ag.scope("layer"):
        z = FORMS[form](ag.Tensor(x), ag.Parameter(w))
        added = ag.Parameter(b.reshape(count, 1, 1) if z.ndim == 4 and b.ndim else b)
        z = z if bias == "none" else added + z if bias == "first" else z + added
        loss = gate(z).sum()
    ends = [x.min(), x.max()]
    ends = [min(*ends, 0.0), max(*ends, 0.0)] if form == "padded" else ends
    highest = np.max([np.array(corner) @ w + b for corner in itertools.product(ends, repeat=inputs)], axis=0)
    dead = np.flatnonzero(highest <= ENDS[gate])
    network = read_network(loss)
    (group,) = network.layers
    assert provably_dead(network, group) == (tuple(dead), highest[dead].max() if dead.size else None)


def proof(make, *, gate=ag.relu):
    with ag.scope("layer"):
        loss = gate(make()).sum()
    network = read_network(loss)
    return provably_dead(network, network.layers[0])


def test_a_bias_of_each_sample_is_none_of_each_unit():
    x, w = ag.Tensor(np.ones((2, 1))), ag.Parameter([[1.0, 1.0]])
    b = ag.Parameter([[-5.0], [5.0]])
    assert proof(lambda: x @ w + b) == ((), None)
    assert proof(lambda: x @ w + b * -1.0 - 10.0) == ((), None)  # no sum that is understood
    assert proof(lambda: x @ w + ag.Parameter([[-5.0], [-4.0]])) == ((0, 1), -3.0)


def test_what_gives_no_proof():
    x, w = ag.Tensor(np.ones((2, 3))), ag.Parameter(-np.ones((3, 4)))
    assert proof(lambda: x @ w) == ((0, 1, 2, 3), -3.0)
    assert proof(lambda: x @ w + x @ w) == ((), None)  # two sums
    assert proof(lambda: (x @ w) * 1.0) == ((), None)
    assert proof(lambda: ag.relu(x @ w)) == ((), None)  # two activations
    assert proof(lambda: x @ w, gate=ag.tanh) == ((), None)
    assert proof(lambda: ag.Tensor(np.ones(3)) @ w) == ((), None)  # of one axis: elements
    images = ag.Tensor(np.ones((2, 5, 2, 3)))
    assert proof(lambda: images @ w) == ((0, 1, 2, 3), -3.0)  # of any number of axes: its units are the columns
    heads = ag.Parameter(np.stack([np.ones((3, 4)), -2 * np.ones((3, 4))]))
    for shape in ((2, 6, 3), (5, 2, 6, 3)):
        stack = ag.Tensor(np.ones(shape))
        assert proof(lambda: stack @ heads) == ((), None)  # noqa: B023 - called at once; a unit has two columns
    assert proof(lambda: x @ w + ag.Parameter(np.zeros((5, 1, 1)))) == ((), None)  # more elements than the sum
    assert proof(lambda: (x @ w).reshape(2, 1, 4)) == proof(lambda: (x @ w).reshape(2, 4, 1)) == ((0, 1, 2, 3), -3.0)
    assert proof(lambda: (x @ w).reshape(4, 2)) == ((), None)
    plain = ag.Tensor(-np.ones((2, 3)), requires_grad=True)
    network = read_network(ag.relu(plain).sum())
    assert provably_dead(network, network.layers[0]) == ((), None)


@pytest.mark.parametrize(
    ("x", "w", "b", "padded", "highest"),
    [
        *((3.0, -1.0, 0.5, False, -2.5), (3.0, -1.0, 0.5, True, None), (-3.0, 1.0, -0.5, False, -3.5)),
        *((-3.0, 1.0, -0.5, True, -0.5), (-3.0, 1.0, 0.5, True, None), (3.0, -1.0, -0.5, True, -0.5)),
    ],
)
def test_zeros_of_padding_are_inputs(x, w, b, padded, highest):
    images, weight = ag.Tensor(np.full((2, 1, 2, 2), x)), ag.Parameter(np.full((1, 1, 1, 1), w))
    found = proof(lambda: F.conv2d(images, weight, ag.Parameter([b]), padding=(0, int(padded))))
    assert found == (((), None) if highest is None else ((0,), highest))


def test_a_unit_that_is_flat_above_0_is_not_called_dead():
    def highest(x):
        return proof(lambda: ag.Tensor([[x], [0.0]]) @ ag.Parameter([[1.0]]), gate=list(ENDS)[2])

    assert [highest(x) for x in (0.5, 1.0, 0.0)] == [((), None), ((), None), ((0,), 0.0)]


def test_only_dead_and_silent_units_are_told_to_be_provably_so():
    with ag.scope("layer"):
        y = ag.relu(ag.Tensor([[1.0]]) @ ag.Parameter([[-1.0, 1.0]]))
    (layer,) = health.inspect(y.sum()).layers
    assert (layer.units.silent, layer.proven, layer.highest) == ((0,), (0,), -1.0)
