"""Starting values: bounds and variances of every scheme, and what cannot be filled."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import autograd_cnn as ag
from autograd_cnn import init

SHAPES = st.lists(st.integers(1, 5), min_size=2, max_size=4).map(tuple)
SEEDS = st.integers(0, 1000)
WIDE = (60, 40, 3, 3)  # fan_in 360, fan_out 540; 21,600 draws: the deviation is known to about 0.5 %


def fans(shape):
    return shape[1] * math.prod(shape[2:]), shape[0] * math.prod(shape[2:])


@pytest.mark.parametrize(
    ("nonlinearity", "param", "gain"),
    [
        ("linear", None, 1.0),
        ("conv2d", None, 1.0),
        ("sigmoid", None, 1.0),
        ("tanh", None, 1.6666666666666667),
        ("relu", None, 1.4142135623730951),
        ("leaky_relu", None, 1.4141428569978354),
        ("leaky_relu", 0.2, 1.3867504905630728),
        ("selu", None, 0.75),
    ],
)
def test_gains_are_torchs(nonlinearity, param, gain):
    assert init.calculate_gain(nonlinearity, param) == gain  # numbers from torch 2.13


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
    weight, number = ag.Parameter(np.ones((2, 2), np.float32)), ag.Scalar(1.0)
    assert init.zeros_(weight).value.tolist() == [[0, 0], [0, 0]]
    assert init.constant_(weight, 0.5).value.tolist() == [[0.5, 0.5], [0.5, 0.5]]
    assert init.zeros_(number).value == 0.0
    assert init.constant_(number, 3).value == 3.0
    assert 5 <= init.uniform_(number, 5, 6, rng=0).value <= 6
    assert type(init.normal_(number, rng=0).value) is float


def test_filling_counts_as_a_write():
    weight = ag.Parameter(np.ones(2))
    version = weight.version
    init.zeros_(weight)
    assert weight.version > version


def test_every_function_refuses_what_is_no_leaf():
    fills = [getattr(init, name) for name in init.__all__ if name != "calculate_gain"]
    assert len(fills) == 8
    wrong = [np.ones((2, 2)), ag.Tensor(np.ones((2, 2))), ag.Parameter(np.ones((2, 2))) * 1]
    for fill in fills:
        arguments = (1.0,) if fill is init.constant_ else ()
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
    ],
)
def test_bad_arguments_raise_typed_errors(call, error, message):
    with pytest.raises(error, match=message):
        call()
    assert WEIGHT.value.tolist() == [[1, 1], [1, 1]]
