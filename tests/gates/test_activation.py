"""Activations: identities, known numbers, extreme inputs, kinks."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

import autograd_cnn as ag
from autograd_cnn import functional as F  # noqa: N812

NUMBERS = arrays(np.float64, st.integers(1, 8), elements=st.floats(-50, 50))
DTYPES = pytest.mark.parametrize("dtype", [np.float32, np.float64])

#: Value at −10⁴ and at 10⁴, and slope there: all of them exact.
FAR_OUT = {
    "identity": ((-1e4, 1e4), (1, 1)),
    "step": ((0, 1), (0, 0)),
    "sigmoid": ((0, 1), (0, 0)),
    "tanh": ((-1, 1), (0, 0)),
    "logsigmoid": ((-1e4, 0), (1, 0)),
    "hardtanh": ((-1, 1), (0, 0)),
    "relu": ((0, 1e4), (0, 1)),
    "elu": ((-1, 1e4), (0, 1)),
    "gelu": ((0, 1e4), (0, 1)),
    "silu": ((0, 1e4), (0, 1)),
    "softplus": ((0, 1e4), (0, 1)),
}

#: Slope at the kink: (function, where, slope).
KINKS = [
    (ag.relu, 0.0, 0.0),
    (F.step, 0.0, 0.0),
    (F.leaky_relu, 0.0, 0.01),
    (lambda x: F.leaky_relu(x, 0.1), 0.0, 0.1),
    (lambda x: F.elu(x, 0.5), 0.0, 0.5),
    (F.selu, 0.0, 1.0507009873554805 * 1.6732632423543772),
    (F.hardtanh, -1.0, 0.0),
    (F.hardtanh, 1.0, 0.0),
    (lambda x: F.threshold(x, 0.5, 7.0), 0.5, 0.0),
    (F.softsign, 0.0, 1.0),
    (F.softplus, 0.0, 0.5),
]


def slopes(function, values):
    x = ag.Tensor(values, requires_grad=True)
    y = function(x)
    return ag.grad(y, x, np.ones(y.shape, y.dtype))[0]


@given(NUMBERS)
def test_tanh_is_a_stretched_sigmoid(x):
    """The notes: tanh x = 2σ(2x) − 1."""
    np.testing.assert_allclose(ag.tanh(x), 2 * ag.sigmoid(2 * x) - 1, rtol=0, atol=4e-16)


@given(NUMBERS)
def test_softmax_of_two_classes_is_the_sigmoid_of_their_difference(x):
    both = F.softmax(np.stack([x, x[::-1]], axis=1))
    np.testing.assert_allclose(both[:, 0], ag.sigmoid(x - x[::-1]), rtol=1e-13)


@given(NUMBERS, st.floats(0.25, 4))
def test_the_slope_of_softplus_is_the_sigmoid(x, beta):
    np.testing.assert_allclose(slopes(lambda t: F.softplus(t, beta), x), ag.sigmoid(beta * x), rtol=1e-15)


@given(NUMBERS)
def test_softplus_logsigmoid_and_sigmoid_belong_together(x):
    np.testing.assert_allclose(F.softplus(x) - F.softplus(-x), x, rtol=1e-14, atol=1e-15)
    np.testing.assert_array_equal(F.logsigmoid(x), -F.softplus(-x))
    np.testing.assert_allclose(np.exp(F.logsigmoid(x)), ag.sigmoid(x), rtol=1e-13)


@given(NUMBERS)
def test_smooth_gates_split_the_input(x):
    """x·σ(x) and x·Φ(x) open for x what they close for −x."""
    for function in (F.silu, F.gelu, lambda t: F.gelu(t, "tanh"), ag.relu):
        np.testing.assert_allclose(function(x) - function(-x), x, rtol=1e-14, atol=1e-15)


@given(NUMBERS, st.integers(1, 3))
def test_softmin_is_softmax_upside_down_and_both_sum_to_one(x, copies):
    scores = np.stack([x * k for k in range(copies)], axis=1)
    np.testing.assert_array_equal(F.softmin(scores), F.softmax(-scores))
    np.testing.assert_allclose(F.softmax(scores).sum(axis=1), 1, rtol=1e-14)
    np.testing.assert_allclose(np.exp(F.log_softmax(scores)), F.softmax(scores), rtol=1e-12)
    np.testing.assert_array_equal(F.softmax(scores.T, dim=0), F.softmax(scores, dim=1).T)


@given(st.floats(-30, 30), st.sampled_from([0.01, 0.1, 0.5]))
def test_maxout_has_relu_and_leaky_relu_as_special_cases(number, slope):
    """Two pieces: 0·x or αx first, x second; value and gradient, at 0 too."""
    for at in (number, 0.0):
        for small, function in ((0.0, ag.relu), (slope, lambda t: F.leaky_relu(t, slope))):
            x, y = (ag.Tensor([[at]], requires_grad=True) for _ in range(2))
            pieces, expected = F.maxout(x, np.array([[[small]], [[1.0]]])), function(y)
            assert pieces.item() == expected.item()
            assert ag.grad(pieces, x)[0].item() == ag.grad(expected, y)[0].item()


@given(st.integers(1, 3), st.integers(1, 3), st.integers(1, 3), st.integers(0, 99))
def test_maxout_takes_the_largest_piece(n_in, n_out, k, seed):
    rng = np.random.default_rng(seed)
    x, weight, bias = rng.normal(size=(2, 4, n_in)), rng.normal(size=(k, n_out, n_in)), rng.normal(size=(k, n_out))
    expected = np.max([x @ w.T + b for w, b in zip(weight, bias, strict=True)], axis=0)
    np.testing.assert_allclose(F.maxout(x, weight, bias), expected, rtol=1e-13, atol=1e-14)


@given(NUMBERS)
def test_special_cases(x):
    np.testing.assert_array_equal(F.leaky_relu(x, 0.0), ag.relu(x))
    np.testing.assert_array_equal(F.leaky_relu(x, 1.0), F.identity(x))
    np.testing.assert_array_equal(F.leaky_relu(x, 0.3), np.maximum(0.3 * x, x))
    np.testing.assert_array_equal(F.prelu(x, np.array([0.3])), F.leaky_relu(x, 0.3))
    np.testing.assert_array_equal(F.threshold(x, 0, 0), ag.relu(x))
    np.testing.assert_allclose(F.selu(x), 1.0507009873554805 * F.elu(x, 1.6732632423543772), rtol=1e-15)
    np.testing.assert_array_equal(slopes(F.step, x), np.zeros_like(x))


@DTYPES
@pytest.mark.parametrize("name", FAR_OUT)
def test_far_out_values_and_slopes_are_exact(name, dtype):
    x = np.array([-1e4, 1e4], dtype)
    values, slope = FAR_OUT[name]
    output = getattr(F, name)(x)
    assert output.dtype == dtype
    np.testing.assert_array_equal(output, np.array(values, dtype))
    np.testing.assert_array_equal(slopes(getattr(F, name), x), np.array(slope, dtype))


@DTYPES
def test_softsign_and_softmax_far_out(dtype):
    x = np.array([-1e4, 1e4], dtype)
    np.testing.assert_allclose(F.softsign(x), x / 10001, rtol=1e-6)
    np.testing.assert_allclose(slopes(F.softsign, x), 1 / 10001**2, rtol=1e-6)
    np.testing.assert_array_equal(F.softmax(x), [0, 1])
    np.testing.assert_array_equal(F.log_softmax(x), [-2e4, 0])


@DTYPES
def test_softplus_has_no_jump(dtype):
    """At βx = 20, where others jump to x itself, what is added is still exp(−20)."""
    x = np.array([19.999, 20.0, 20.001, 30.0], np.float64)
    exact = x + np.log1p(np.exp(-x))
    np.testing.assert_allclose(F.softplus(x.astype(dtype)), exact, rtol=1e-15 if dtype == np.float64 else 1e-7)
    assert F.softplus(20.0) - 20.0 == pytest.approx(math.exp(-20), rel=1e-6)


@DTYPES
def test_infinite_logits(dtype):
    """−∞ has probability 0; a row with +∞, or of −∞ alone, has no softmax."""
    x = np.array([[0, -np.inf, 0], [0, np.inf, 0], [-np.inf] * 3, [np.nan, 0, 0]], dtype)
    output = F.softmax(x)
    np.testing.assert_array_equal(output[0], np.array([0.5, 0, 0.5], dtype))
    assert np.isnan(output[1:]).all()
    np.testing.assert_array_equal(slopes(F.softmax, x[:1]), [[0, 0, 0]])


@DTYPES
@pytest.mark.parametrize("name", [*FAR_OUT, "leaky_relu", "softsign", "selu"])
def test_nan_propagates_and_empty_stays_empty(name, dtype):
    function = getattr(F, name)
    assert np.isnan(function(np.array([np.nan], dtype))).all()
    assert math.isnan(function(ag.Scalar(math.nan)).value)
    x = ag.Tensor(np.zeros((0, 3), dtype), requires_grad=True)
    assert function(x).shape == (0, 3)
    assert ag.grad(function(x), x, np.zeros((0, 3)))[0].shape == (0, 3)


@pytest.mark.parametrize("shape", [(0, 3), (2, 0), (0,)])
def test_softmax_of_nothing_is_nothing(shape):
    assert F.softmax(np.zeros(shape)).shape == F.log_softmax(np.zeros(shape)).shape == shape


@pytest.mark.parametrize(("function", "where", "slope"), KINKS)
def test_slopes_at_kinks(function, where, slope):
    x = ag.Scalar(where)
    function(x).backward()
    assert x.grad == slope
    np.testing.assert_array_equal(slopes(function, np.array([where])), [slope])


@pytest.mark.parametrize(
    ("x", "expected"),
    [
        (0.0, 0.5),
        (1.0, 0.8413447460685429),
        (-10.0, 7.619853024160526e-24),
        (-37.5, 4.605353009581955e-308),
        (9.0, 1.0),
        (-np.inf, 0.0),
        (np.inf, 1.0),
    ],
)
def test_normal_share_is_accurate_in_the_tails(x, expected):
    cdf = ag.GATES["normal_cdf"]
    for found in (cdf(x), cdf(np.array([x]))[0]):
        assert found == pytest.approx(expected, rel=(min(x * x, 1e4) + 4) * 2**-52, abs=0)
    assert cdf(np.array([max(x, -12)], np.float32)).dtype == np.float32


@pytest.mark.parametrize("option", [np.float64(0.5), np.float32(0.5), 1])
def test_options_of_numpy_widen_nothing(option):
    x = ag.Tensor(np.ones(2, np.float32), requires_grad=True)
    for output in (F.leaky_relu(x, option), F.elu(x, option), F.softplus(x, option), F.threshold(x, option, option)):
        assert output.dtype == np.float32
        assert ag.grad(output.sum(), x)[0].dtype == np.float32
    assert F.hardtanh(x, -option, option).dtype == np.float32


def test_known_numbers():
    """Of the notes: σ(1) of the staged circuit, and its slope; leaky slopes 0.01 and 0.1; Φ(1)."""
    assert round(ag.sigmoid(1.0), 2) == 0.73
    assert round(float(slopes(ag.sigmoid, np.array([1.0]))[0]), 2) == 0.2
    assert slopes(ag.sigmoid, np.array([0.0]))[0] == 0.25
    assert [F.step(x) for x in (-1.0, 0.0, 1.0)] == [0, 0, 1]
    assert F.leaky_relu(-2.0) == -0.02
    assert F.leaky_relu(-2.0, 0.1) == -0.2
    assert F.gelu(1.0) == pytest.approx(0.8413447460685429, rel=1e-15)
    assert F.gelu(1.0, "tanh") == pytest.approx(0.8411919906082768, rel=1e-14)
    assert F.selu(-1.0) == pytest.approx(-1.1113307378125625, rel=1e-15)


def test_layers_of_identity_are_one_linear_layer():
    """The notes: without a non-linearity, two matrices collapse to one."""
    rng = np.random.default_rng(0)
    x, first, second = rng.normal(size=(5, 3)), rng.normal(size=(4, 3)), rng.normal(size=(2, 4))
    two = F.linear(F.identity(F.linear(x, first)), second)
    np.testing.assert_allclose(two, F.linear(x, second @ first), rtol=1e-13)


def test_nothing_before_a_step_learns():
    x = ag.Parameter([-1.0, 0.5, 2.0])
    (F.step(x) * 3.0).sum().backward()
    np.testing.assert_array_equal(x.grad, np.zeros(3))


@pytest.mark.parametrize("shape", [(3, 4), (2, 4, 3), (2, 4, 2, 2)])
def test_prelu_has_one_slope_or_one_per_channel(shape):
    x = np.random.default_rng(0).normal(size=shape)
    slope = np.array([0.1, 0.2, 0.3, 0.4])
    expected = np.where(x > 0, x, x * slope.reshape(4, *[1] * (len(shape) - 2)))
    weight = ag.Parameter(slope)
    output = F.prelu(ag.Tensor(x), weight)
    np.testing.assert_array_equal(output.value, expected)
    output.sum().backward()
    axes = tuple(a for a in range(len(shape)) if a != 1)
    np.testing.assert_allclose(weight.grad, np.minimum(x, 0).sum(axis=axes), rtol=1e-13)
    shared = ag.Parameter([0.25])
    F.prelu(ag.Tensor(x), shared).sum().backward()
    np.testing.assert_allclose(shared.grad, [np.minimum(x, 0).sum()], rtol=1e-13)
    assert F.prelu(np.array(-2.0), np.array([0.25])) == -0.5


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda x: F.leaky_relu(x, "0.1"), ag.ArgumentError, "leaky_relu: negative_slope='0.1', expected a number"),
        (lambda x: F.elu(x, True), ag.ArgumentError, "alpha=True"),
        (lambda x: F.softplus(x, 0), ag.ArgumentError, "beta=0"),
        (lambda x: F.hardtanh(x, 1, -1), ag.ArgumentError, "min_val=1.0 is larger than max_val=-1.0"),
        (lambda x: F.gelu(x, "erf"), ag.ArgumentError, "approximate='erf', expected 'none' or 'tanh'"),
        (lambda x: F.prelu(x, np.zeros(2)), ag.ShapeError, r"weight of shape \(2,\) .* expected \(1,\) or \(3,\)"),
        (lambda x: F.prelu(x, np.zeros(1, np.float32)), ag.DtypeError, "astype"),
        (lambda x: F.maxout(x, np.zeros((2, 3))), ag.ShapeError, r"expected \(..., in\) and \(pieces, out, in\)"),
        (lambda x: F.maxout(x, np.zeros((0, 4, 3))), ag.ShapeError, "pieces"),
        (lambda x: F.maxout(x, np.zeros((2, 4, 3)), np.zeros(4)), ag.ShapeError, r"bias of shape \(4,\)"),
        (lambda x: F.softmax(x, 2), ag.OutOfRangeError, "axis 2 is out of bounds"),
        (lambda x: F.softmax(x.astype(int)), ag.DtypeError, "int64"),
    ],
)
def test_wrong_arguments_raise_typed_errors(call, error, message):
    with pytest.raises(error, match=message):
        call(np.zeros((2, 3)))
