"""Normalisation: against plain formulas, hard cases, accuracy in float32, argument checks."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import autograd_cnn as ag
from autograd_cnn import functional as F  # noqa: N812
from autograd_cnn.testing import assert_proved

SEEDS = st.integers(0, 10**6)
SIZES = st.integers(1, 4)
SHAPES = st.lists(SIZES, min_size=2, max_size=4).map(tuple)
EPS = 1e-5


def normal(shape, seed=0):
    return np.random.default_rng(seed).normal(1.0, 2.0, shape)


def standardized(x, axis, eps=EPS):
    return (x - x.mean(axis, keepdims=True)) / np.sqrt(x.var(axis, keepdims=True) + eps)


def all_but_channels(x):
    return (0, *range(2, x.ndim))


def along(vector, x):
    return vector.reshape(1, -1, *[1] * (x.ndim - 2))


@given(SHAPES.filter(lambda s: s[0] > 1), SEEDS)
def test_batch_norm_is_its_formula(shape, seed):
    x = normal(shape, seed)
    weight, bias = normal((2, shape[1]), seed + 1)
    expected = standardized(x, all_but_channels(x)) * along(weight, x) + along(bias, x)
    np.testing.assert_allclose(F.batch_norm(x, None, None, weight, bias, True), expected, rtol=1e-9, atol=1e-9)
    one_sided = F.batch_norm(x, weight=weight, training=True)
    np.testing.assert_allclose(one_sided, expected - along(bias, x), rtol=1e-9, atol=1e-9)


@given(SHAPES.filter(lambda s: s[0] > 1), SEEDS, st.floats(0, 1), st.booleans(), st.sampled_from(["node", "array"]))
def test_running_statistics_take_a_share_of_the_batch_with_unbiased_variance(shape, seed, momentum, affine, kind):
    x = normal(shape, seed)
    mean, variance = normal((2, shape[1]), seed + 1) ** 2
    running_mean, running_var = mean.copy(), variance.copy()
    parts = (np.ones(shape[1]), np.zeros(shape[1])) if affine else (None, None)
    given_x = ag.Tensor(x) if kind == "node" else x
    F.batch_norm(given_x, running_mean, running_var, *parts, True, momentum)
    axis = all_but_channels(x)
    np.testing.assert_allclose(running_mean, (1 - momentum) * mean + momentum * x.mean(axis), rtol=1e-12)
    np.testing.assert_allclose(running_var, (1 - momentum) * variance + momentum * x.var(axis, ddof=1), rtol=1e-12)


@given(SHAPES, SEEDS)
def test_without_training_each_channel_is_a_line_through_fixed_statistics(shape, seed):
    x = normal(shape, seed)
    mean, variance, weight, bias = normal((4, shape[1]), seed + 1)
    variance = variance**2
    expected = (x - along(mean, x)) / np.sqrt(along(variance, x) + EPS) * along(weight, x) + along(bias, x)
    before = mean.copy(), variance.copy()
    for function in (F.batch_norm, F.instance_norm):
        np.testing.assert_allclose(function(x, mean, variance, weight, bias, False), expected, rtol=1e-12, atol=1e-12)
    np.testing.assert_array_equal(before, (mean, variance))


@given(st.tuples(SIZES, SIZES, SIZES, st.integers(2, 4)), SEEDS)
def test_the_norms_are_one_norm_over_different_axes(shape, seed):
    x = normal(shape, seed)
    n, c = shape[:2]
    close = {"rtol": 1e-10, "atol": 1e-10}
    np.testing.assert_allclose(F.instance_norm(x), standardized(x, (2, 3)), **close)
    np.testing.assert_allclose(F.layer_norm(x, shape[1:]), standardized(x, (1, 2, 3)), **close)
    np.testing.assert_allclose(F.layer_norm(x, shape[3]), standardized(x, (3,)), **close)
    np.testing.assert_allclose(F.group_norm(x, c), F.instance_norm(x), **close)
    np.testing.assert_allclose(F.group_norm(x, 1), F.layer_norm(x, shape[1:]), **close)
    rows = F.batch_norm(x.transpose(1, 0, 2, 3).reshape(1, c * n, -1), training=True)
    np.testing.assert_allclose(rows.reshape(c, n, *shape[2:]).transpose(1, 0, 2, 3), F.instance_norm(x), **close)


@given(st.integers(1, 3), SEEDS)
def test_group_norm_stretches_channels_and_layer_norm_single_numbers(groups, seed):
    x = normal((2, 2 * groups, 3), seed)
    weight, bias = normal((2, 2 * groups), seed + 1)
    grouped = standardized(x.reshape(2, groups, 6), (2,)).reshape(x.shape)
    expected = grouped * along(weight, x) + along(bias, x)
    np.testing.assert_allclose(F.group_norm(x, groups, weight, bias), expected, rtol=1e-10, atol=1e-10)
    weight, bias = normal((2, *x.shape[1:]), seed + 2)
    expected = standardized(x, (1, 2)) * weight + bias
    np.testing.assert_allclose(F.layer_norm(x, x.shape[1:], weight, bias), expected, rtol=1e-10, atol=1e-10)


@given(SHAPES, st.integers(1, 6), SEEDS)
def test_local_response_norm_divides_by_its_neighbours(shape, size, seed):
    x = normal(shape, seed)
    expected = np.empty_like(x)
    for c in range(shape[1]):
        window = x[:, max(0, c - size // 2) : c + (size - 1) // 2 + 1]
        expected[:, c] = x[:, c] / (1.5 + 0.3 * (window**2).sum(axis=1) / size) ** 0.6
    np.testing.assert_allclose(F.local_response_norm(x, size, 0.3, 0.6, 1.5), expected, rtol=1e-13)


@given(SHAPES.filter(lambda s: s[0] > 1), SEEDS)
def test_shifting_and_stretching_the_batch_changes_nothing_and_gets_no_gradient(shape, seed):
    x = ag.Tensor(normal(shape, seed), requires_grad=True)
    upstream = normal(shape, seed + 1)
    output = F.batch_norm(x, training=True, eps=0.1)
    (gradient,) = ag.grad(output, x, upstream)
    axis = all_but_channels(x.value)
    np.testing.assert_allclose(gradient.sum(axis), 0, atol=1e-10)
    np.testing.assert_allclose(F.batch_norm(x.value + 3, training=True, eps=0.1), output.value, rtol=1e-9, atol=1e-9)
    wide = F.batch_norm(x.value * 3, training=True, eps=0.9)
    np.testing.assert_allclose(wide, output.value, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("constant", [0.0, 0.1, 1e6])
def test_a_constant_channel_becomes_its_bias_exactly(dtype, constant):
    x = ag.Tensor(np.full((7, 2, 5), constant, dtype), requires_grad=True)
    weight, bias = ag.Parameter([3.0, 4.0], dtype=dtype), ag.Parameter([0.5, -0.5], dtype=dtype)
    mean, variance = np.zeros(2, dtype), np.ones(2, dtype)
    output = F.batch_norm(x, mean, variance, weight, bias, True, 1.0)
    np.testing.assert_array_equal(output.value, np.broadcast_to(along(bias.value, x.value), (7, 2, 5)))
    np.testing.assert_array_equal(mean, np.full(2, constant, dtype))
    np.testing.assert_array_equal(variance, [0, 0])
    output.backward(np.ones(output.shape))
    assert np.isfinite(x.grad).all()
    np.testing.assert_array_equal(weight.grad, [0, 0])
    np.testing.assert_array_equal(bias.grad, [35, 35])


@given(st.sampled_from([(5, 2), (40, 3), (3, 2, 130), (2, 3, 5, 5)]), SEEDS, st.sampled_from([0.0, 30.0, 1e4]))
def test_float32_is_float64_rounded_once(shape, seed, offset):
    """Value and gradient, of data whose mean is far larger than its spread."""
    x = (normal(shape, seed) + offset).astype(np.float32)
    upstream = normal(shape, seed + 1).astype(np.float32)
    results = []
    for dtype in (np.float32, np.float64):
        node = ag.Tensor(x.astype(dtype), requires_grad=True)
        output = F.batch_norm(node, training=True)
        (gradient,) = ag.grad(output, node, upstream.astype(dtype))
        assert output.dtype == gradient.dtype == dtype
        results.append((output.value, gradient))
    for narrow, wide in zip(*results, strict=True):
        np.testing.assert_array_equal(narrow, wide.astype(np.float32))


@pytest.mark.parametrize("shape", [(0, 3), (0, 3, 4, 4), (2, 3, 0)])
def test_an_empty_batch_keeps_its_shape_and_the_running_statistics(shape):
    x = ag.Tensor(np.zeros(shape), requires_grad=True)
    weight, bias = ag.Parameter(np.ones(3)), ag.Parameter(np.zeros(3))
    mean, variance = np.full(3, 2.0), np.full(3, 5.0)
    norms = [F.batch_norm(x, mean, variance, weight, bias, True), F.group_norm(x, 3, weight, bias)]
    if len(shape) > 2:
        norms.append(F.instance_norm(x, mean, variance, weight, bias))
    for output in norms:
        assert output.shape == shape
        to_x, to_weight, to_bias = ag.grad(output, (x, weight, bias), np.zeros(shape))
        assert to_x.shape == shape
        assert not to_weight.any()
        assert not to_bias.any()
    np.testing.assert_array_equal((mean, variance), ([2] * 3, [5] * 3))


def test_an_empty_batch_has_an_expansion_and_second_derivatives_without_a_warning():
    """The mean of nothing is NaN with a warning; here it is not asked for."""
    x = ag.Tensor(np.zeros((0, 3)), requires_grad=True)
    output = ag.GATES["standardize"](x, axis=(0,))
    assert ag.expand(output).output.shape == (0, 3)
    (gradient,) = ag.grad(output, x, np.zeros((0, 3)), create_graph=True)
    assert ag.grad(gradient, x, np.zeros((0, 3)))[0].shape == (0, 3)


def test_one_number_per_channel_cannot_be_trained_on():
    for shape in ((1, 3), (1, 3, 1, 1)):
        with pytest.raises(ag.ShapeError, match=r"1 number per channel, .* larger batch, eval\(\), or LayerNorm"):
            F.batch_norm(np.zeros(shape), training=True)
    with pytest.raises(ag.ShapeError, match="1 number per channel and image"):
        F.instance_norm(np.zeros((5, 3, 1, 1)))
    np.testing.assert_array_equal(F.batch_norm(np.ones((1, 3)), np.ones(3), np.ones(3)), np.zeros((1, 3)))
    np.testing.assert_array_equal(F.layer_norm(np.ones((2, 1)), 1), np.zeros((2, 1)))


def test_nan_stays_in_its_channel():
    x = normal((4, 3))
    x[1, 1] = np.nan
    output = F.batch_norm(x, training=True)
    assert np.isnan(output[:, 1]).all()
    assert np.isfinite(output[:, [0, 2]]).all()


@pytest.mark.parametrize("layout", [lambda x: x[::-1], lambda x: np.asfortranarray(x), lambda x: x[:, :, ::2]])
def test_any_strides_give_the_same(layout):
    """But for the last places: numbers are added up in the order in which they lie."""
    x = layout(normal((4, 3, 40)))
    x.flags.writeable = False
    expected = F.batch_norm(x.copy("C"), training=True)
    np.testing.assert_allclose(F.batch_norm(x, training=True), expected, rtol=1e-14, atol=1e-15)


def test_standardising_over_axes_that_do_not_lie_together_says_so():
    with pytest.raises(ag.ArgumentError, match="must be next to each other; transpose first"):
        ag.GATES["standardize"](normal((2, 3, 4)), axis=(1,))


def test_a_network_with_batch_norm_has_second_derivatives():
    def loss(x, weight):
        return (ag.tanh(F.batch_norm(x, weight=weight, bias=weight, training=True)) ** 2).sum()

    assert_proved(loss, normal((6, 3)), normal((3,), 1), order=2)


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda x: F.batch_norm(x), ag.ArgumentError, "running_mean and running_var are needed when not training"),
        (lambda x: F.batch_norm(x, np.zeros(3), training=True), ag.ArgumentError, "are a pair"),
        (lambda x: F.batch_norm(x, np.zeros(2), np.ones(3)), ag.ShapeError, r"running_mean of shape \(2,\)"),
        (lambda x: F.batch_norm(x, weight=np.ones(2), training=True), ag.ShapeError, r"weight of shape \(2,\)"),
        (lambda x: F.batch_norm(x, bias=np.ones(3, np.float32), training=True), ag.DtypeError, "astype"),
        (lambda x: F.batch_norm(x[0, :, 0], training=True), ag.ShapeError, r"expected \(N, C, ...\); one sample is"),
        (lambda x: F.batch_norm(x.astype(int), training=True), ag.DtypeError, "int64"),
        (lambda x: F.batch_norm([[1.0]], training=True), ag.DtypeError, "got a list"),
        (lambda x: F.batch_norm(x, training=True, eps="0"), ag.ArgumentError, "eps='0'"),
        (lambda x: F.layer_norm(x, 3), ag.ShapeError, r"expected \(..., 3\)"),
        (lambda x: F.layer_norm(x, ()), ag.ShapeError, "layer_norm"),
        (lambda x: F.layer_norm(x, 4, np.ones(3)), ag.ShapeError, r"weight of shape \(3,\), expected \(4,\)"),
        (lambda x: F.group_norm(x, 2), ag.ArgumentError, "num_groups=2 must be a positive integer that divides 3"),
        (lambda x: F.group_norm(x, 0), ag.ArgumentError, "num_groups=0"),
        (lambda x: F.local_response_norm(x, 0), ag.ArgumentError, "size=0"),
        (lambda x: F.local_response_norm(x, 2, beta=None), ag.ArgumentError, "beta=None"),
    ],
)
def test_wrong_arguments_raise_typed_errors(call, error, message):
    with pytest.raises(error, match=message):
        call(np.ones((2, 3, 4)))
