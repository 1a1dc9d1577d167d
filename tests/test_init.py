"""Starting values: bounds and variances of every scheme, and what cannot be filled."""

import json
import math
import warnings

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import autograd_cnn as ag
from autograd_cnn import init, nn, optim
from tests.optim.golden_torch import FILE

SHAPES = st.lists(st.integers(1, 5), min_size=2, max_size=4).map(tuple)
SEEDS = st.integers(0, 1000)
WIDE = (60, 40, 3, 3)  # fan_in 360, fan_out 540; 21,600 draws: the deviation is known to about 0.5 %


def fans(shape):
    return shape[1] * math.prod(shape[2:]), shape[0] * math.prod(shape[2:])


@pytest.mark.parametrize(("nonlinearity", "gain"), [*json.loads(FILE.read_text())["gains"].items()])
def test_gains_are_torchs(nonlinearity, gain):
    assert init.calculate_gain(nonlinearity) == gain


def test_the_gain_of_a_leaky_relu_follows_its_slope():
    assert init.calculate_gain("leaky_relu", 0.2) == 1.3867504905630728  # from torch 2.13
    assert init.calculate_gain("leaky_relu", 0.0) == init.calculate_gain("relu")


@given(SHAPES, SEEDS)
def test_uniform_schemes_stay_within_their_bounds(shape, seed):
    fan_in, fan_out = fans(shape)
    weight = ag.Parameter(np.empty(shape))
    for fill, bound in [
        (lambda w: init.kaiming_uniform_(w, nonlinearity="relu", rng=seed), math.sqrt(6 / fan_in)),
        (lambda w: init.kaiming_uniform_(w, a=math.sqrt(5), rng=seed), 1 / math.sqrt(fan_in)),
        (lambda w: init.kaiming_uniform_(w, mode="fan_out", rng=seed), math.sqrt(6 / fan_out)),
        (lambda w: init.xavier_uniform_(w, 2.0, rng=seed), 2 * math.sqrt(6 / (fan_in + fan_out))),
        (lambda w: init.uniform_(w, -3, 3, rng=seed), 3.0),
    ]:
        assert fill(weight) is weight
        assert np.abs(weight.value).max() <= bound * (1 + 1e-12)


@pytest.mark.parametrize(
    ("fill", "deviation"),
    [
        (lambda w: init.kaiming_normal_(w, nonlinearity="relu", rng=0), math.sqrt(2 / 360)),
        (lambda w: init.kaiming_normal_(w, mode="fan_out", nonlinearity="linear", rng=0), math.sqrt(1 / 540)),
        (lambda w: init.kaiming_normal_(w, a=1.0, rng=0), math.sqrt(1 / 360)),
        (lambda w: init.kaiming_uniform_(w, nonlinearity="relu", rng=0), math.sqrt(2 / 360)),
        (lambda w: init.lecun_normal_(w, rng=0), math.sqrt(1 / 360)),
        (lambda w: init.xavier_normal_(w, rng=0), math.sqrt(2 / 900)),
        (lambda w: init.xavier_uniform_(w, gain=5 / 3, rng=0), 5 / 3 * math.sqrt(2 / 900)),
        (lambda w: init.normal_(w, 0, 0.5, rng=0), 0.5),
        (lambda w: init.uniform_(w, -1, 1, rng=0), 1 / math.sqrt(3)),
    ],
)
def test_deviations_are_those_of_the_papers(fill, deviation):
    weight = fill(ag.Parameter(np.empty(WIDE, np.float32)))
    assert weight.dtype == np.float32
    assert weight.value.std() == pytest.approx(deviation, rel=0.02)
    assert abs(weight.value.mean()) < 5 * deviation / math.sqrt(weight.size)


def test_a_deep_stack_of_relus_keeps_its_signal_with_he_and_loses_it_with_glorot():
    rng = np.random.default_rng(0)
    x = {"he": rng.normal(size=(64, 256)), "glorot": None}
    x["glorot"] = x["he"]
    weight = ag.Parameter(np.empty((256, 256)))
    for _ in range(30):
        init.kaiming_normal_(weight, nonlinearity="relu", rng=rng)
        x["he"] = np.maximum(0, x["he"] @ weight.value.T)
        init.xavier_normal_(weight, rng=rng)
        x["glorot"] = np.maximum(0, x["glorot"] @ weight.value.T)
    assert 0.1 < np.square(x["he"]).mean() < 10
    assert np.square(x["glorot"]).mean() < 1e-6  # half of the variance is lost in each of 30 layers: 2⁻³⁰


