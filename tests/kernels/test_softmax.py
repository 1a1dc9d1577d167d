from decimal import Decimal, localcontext

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from autograd_cnn.errors import DtypeError, ShapeError
from autograd_cnn.kernels import cross_entropy, cross_entropy_gradient, log_softmax
from autograd_cnn.kernels.softmax import BUNCH, softmax
from tests.kernels.windows import laid_out

# Roundings of the results, in units of eps: float32 is rounded once from float64; in float64 the
# exponentials, their sum (up to 8 terms), log1p and the last addition round each for themselves.
ROUNDINGS = {"float32": 1, "float64": 24}

DIGITS = 350


@st.composite
def logits(draw, specials=()):
    """(N, K) of any magnitude up to 1e5, in any layout."""
    dtype = draw(st.sampled_from(["float32", "float64"]))
    scale = draw(st.sampled_from([1e-3, 1.0, 30.0, 1e4, 1e5]))
    numbers = st.floats(-1, 1, width=32)
    shape = draw(st.tuples(st.integers(0, 4), st.integers(1, 8)))
    x = draw(arrays(dtype, shape, elements=numbers)) * np.asarray(scale, dtype)
    for special in specials:
        x[draw(arrays(bool, shape))] = special
    return laid_out(x, draw(st.sampled_from(["C", "sliced", "read-only", "big-endian"])))


def labels_for(x, seed):
    return np.random.default_rng(seed).integers(0, x.shape[1], len(x))


def exactly(row):
    """Return the log-softmax and softmax of a row in decimal arithmetic.

    Digits enough for 1 + x with the smallest x of float64.
    """
    with localcontext() as context:
        context.prec, context.Emin = DIGITS, -(10**9)
        exact = [Decimal(float(x)) for x in row]
        largest = max(exact)
        exponentials = [(x - largest).exp() for x in exact]
        total = sum(exponentials)
        return [x - largest - total.ln() for x in exact], [e / total for e in exponentials]


def assert_close(result, exact, dtype):
    """Compare to relative accuracy, down to where the dtype has no normal numbers."""
    limits = np.finfo(dtype)
    error = abs(Decimal(float(result)) - exact)
    assert error <= ROUNDINGS[dtype.name] * Decimal(float(limits.eps)) * abs(exact) + Decimal(float(limits.tiny))


@given(logits())
def test_log_softmax_is_accurate_at_any_magnitude(x):
    y = log_softmax(x)
    dtype = x.dtype.newbyteorder("=")
    assert (y.dtype, y.shape) == (dtype, x.shape)
    for row, result in zip(x, y, strict=True):
        for number, exact in zip(result, exactly(row)[0], strict=True):
            assert_close(number, exact, dtype)


@given(logits(), st.integers(0, 99))
def test_cross_entropy_keeps_even_the_smallest_losses(x, seed):
    labels = labels_for(x, seed)
    losses, difference = cross_entropy(x, labels)
    np.testing.assert_array_equal(difference, cross_entropy_gradient(np.ones(len(x), difference.dtype), x, labels))
    dtype = x.dtype.newbyteorder("=")
    assert (losses.dtype, losses.shape) == (dtype, labels.shape)
    for row, label, loss in zip(x, labels, losses, strict=True):
        assert_close(loss, -exactly(row)[0][label], dtype)


@given(logits(), st.integers(0, 99), st.sampled_from([-1.0, 0.25, 2.0]))
def test_cross_entropy_gradient_is_accurate(x, seed, seed_gradient):
    labels = labels_for(x, seed)
    dtype = x.dtype.newbyteorder("=")
    gradient = cross_entropy_gradient(np.full(len(x), seed_gradient, dtype), x, labels)
    assert (gradient.dtype, gradient.shape) == (dtype, x.shape)
    for row, label, result in zip(x, labels, gradient, strict=True):
        for k, number in enumerate(result):
            with localcontext() as context:
                context.prec = DIGITS
                others = [p for j, p in enumerate(exactly(row)[1]) if j != label]
                exact = exactly(row)[1][k] if k != label else -sum(others, Decimal(0))
                assert_close(number, Decimal(seed_gradient) * exact, dtype)


@given(logits(specials=[-np.inf]), st.integers(0, 99))
def test_minus_infinity_has_probability_zero(x, seed):
    labels = labels_for(x, seed)
    y, losses = log_softmax(x), cross_entropy(x, labels)[0]
    gradient = cross_entropy_gradient(np.ones(len(x), x.dtype), x, labels)
    for n, row in enumerate(x):
        possible = np.isfinite(row)
        if not possible.any():
            assert np.isnan(y[n]).all()
            assert np.isnan(losses[n])
            assert np.isnan(gradient[n]).all()
            continue
        assert (y[n, ~possible] == -np.inf).all()
        rest = np.ascontiguousarray(row[possible])[None]
        np.testing.assert_array_equal(y[n, possible], log_softmax(rest)[0])
        assert losses[n] == -y[n, labels[n]]
        missing = ~possible & (np.arange(row.size) != labels[n])
        assert (gradient[n, missing] == 0).all()
        if not possible[labels[n]]:
            assert gradient[n, labels[n]] == -1


