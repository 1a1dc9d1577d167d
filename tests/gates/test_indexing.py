"""Positions: what they pick, where the gradient goes back to, and that they are read when they are used."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import autograd_cnn as ag
from autograd_cnn.gates.shape import getitem


@st.composite
def arrays(draw):
    shape = tuple(draw(st.lists(st.integers(1, 4), min_size=1, max_size=3)))
    return np.random.default_rng(draw(st.integers(0, 99))).integers(-3, 3, shape).astype(float)


def counted(x, places):
    """How often each element of x stands among `places`, positions in the flattened x."""
    return np.bincount(np.ravel(places), minlength=x.size).reshape(x.shape)


@given(arrays(), st.data())
def test_take_and_take_along_axis_are_numpys(x, data):
    axis = data.draw(st.integers(-x.ndim, x.ndim - 1))
    n = x.shape[axis]
    node, places = ag.Tensor(x, requires_grad=True), np.arange(x.size).reshape(x.shape)
    rng = np.random.default_rng(data.draw(st.integers(0, 99)))
    along = tuple(data.draw(st.integers(0, 4)) if a == axis % x.ndim else m for a, m in enumerate(x.shape))
    calls = [
        ("take", rng.integers(-n, n, (2, 3)), axis),
        ("take", int(rng.integers(n)), axis),
        ("take", rng.integers(-x.size, x.size, 5), None),
        ("take", [], axis),
        ("take_along_axis", rng.integers(-n, n, along), axis),
        ("take_along_axis", rng.integers(0, x.size, 4), None),
    ]
    for name, indices, where in calls:
        output, numpys = getattr(ag, name)(node, indices, where), getattr(np, name)
        as_array = np.asarray(indices, int)
        np.testing.assert_array_equal(output.value, numpys(x, as_array, where))
        (gradient,) = ag.grad(output, node, np.ones(output.shape))
        np.testing.assert_array_equal(gradient, counted(x, numpys(places, as_array, where)))
    np.testing.assert_array_equal(node.take([0, 0], axis).value, x.take([0, 0], axis))


def test_gather_has_the_shape_of_its_index():
    """The example of torch.gather's documentation, and an index that is shorter elsewhere."""
    x = ag.Tensor([[1.0, 2.0], [3.0, 4.0]], requires_grad=True)
    output = ag.gather(x, 1, [[0, 0], [1, 0]])
    np.testing.assert_array_equal(output.value, [[1, 1], [4, 3]])
    np.testing.assert_array_equal(ag.grad(output.sum(), x)[0], [[2, 0], [1, 1]])
    np.testing.assert_array_equal(ag.gather(x, 1, [[1, 0, 1]]).value, [[2, 1, 2]])
    np.testing.assert_array_equal(ag.gather(x, 0, ag.Tensor(np.array([[1]]))).value, [[3]])


@given(arrays(), st.data())
def test_topk_is_a_stable_sort(x, data):
    axis = data.draw(st.integers(-x.ndim, x.ndim - 1))
    k = data.draw(st.integers(0, x.shape[axis]))
    for largest in (True, False):
        node = ag.Tensor(x, requires_grad=True)
        values, indices = ag.topk(node, k, axis, largest)
        assert type(indices) is np.ndarray
        ordered = np.argsort(-x if largest else x, axis, kind="stable")
        np.testing.assert_array_equal(indices, np.take(ordered, range(k), axis))
        np.testing.assert_array_equal(values.value, np.take_along_axis(x, indices, axis))
        (gradient,) = ag.grad(values, node, np.ones(values.shape))
        np.testing.assert_array_equal(gradient.sum(axis), np.full(gradient.sum(axis).shape, k))


def test_topk_of_nan_and_of_all():
    values, indices = ag.topk(ag.Tensor([1.0, math.nan, 3.0]), 2)
    np.testing.assert_array_equal(values.value, [math.nan, 3])
    assert indices.tolist() == [1, 2]
    with pytest.raises(ag.ArgumentError, match="topk: k=4 of 3 elements along axis 0, expected 0 to 3"):
        ag.topk(ag.Tensor([1.0, 2.0, 3.0]), 4)
    with pytest.raises(ag.ArgumentError, match="topk: k=-1 of 3 elements"):
        ag.topk(ag.Tensor([1.0, 2.0, 3.0]), -1)


def test_along_the_last_axis_unless_another_is_named():
    x = np.random.default_rng(0).normal(size=(2, 3, 4))
    node = ag.Tensor(x)
    order = np.argsort(x, -1)
    np.testing.assert_array_equal(ag.take_along_axis(node, order).value, np.sort(x, -1))
    np.testing.assert_array_equal(ag.topk(node, 4)[1], order[..., ::-1])


