"""SGD: closed forms, and three steps as torch takes them."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import autograd_cnn as ag
from autograd_cnn import optim


def descend(optimizer, steps, loss):
    for _ in range(steps):
        optimizer.zero_grad()
        loss().backward()
        optimizer.step()


@given(st.floats(0.01, 0.9), st.floats(-5, 5), st.integers(1, 20))
def test_on_a_parabola_plain_descent_shrinks_geometrically(lr, start, steps):
    x = ag.Scalar(start)
    descend(optim.SGD([x], lr), steps, lambda: 0.5 * x * x)
    assert math.isclose(x.value, start * (1 - lr) ** steps, rel_tol=1e-12, abs_tol=1e-300)


@given(st.floats(0.001, 0.1), st.floats(0.1, 0.95), st.integers(1, 30))
def test_under_a_constant_gradient_momentum_approaches_its_terminal_velocity(lr, momentum, steps):
    x = ag.Scalar(0.0)
    descend(optim.SGD([x], lr, momentum), steps, lambda: 3 * x)
    velocity_sum = sum(sum(momentum**j for j in range(k)) for k in range(1, steps + 1))
    assert math.isclose(x.value, -lr * 3 * velocity_sum, rel_tol=1e-12)


@given(st.floats(0.001, 0.2), st.floats(0.1, 0.95), st.integers(1, 20))
def test_momentum_and_nesterov_are_the_updates_of_the_notes(lr, mu, steps):
    """CS231n: v = mu·v − lr·g; x += v, and for Nesterov x += −mu·v_prev + (1 + mu)·v."""
    plain, ahead = ag.Scalar(2.0), ag.Scalar(2.0)
    descend(optim.SGD([plain], lr, mu), steps, lambda: ag.exp(plain))
    descend(optim.SGD([ahead], lr, mu, nesterov=True), steps, lambda: ag.exp(ahead))
    x = y = 2.0
    v = w = 0.0
    for _ in range(steps):
        v = mu * v - lr * math.exp(x)
        x += v
        before, w = w, mu * w - lr * math.exp(y)
        y += -mu * before + (1 + mu) * w
    assert math.isclose(plain.value, x, rel_tol=1e-9, abs_tol=1e-12)
    assert math.isclose(ahead.value, y, rel_tol=1e-9, abs_tol=1e-12)


@given(st.floats(0.01, 0.5), st.floats(0.01, 1.0), st.integers(1, 10))
def test_weight_decay_alone_shrinks_the_weights(lr, decay, steps):
    w = ag.Parameter([1.0, -2.0])
    descend(optim.SGD([w], lr, weight_decay=decay), steps, lambda: (w * 0).sum())
    np.testing.assert_allclose(w.value, np.array([1.0, -2.0]) * (1 - lr * decay) ** steps, rtol=1e-12)


def test_dampening_leaves_the_first_step_whole():
    x = ag.Scalar(0.0)
    descend(optim.SGD([x], lr=1.0, momentum=0.5, dampening=0.75), 1, lambda: 8 * x)
    assert x.value == -8.0  # torch: the velocity starts as the first gradient
    y = ag.Scalar(0.0)
    descend(optim.SGD([y], lr=1.0, momentum=0.5, dampening=0.75), 2, lambda: 8 * y)
    assert y.value == -8.0 - (0.5 * 8 + 0.25 * 8)


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ({}, [1.0270982794737213, -1.813195033419892]),
        ({"momentum": 0.9, "dampening": 0.25, "weight_decay": 0.5}, [1.0211668115466332, -1.6404481521936765]),
        ({"momentum": 0.9, "nesterov": True}, [1.0672007021519285, -1.5359898869048048]),
    ],
)
def test_three_steps_end_where_torch_ends(settings, expected):
    """Of x⁴/4 + y⁴/4 + xy from (1, −2) with lr=0.01; numbers from torch 2.13."""
    w = ag.Parameter([1.0, -2.0])
    descend(optim.SGD([w], lr=0.01, **settings), 3, lambda: (w**4).sum() / 4 + w[0] * w[1])
    np.testing.assert_allclose(w.value, expected, rtol=1e-14)