@given(SEEDS, st.sampled_from([np.float32, np.float64]))
def test_the_same_seed_gives_the_same_numbers(seed, dtype):
    def draw(rng):
        return init.kaiming_normal_(ag.Parameter(np.empty((3, 2), dtype)), rng=rng).value

    np.testing.assert_array_equal(draw(seed), draw(np.random.default_rng(seed)))
    ag.manual_seed(seed)
    np.testing.assert_array_equal(draw(None), draw(seed))


def test_constants_and_scalars():
    weight, number = ag.Parameter(np.ones((1, 2), np.float32)), ag.Scalar(1.0)
    assert init.zeros_(weight).value.tolist() == [[0, 0]]
    assert init.constant_(weight, 0.5).value.tolist() == [[0.5, 0.5]]
    assert init.zeros_(number).value == 0.0
    assert init.constant_(number, 3).value == 3.0
    assert 5 <= init.uniform_(number, 5, 6, rng=0).value <= 6
    assert type(init.normal_(number, rng=0).value) is float


@given(st.integers(1, 8), st.integers(1, 8), st.floats(0, 1), SEEDS)
def test_sparse_weights_have_equally_many_zeros_in_every_column(outputs, inputs, sparsity, seed):
    weight = ag.Parameter(np.empty((outputs, inputs)))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", init.SymmetryWarning)  # nothing may be left of a few weights
        init.sparse_(weight, sparsity, rng=seed)
    assert (weight.value == 0).sum(axis=0).tolist() == [math.ceil(sparsity * outputs)] * inputs


@given(st.integers(2, 6), st.integers(1, 4), st.integers(1, 30), SEEDS)
def test_every_unit_is_connected_to_a_number_of_inputs(outputs, channels, connections, seed):
    weight = init.randomly_connected_(ag.Parameter(np.empty((outputs, channels, 3, 2))), connections, rng=seed)
    connected = (weight.value != 0).reshape(outputs, -1).sum(axis=1)
    assert connected.tolist() == [min(connections, 6 * channels)] * outputs


@pytest.mark.parametrize(
    ("fill", "kept"),
    [
        (lambda w: init.sparse_(w, 0.75, 0.5, rng=0), 0.25),
        (lambda w: init.randomly_connected_(w, 10, 0.5, rng=0), 10 / 200),
    ],
)
def test_connections_are_drawn_evenly_and_their_weights_from_the_normal_distribution(fill, kept):
    weight = fill(ag.Parameter(np.empty((300, 200)))).value
    chosen = weight[weight != 0]
    assert len(chosen) == kept * weight.size
    assert chosen.std() == pytest.approx(0.5, rel=4 / math.sqrt(2 * len(chosen)))
    assert abs(chosen.mean()) < 4 * 0.5 / math.sqrt(len(chosen))
    for axis in (0, 1):  # no input and no unit is preferred: means of shares
        shares = (weight != 0).mean(axis=axis)
        assert np.abs(shares - kept).max() < 5 * math.sqrt(kept / weight.shape[axis])


def test_a_linear_layer_keeps_the_variance_with_one_over_the_root_of_n():
    x = np.random.default_rng(0).normal(size=(500, 400))
    weight = init.lecun_normal_(ag.Parameter(np.empty((300, 400))), rng=1)
    assert (x @ weight.value.T).var() == pytest.approx(1.0, rel=0.02)


@pytest.mark.parametrize(
    "fill",
    [
        init.zeros_,
        lambda w: init.constant_(w, 0.5),
        lambda w: init.normal_(w, 0.1, 0.0),
        lambda w: init.uniform_(w, 0.2, 0.2),
        lambda w: init.sparse_(w, 1.0),
    ],
)
def test_equal_weights_of_several_units_warn(fill):
    with pytest.warns(init.SymmetryWarning, match="the 3 units of <Parameter 'w'.*stay equal: draw them") as caught:
        fill(ag.Parameter(np.ones((3, 2)), name="w"))
    if fill is init.zeros_:
        assert caught[0].filename == __file__


def test_no_warning_for_biases_single_units_norms_nothing_and_what_is_assigned():
    for shape in ((5,), (1, 5), (), (1, 3, 2, 2), (0, 2), (2, 0)):
        init.zeros_(ag.Parameter(np.ones(shape)))
    norm = nn.BatchNorm2d(4)
    init.zeros_(norm.weight)
    layer = nn.Linear(3, 2, rng=0)
    init.constant_(layer.bias, 0.01)
    layer.weight.assign(np.zeros((2, 3)))
    layer.load_state_dict({"weight": np.zeros((2, 3)), "bias": np.zeros(2)})


