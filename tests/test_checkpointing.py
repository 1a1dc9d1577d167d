"""Random numbers, running statistics and changed surroundings in `ag.checkpoint`: as in a plain call, or an error."""

import functools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import autograd_cnn as ag
from autograd_cnn import functional as F  # noqa: N812
from autograd_cnn import nn
from autograd_cnn.random import generator
from autograd_cnn.testing.strategies import SEEDS

RNG = np.random.default_rng(5)


class Shaken(nn.Module):
    """Draws by itself, from a generator of its own."""

    def __init__(self, rng):
        self.rng = np.random.default_rng(rng)

    def forward(self, x):
        return x * self.rng.standard_normal(x.shape)


def plainly(function, *inputs):
    return function(*inputs)


LAYERS = {
    "dropout": lambda rng: nn.Dropout(0.5, rng=rng),
    "default": lambda rng: nn.Dropout(0.3),
    "shared": lambda rng: SHARED,
    "noise": lambda rng: nn.GaussianNoise(0.5, rng=rng),
    "connect": lambda rng: nn.DropConnect(4, 4, 0.5, rng=rng, dtype=np.float64),
    "own": Shaken,
    "norm": lambda rng: nn.BatchNorm1d(4, dtype=np.float64),
    "linear": lambda rng: nn.Linear(4, 4, rng=rng, dtype=np.float64),
}
SHARED = nn.Dropout(0.5, rng=11)


def network(kinds, seed):
    SHARED.rng = np.random.default_rng(seed)
    layers = [LAYERS[kind](seed + i) for i, kind in enumerate(kinds)]
    return nn.Sequential(nn.Linear(4, 4, rng=0, dtype=np.float64), *layers, nn.Tanh())


def trained(call, kinds, seed, *, nested, calls):
    """Return what training makes of a network: outputs, gradients, statistics, and the next random numbers."""
    model = network(kinds, seed)
    ag.manual_seed(seed)
    first, second = (lambda t: call(model, t)), (lambda t: ag.tanh(call(model, t)))
    x = ag.Tensor(np.random.default_rng(seed).standard_normal((3, 4)), requires_grad=True)
    y = x
    for _ in range(calls):
        y = call(second, first(y)) if nested else first(y)
    found = [y.value]
    between = generator().random()
    (y * y).sum().backward()
    found += [x.grad, *[p.grad for p in model.parameters()], *model.buffers(), between, generator().random()]
    return [*found, *[layer.rng.random() for layer in model.modules() if getattr(layer, "rng", None)]]


@given(SEEDS, st.lists(st.sampled_from(sorted(LAYERS)), min_size=1, max_size=4), st.booleans(), st.integers(1, 2))
def test_it_is_as_without(seed, kinds, nested, calls):
    expected = trained(plainly, kinds, seed, nested=nested, calls=calls)
    found = trained(ag.checkpoint, kinds, seed, nested=nested, calls=calls)
    for ours, theirs in zip(found, expected, strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-12, atol=1e-14)  # gradients of shared weights add up in turn


def closing(rng):
    return lambda x: x * rng.standard_normal(4)


def outside(x):
    return x * RNG.standard_normal(4)


def given_by_default(x, rng=RNG):
    return x * rng.standard_normal(4)


@pytest.mark.parametrize(
    "function",
    [
        closing(RNG),
        outside,
        given_by_default,
        functools.partial(given_by_default, rng=np.random.default_rng(8)),
        lambda x: F.dropout(outside(x), 0.5, rng=RNG) + outside(x),
        lambda x: F.dropout(x, 0.5, rng=[RNG][0]) + F.dropout(x, 0.5),
        lambda x: x * generator(RNG).standard_normal(4),
    ],
)
def test_generators_that_a_function_holds_are_found(function):
    x = ag.Tensor(np.ones(4), requires_grad=True)
    y = ag.checkpoint(function, x)
    after = RNG.bit_generator.state
    for _ in range(2):
        np.testing.assert_array_equal(ag.grad(y, x, np.ones(4))[0], y.value)
        assert RNG.bit_generator.state == after


