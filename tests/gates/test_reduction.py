"""Reductions at their edges: ties, zeros, nothing, axes that do not exist; running sums."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

import autograd_cnn as ag

ARRAYS = arrays.arrays(
    np.float64, arrays.array_shapes(min_dims=0, max_dims=3, max_side=3), elements=st.integers(-3, 3).map(float)
)


@st.composite
def reductions(draw):
    x = draw(ARRAYS)
    axes = st.sets(st.integers(0, x.ndim - 1), max_size=x.ndim).map(tuple) if x.ndim else st.just(())
    return x, draw(st.none() | axes), draw(st.booleans())


@given(reductions())
def test_values_are_numpys(case):
    x, axis, keepdims = case
    for name in ("sum", "mean", "max", "min", "amax", "amin", "prod"):
        expected = getattr(np, name)(x, axis=axis, keepdims=keepdims)
        found = getattr(ag, name)(ag.Tensor(x), axis=axis, keepdims=keepdims)
        assert found.shape == np.shape(expected)
        np.testing.assert_allclose(found.value, expected)


@given(reductions())
def test_the_first_of_equals_takes_the_whole_gradient(case):
    x, axis, _ = case
    for gate in (ag.max, ag.min):
        node = ag.Tensor(x, requires_grad=True)
        output = gate(node, axis=axis, keepdims=True)
        (gradient,) = ag.grad(output, node, np.ones(output.shape))
        np.testing.assert_array_equal(gradient.sum(axis, keepdims=True), np.ones(output.shape))
        assert set(gradient.ravel()) <= {0, 1}
        assert (x[gradient == 1] == np.broadcast_to(output.value, x.shape)[gradient == 1]).all()
    node = ag.Tensor([[1.0, 2.0, 2.0], [1.0, 1.0, 0.0]], requires_grad=True)
    np.testing.assert_array_equal(ag.grad(node.max(1).sum(), node)[0], [[0, 1, 0], [1, 0, 0]])
    np.testing.assert_array_equal(ag.grad(node.min(0).sum(), node)[0], [[1, 0, 0], [0, 1, 1]])


@given(reductions())
def test_the_gradient_of_prod_is_the_product_of_the_others(case):
    """No zero, one zero, two zeros: all without division."""
    x, axis, _ = case
    node = ag.Tensor(x, requires_grad=True)
    output = node.prod(axis=axis, keepdims=True)
    (gradient,) = ag.grad(output, node, np.ones(output.shape))
    axes = tuple(range(x.ndim)) if axis is None else axis
    for place in np.ndindex(x.shape):
        others = x[tuple(slice(None) if a in axes else i for a, i in enumerate(place))].ravel().tolist()
        others.remove(x[place])
        assert gradient[place] == math.prod(others)


def test_prod_with_zeros_by_hand():
    for row, expected in (([2, 3, 4], [12, 8, 6]), ([2, 0, 4], [0, 8, 0]), ([0, 3, 0], [0, 0, 0]), ([7], [1])):
        x = ag.Tensor(np.array(row, float), requires_grad=True)
        x.prod().backward()
        np.testing.assert_array_equal(x.grad, expected)


def test_the_hessian_of_prod_at_two_zeros():
    """∂²(abc)/∂a∂c = b, also where a = c = 0."""
    _, (product,) = ag.hvp(lambda x: x.prod(), [np.array([0.0, 5.0, 0.0])], [np.array([1.0, 0.0, 0.0])])
    np.testing.assert_array_equal(product, [0, 0, 5])


@given(ARRAYS.filter(lambda x: x.ndim > 0), st.data())
def test_cumsum_is_numpys_and_its_gradient_sums_onwards(x, data):
    axis = data.draw(st.none() | st.integers(-x.ndim, x.ndim - 1))
    node = ag.Tensor(x, requires_grad=True)
    output = node.cumsum(axis)
    np.testing.assert_array_equal(output.value, np.cumsum(x, axis))
    seed = np.arange(x.size, dtype=float).reshape(output.shape)
    (gradient,) = ag.grad(output, node, seed)
    along = 0 if axis is None else axis
    onwards = np.flip(np.cumsum(np.flip(seed, along), along), along)
    np.testing.assert_array_equal(gradient, onwards.reshape(x.shape))


def test_nothing_to_choose_from():
    """The largest of nothing does not exist; along other axes an empty array stays an empty array."""
    empty = ag.Tensor(np.zeros((0, 3)), requires_grad=True)
    for name in ("max", "min", "argmax", "argmin"):
        for axis in (0, None):
            with pytest.raises(ag.ShapeError, match=rf"{name}: nothing to choose from: shape \(0, 3\) is empty"):
                getattr(ag, name)(empty, axis=axis)
    for gate in (ag.max, ag.min):
        output = gate(empty, axis=1)
        assert output.shape == (0,)
        assert ag.grad(output, empty, np.zeros(0))[0].shape == (0, 3)
    assert ag.max(ag.Tensor(np.zeros((0, 0))), axis=0).shape == (0,)
    assert ag.argmax(empty, axis=1).shape == (0,)


def test_sums_and_products_of_nothing():
    empty = ag.Tensor(np.zeros((0, 3)), requires_grad=True)
    for f, value in ((ag.sum, 0), (ag.prod, 1), (ag.norm, 0), (ag.logsumexp, -math.inf)):
        output = f(empty, axis=0)
        np.testing.assert_array_equal(output.value, np.full(3, value))
        assert ag.grad(output, empty, np.ones(3))[0].shape == (0, 3)
    assert ag.cumsum(empty, 0).shape == (0, 3)
    assert ag.grad(ag.cumsum(empty), empty, np.zeros(0))[0].shape == (0, 3)


def test_the_mean_of_nothing_is_nan_with_numpys_warning_and_what_made_it_receives_zero():
    """So an empty batch gives a loss that is no number, and weights a gradient of 0, not NaN."""
    weight = ag.Parameter(np.ones((3, 2)))
    with pytest.warns(RuntimeWarning, match="Mean of empty slice"), pytest.warns(RuntimeWarning, match="invalid value"):
        loss = (ag.Tensor(np.zeros((0, 3))) @ weight).mean()
    assert math.isnan(loss.item())
    loss.backward()
    np.testing.assert_array_equal(weight.grad, np.zeros((3, 2)))


@pytest.mark.parametrize(
    "name", ["sum", "mean", "max", "min", "prod", "cumsum", "var", "std", "norm", "logsumexp", "argmax"]
)
def test_an_axis_that_does_not_exist_is_named(name):
    with pytest.raises(ag.OutOfRangeError, match="axis 2 is out of bounds"):
        getattr(ag, name)(ag.Tensor(np.ones((2, 3))), axis=2)


@pytest.mark.parametrize("axis", [np.int64(1), -1, 1, (1,)])
def test_an_axis_may_be_numpys_integer(axis):
    x = ag.Tensor(np.arange(6.0).reshape(2, 3), requires_grad=True)
    for gate in (ag.sum, ag.mean, ag.max, ag.min, ag.prod, ag.logsumexp, ag.norm):
        gate(x, axis=axis).sum().backward()
    assert x.grad.shape == (2, 3)


def test_wrong_axes_are_refused_in_words():
    x = ag.Tensor(np.ones((2, 3)))
    with pytest.raises(ag.ArgumentError, match="names an axis twice"):
        ag.max(x, axis=(0, -2))
    with pytest.raises(ag.ArgumentError, match=r"max: axis=0\.5, expected an integer"):
        ag.max(x, axis=0.5)


def test_nan_comes_through_and_takes_the_gradient():
    x = ag.Tensor([1.0, math.nan, 3.0, math.nan], requires_grad=True)
    for gate in (ag.max, ag.min):
        output = gate(x)
        assert math.isnan(output.item())
        np.testing.assert_array_equal(ag.grad(output, x)[0], [0, 1, 0, 0])
    for f in (ag.sum, ag.mean, ag.prod, ag.var, ag.std, ag.norm, ag.logsumexp):
        assert math.isnan(f(x).item())


@pytest.mark.parametrize("name", ["sum", "mean", "prod", "max", "min", "euclidean_norm", "logsumexp"])
@pytest.mark.parametrize("axis", [0, -1])
def test_a_number_may_be_reduced_over_the_axis_that_it_does_not_have(name, axis):
    """As in torch, and forward in NumPy; backward raised where forward did not."""
    for x in (ag.Scalar(2.0), ag.Tensor(2.0, requires_grad=True)):
        y = ag.GATES[name](x, axis=axis)
        assert (y.item(), ag.grad(y, x)) == (2.0, (1.0,))
    with pytest.raises(ag.OutOfRangeError, match="axis 1 is out of bounds"):
        ag.GATES[name](x, axis=1)
