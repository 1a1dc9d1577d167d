"""Many samples at once, and whole training steps: what a loop over calls does, in one."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import autograd_cnn as ag
from autograd_cnn import nn
from tests.compilation.gates import halved, plain_hat, to_the_bit


def problem(seed=0, plain=False):
    """Return a squared error of a small network, and its parameters; with a gate that has no native form."""
    model = nn.NeuronMLP(2, [3, 1], activation="tanh", rng=seed)

    def loss(x, y):
        error = model(x) - y
        return error * error + (plain_hat(error, model(x), width=2.0) if plain else 0.0)

    return loss, list(model.parameters())


def samples(seed, count):
    rng = np.random.default_rng(seed)
    return rng.uniform(-1, 1, (count, 2)), rng.uniform(-1, 1, count)


def one_by_one(loss, parameters, x, y):
    """Return the values, and the gradients by sample, of the function itself."""
    values, gradients = [], []
    for row, target in zip(x.tolist(), y.tolist(), strict=True):
        output = loss(row, target)
        gradients.append(ag.grad(output, parameters))
        values.append(output.value)
    return np.array(values), np.array(gradients).reshape(len(values), len(parameters))


@to_the_bit
@pytest.mark.parametrize("plain", [False, True])
@given(st.integers(0, 3), st.integers(0, 40))
@settings(max_examples=15)
def test_map_is_the_function_sample_by_sample(plain, seed, count):
    loss, parameters = problem(seed, plain)
    x, y = samples(seed, count)
    compiled = ag.compile(loss)
    expected, by_sample = one_by_one(loss, parameters, x, y)
    np.testing.assert_array_equal(compiled.map(x, y), expected)
    values, each = compiled.map(x, y, gradients="each")
    np.testing.assert_array_equal(values, expected)
    np.testing.assert_array_equal(np.array([each[p] for p in parameters]).T, by_sample)
    _, summed = compiled.map(x, y, gradients="sum")
    np.testing.assert_allclose([summed[p] for p in parameters], by_sample.sum(axis=0), rtol=1e-12, atol=1e-14)
    assert all(p.grad is None for p in parameters)


def test_map_in_threads_gives_the_same():
    loss, parameters = problem()
    x, y = samples(0, 20_000)
    compiled = ag.compile(loss)
    before = ag.compile(loss).map(x[:100], y[:100], gradients="each")
    after = compiled.map(x, y, gradients="each")
    np.testing.assert_array_equal(after[0][:100], before[0])
    np.testing.assert_array_equal(after[1][parameters[0]][:100], before[1][parameters[0]])


def test_what_map_takes():
    w = ag.Scalar(3.0)
    f = ag.compile(lambda x, y: w * x + y)
    assert f.map([1, 2], 10.0).tolist() == [13.0, 16.0]
    assert f.map(np.array([1.0, 9.0, 2.0])[::2], ag.Scalar(1.0)).tolist() == [4.0, 7.0]
    fixed = np.array([1.0, 2.0], np.float32)
    fixed.flags.writeable = False
    assert f.map(fixed, fixed[::-1]).tolist() == [5.0, 7.0]
    assert f.map([], []).tolist() == []
    assert f.map(2.0, np.array(1.0)).tolist() == [7.0]
    table = ag.compile(lambda rows: rows[0][1] * rows[1][0] * w)
    assert table.map(np.arange(8.0).reshape(2, 2, 2)).tolist() == [6.0, 90.0]
    assert f(2.0, 1.0).value == 7.0
    assert "2 recordings" in repr(f)  # for y a number and for y a Scalar, however many samples


def test_map_sees_new_values_of_parameters():
    w = ag.Scalar(3.0)
    f = ag.compile(lambda x: w * x)
    f.map([1.0, 2.0])
    w.assign(5.0)
    assert f.map([1.0, 2.0]).tolist() == [5.0, 10.0]


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda f: f.map([1.0], [1.0, 2.0]), ag.ShapeError, "the arguments have 1 and 2 samples"),
        (lambda f: f.map([1.0, [2.0]], 1.0), ag.ShapeError, "argument 0: .* expected numbers in a rectangular array"),
        (lambda f: f.map(["a"], [1.0]), ag.DtypeError, "argument 0: got <U1, expected real numbers"),
        (lambda f: f.map(ag.Tensor([1.0]), 1.0), ag.ArgumentError, "takes a whole batch when it is called"),
        (lambda f: f.map([1.0], [1.0], gradients="all"), ag.ArgumentError, "gradients='all', expected 'each'"),
        (lambda f: f.train([1.0], [1.0]), ag.ArgumentError, "without update="),
    ],
)
def test_what_map_refuses(call, error, message):
    w = ag.Scalar(3.0)
    with pytest.raises(error, match=message):
        call(ag.compile(lambda x, y: w * x + y))


def by_hand(loss, parameters, x, y, steps):
    """Take training steps with the function itself."""
    losses = []
    for _ in range(steps):
        values, gradients = one_by_one(loss, parameters, x, y)
        losses.append(values.mean())
        for p, g in zip(parameters, gradients.mean(axis=0), strict=True):
            p.assign(p.value - 0.1 * g)
    return np.array(losses)


@pytest.mark.parametrize("plain", [False, True])
@pytest.mark.parametrize("count", [1, 2, 16, 21])
def test_training_steps(plain, count):
    (loss, ours), (twin, theirs) = problem(1, plain), problem(1, plain)
    x, y = samples(1, count)
    compiled = ag.compile(loss, update=lambda p, g: p - 0.1 * g)
    losses = np.append(compiled.train(x, y, steps=3), compiled.train(x, y, steps=4))
    np.testing.assert_allclose(losses, by_hand(twin, theirs, x, y, 7), rtol=1e-11)
    np.testing.assert_allclose([p.value for p in ours], [p.value for p in theirs], rtol=1e-11)
    assert all(p.grad is None for p in ours)
    assert compiled.train(x, y, steps=0).shape == (0,)


@to_the_bit
def test_training_without_arguments_is_the_loop_to_the_bit():
    losses = []
    for native in (True, False):
        a, b = ag.Scalar(0.5), ag.Scalar(-1.0)
        f = ag.compile(lambda a=a, b=b: ag.tanh(a * b) ** 2 + ag.exp(-a), update=lambda p, g: p - 0.125 * g)
        if native:
            losses += [*f.train(steps=5), a.value, b.value]
            continue
        for _ in range(5):
            loss = f.function()
            loss.backward()
            losses.append(loss.value)
            for p in (a, b):
                p.assign(p.value - 0.125 * p.grad)
                p.zero_grad()
        losses += [a.value, b.value]
    assert losses[:7] == losses[7:]


def test_the_formula_may_read_scalars_and_use_any_gate():
    w, rate = ag.Scalar(4.0), ag.Scalar(0.5, requires_grad=False)
    f = ag.compile(lambda: w * w, update=lambda p, g: p - rate * plain_hat(ag.clip(g, -1.0, 1.0), 1.0, width=3.0))
    assert f.train(steps=1).tolist() == [16.0]
    assert w.value == 3.0
    rate.assign(1.0)
    f.train(steps=1)
    assert w.value == 1.0


def test_only_leaves_that_require_gradients_are_trained():
    w, frozen = ag.Scalar(1.0), ag.Scalar(2.0, requires_grad=False)
    outside = w * 3.0
    f = ag.compile(lambda x: w * frozen * x + outside, update=lambda p, g: p - g)
    f.train([1.0], steps=1)
    assert (w.value, frozen.value, outside.value) == (-1.0, 2.0, 3.0)


def test_training_after_which_a_result_is_stale():
    w = ag.Scalar(1.0)
    f = ag.compile(lambda: w * w, update=lambda p, g: p - 0.25 * g)
    result = f()
    f.train(steps=1)
    with pytest.raises(ag.GradientError, match="assigned a new value after"):
        result.backward()
    assert f().value == 0.25


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda f: f.train([]), ag.ArgumentError, "got no samples"),
        (lambda f: f.train([1.0], steps=-1), ag.ArgumentError, "steps=-1, expected a whole number"),
        (lambda f: f.train([1.0], steps=1.5), ag.ArgumentError, r"steps=1\.5, expected a whole number"),
        (lambda f: f.train([1.0]), ag.GradientError, "closes over no Scalar leaf that requires a gradient"),
    ],
)
def test_what_train_refuses(call, error, message):
    with pytest.raises(error, match=message):
        call(ag.compile(lambda x: x * 2.0, update=lambda p, g: p - g))


def test_an_exception_while_training_keeps_the_steps_taken():
    w = ag.Scalar(8.0)
    f = ag.compile(lambda: w * w, update=halved)
    with pytest.raises(RuntimeError, match="two is too little"):
        f.train(steps=5)
    assert w.value == 2.0
    assert f().value == 4.0