@pytest.mark.parametrize("bad", [np.nan, np.inf])
@pytest.mark.parametrize("where", [0, 1, 2])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_a_row_with_nan_or_infinity_is_nan_and_no_other(bad, where, dtype):
    x = np.array([[1.0, -np.inf, 3.0], [1.0, 2.0, 3.0]], dtype)
    x[0, where] = bad
    labels = np.array([1, 2])
    results = (
        softmax(x),
        log_softmax(x),
        *cross_entropy(x, labels),
        cross_entropy_gradient(np.ones(2, dtype), x, labels),
    )
    for result in results:
        assert np.isnan(result[0]).all()
        assert np.isfinite(result[1]).all()


def test_known_losses():
    """The softmax example of the CS231n notes: scores -2.85, 0.86, 0.28, loss 1.04."""
    losses, _ = cross_entropy(np.array([[-2.85, 0.86, 0.28]]), np.array([2]))
    np.testing.assert_allclose(losses, [1.0402], atol=5e-5)
    confident = np.array([[40.0, 0.0]], np.float32)
    np.testing.assert_allclose(cross_entropy(confident, np.array([0]))[0], np.exp(-40.0), rtol=1e-7)
    gradient = cross_entropy_gradient(np.ones(1, np.float32), confident, np.array([0]))
    np.testing.assert_allclose(gradient, [[-np.exp(-40.0), np.exp(-40.0)]], rtol=1e-7)


@pytest.mark.parametrize("dtype", [np.uint8, np.int32, np.int64])
def test_labels_of_any_integer_dtype(dtype):
    x = np.array([[1.0, 2.0], [3.0, 4.0]])
    for found, expected in zip(
        cross_entropy(x, np.array([1, 0], dtype)), cross_entropy(x, np.array([1, 0])), strict=True
    ):
        np.testing.assert_array_equal(found, expected)


def test_no_classes_give_an_empty_result():
    for kernel in (softmax, log_softmax):
        assert kernel(np.zeros((3, 0), np.float32)).shape == (3, 0)
    losses, difference = cross_entropy(np.zeros((0, 0)), np.zeros(0, int))
    assert (losses.shape, difference.shape) == ((0,), (0, 0))


@given(logits(specials=[-np.inf]), st.integers(0, 99))
def test_results_go_where_they_are_wanted(x, seed):
    labels, dtype = labels_for(x, seed), x.dtype.newbyteorder("=")
    expected = cross_entropy(x, labels)
    out = np.full(len(x), 7, dtype), np.full(x.shape, 7, dtype)
    made = cross_entropy(x, labels, out=out)
    for one, other, target in zip(made, expected, out, strict=True):
        assert one is target
        np.testing.assert_array_equal(one, other)
    gradient = cross_entropy_gradient(np.ones(len(x), dtype), x, labels, out=out[1])
    np.testing.assert_array_equal(gradient, expected[1])
    for kernel in (softmax, log_softmax):
        np.testing.assert_array_equal(kernel(x, out=out[1]), kernel(x))


def test_out_that_cannot_take_the_result_raises():
    x = np.ones((2, 3), np.float32)
    with pytest.raises(ShapeError, match=r"shape \(2, 2\), expected \(2, 3\)"):
        softmax(x, out=np.ones((2, 2), np.float32))
    for out in (np.ones((2, 3)), np.ones((3, 2), np.float32).T):
        with pytest.raises(DtypeError, match="in C order"):
            softmax(x, out=out)


@pytest.mark.parametrize(("rows", "classes"), [(8, BUNCH // 3), (2, BUNCH + 1)])
def test_each_of_many_rows_is_what_it_is_alone(rows, classes):
    """Several bunches of rows, the last not full, and rows that are longer than a bunch."""
    rng = np.random.default_rng(0)
    x, labels, upstream = rng.normal(size=(rows, classes)), rng.integers(0, classes, rows), rng.normal(size=rows)

    def results(x, labels, upstream):
        return softmax(x), log_softmax(x), *cross_entropy(x, labels), cross_entropy_gradient(upstream, x, labels)

    alone = [results(x[n : n + 1], labels[n : n + 1], upstream[n : n + 1]) for n in range(rows)]
    for together, rows in zip(results(x, labels, upstream), zip(*alone, strict=True), strict=True):
        np.testing.assert_array_equal(together, np.concatenate(rows))


@pytest.mark.parametrize("classes", [31, 32, 33, 100])
def test_many_classes(classes):
    """Longer rows than hypothesis draws: strands, and what is left over."""
    rng = np.random.default_rng(classes)
    x = rng.standard_normal((5, classes)) * 10
    x[1, :] = 3.0
    x[2, 7] = x[2, 20] = x[2].max() + 1
    exponentials = np.exp((x - x.max(1, keepdims=True)).astype(np.longdouble))
    exact = exponentials / exponentials.sum(1, keepdims=True)
    np.testing.assert_allclose(softmax(x), exact, rtol=1e-14)
    np.testing.assert_allclose(np.exp(log_softmax(x)), exact, rtol=1e-13)
    labels = np.array([0, 1, 7, 3, classes - 1])
    losses, difference = cross_entropy(x, labels)
    np.testing.assert_allclose(losses, -np.log(exact[np.arange(5), labels]), rtol=1e-13)
    one_hot = np.eye(classes)[labels]
    np.testing.assert_allclose(difference, exact - one_hot, rtol=1e-13, atol=1e-16)
