"""Einsum and its special cases: NumPy's values, numeric gradients to second order, subscripts in all their forms."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import autograd_cnn as ag
from autograd_cnn.testing import assert_proved

FORMS = [
    ("ij,jk", (2, 3), (3, 4)),
    ("ba", (2, 3)),
    ("ii", (3, 3)),
    ("ii->i", (3, 3)),
    ("iji->j", (2, 3, 2)),
    ("i,j", (2,), (3,)),
    ("...ij,...jk->...ik", (5, 1, 2, 3), (4, 3, 2)),
    ("...i->...", (2, 3)),
    ("i...,i...", (3, 2), (3, 1)),
    ("...,...", (2, 3), (3,)),
    ("...,...", (), (3,)),
    ("i...j->j...i", (2, 4, 5, 3)),
    (" i j , j -> i ", (2, 3), (3,)),
    ("ij,ij->ij", (2, 1), (1, 3)),
    ("ij,ij->", (2, 1), (1, 3)),
    ("ij->", (0, 3)),
    ("ij,jk->ik", (2, 0), (0, 3)),
    ("i,i", (0,), (1,)),
    ("Zz,z->Z", (2, 3), (3,)),
    ("bi,oij,bj->bo", (2, 3), (4, 3, 2), (2, 2)),
    ("->", ()),
]


@pytest.mark.parametrize("form", FORMS, ids=lambda f: f[0])
def test_values_are_numpys_and_gradients_numeric(form):
    subscripts, *shapes = form
    rng = np.random.default_rng(0)
    values = [rng.normal(size=s) for s in shapes]
    nodes = [ag.Tensor(v, requires_grad=True) for v in values]
    output = ag.einsum(subscripts, *nodes)
    expected = np.einsum(subscripts, *values)
    assert output.shape == expected.shape
    np.testing.assert_allclose(output.value, expected, rtol=1e-12, atol=1e-14)
    assert_proved(lambda *xs: ag.einsum(subscripts, *xs), *values, order=2)

    def squared(*operands):
        return ag.square(ag.einsum(subscripts, *operands)).sum()

    _, products = ag.hvp(squared, values, values)  # homogeneous of degree 2n: H·x = (2n − 1)·gradient
    for gradient, product in zip(ag.grad(squared(*nodes), nodes), products, strict=True):
        np.testing.assert_allclose(product, (2 * len(values) - 1) * gradient, rtol=1e-9, atol=1e-9)


@given(st.data())
def test_random_subscripts(data):
    """Any letters, repeated and dropped at will."""
    sizes = {"a": 2, "b": 3, "c": 1, "d": 2}
    terms = data.draw(st.lists(st.text("abcd", max_size=3), min_size=1, max_size=3))
    known = sorted(set("".join(terms)))
    output = "".join(data.draw(st.lists(st.sampled_from(known), unique=True)) if known else "")
    subscripts = ",".join(terms) + "->" + output
    rng = np.random.default_rng(0)
    values = [rng.integers(-4, 4, [sizes[c] for c in t]).astype(float) for t in terms]
    nodes = [ag.Tensor(v, requires_grad=True) for v in values]
    found = ag.einsum(subscripts, *nodes)
    np.testing.assert_array_equal(found.value, np.einsum(subscripts, *values))
    seed = rng.integers(-4, 4, found.shape).astype(float)
    for slot, gradient in enumerate(ag.grad(found, nodes, seed)):
        for place in np.ndindex(
            values[slot].shape
        ):  # linear in every input: the slope is a difference of whole numbers
            moved = values[slot].copy()
            moved[place] += 1
            more = np.einsum(subscripts, *values[:slot], moved, *values[slot + 1 :])
            assert gradient[place] == ((more - found.value) * seed).sum()


def test_scalars_take_part():
    x, y = ag.Scalar(2.0), ag.Tensor([1.0, 3.0], requires_grad=True)
    output = ag.einsum(",i->", x, y)
    output.backward()
    assert (output.item(), x.grad) == (8.0, 4.0)
    np.testing.assert_array_equal(y.grad, [2, 2])


@pytest.mark.parametrize(
    ("subscripts", "shapes", "error", "message"),
    [
        ("ij,jk", [(2, 3)], ag.ArgumentError, "names 2 inputs, got 1"),
        ("i-j", [(2,)], ag.ArgumentError, "cannot read"),
        ("......i", [(2,)], ag.ArgumentError, "cannot read"),
        ("i->j", [(2,)], ag.ArgumentError, "one of no input"),
        ("i->ii", [(2,)], ag.ArgumentError, "repeats a letter"),
        ("ij", [(2,)], ag.ShapeError, "one letter per axis"),
        ("i", [(2, 3)], ag.ShapeError, "one letter per axis"),
        ("i,i", [(2,), (3,)], ag.ShapeError, "one index runs over 2 and over 3"),
        ("ii", [(2, 3)], ag.ShapeError, "one index runs over 2 and over 3"),
        ("i,i,i", [(1,), (2,), (3,)], ag.ShapeError, "one index runs over 2 and over 3"),
        ("i,i,i", [(2,), (1,), (3,)], ag.ShapeError, "one index runs over 2 and over 3"),
        ("...i,...i", [(2, 4), (3, 4)], ag.ShapeError, "one index runs over"),
        ([0, 1], [(2, 3)], ag.ArgumentError, "subscripts are a list"),
        ("...", [(1,) * 53], ag.ArgumentError, "more than 52 different indices"),
    ],
)
def test_what_does_not_fit_is_named(subscripts, shapes, error, message):
    with pytest.raises(error, match=message):
        ag.einsum(subscripts, *(ag.Tensor(np.ones(s)) for s in shapes))


@pytest.mark.parametrize(
    ("a", "b", "axes"),
    [
        ((2, 3, 4), (3, 4, 5), 2),
        ((2, 3, 4), (4, 5), 1),
        ((2, 3), (4,), 0),
        ((2, 3), (2, 3), 2),
        ((2, 3), (2, 3), ((0, 1), (0, 1))),
        ((2, 3), (4, 3), (-1, 1)),
    ],
)
def test_tensordot_is_numpys(a, b, axes):
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=a), rng.normal(size=b)
    nodes = ag.Tensor(x, requires_grad=True), ag.Tensor(y, requires_grad=True)
    output = ag.tensordot(*nodes, axes)
    np.testing.assert_allclose(output.value, np.tensordot(x, y, axes), rtol=1e-12)
    if axes == 2:
        np.testing.assert_array_equal(ag.tensordot(*nodes).value, output.value)
    to_x, to_y = ag.grad(output.sum(), nodes)
    np.testing.assert_allclose((to_x * x).sum(), output.value.sum())
    np.testing.assert_allclose((to_y * y).sum(), output.value.sum())


@pytest.mark.parametrize(
    ("a", "b"), [((3,), (3,)), ((2, 3), (3,)), ((2, 3), (3, 4)), ((2, 3), (5, 3, 4)), ((), (2,)), ((3,), (2, 3, 4))]
)
def test_dot_and_outer_are_numpys(a, b):
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=a), rng.normal(size=b)
    node = ag.Tensor(x, requires_grad=True)
    for f in (ag.dot, ag.outer):
        output, expected = f(node, y), getattr(np, f.__name__)(x, y)
        np.testing.assert_allclose(output.value, expected, rtol=1e-12)
        np.testing.assert_allclose((ag.grad(output.sum(), node)[0] * x).sum(), expected.sum())
    np.testing.assert_allclose(node.dot(y).value, x.dot(y))


def test_a_dot_of_matrices_stands_in_the_graph_as_their_product():
    x = ag.Tensor(np.ones((2, 2)), requires_grad=True)
    assert x.dot(x).gate.name == "matmul"


def test_axes_of_tensordot_that_do_not_fit():
    a, b = ag.Tensor(np.ones((2, 3))), ag.Tensor(np.ones((4, 3)))
    with pytest.raises(ag.ShapeError, match="do not fit along"):
        ag.tensordot(a, b, 1)
    for axes in (-1, 2):
        with pytest.raises(ag.ArgumentError, match=f"axes={axes}, expected an integer from 0 to 1, or a pair"):
            ag.tensordot(a, b[0], axes)
    with pytest.raises(ag.OutOfRangeError, match="axis 5"):
        ag.tensordot(a, b, (5, 0))
    with pytest.raises(ag.ArgumentError, match=r"axes=\(0, 1, 2\), expected an integer, or a pair"):
        ag.tensordot(a, b, (0, 1, 2))


def test_numpys_functions_take_nodes():
    x = ag.Tensor(np.arange(4.0).reshape(2, 2), requires_grad=True)
    for f, operands in ((np.einsum, ("ij,jk", x, x)), (np.tensordot, (x, x, 1)), (np.dot, (x, x))):
        product = f(*operands)
        assert product.requires_grad
        np.testing.assert_array_equal(product.value, x.value @ x.value)
