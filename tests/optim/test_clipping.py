"""Clipping of gradients, and of weights' norms: torch's numbers, and what clipping promises."""

import json
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

import autograd_cnn as ag
from autograd_cnn import functional, nn, optim
from tests.optim.golden_torch import CLIPPINGS, FILE, gradients

GRADIENTS = arrays.arrays(np.float64, st.integers(1, 6), elements=st.floats(-1e100, 1e100))


def with_gradients(*given_gradients):
    parameters = [ag.Parameter(np.zeros(np.shape(g))) for g in given_gradients]
    for parameter, gradient in zip(parameters, given_gradients, strict=True):
        parameter.grad = gradient
    return parameters


@pytest.mark.parametrize(("case", "golden"), [*zip(CLIPPINGS, json.loads(FILE.read_text())["clippings"], strict=True)])
def test_clipped_gradients_and_norms_are_torchs(case, golden):
    parameters = with_gradients(*gradients())
    assert optim.clip_grad_norm_(parameters, *case) == pytest.approx(golden["total"], rel=1e-14)
    for parameter, expected in zip(parameters, golden["gradients"], strict=True):
        np.testing.assert_allclose(parameter.grad, expected, rtol=1e-14)


@given(GRADIENTS, GRADIENTS, st.floats(1e-3, 1e3), st.sampled_from([1.0, 2.0, 3.5, math.inf]))
def test_the_norm_is_bounded_and_the_direction_stays(first, second, bound, order):
    parameters = with_gradients(first, second)
    whole = np.concatenate([first, second])
    before = optim.clip_grad_norm_(parameters, bound, order)
    scale = np.abs(whole).max() or 1.0
    assert before == pytest.approx(np.linalg.norm(whole / scale, order) * scale, rel=1e-12)
    after = np.concatenate([p.grad for p in parameters])
    assert np.linalg.norm(after, order) <= bound * (1 + 1e-12)
    np.testing.assert_allclose(after, whole * min(1.0, bound / (before + 1e-6)), rtol=1e-12)


def test_gradients_that_two_parameters_share_are_scaled_once():
    shared = np.array([3.0, 4.0])
    parameters = with_gradients(shared, shared)
    optim.clip_grad_norm_(parameters, 1.0)
    assert shared.tolist() == [3.0, 4.0]
    np.testing.assert_allclose(parameters[0].grad, shared / math.sqrt(50), rtol=1e-6)


def test_scalars_and_what_has_no_gradient():
    x, unused, w = ag.Scalar(1.0), ag.Parameter([1.0]), ag.Parameter(np.ones(2, np.float32))
    x.grad, w.grad = 30.0, np.array([0.0, 40.0], np.float32)
    assert optim.clip_grad_norm_([x, unused, w], 5.0) == pytest.approx(50.0)
    assert x.grad == pytest.approx(3.0)
    assert type(x.grad) is float
    assert w.grad.dtype == np.float32
    assert unused.grad is None
    assert optim.clip_grad_norm_(unused, 1.0) == 0.0


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_the_norm_of_large_numbers_does_not_overflow(dtype):
    large = np.finfo(dtype).max / 4
    parameters = with_gradients(np.full(4, large, dtype))
    assert optim.clip_grad_norm_(parameters, 1.0) == pytest.approx(float(large) * 2, rel=1e-6)
    np.testing.assert_allclose(parameters[0].grad, 0.5, rtol=1e-6)


def test_a_norm_that_is_not_finite_spreads_or_raises():
    parameters = with_gradients(np.array([1.0, math.nan]))
    with pytest.raises(ag.GradientError, match=r"norm nan; ag\.detect_anomaly"):
        optim.clip_grad_norm_(parameters, 1.0, error_if_nonfinite=True)
    assert math.isnan(optim.clip_grad_norm_(parameters, 1.0))
    assert np.isnan(parameters[0].grad).all()
    parameters = with_gradients(np.array([1.0, math.inf]))
    assert optim.clip_grad_norm_(parameters, 1.0) == math.inf
    np.testing.assert_array_equal(parameters[0].grad, [0.0, math.nan])


@given(arrays.arrays(np.float64, 5, elements=st.floats(-1e3, 1e3)), st.floats(0, 100))
def test_values_are_bounded_one_by_one(gradient, bound):
    (parameter,) = with_gradients(gradient)
    assert optim.clip_grad_value_([parameter], bound) is None
    np.testing.assert_array_equal(parameter.grad, np.clip(gradient, -bound, bound))


def test_weights_stay_inside_a_ball_per_neuron():
    """The notes' max-norm constraint, after every step."""
    layer = nn.Linear(4, 3, rng=0)
    optimizer = optim.SGD(layer.parameters(), lr=10.0)
    for _ in range(5):
        (layer(np.ones((2, 4), np.float32)) ** 2).sum().backward()
        optimizer.step()
        optim.max_norm_(layer, 3.0)
        assert np.linalg.norm(layer.weight.value, axis=1).max() <= 3.0 * (1 + 1e-6)
        optimizer.zero_grad()
    assert np.linalg.norm(layer.weight.value, axis=1).max() == pytest.approx(3.0)
    assert optim.max_norm_ is functional.max_norm_


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda w: optim.clip_grad_norm_(w, -1.0), "clip_grad_norm_: max_norm=-1"),
        (lambda w: optim.clip_grad_norm_(w, 1.0, 0.0), "norm_type=0.0, expected a positive number, or math.inf"),
        (lambda w: optim.clip_grad_norm_(w, 1.0, "inf"), "norm_type='inf'"),
        (lambda w: optim.clip_grad_norm_([w, 3], 1.0), "clip_grad_norm_: got int, expected Parameters"),
        (lambda w: optim.clip_grad_norm_([], 1.0), "got no parameters"),
        (lambda w: optim.clip_grad_value_(w, math.nan), "clip_grad_value_: clip_value=nan"),
        (lambda w: optim.clip_grad_value_(nn.Linear(1, 1), 1.0), "use model.parameters"),
    ],
)
def test_wrong_arguments_raise(call, message):
    with pytest.raises(ag.ArgumentError, match=message):
        call(ag.Parameter([1.0]))
