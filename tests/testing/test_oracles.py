"""The numeric oracles against derivatives that are known, and their error bars against their errors."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import autograd_cnn as ag
from autograd_cnn import testing
from autograd_cnn.testing.oracles import extrapolated

SMOOTH = {
    "exp": (math.exp, math.exp),
    "sin": (math.sin, math.cos),
    "tanh": (math.tanh, lambda x: 1 - math.tanh(x) ** 2),
    "cube": (lambda x: x**3, lambda x: 3 * x * x),
    "hyperbola": (lambda x: 1 / (x + 3), lambda x: -1 / (x + 3) ** 2),
    "wave": (lambda x: math.sin(20 * x), lambda x: 20 * math.cos(20 * x)),
    "bell": (lambda x: math.exp(-8 * x * x), lambda x: -16 * x * math.exp(-8 * x * x)),
}
NUMBERS = st.floats(-2, 2)


@pytest.mark.parametrize("name", SMOOTH)
@given(x=NUMBERS)
def test_the_true_derivative_lies_within_the_error_bar(name, x):
    f, slope = SMOOTH[name]
    found, bar = testing.ridders_gradient(f, x)
    assert abs(found - slope(x)) <= bar + 4e-16 * abs(slope(x))  # the true slope is rounded too
    assert bar < 1e-6


@pytest.mark.parametrize("name", SMOOTH)
@given(x=NUMBERS)
def test_differences_of_the_notes(name, x):
    """Centred ones are right to h², one-sided ones to h."""
    f, slope = SMOOTH[name]
    assert abs(testing.numerical_gradient(f, x) - slope(x)) < 2e-6
    assert abs(testing.numerical_gradient(f, x, sides=1) - slope(x)) < 4e-3


def test_one_sided_differences_err_with_h_and_centred_ones_with_its_square():
    errors = {
        sides: [abs(testing.numerical_gradient(math.exp, 0.0, h, sides) - 1) for h in (1e-2, 1e-3)] for sides in (1, 2)
    }
    assert errors[1][0] / errors[1][1] == pytest.approx(10, rel=0.01)
    assert errors[2][0] / errors[2][1] == pytest.approx(100, rel=0.01)


def test_ridders_is_a_thousand_times_better_than_centred_differences():
    ridders, _ = testing.ridders_gradient(math.exp, 1.0)
    assert abs(ridders - math.e) * 1000 < abs(testing.numerical_gradient(math.exp, 1.0, 1e-4) - math.e)


@given(st.lists(NUMBERS, min_size=2, max_size=6), st.sampled_from([np.float32, np.float64]))
def test_gradient_of_an_array_has_its_shape_and_leaves_it_alone(numbers, dtype):
    x = np.array([numbers, numbers], dtype)
    before = x.copy()
    x.flags.writeable = False
    found = testing.numerical_gradient(lambda a: float((a * a).sum()), x)
    np.testing.assert_array_equal(x, before)
    assert found.dtype == np.float64
    np.testing.assert_allclose(found, 2 * x.astype(np.float64), atol=1e-7)


def test_functions_of_nodes_and_of_numbers():
    assert testing.numerical_gradient(lambda x: x * x, ag.Scalar(3.0)) == pytest.approx(6)
    found = testing.numerical_gradient(lambda x: ag.sin(x).sum(), ag.Tensor([0.0, 1.0]))
    np.testing.assert_allclose(found, np.cos([0.0, 1.0]), atol=1e-9)
    assert type(testing.numerical_gradient(math.sin, 0)) is float


def test_a_direction():
    found = testing.directional_difference(lambda x: float((x**3).sum()), np.array([1.0, 2.0]), [1.0, -1.0])
    assert abs(found.value - (3 - 12)) <= found.bar < 1e-9


@given(NUMBERS.filter(lambda x: abs(x) > 0.1))
def test_the_taylor_remainder_falls_with_the_square_for_a_right_gradient_alone(x):
    at = np.array([x])
    assert testing.taylor_rate(lambda a: float(np.exp(a).sum()), at, np.exp(at), [1.0]) == pytest.approx(2, abs=0.05)
    assert testing.taylor_rate(lambda a: float(np.exp(a).sum()), at, 1.1 * np.exp(at), [1.0]) == pytest.approx(
        1, abs=0.1
    )
    assert testing.taylor_rate(lambda a: float(a.sum()), at, [1.0], [1.0]) == math.inf


@given(st.floats(-1e6, 1e6), st.floats(-1e6, 1e6))
def test_relative_error(a, n):
    found = testing.relative_error(a, n)
    assert found == testing.relative_error(n, a)
    assert 0 <= found <= 2
    assert (found == 0) == (a == n)
    if a != n:
        assert found == abs(a - n) / max(abs(a), abs(n))


def test_relative_error_of_arrays_and_of_nothing():
    np.testing.assert_array_equal(testing.relative_error([0.0, 1.0], [0.0, 0.5]), [0.0, 0.5])
    assert testing.relative_error(0.0, 0.0) == 0.0
    assert math.isnan(testing.relative_error(math.nan, 1.0))


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (1e-9, "happy"),
        (1e-7, "happy"),
        (1e-5, "okay with"),
        (1e-3, "uncomfortable"),
        (0.1, "wrong"),
        (math.nan, "wrong"),
    ],
)
def test_bands_of_the_notes(error, words):
    assert words in testing.band_of(error)


def test_noise_widens_the_bar():
    """Of values that are right to 1e-6, differences say nothing below 1e-6/h."""
    rng = np.random.default_rng(0)
    found = extrapolated(lambda h: 2.0 + rng.uniform(-1e-6, 1e-6) / h, 2.0**-5, noise=1e-6)
    assert abs(found.value - 2) <= found.bar
    assert found.bar > 1e-5


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (lambda: testing.numerical_gradient(abs, 1.0, sides=3), ag.ArgumentError, "sides=3"),
        (lambda: testing.numerical_gradient(abs, 1.0, h=0), ag.ArgumentError, "h=0"),
        (lambda: testing.numerical_gradient(lambda x: x, np.ones(2)), ag.ShapeError, r"returned shape \(2,\)"),
        (lambda: testing.numerical_gradient(abs, "x"), ag.DtypeError, "expected real numbers"),
        (lambda: testing.directional_difference(abs, 1.0, [1.0, 2.0]), ag.ShapeError, "expected the same"),
        (lambda: testing.taylor_rate(abs, 1.0, 1.0, [1.0, 2.0]), ag.ShapeError, "expected the same"),
    ],
)
def test_wrong_use_is_named(call, error, words):
    with pytest.raises(error, match=words):
        call()


@pytest.mark.parametrize("seed", range(12))
def test_error_bars_know_what_cancels_within_a_function(seed):
    """Of two numbers, standardised, all but ε of the gradient cancels: values of 1e-7 are rounded like those of 1."""
    rng = np.random.default_rng(seed)
    sent, weights = rng.uniform(-1, 1, (2, 2))
    x = rng.uniform(0.5, 1) * np.array([1.0, -1.0]) + rng.uniform(-1, 1)
    gate = ag.GATES["standardize_gradient"]

    def f(x):
        return float(gate(sent, x, axis=(0,), eps=1e-5) @ weights)

    node = ag.Tensor(x, requires_grad=True)
    (slope,) = ag.grad(gate(sent, node, axis=(0,), eps=1e-5), node, weights)
    found, bars = testing.ridders_gradient(f, x)
    value, bar, _ = testing.directional_difference(f, x, [1.0, 0.5])
    assert (abs(found - slope) <= bars + 1e-15).all()
    assert abs(value - slope @ [1.0, 0.5]) <= bar + 1e-15
    assert max(bar, *bars) < 1e-11


@pytest.mark.parametrize("x", [-1.53175712, 0.3, 2.0])
@pytest.mark.parametrize("slope", [5e-324, 3e-322, 1e-312])
def test_error_bars_know_that_nothing_is_smaller_than_the_smallest_number(slope, x):
    """All values of such a function may be one and the same number: its differences say 0 of a slope above it."""
    found, bar = testing.ridders_gradient(lambda t: slope * t, x)
    assert abs(found - slope) <= bar < 1e-300