def test_argmax_and_argmin_are_plain_and_take_the_first():
    x = ag.Tensor([[1.0, 3.0, 3.0], [0.0, 0.0, -1.0]], requires_grad=True)
    assert ag.argmax(x) == x.argmax() == 1
    assert x.argmax(1).tolist() == [1, 0]
    assert x.argmin(1).tolist() == [0, 2]
    assert x.argmin(axis=0, keepdims=True).tolist() == [[1, 1, 1]]
    assert type(x.argmax(0)) is np.ndarray
    assert ag.argmax(ag.Scalar(2.0)) == 0
    assert ag.argmax(ag.Tensor([1.0, math.nan])) == 1
    chosen = ag.take_along_axis(x, x.argmax(1, keepdims=True), 1)
    np.testing.assert_array_equal(ag.grad(chosen.sum(), x)[0], [[0, 1, 0], [1, 0, 0]])


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda x: ag.take(x, 5, 0), ag.OutOfRangeError, "index 5 is out of bounds"),
        (lambda x: ag.take(x, 0, 5), ag.OutOfRangeError, "take: axis 5 is out of bounds for 2 axes"),
        (lambda x: ag.take(x, [0.5]), ag.DtypeError, "indices of dtype float64, expected integers"),
        (lambda x: ag.take(x, [True, False]), ag.DtypeError, r"a mask picks by x\[mask\]"),
        (lambda x: ag.take_along_axis(x, [0], 0), ag.ShapeError, "expected as many axes"),
        (lambda x: ag.gather(x, 0, [0]), ag.ShapeError, "expected as many axes"),
        (lambda x: ag.gather(x, 0, np.zeros((1, 4), int)), ag.ShapeError, "none but axis 0 longer"),
        (lambda x: ag.gather(x, 1, [[3]]), ag.OutOfRangeError, "index 3 is out of bounds"),
        (lambda x: x[[0.5]], ag.OutOfRangeError, "integer"),
        (lambda x: x[np.ones(5, bool)], ag.OutOfRangeError, "boolean index did not match"),
        (lambda x: x[0, 0, 0], ag.OutOfRangeError, "too many indices"),
    ],
)
def test_what_is_not_there_is_named(call, error, message):
    with pytest.raises(error, match=message):
        call(ag.Tensor(np.ones((2, 3))))


@given(arrays(), st.data())
def test_a_mask_picks_and_its_gradient_fills_where_it_stands(x, data):
    mask = np.array(data.draw(st.lists(st.booleans(), min_size=x.size, max_size=x.size))).reshape(x.shape)
    for index in (mask, ag.Tensor(mask), x > 0, mask[:, *[0] * (x.ndim - 1)]):
        node = ag.Tensor(x, requires_grad=True)
        plain = index.value if isinstance(index, ag.Node) else index
        np.testing.assert_array_equal(node[index].value, x[plain])
        (gradient,) = ag.grad(node[index], node, np.ones(x[plain].shape))
        expected = np.zeros(x.shape)
        expected[plain] = 1
        np.testing.assert_array_equal(gradient, expected)


def test_a_scalar_has_no_axis():
    with pytest.raises(ag.OutOfRangeError, match="getitem: too many indices"):
        ag.Scalar(2.0)[0]
    with pytest.raises(ag.OutOfRangeError, match="prod: axis 1 is out of bounds"):
        ag.prod(ag.Scalar(2.0), axis=1)
    assert ag.Scalar(2.0)[()].value == 2


def test_a_node_may_point_into_a_plain_array():
    assert getitem(np.array([1.0, 2.0]), index=(ag.Tensor(np.array([1])),)).tolist() == [2]


def test_a_comparison_of_nodes_is_a_mask():
    x = ag.Tensor([-1.0, 2.0, 3.0], requires_grad=True)
    (x[x > 0] * 2).sum().backward()
    np.testing.assert_array_equal(x.grad, [0, 2, 2])


def test_an_index_is_read_when_it_is_used():
    """Changing the array, the list, the mask or the tuple's array afterwards changes no gradient."""
    rows, mask, listed = np.array([0, 0]), np.array([True, False, False]), [0, 0]
    x = ag.Tensor([1.0, 2.0, 3.0], requires_grad=True)
    places = ag.Parameter(np.array([0, 0]), requires_grad=False)
    outputs = [x[rows], x[mask], x[listed], x[(rows,)], ag.take(x, rows), x[places]]
    rows[:], mask[:], listed[:] = 2, True, [1, 1]
    places.assign([1, 1])
    for output, times in zip(outputs, (2, 1, 2, 2, 2, 2), strict=True):
        np.testing.assert_array_equal(ag.grad(output.sum(), x)[0], [times, 0, 0])
