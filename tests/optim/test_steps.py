"""Steps to the last bit, and without allocating."""

import math
import tracemalloc

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import autograd_cnn as ag
from autograd_cnn import optim


def sgd_formula(value, gradient, state, lr, momentum, dampening, weight_decay, nesterov):
    if weight_decay:
        gradient = gradient + weight_decay * value
    direction = gradient
    if momentum:
        first = "velocity" not in state
        state["velocity"] = gradient if first else momentum * state["velocity"] + (1 - dampening) * gradient
        direction = gradient + momentum * state["velocity"] if nesterov else state["velocity"]
    return value - lr * direction


def adam_formula(value, gradient, state, lr, betas, eps, weight_decay):
    if weight_decay:
        gradient = gradient + weight_decay * value
    state["steps"] = steps = state.get("steps", 0) + 1
    mean, square = state.get("mean", 0 * value), state.get("square", 0 * value)
    state["mean"] = mean = mean + (1 - betas[0]) * (gradient - mean)
    state["square"] = square = betas[1] * square + (1 - betas[1]) * (gradient * gradient)
    return value - lr / (1 - betas[0] ** steps) * (mean / (np.sqrt(square) / math.sqrt(1 - betas[1] ** steps) + eps))


RATES = st.sampled_from([0.0, 1e-3, 0.1, 0.3])


@st.composite
def optimizers(draw):
    """Return an optimizer's class, its settings, and its formula."""
    if draw(st.booleans()):
        momentum = draw(st.sampled_from([0.0, 0.5, 0.9]))
        nesterov = momentum > 0 and draw(st.booleans())
        settings = {"lr": draw(RATES), "momentum": momentum, "weight_decay": draw(RATES), "nesterov": nesterov}
        settings["dampening"] = 0.0 if nesterov else draw(RATES)
        return optim.SGD, settings, sgd_formula
    settings = {"lr": draw(RATES), "betas": (draw(RATES), 0.9), "eps": 1e-8, "weight_decay": draw(RATES)}
    return optim.Adam, settings, adam_formula


@given(optimizers(), st.sampled_from([np.float32, np.float64]), st.integers(0, 1000))
def test_steps_are_those_of_the_formula_to_the_last_bit(chosen, dtype, seed):
    make, settings, formula = chosen
    rng = np.random.default_rng(seed)
    values = [rng.standard_normal(shape).astype(dtype) for shape in ((3, 4), (5,), (3, 4))]
    parameters = [ag.Parameter(value) for value in values]
    optimizer, states = make(parameters, **settings), [{} for _ in values]
    for _ in range(4):
        for i, parameter in enumerate(parameters):
            # a gradient may lie in memory in any order
            parameter.grad = rng.standard_normal(parameter.shape[::-1]).astype(dtype).T
            values[i] = formula(values[i], parameter.grad, states[i], **settings)
        optimizer.step()
        for value, parameter in zip(values, parameters, strict=True):
            np.testing.assert_array_equal(parameter.value, value)
            assert parameter.dtype == dtype


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_steps_with_momentum_over_many_numbers_are_those_of_the_formula_to_the_last_bit(dtype):
    rng = np.random.default_rng(0)
    value = rng.standard_normal((37, 29)).astype(dtype)
    parameter, state = ag.Parameter(value), {}
    optimizer = optim.SGD([parameter], lr=0.1, momentum=0.9)
    for _ in range(5):
        parameter.grad = rng.standard_normal(value.shape).astype(dtype)
        value = sgd_formula(value, parameter.grad, state, 0.1, 0.9, 0.0, 0.0, False)
        optimizer.step()
        np.testing.assert_array_equal(parameter.value, value)
    np.testing.assert_array_equal(optimizer.state[parameter]["velocity"], state["velocity"])


@pytest.mark.parametrize(
    "make",
    [
        lambda p: optim.SGD(p, 0.1),
        lambda p: optim.SGD(p, 0.1, momentum=0.9, nesterov=True, weight_decay=0.1),
        lambda p: optim.SGD(p, 0.1, momentum=0.9, dampening=0.2),
        lambda p: optim.SGD(p, 0.1, momentum=0.9, nesterov=True, form="notes"),
        lambda p: optim.Adagrad(p, 0.1, lr_decay=0.1, weight_decay=0.1),
        lambda p: optim.RMSprop(p, 0.1, weight_decay=0.1, momentum=0.9, centered=True),
        lambda p: optim.Adam(p, 0.1, weight_decay=0.1, amsgrad=True),
        lambda p: optim.AdamW(p, 0.1, weight_decay=0.1),
    ],
)
def test_a_step_allocates_no_array(make):
    parameters = [ag.Parameter(np.ones((200, 100), np.float32)) for _ in range(3)]
    optimizer = make(parameters)
    for parameter in parameters:
        parameter.grad = np.ones(parameter.shape, np.float32)
    for _ in range(2):
        optimizer.step()
    tracemalloc.start()
    try:
        before = tracemalloc.get_traced_memory()[0]
        optimizer.step()
        peak = tracemalloc.get_traced_memory()[1] - before
    finally:
        tracemalloc.stop()
    assert peak < 20_000  # one parameter has 80,000 bytes


def test_a_schedule_of_learning_rates_does_not_fill_the_memory():
    parameter = ag.Parameter([1.0])
    optimizer = optim.SGD([parameter])
    for step in range(500):
        optimizer.lr = 1 / (step + 1)
        parameter.grad = np.zeros(1)
        optimizer.step()
    assert len(optimizer._factors) <= 101
