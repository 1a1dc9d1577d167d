"""Variance, standard deviation, norms, log-sum-exp: NumPy's values, and the rules at 0 and at infinity."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

import autograd_cnn as ag

ARRAYS = arrays.arrays(
    np.float64,
    arrays.array_shapes(min_dims=1, max_dims=3, max_side=4),
    elements=st.floats(-50, 50).map(lambda v: round(v, 2)),
)


@given(ARRAYS, st.data())
def test_var_and_std_are_numpys(x, data):
    axis = data.draw(st.none() | st.integers(-x.ndim, x.ndim - 1))
    count = x.size if axis is None else x.shape[axis]
    ddof = data.draw(st.sampled_from([0, 1, 0.5])) if count > 1 else 0
    keepdims = data.draw(st.booleans())
    node = ag.Tensor(x)
    for name in ("var", "std"):
        expected = getattr(np, name)(x, axis, ddof=ddof, keepdims=keepdims)
        for found in (
            getattr(ag, name)(node, axis, ddof=ddof, keepdims=keepdims),
            getattr(node, name)(axis, correction=ddof, keepdims=keepdims),
        ):
            np.testing.assert_allclose(found.value, expected, rtol=1e-10, atol=1e-10)


@pytest.mark.parametrize("f", [ag.var, ag.std, lambda x: ag.var(x, 0, ddof=1).sum(), lambda x: ag.std(x, 1).sum()])
def test_gradients_of_var_and_std_are_the_numeric_ones(f, gradcheck):
    report = gradcheck(f, np.array([[1.0, 2.5, -1.0], [0.5, 4.0, 3.0]]), order=2)
    assert not report.inconclusive
    assert report.relative_error < 1e-8
    total = sum(c.analytic for c in report.coordinates if c.order == 1)
    assert total == pytest.approx(0, abs=1e-12)  # moving all alike changes nothing


def test_std_of_equal_numbers_has_gradient_zero():
    x = ag.Tensor([[5.0, 5.0, 5.0], [1.0, 2.0, 3.0]], requires_grad=True)
    ag.std(x, axis=1).sum().backward()
    np.testing.assert_array_equal(x.grad[0], [0, 0, 0])
    np.testing.assert_allclose(x.grad[1], np.array([-1, 0, 1]) / math.sqrt(6))


@pytest.mark.filterwarnings("ignore:invalid value:RuntimeWarning")
def test_one_number_has_no_unbiased_variance():
    assert math.isnan(ag.var(ag.Tensor([3.0]), ddof=1).item())
    assert ag.var(ag.Tensor([3.0])).item() == 0
    with pytest.raises(ag.ArgumentError, match="ddof=1 and correction=0 mean the same"):
        ag.var(ag.Tensor([1.0]), ddof=1, correction=0)


def test_more_degrees_of_freedom_than_numbers_are_none():
    """As NumPy: the divisor ends at 0; a negative one would make a negative variance."""
    for f in (ag.var, ag.std):
        with pytest.warns(RuntimeWarning, match="divide by zero"):
            assert f(ag.Tensor([1.0, 2.0]), ddof=3).item() == math.inf


@given(ARRAYS, st.sampled_from([1, 2, math.inf]), st.booleans(), st.data())
def test_norms_are_numpys(x, order, keepdims, data):
    axis = data.draw(st.none() | st.integers(-x.ndim, x.ndim - 1))
    expected = np.linalg.vector_norm(x, ord=order, axis=axis, keepdims=keepdims)
    np.testing.assert_allclose(ag.norm(ag.Tensor(x), order, axis, keepdims).value, expected, rtol=1e-12)


@pytest.mark.parametrize(("order", "expected"), [(1, [1, -1, 1, 0]), (2, [0.6, -0.8, 0, 0]), (math.inf, [0, -1, 0, 0])])
def test_gradients_of_norms(order, expected):
    values = [3.0, -4.0, 0.0, 0.0] if order == 2 else [3.0, -4.0, 4.0, 0.0]
    x = ag.Tensor(values, requires_grad=True)
    ag.norm(x, order).backward()
    np.testing.assert_allclose(x.grad, expected, atol=1e-15)


@pytest.mark.parametrize("order", [1, 2, math.inf])
def test_every_norm_gives_zero_at_zero_to_second_order(order):
    x = ag.Tensor(np.zeros((2, 3)), requires_grad=True)
    (gradient,) = ag.grad(ag.norm(x, order, axis=1).sum(), x, create_graph=True)
    np.testing.assert_array_equal(gradient.value, np.zeros((2, 3)))
    if gradient.requires_grad:
        np.testing.assert_array_equal(ag.grad(gradient.sum(), x)[0], np.zeros((2, 3)))


def test_another_norm_is_refused():
    with pytest.raises(ag.ArgumentError, match=r"norm: ord=3, expected 1, 2 or math\.inf"):
        ag.norm(ag.Tensor([1.0]), 3)


@given(ARRAYS, st.floats(-1e4, 1e4), st.booleans())
def test_logsumexp_moves_with_its_input_and_its_gradient_is_softmax(x, shift, keepdims):
    node = ag.Tensor(x + shift, requires_grad=True)
    output = ag.logsumexp(node, axis=-1, keepdims=keepdims)
    plain = np.log(np.exp(x - x.max()).sum(-1, keepdims=keepdims)) + x.max() + shift
    if np.isfinite(plain).all():
        np.testing.assert_allclose(output.value, plain, rtol=1e-9, atol=1e-9)
    (gradient,) = ag.grad(output, node, np.ones(output.shape))
    np.testing.assert_allclose(gradient, ag.softmax(ag.Tensor(x), axis=-1).value, rtol=1e-9, atol=1e-11)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_logsumexp_far_out_and_at_infinity(dtype):
    rows = np.array([[1e4, 1e4, -1e4], [-1e4, -1e4, -1e4], [-np.inf, 0, 0], [-np.inf, -np.inf, -np.inf]], dtype)
    x = ag.Tensor(rows, requires_grad=True)
    output = ag.logsumexp(x, axis=1)
    two, three = math.log(2), math.log(3)
    np.testing.assert_allclose(output.value, np.array([1e4 + two, -1e4 + three, two, -np.inf]), rtol=1e-6)
    output.sum().backward()
    expected = [[0.5, 0.5, 0], [1 / 3] * 3, [0, 0.5, 0.5], [0, 0, 0]]
    np.testing.assert_allclose(x.grad, expected, rtol=1e-3 if dtype is np.float32 else 1e-11)


def test_logsumexp_of_plus_infinity_is_infinite():
    assert ag.logsumexp(ag.Tensor([np.inf, 0.0])).item() == np.inf
