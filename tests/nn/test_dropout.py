"""Dropout, noise and DropConnect: exact masks, modes, seeds, the graph, declared shapes."""

import copy
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import autograd_cnn as ag
from autograd_cnn import functional as F  # noqa: N812
from autograd_cnn import nn
from tests.nn.declared import declared_shape

SEEDS = st.integers(0, 2**32 - 1)
RATES = st.floats(0, 1)
SHAPES = st.lists(st.integers(0, 4), max_size=4).map(tuple)
DTYPES = st.sampled_from([np.float32, np.float64])
KINDS = {
    "dropout": lambda **options: nn.Dropout(0.5, **options),
    "dropout1d": lambda **options: nn.Dropout1d(0.5, **options),
    "dropout2d": lambda **options: nn.Dropout2d(0.5, **options),
    "noise": lambda **options: nn.GaussianNoise(0.5, **options),
    "dropconnect": lambda **options: nn.DropConnect(3, 2, 0.5, **options),
}
SAMPLES = {"dropout": (4,), "dropout1d": (3, 2), "dropout2d": (3, 2, 2), "noise": (4,), "dropconnect": (3,)}


def mask_of(output):
    (mask,) = ag.nodes(output, gate="keep_mask")
    return mask


@given(SHAPES, RATES, st.booleans(), SEEDS, DTYPES)
def test_dropout_multiplies_with_the_mask_in_the_graph(shape, p, inverted, seed, dtype):
    """The output, and the gradient, is exactly input × mask; the mask holds 0 and the scale, nothing else."""
    values = np.random.default_rng(seed).normal(size=shape).astype(dtype)
    x = ag.Tensor(values, requires_grad=True)
    output = F.dropout(x, p, inverted=inverted, rng=seed)
    if p == 0:
        assert output is x
        return
    mask = np.asarray(mask_of(output).value)
    assert output.dtype == dtype
    assert mask.shape == shape
    scale = np.asarray(1 / (1 - p) if inverted and p < 1 else 1.0).astype(dtype)
    assert np.isin(mask, [0, scale]).all()
    np.testing.assert_array_equal(output.value, values * mask.astype(dtype))
    (gradient,) = ag.grad(output, x, np.ones(shape))
    np.testing.assert_array_equal(gradient, mask.astype(dtype))
    if p == 1:
        assert not mask.any()


@given(SHAPES, RATES, st.booleans(), SEEDS)
def test_dropping_is_decided_by_uniform_numbers_below_p(shape, p, inverted, seed):
    """A number falls when its uniform draw is below p: so more fall as p grows, never others."""
    draws = np.random.default_rng(seed).random(shape)
    mask = ag.GATES["keep_mask"](shape=shape, p=p, seed=seed)
    np.testing.assert_array_equal(np.asarray(mask.value) != 0, draws >= p)
    more = ag.GATES["keep_mask"](shape=shape, p=min(1.0, p + 0.1), seed=seed)
    assert not (np.asarray(more.value) > np.asarray(mask.value)).any()


@given(st.sampled_from([0.1, 0.5, 0.9]), st.integers(0, 20))
def test_about_p_of_the_numbers_fall(p, seed):
    """Of 40,000 draws; the bound is six standard deviations, missed once in 500 million runs."""
    count = 40_000
    kept = (F.dropout(np.ones(count), p, rng=seed, inverted=False)).sum()
    assert abs(kept - count * (1 - p)) < 6 * math.sqrt(count * p * (1 - p))


@given(SHAPES, RATES, SEEDS)
def test_outside_training_inverted_dropout_is_the_identity_and_vanilla_scales(shape, p, seed):
    x = ag.Tensor(np.random.default_rng(seed).normal(size=shape))
    assert F.dropout(x, p, training=False) is x
    np.testing.assert_array_equal(F.dropout(x, p, False, inverted=False).value, x.value * (1 - p) if p else x.value)


@given(st.integers(1, 6), st.sampled_from([0.25, 0.5, 0.75]))
def test_both_kinds_expect_in_training_what_they_give_in_testing(count, p):
    """Exactly: the mean over all masks, each with its probability."""
    x = np.arange(1.0, count + 1)
    for inverted in (True, False):
        expected = np.zeros(count)
        for number in range(2**count):
            kept = np.array([number >> i & 1 for i in range(count)])
            chance = (1 - p) ** kept.sum() * p ** (count - kept.sum())
            expected += chance * x * kept * (1 / (1 - p) if inverted else 1)
        np.testing.assert_allclose(expected, F.dropout(x, p, False, inverted=inverted), rtol=1e-13)