def test_another_default_generator_in_between_or_inside_changes_nothing():
    x = ag.Tensor(np.ones(4), requires_grad=True)
    ag.manual_seed(3)
    y = ag.checkpoint(lambda x: F.dropout(x, 0.5), x)

    def seeding(x):
        ag.manual_seed(7)
        return F.dropout(x, 0.5)

    z = ag.checkpoint(seeding, x)
    ag.manual_seed(9)
    now = generator()
    for output in (y, z):
        np.testing.assert_array_equal(ag.grad(output, x, np.ones(4))[0], output.value)
    assert generator() is now
    assert now.random() == np.random.default_rng(9).random()


def test_second_derivatives_draw_the_same():
    layer = nn.Dropout(0.5, rng=3)
    x = ag.Tensor(np.arange(1.0, 9.0), requires_grad=True)
    y = ag.checkpoint(lambda x: layer(x) ** 3, x)
    mask = y.value != 0
    assert 0 < mask.sum() < 8
    (first,) = ag.grad(y, x, np.ones(8), create_graph=True)
    np.testing.assert_allclose(ag.grad(first, x, np.ones(8))[0], 8 * 6 * x.value * mask, rtol=1e-12)


class Hidden:
    """Where nobody finds it."""

    __slots__ = ("rng",)

    def __init__(self):
        self.rng = np.random.default_rng(1)

    def __call__(self, x):
        return x * self.rng.standard_normal(x.shape)


def test_what_cannot_be_found_is_noticed():
    x = ag.Tensor([[1.0, 2.0]], requires_grad=True)
    y = ag.checkpoint(Hidden(), x)
    words = r"Hidden, called again .* element \(0, 0\) was 0\.345584 and is now 0\.330437; expected the same"
    with pytest.raises(ag.GradientError, match=words):
        ag.grad(y, x, np.ones((1, 2)))


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda x: x * 3, r"its value was 4 and is now 6"),
        (lambda x: ag.stack([x, x]), r"now it is Tensor \(2,\) float64 from stack"),
        (lambda x: 5.0, "now it is float"),
    ],
)
def test_a_function_that_changed_is_noticed(change, words):
    function = lambda x: x * 2  # noqa: E731
    x = ag.Scalar(2.0)
    y = ag.checkpoint(lambda x: function(x), x)
    assert ag.grad(y, x) == (2.0,)
    function = change
    with pytest.raises(ag.GradientError, match=rf"checkpoint: <lambda>, called again .* {words}; expected the same"):
        ag.grad(y, x)


def test_nan_is_no_change():
    x = ag.Tensor([-1.0, 4.0], requires_grad=True)
    with np.errstate(invalid="ignore"):
        y = ag.checkpoint(ag.sqrt, x)
        np.testing.assert_array_equal(ag.grad(y, x, np.ones(2))[0], [np.nan, 0.25])


def test_the_expansion_with_other_inputs_is_no_change():
    x = ag.Scalar(2.0)
    y = ag.checkpoint(lambda t: t * t, ag.checkpoint(lambda t: t * 3, x))
    assert ag.expand(y, level="scalar").output.value == 36.0
    assert ag.grad(y, x) == (36.0,)


def test_a_compiled_function_inside():
    found = []
    for wrap in (lambda f: f, ag.compile):
        model = network(["norm", "dropout", "default"], 3)
        ag.manual_seed(1)
        f, x = wrap(lambda x, model=model: model(x)), ag.Tensor(np.arange(12.0).reshape(3, 4), requires_grad=True)
        for _ in range(3):
            (ag.checkpoint(f, x) ** 2).sum().backward()
        found.append([x.grad, *model.buffers(), generator().random()])
    for ours, theirs in zip(*found, strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-12)


def test_a_compiled_function_called_once_more():
    layer = nn.Dropout(0.5, rng=3)
    w = ag.Parameter(np.arange(1.0, 9.0))
    f = ag.compile(lambda: ag.checkpoint(lambda w: layer(w) ** 3, w).sum())
    y = f()
    (first,) = ag.grad(y, w)
    (slope,) = ag.grad(y, w, create_graph=True)
    np.testing.assert_allclose(slope.value, first, rtol=1e-12)
    np.testing.assert_allclose(ag.grad(slope.sum(), w)[0] * w.value, 2 * first, rtol=1e-12)
