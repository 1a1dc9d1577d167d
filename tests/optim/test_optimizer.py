"""What all optimizers promise: Scalars as Parameters, state, dtype, errors."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import autograd_cnn as ag
from autograd_cnn import nn, optim

KINDS = [optim.SGD, optim.Adagrad, optim.RMSprop, optim.Adam, optim.AdamW]
RATES = st.floats(1e-3, 0.5)
SHARES = st.just(0.0) | st.floats(0.1, 0.9)


@st.composite
def recipes(draw):
    """A kind of optimizer, and a function that makes one, with any settings, for the parameters it is given."""
    lr, decay = draw(RATES), draw(st.just(0.0) | st.floats(1e-3, 0.1))
    kind = draw(st.sampled_from(KINDS))
    if kind in (optim.Adam, optim.AdamW):
        betas, eps, amsgrad = (draw(SHARES), draw(SHARES)), draw(st.sampled_from([1e-8, 1e-2])), draw(st.booleans())
        corrected = draw(st.booleans())
        return kind, lambda params: kind(params, lr, betas, eps, decay, amsgrad, bias_correction=corrected)
    momentum, other = draw(SHARES), draw(SHARES)
    if kind is optim.Adagrad:
        return kind, lambda params: optim.Adagrad(params, lr, other, decay, momentum)
    if kind is optim.RMSprop:
        centered = draw(st.booleans())
        return kind, lambda params: optim.RMSprop(params, lr, other, 1e-2, decay, momentum, centered)
    form = draw(st.sampled_from(["torch", "notes"]))
    dampening = other if form == "torch" else 0.0
    nesterov = momentum > 0 and dampening == 0 and draw(st.booleans())
    return kind, lambda params: optim.SGD(params, lr, momentum, dampening, decay, nesterov, form=form)


def run(optimizer, gradients, steps):
    for k in steps:
        for i, parameter in enumerate(optimizer.parameters):
            parameter.grad = gradients(k, i, parameter)
        optimizer.step()


def random_gradient(k, i, parameter):
    numbers = np.random.default_rng([k, i]).normal(size=parameter.shape)
    return float(numbers) if isinstance(parameter, ag.Scalar) else numbers.astype(parameter.dtype)


@given(recipes(), st.integers(1, 6))
def test_scalars_and_parameters_take_the_same_path(recipe, steps):
    _, make = recipe
    scalars = [ag.Scalar(v) for v in (1.0, -2.0, 0.5)]
    arrays = [ag.Parameter(v, dtype=np.float64) for v in (1.0, -2.0, 0.5)]
    whole = ag.Parameter([1.0, -2.0, 0.5])
    run(make(scalars), lambda k, i, p: float(np.sin(7 * k + i)), range(steps))
    run(make(arrays), lambda k, i, p: np.array(np.sin(7 * k + i)), range(steps))
    run(make([whole]), lambda k, i, p: np.sin(7 * k + np.arange(3)), range(steps))
    assert [x.value for x in scalars] == [x.value.item() for x in arrays]
    np.testing.assert_allclose(whole.value, [x.value for x in scalars], rtol=1e-13, atol=1e-15)


@given(recipes(), st.sampled_from([np.float32, np.float64]))
def test_dtype_and_gradients_stay_as_they_are(recipe, dtype):
    _, make = recipe
    parameter = ag.Parameter(np.ones((3, 2), dtype))
    gradient = np.random.default_rng(0).normal(size=(3, 2)).astype(dtype)
    parameter.grad = kept = gradient.copy()
    optimizer = make([parameter])
    optimizer.step()
    optimizer.step()
    assert parameter.dtype == dtype
    assert parameter.grad is kept
    np.testing.assert_array_equal(kept, gradient)
    assert all(v.dtype == dtype for v in optimizer.state[parameter].values() if isinstance(v, np.ndarray))


@given(recipes())
def test_a_parameter_without_a_gradient_is_skipped_even_with_decay(recipe):
    _, make = recipe
    used, unused = ag.Parameter([1.0]), ag.Parameter([1.0])
    optimizer = make([used, unused])
    used.grad = np.array([1.0])
    version = unused.version
    optimizer.step()
    assert unused.version == version
    assert unused.value == 1.0
    assert optimizer.state[unused] == {}
    assert used.value != 1.0


@given(recipes(), st.integers(1, 4))
def test_a_saved_optimizer_continues_as_if_never_stopped(recipe, steps):
    kind, make = recipe

    def fresh():
        return [ag.Parameter([1.0, -2.0]), ag.Scalar(3.0)]

    whole = make(fresh())
    run(whole, random_gradient, range(2 * steps))

    first = make(fresh())
    run(first, random_gradient, range(steps))
    saved = first.state_dict()
    run(first, random_gradient, range(99, 102))  # must not reach into what was saved
    resumed = kind(fresh(), lr=0.123)
    half = make(fresh())
    run(half, random_gradient, range(steps))
    for parameter, at_half in zip(resumed.parameters, half.parameters, strict=True):
        parameter.assign(at_half.value)
    resumed.load_state_dict(saved)
    run(resumed, random_gradient, range(steps, 2 * steps))
    for parameter, expected in zip(resumed.parameters, whole.parameters, strict=True):
        np.testing.assert_array_equal(parameter.value, expected.value)


def test_the_step_counts_as_a_write():
    w = ag.Parameter([1.0, 2.0], name="w")
    loss = (w * w).sum()
    loss.backward()
    optim.SGD([w]).step()
    with pytest.raises(ag.GradientError, match=r"'w'.*assigned a new value"):
        loss.backward()


def test_zero_grad_forgets():
    x = ag.Scalar(1.0)
    (x * x).backward()
    optimizer = optim.SGD([x])
    optimizer.zero_grad()
    assert x.grad is None


def test_the_learning_rate_can_be_changed_between_steps():
    x = ag.Scalar(0.0)
    optimizer = optim.SGD([x], lr=1.0)
    x.grad = 1.0
    optimizer.step()
    optimizer.lr = 0.5
    optimizer.step()
    assert x.value == -1.5


def test_repr_shows_the_settings():
    text = "SGD(2 parameters, lr=0.1, momentum=0.9, dampening=0.0, weight_decay=0.0, nesterov=True, form='torch')"
    assert repr(optim.SGD(nn.Linear(1, 1).parameters(), lr=0.1, momentum=0.9, nesterov=True)) == text


WEIGHT = ag.Parameter([1.0])


@pytest.mark.parametrize("kind", [optim.SGD, optim.Adam])
@pytest.mark.parametrize(
    ("params", "message"),
    [
        (lambda: [], "got no parameters"),
        (lambda: ag.Parameter([1.0]), r"got one Parameter, expected a list; use \[parameter\]"),
        (lambda: nn.Linear(1, 1), r"got Linear, expected parameters; use model.parameters\(\)"),
        (lambda: nn.Sequential(nn.Linear(1, 1)), r"use model.parameters\(\)"),
        (lambda: 3, "got int"),
        (lambda: nn.Linear(1, 1).named_parameters(), "got tuple, expected Parameters"),
        (lambda: [np.ones(2)], "got ndarray"),
        (lambda: [ag.Tensor([1.0], requires_grad=True)], r"<Tensor \(1,\) float64>, expected Parameters"),
        (lambda: [ag.Scalar(1.0) * 2], "from multiply"),
        (lambda: [{"params": []}], "got no parameters"),
        (lambda: [{"lr": 0.1}], 'expected a group such as {"params"'),
        (lambda: [{"params": ag.Parameter([1.0])}, ag.Parameter([1.0])], "among groups, expected groups only"),
        (lambda: {"params": ag.Parameter([1.0])}, "got dict, expected parameters"),
        (lambda: [{"params": WEIGHT}, {"params": [WEIGHT]}], "comes twice"),
        (lambda: [ag.Parameter([1.0], name="w")] * 2, "'w'.*comes twice"),
    ],
)
def test_what_cannot_be_trained_raises(kind, params, message):
    with pytest.raises(ag.ArgumentError, match=f"{kind.__name__}: .*{message}"):
        kind(params())


@pytest.mark.parametrize("wrong", [-0.1, math.nan, math.inf, "0.1", None, True])
@pytest.mark.parametrize(
    ("kind", "name"),
    [(optim.SGD, name) for name in ("lr", "momentum", "dampening", "weight_decay")]
    + [(kind, name) for kind in (optim.Adam, optim.AdamW) for name in ("lr", "eps", "weight_decay")]
    + [(optim.Adagrad, name) for name in ("lr", "lr_decay", "weight_decay", "initial_accumulator_value", "eps")]
    + [(optim.RMSprop, name) for name in ("lr", "alpha", "eps", "weight_decay", "momentum")],
)
def test_settings_are_numbers_of_at_least_zero(kind, name, wrong):
    with pytest.raises(ag.ArgumentError, match=f"{kind.__name__}: {name}=.*expected a number of at least 0"):
        kind([ag.Scalar(1.0)], **{name: wrong})


@pytest.mark.parametrize("betas", [(1.0, 0.9), (0.9, 1.0), (-0.1, 0.9), (0.9, math.nan), 0.9, (0.9,)])
def test_betas_are_two_numbers_below_one(betas):
    with pytest.raises(ag.ArgumentError, match="betas"):
        optim.Adam([ag.Scalar(1.0)], betas=betas)


def test_what_else_a_setting_cannot_be():
    x = [ag.Scalar(1.0)]
    with pytest.raises(ag.ArgumentError, match=r"RMSprop: alpha=1\.0, expected a number of at least 0, below 1"):
        optim.RMSprop(x, alpha=1.0)
    with pytest.raises(ag.ArgumentError, match="RMSprop: centered='no', expected True or False"):
        optim.RMSprop(x, centered="no")
    with pytest.raises(ag.ArgumentError, match="form='note', expected 'torch' or 'notes'"):
        optim.SGD(x, form="note")
    with pytest.raises(ag.ArgumentError, match=r"dampening=0\.5 in the notes' form, which has none"):
        optim.SGD(x, momentum=0.9, dampening=0.5, form="notes")


@pytest.mark.parametrize("settings", [{}, {"momentum": 0.9, "dampening": 0.1}])
def test_nesterov_needs_momentum_without_dampening(settings):
    with pytest.raises(ag.ArgumentError, match="expected momentum above 0 and dampening 0"):
        optim.SGD([ag.Scalar(1.0)], nesterov=True, **settings)


def test_a_gradient_of_another_shape_raises_before_anything_moves():
    first, second = ag.Parameter([1.0, 2.0]), ag.Parameter([1.0, 2.0], name="w")
    first.grad, second.grad = np.ones(2), np.ones((2, 1))
    with pytest.raises(ag.ShapeError, match=r"'w'.*gradient of shape \(2, 1\), expected \(2,\)"):
        optim.SGD([first, second]).step()
    assert first.value.tolist() == [1.0, 2.0]


def test_states_of_other_optimizers_raise():
    x = ag.Parameter([1.0, 2.0])
    x.grad = np.ones(2)
    adam = optim.Adam([x])
    adam.step()
    with pytest.raises(ag.UnknownNameError, match="saved setting 'betas' is unknown"):
        optim.SGD([x]).load_state_dict(adam.state_dict())
    with pytest.raises(ag.ArgumentError, match=r"saved for groups of \[1\] parameters, expected \[2\]"):
        optim.Adam([ag.Scalar(1.0), ag.Scalar(1.0)]).load_state_dict(adam.state_dict())
    for strange in ({}, nn.Linear(1, 1).state_dict(), None):
        with pytest.raises(ag.ArgumentError, match="expected what state_dict\\(\\) returned"):
            adam.load_state_dict(strange)
    other = optim.Adam([ag.Parameter([1.0])], lr=0.5)
    with pytest.raises(ag.ShapeError, match=r"saved mean has shape \(2,\)"):
        other.load_state_dict(adam.state_dict())
    assert other.lr == 0.5


def test_an_own_optimizer_needs_only_update():
    class SignDescent(optim.Optimizer):
        def __init__(self, params, lr):
            super().__init__(params, {"lr": lr})

        def update(self, value, gradient, state, group):
            value -= group["lr"] * np.sign(gradient)

    x, w = ag.Scalar(1.0), ag.Parameter([1.0, -1.0])
    (x * x).backward()
    (w * w).sum().backward()
    SignDescent([x, w], lr=0.25).step()
    assert x.value == 0.75
    assert w.value.tolist() == [0.75, -0.75]
    x.grad = 1.0
    with pytest.raises(NotImplementedError, match="define update"):
        optim.Optimizer([x], {"lr": 1.0}).step()