@given(st.integers(0, 3), st.integers(0, 3), st.integers(1, 4), SEEDS)
def test_channels_fall_as_a_whole(n, c, size, seed):
    for function, shape in ((F.dropout1d, (n, c, size)), (F.dropout2d, (n, c, size, size))):
        output = function(ag.Tensor(np.ones(shape)), 0.5, rng=seed)
        mask = mask_of(output).value
        assert mask.shape == (n, c, *[1] * (len(shape) - 2))
        np.testing.assert_array_equal(output.value, np.broadcast_to(mask, shape))


@given(SHAPES, st.floats(0.01, 3), SEEDS, DTYPES)
def test_noise_is_added_and_leaves_the_gradient_alone(shape, std, seed, dtype):
    values = np.random.default_rng(seed).normal(size=shape).astype(dtype)
    x = ag.Tensor(values, requires_grad=True)
    output = F.gaussian_noise(x, std, rng=seed)
    (noise,) = ag.nodes(output, gate="gaussian_noise")
    drawn = np.asarray(noise.value).astype(dtype)
    np.testing.assert_array_equal(output.value, values + drawn)
    np.testing.assert_array_equal(ag.grad(output, x, np.ones(shape))[0], np.ones(shape))
    again = ag.GATES["gaussian_noise"](shape=shape, std=2 * std, dtype=dtype, seed=noise.attributes["seed"])
    np.testing.assert_allclose(again.value, 2 * drawn, rtol=1e-6)  # the same draw, stretched
    assert F.gaussian_noise(x, std, training=False) is x
    assert F.gaussian_noise(x, 0.0) is x


def test_noise_has_its_mean_and_deviation():
    """Of 40,000 draws, to six standard errors."""
    noise = F.gaussian_noise(np.zeros(40_000), 0.5, rng=0)
    assert abs(noise.mean()) < 6 * 0.5 / 200
    assert abs(noise.std() - 0.5) < 6 * 0.5 / math.sqrt(2 * 40_000)


@given(st.integers(1, 4), st.integers(1, 4), SEEDS)
def test_drop_connect_drops_weights_and_their_gradients(n_in, n_out, seed):
    x, weight, bias = (np.random.default_rng(seed).normal(size=s) for s in ((3, n_in), (n_out, n_in), n_out))
    parameter = ag.Parameter(weight)
    output = F.drop_connect(ag.Tensor(x), parameter, bias, 0.5, rng=seed)
    mask = mask_of(output).value
    assert mask.shape == weight.shape
    np.testing.assert_allclose(output.value, x @ (weight * mask).T + bias, rtol=1e-13)
    output.sum().backward()
    np.testing.assert_allclose(parameter.grad, np.ones((n_out, 3)) @ x * mask, rtol=1e-12, atol=1e-12)
    np.testing.assert_array_equal(F.drop_connect(x, weight, bias, 0.5, False), F.linear(x, weight, bias))
    halved = F.drop_connect(x, weight, bias, 0.5, False, inverted=False)
    np.testing.assert_allclose(halved, x @ (weight / 2).T + bias, rtol=1e-13)


def test_a_mask_is_a_source_node_that_its_attributes_tell_again():
    x = ag.Tensor(np.ones((2, 3)), requires_grad=True, name="x")
    with ag.scope("drop"):
        output = F.dropout(x, 0.25, rng=0)
    mask = mask_of(output)
    assert output.gate.name == "multiply"
    assert mask.inputs == ()
    assert not mask.requires_grad
    assert mask.scope == "drop"
    np.testing.assert_array_equal(mask.gate(**mask.attributes).value, mask.value)
    assert "keep_mask" in ag.tree(output)
    assert [step.node for step in ag.backward_steps(output, np.ones((2, 3)))] == [output, x]


def test_scalars_are_dropped_too():
    x = ag.Scalar(3.0)
    for seed in range(10):
        output = F.dropout(x, 0.5, rng=seed)
        assert output.value in (0.0, 6.0)
        assert ag.grad(output, x)[0] == output.value / 3