def test_the_warning_is_right_units_stay_equal_when_trained_and_differ_when_drawn():
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(20, 3)).astype(np.float32), rng.integers(0, 2, 20)

    def trained(start):
        model = nn.Sequential(hidden=nn.Linear(3, 4, rng=rng), act=nn.Tanh(), output=nn.Linear(4, 2, rng=rng))
        for layer in (model.hidden, model.output):
            start(layer.weight)
            init.zeros_(layer.bias)
        optimizer = optim.SGD(model.parameters(), lr=0.5)
        for _ in range(20):
            optimizer.zero_grad()
            ag.functional.cross_entropy(model(x), y).backward()
            optimizer.step()
        return model.hidden.weight.value

    with pytest.warns(init.SymmetryWarning):
        equal = trained(lambda w: init.constant_(w, 0.1))
    assert np.abs(equal - 0.1).max() > 0.01
    np.testing.assert_allclose(equal, np.broadcast_to(equal[0], equal.shape), rtol=1e-5)
    drawn = trained(lambda w: init.xavier_normal_(w, rng=rng))
    assert np.ptp(drawn, axis=0).min() > 0.1


def test_filling_counts_as_a_write():
    weight = ag.Parameter(np.ones(2))
    version = weight.version
    init.zeros_(weight)
    assert weight.version > version


def test_every_function_refuses_what_is_no_leaf():
    fills = [getattr(init, name) for name in init.__all__ if name.endswith("_")]
    assert len(fills) == 11
    wrong = [np.ones((2, 2)), ag.Tensor(np.ones((2, 2))), ag.Parameter(np.ones((2, 2))) * 1]
    for fill in fills:
        arguments = (0.5,) if fill in (init.constant_, init.sparse_) else ()
        for value in wrong:
            with pytest.raises(ag.ArgumentError, match=rf"{fill.__name__}: got .*, expected a Parameter"):
                fill(value, *arguments)


WEIGHT, BIAS = ag.Parameter(np.ones((2, 2))), ag.Parameter(np.ones(2))


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: init.kaiming_normal_(BIAS), ag.ShapeError, "Use zeros_ or uniform_ for a bias"),
        (lambda: init.xavier_uniform_(ag.Parameter(np.ones((0, 2)))), ag.ShapeError, "no inputs and outputs"),
        (lambda: init.kaiming_normal_(WEIGHT, mode="fan"), ag.ArgumentError, "mode='fan'"),
        (lambda: init.kaiming_normal_(WEIGHT, nonlinearity="rely"), ag.UnknownNameError, "did you mean 'relu'"),
        (lambda: init.calculate_gain("leaky"), ag.UnknownNameError, "did you mean 'leaky_relu'"),
        (lambda: init.calculate_gain("leaky_relu", math.nan), ag.ArgumentError, "param=nan"),
        (lambda: init.uniform_(WEIGHT, 1, -1), ag.ArgumentError, "a=1 is above b=-1"),
        (lambda: init.uniform_(WEIGHT, 0, math.inf), ag.ArgumentError, "b=inf"),
        (lambda: init.normal_(WEIGHT, std=-1), ag.ArgumentError, "std=-1"),
        (lambda: init.normal_(WEIGHT, mean="0"), ag.ArgumentError, "mean='0'"),
        (lambda: init.constant_(WEIGHT, math.nan), ag.ArgumentError, "val=nan"),
        (lambda: init.xavier_normal_(WEIGHT, gain=-1), ag.ArgumentError, "gain=-1"),
        (lambda: init.sparse_(WEIGHT, 1.5), ag.ArgumentError, "sparsity=1.5, expected a share from 0 to 1"),
        (lambda: init.sparse_(WEIGHT, 0.5, -1), ag.ArgumentError, "sparse_: std=-1"),
        (lambda: init.sparse_(BIAS, 0.5), ag.ShapeError, r"is no matrix \(out, in\)"),
        (lambda: init.randomly_connected_(WEIGHT, 0), ag.ArgumentError, "connections=0, expected a positive"),
        (lambda: init.randomly_connected_(WEIGHT, std=-1), ag.ArgumentError, "randomly_connected_: std=-1"),
        (lambda: init.randomly_connected_(BIAS), ag.ShapeError, "has no inputs to choose"),
    ],
)
def test_bad_arguments_raise_typed_errors(call, error, message):
    with pytest.raises(error, match=message):
        call()
    assert WEIGHT.value.tolist() == [[1, 1], [1, 1]]
