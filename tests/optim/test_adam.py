"""Adam: closed forms, and three steps as torch takes them."""

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


@given(
    st.floats(1e-3, 1e3) | st.floats(-1e3, -1e-3),
    st.floats(1e-4, 1.0),
    st.floats(0, 0.99),
    st.floats(0, 0.99),
    st.integers(1, 20),
)
def test_under_a_constant_gradient_every_step_has_length_lr(gradient, lr, first, second, steps):
    """Bias correction makes both means the gradient itself, from the first step on."""
    x = ag.Scalar(0.0)
    descend(optim.Adam([x], lr, (first, second), eps=0.0), steps, lambda: gradient * x)
    assert math.isclose(x.value, -math.copysign(lr * steps, gradient), rel_tol=1e-9)


@given(st.floats(1e-3, 0.1), st.floats(0.1, 0.95), st.floats(0.1, 0.99), st.floats(1e-8, 1.0), st.integers(1, 15))
def test_the_path_is_that_of_the_paper(lr, first, second, eps, steps):
    """Kingma & Ba 2015, algorithm 1, written with plain floats."""
    x = ag.Scalar(2.0)
    descend(optim.Adam([x], lr, (first, second), eps), steps, lambda: ag.exp(x))
    y, m, v = 2.0, 0.0, 0.0
    for t in range(1, steps + 1):
        g = math.exp(y)
        m = first * m + (1 - first) * g
        v = second * v + (1 - second) * g**2
        y -= lr * (m / (1 - first**t)) / (math.sqrt(v / (1 - second**t)) + eps)
    assert math.isclose(x.value, y, rel_tol=1e-10)


@given(st.floats(1e-3, 1e3))
def test_scaling_the_loss_changes_nothing(factor):
    x, y = ag.Scalar(1.0), ag.Scalar(1.0)
    descend(optim.Adam([x], 0.1, eps=0.0), 10, lambda: ag.exp(x))
    descend(optim.Adam([y], 0.1, eps=0.0), 10, lambda: factor * ag.exp(y))
    assert math.isclose(x.value, y.value, rel_tol=1e-9)


def test_weight_decay_enters_the_gradient():
    """As a penalty ½λw² in the loss, not as the separate decay of AdamW."""
    x, y = ag.Scalar(3.0), ag.Scalar(3.0)
    descend(optim.Adam([x], 0.1, weight_decay=0.5), 10, lambda: ag.exp(x))
    descend(optim.Adam([y], 0.1), 10, lambda: ag.exp(y) + 0.25 * y * y)
    assert math.isclose(x.value, y.value, rel_tol=1e-12)


def test_a_zero_gradient_moves_nothing():
    w = ag.Parameter(np.ones(3, np.float32))
    descend(optim.Adam([w]), 3, lambda: (w * 0).sum())
    assert w.value.tolist() == [1.0, 1.0, 1.0]


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ({}, [1.2734930913951268, -1.7037082365680891]),
        ({"betas": (0.5, 0.75), "eps": 0.01, "weight_decay": 0.5}, [1.1236526741624497, -1.7077938477624564]),
    ],
)
def test_three_steps_end_where_torch_ends(settings, expected):
    """Of x⁴/4 + y⁴/4 + xy from (1, −2) with lr=0.1; numbers from torch 2.13."""
    w = ag.Parameter([1.0, -2.0])
    descend(optim.Adam([w], lr=0.1, **settings), 3, lambda: (w**4).sum() / 4 + w[0] * w[1])
    np.testing.assert_allclose(w.value, expected, rtol=1e-14)