@pytest.mark.parametrize("kind", KINDS)
@given(SEEDS)
def test_the_same_seed_gives_the_same_run(kind, seed):
    x = np.ones((5, *SAMPLES[kind]), np.float32)
    first, second = (KINDS[kind](rng=seed) for _ in range(2))
    for _ in range(2):
        np.testing.assert_array_equal(np.asarray(first(x)), np.asarray(second(x)))
    twin = copy.deepcopy(first)
    np.testing.assert_array_equal(np.asarray(first(x)), np.asarray(twin(x)))
    results = []
    for _ in range(2):
        ag.manual_seed(seed)
        results.append(np.asarray(KINDS[kind]()(x)))
    np.testing.assert_array_equal(*results)


@pytest.mark.parametrize("kind", KINDS)
def test_each_call_draws_anew_and_eval_draws_nothing(kind):
    x = np.ones((64, *SAMPLES[kind]), np.float32)
    layer = KINDS[kind](rng=0)
    drawn = {np.asarray(layer(x)).tobytes() for _ in range(12)}
    assert len(drawn) > 1
    layer.eval()
    assert len({np.asarray(layer(x)).tobytes() for _ in range(3)}) == 1
    output = layer(ag.Tensor(x, requires_grad=True))
    assert not [node for node in ag.nodes(output) if node.gate is not None and node.gate.is_source]


@pytest.mark.parametrize("kind", KINDS)
@given(shape=st.lists(st.integers(0, 3), max_size=4).map(tuple))
def test_the_declared_shape_is_what_comes_out(kind, shape):
    layer = KINDS[kind](rng=0)
    x = np.ones((2, *shape), np.float32)
    declared = declared_shape(layer, x)
    if declared is None:
        return
    assert layer(x).shape == layer(ag.Tensor(x)).shape == (2, *declared)
    assert layer(x).dtype == np.float32


def test_second_derivatives_go_through_the_same_mask():
    x = ag.Tensor(np.array([1.0, 2.0, 3.0, 4.0]), requires_grad=True)
    output = F.dropout(x**3, 0.5, rng=0)
    mask = mask_of(output).value
    (first,) = ag.grad(output.sum(), x, create_graph=True)
    (second,) = ag.grad(first.sum(), x)
    np.testing.assert_allclose(second, 6 * x.value * mask, rtol=1e-14)


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda: nn.Dropout(1.5), ag.ArgumentError, "Dropout: p=1.5, expected a probability of dropping, 0 to 1"),
        (lambda: nn.Dropout2d(-0.1), ag.ArgumentError, "p=-0.1"),
        (lambda: nn.Dropout1d("half"), ag.ArgumentError, "p='half', expected a number"),
        (lambda: nn.DropConnect(2, 2, math.nan), ag.ArgumentError, "p=nan"),
        (lambda: nn.DropConnect(0, 2), ag.ArgumentError, "in_features=0"),
        (lambda: nn.GaussianNoise(-1), ag.ArgumentError, "std=-1, expected a standard deviation of at least 0"),
        (lambda: nn.Dropout1d()(np.ones((2, 2))), ag.ShapeError, r"expected \(N, C, L\)"),
        (lambda: nn.Dropout2d()(np.ones((2, 2))), ag.ShapeError, r"expected \(N, C, H, W\)"),
        (lambda: nn.Dropout()(np.ones(2, int)), ag.DtypeError, "int64"),
        (lambda: nn.Dropout()([1.0]), ag.DtypeError, "got a list"),
        (lambda: nn.DropConnect(2, 2)(np.ones((1, 2))), ag.DtypeError, "astype"),
    ],
)
def test_bad_arguments_raise_typed_errors(make, error, message):
    with pytest.raises(error, match=message):
        make()


@pytest.mark.parametrize(
    ("layer", "text"),
    [
        (nn.Dropout(), "Dropout(p=0.5)"),
        (nn.Dropout2d(0.25, inverted=False), "Dropout2d(p=0.25, inverted=False)"),
        (nn.GaussianNoise(0.2), "GaussianNoise(std=0.2)"),
        (nn.DropConnect(3, 2, bias=False), "DropConnect(in_features=3, out_features=2, bias=False, p=0.5)"),
    ],
)
def test_repr_shows_the_probability(layer, text):
    assert repr(layer) == text
