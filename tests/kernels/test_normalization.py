import numba
import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from autograd_cnn.errors import ArgumentError, DtypeError, ShapeError
from autograd_cnn.kernels import normal, normalization
from autograd_cnn.kernels.image_rows import ORDERS, empty_images, order_of
from autograd_cnn.kernels.workspace import Workspace
from tests.kernels.windows import laid_out

LAYOUTS = st.sampled_from(["C", "sliced", "read-only", "big-endian"])
SHAPES = st.tuples(
    st.integers(0, 4), st.sampled_from([0, 1, 2, 3, 4, 8, 11]), st.sampled_from([0, 1, 2, 15, 16, 64, 70])
)
EPS = 1e-5
AXIS = (0, 2)


def drawn(shape, seed, dtype=np.float64):
    return np.random.default_rng(seed).normal(3, 2, shape).astype(dtype)


def plainly(x):
    """Mean, variance and standardised form of each group by numpy, in float64."""
    x = x.astype(np.float64)
    if x.size == 0:
        return np.zeros(x.shape[1]), np.zeros(x.shape[1]), np.zeros(x.shape)
    mean, variance = x.mean(axis=(0, 2)), x.var(axis=(0, 2))
    return mean, variance, (x - mean[:, None]) / np.sqrt(variance[:, None] + EPS)


# A number, pieces that are brought together or not, groups side by side, and groups of nothing.
FEW_SHAPES = [(1, 3, 1), (1, 3, 2), (3, 2, 20), (2, 3, 5), (4, 8, 1), (3, 9, 1), (0, 2, 3), (2, 2, 0), (2, 8, 0)]
few_shapes = pytest.mark.parametrize("shape", FEW_SHAPES)


@given(SHAPES, st.integers(0, 99), LAYOUTS, st.sampled_from([np.float32, np.float64]))
def test_standardize_is_its_formula_in_any_layout(shape, seed, layout, dtype):
    check_results(laid_out(drawn(shape, seed, dtype), layout), seed, dtype)


@few_shapes
def test_standardize_is_its_formula(shape):
    check_results(drawn(shape, 0), 0, np.float64)


def check_results(x, seed, dtype):
    shape = x.shape
    weight, bias = drawn((2, shape[1]), seed + 1)
    y, mean, variance = normalization.standardize(x, AXIS, EPS, weight, bias)
    expected_mean, expected_variance, standard = plainly(x)
    assert y.dtype == dtype
    np.testing.assert_allclose(mean, expected_mean, rtol=1e-12)
    np.testing.assert_allclose(variance, expected_variance, rtol=1e-12, atol=1e-24)
    tolerance = 1e-10 if dtype == np.float64 else 1e-6
    expected = standard * weight[:, None] + bias[:, None]
    np.testing.assert_allclose(y, expected, rtol=tolerance, atol=tolerance)


@pytest.mark.parametrize(("long", "block"), [(4, 6), (16, 16), (24, 48)])
def test_groups_side_by_side_are_walked_in_rows_and_blocks_of_any_length(long, block, monkeypatch):
    """Shorter than the groups are many, too."""
    monkeypatch.setattr(normalization, "LONG", long)
    monkeypatch.setattr(normalization, "BLOCK", block)
    for rows in (2, 3, 6, 7):
        check_results(drawn((rows, 8, 1), 0), 0, np.float64)
        check_gradients(drawn((rows, 8, 1), 0), drawn((rows, 8, 1), 1))


@given(SHAPES, st.integers(0, 99), LAYOUTS)
def test_gradients_are_their_formulas_in_any_layout(shape, seed, layout):
    check_gradients(drawn(shape, seed), laid_out(drawn(shape, seed + 1), layout))


@few_shapes
def test_gradients_are_their_formulas(shape):
    check_gradients(drawn(shape, 0), drawn(shape, 1))


def check_gradients(x, upstream):
    shape = x.shape
    _, variance, standard = plainly(x)
    product = (upstream * standard).sum(axis=(0, 2))
    np.testing.assert_allclose(normalization.weight_gradient(upstream, x, AXIS, EPS), product, rtol=1e-9, atol=1e-9)
    count = max(shape[0] * shape[2], 1)
    total = upstream.sum(axis=(0, 2))
    expected = upstream - total[:, None] / count - standard * product[:, None] / count
    expected = expected / np.sqrt(variance[:, None] + EPS)
    found = normalization.standardize_gradient(upstream, x, AXIS, EPS)
    np.testing.assert_allclose(found, expected, rtol=1e-8, atol=1e-8)


IMAGES = st.tuples(*[st.sampled_from(sizes) for sizes in ([0, 1, 2, 5], [1, 2, 8, 13], [1, 3, 6], [1, 2, 7])])
GROUPS = [(0, 2, 3), (1, 2, 3), (2, 3), (3,), (0,), (0, 1, 2, 3), (0, 1)]


def alone(x, axis):
    """Standardise by numpy, in float64."""
    wide = x.astype(np.float64)
    mean, variance = (f(axis=axis, keepdims=True) for f in (wide.mean, wide.var))
    return mean, variance, (wide - mean) / np.sqrt(variance + EPS)


@given(
    IMAGES, st.sampled_from(GROUPS), st.sampled_from(ORDERS), st.sampled_from(ORDERS), st.integers(0, 99), st.booleans()
)
@example((2, 2, 3, 2), (0, 2, 3), ORDERS[0], ORDERS[1], 0, True)  # whose result is copied to where it is wanted
def test_images_in_any_order_and_groups_of_any_axes(shape, axis, order, other_order, seed, into):
    check_images(shape, axis, order, other_order, seed, into)


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("axis", GROUPS)
def test_images_and_their_results_in_three_orders(axis, order):
    for other_order in ORDERS:
        check_images((2, 3, 2, 2), axis, order, other_order, 0, into=True)
    check_images((3, 8, 1, 2), axis, order, order, 0, into=False)


def check_images(shape, axis, order, other_order, seed, into):
    x, upstream = empty_images(shape, order, np.float64), empty_images(shape, other_order, np.float64)
    x[...], upstream[...] = drawn(shape, seed), drawn(shape, seed + 1)
    if x.size == 0:
        y, mean, variance = normalization.standardize(x, axis, EPS)
        assert y.shape == shape
        assert not mean.any()
        assert not variance.any()
        return
    where = {"out": empty_images(shape, other_order, np.float64), "workspace": Workspace()} if into else {}
    y, mean, variance = normalization.standardize(x, axis, EPS, **where)
    expected_mean, expected_variance, standard = alone(x, axis)
    np.testing.assert_allclose(mean, expected_mean.ravel(), rtol=1e-12)
    np.testing.assert_allclose(variance, expected_variance.ravel(), rtol=1e-12, atol=1e-24)
    np.testing.assert_allclose(y, standard, rtol=1e-9, atol=1e-9)
    assert (y is where["out"]) if into else (order_of(y) == order_of(x) or axis != (0, 2, 3))
    product = (upstream * standard).sum(axis=axis)
    found = normalization.weight_gradient(upstream, x, axis, EPS)
    np.testing.assert_allclose(found, product.ravel(), rtol=1e-8, atol=1e-8)
    count = x.size // product.size
    along = np.expand_dims(product, axis) * standard / count
    expected = (upstream - upstream.mean(axis=axis, keepdims=True) - along) / np.sqrt(expected_variance + EPS)
    found = normalization.standardize_gradient(upstream, x, axis, EPS, **where)
    np.testing.assert_allclose(found, expected, rtol=1e-7, atol=1e-7)
    assert not into or found is where["out"]


@pytest.mark.parametrize("shape", [(1100, 17, 1), (1, 2, 2049), (7, 300, 1)])
def test_many_numbers_in_float32_are_summed_without_loss(shape):
    """Blocks of rows and of numbers, put together; far from 0 too."""
    x = drawn(shape, 0, np.float32) + np.float32(1000)
    weight, bias = drawn((2, shape[1]), 1)
    y, mean, variance = normalization.standardize(x, AXIS, EPS, weight, bias)
    expected_mean, expected_variance, standard = plainly(x)
    np.testing.assert_allclose(mean, expected_mean, rtol=1e-14)
    np.testing.assert_allclose(variance, expected_variance, rtol=1e-12)
    np.testing.assert_allclose(y, standard * weight[:, None] + bias[:, None], rtol=1e-6, atol=1e-6)
    upstream = drawn(shape, 2, np.float32)
    found = normalization.weight_gradient(upstream, x, AXIS, EPS)
    np.testing.assert_allclose(found, (upstream * standard).sum(axis=AXIS), rtol=1e-6, atol=1e-4)


@pytest.mark.parametrize("shape", [(40, 9, 1), (4, 3, 50)])
def test_a_constant_group_becomes_exactly_its_bias(shape):
    x = np.full(shape, 0.1, np.float32)
    y, mean, variance = normalization.standardize(x, AXIS, EPS, bias=np.full(shape[1], 0.5))
    assert (y == 0.5).all()
    assert not variance.any()
    np.testing.assert_array_equal(mean, np.float64(np.float32(0.1)))


def test_groups_whose_axes_are_apart_and_results_that_do_not_fit_raise():
    x = np.ones((2, 3, 4, 5))
    with pytest.raises(ArgumentError, match="must be next to each other"):
        normalization.standardize(x, (1, 3), EPS)
    for out in (np.ones((2, 3, 4)), np.ones((2, 3, 4, 5), np.float32)):
        with pytest.raises(ShapeError, match=r"expected float64 of shape \(2, 3, 4, 5\)"):
            normalization.standardize(x, (2, 3), EPS, out=out)


@pytest.mark.parametrize("shape", [(3, 8, 300), (2500, 8, 1)])
def test_more_threads_give_the_same_bits(shape, monkeypatch):
    from autograd_cnn.kernels import get_num_threads, set_num_threads, threads

    monkeypatch.setattr(threads, "SMALLEST_SHARE", 1)
    x, upstream = drawn(shape, 0, np.float32), drawn(shape, 1, np.float32)
    before, results = get_num_threads(), []
    try:
        for number in (1, 2, 5):
            set_num_threads(number)
            y, mean, _ = normalization.standardize(x, AXIS, EPS)
            results.append((y, mean, normalization.standardize_gradient(upstream, x, AXIS, EPS)))
    finally:
        set_num_threads(before)
    for other in results[1:]:
        for a, b in zip(results[0], other, strict=True):
            np.testing.assert_array_equal(a, b)


def test_an_outlier_at_the_front_costs_no_accuracy():
    """Differences are taken from the first number: it may lie far away."""
    x = drawn((1, 1, 1000), 0)
    x[0, 0, 0] = 1e6
    _, _, variance = normalization.standardize(x, AXIS, EPS)
    np.testing.assert_allclose(variance, x.var(), rtol=1e-12)


FAR = [(np.float32, 1e4, 1e-2), (np.float32, 1e4, 1.0), (np.float64, 1e8, 1e-6), (np.float64, 1e8, 1.0)]
NORMS = {"batch": (0, 2, 3), "layer": (1, 2, 3), "instance": (2, 3)}


@pytest.mark.parametrize(("dtype", "mean", "deviation"), FAR)
@pytest.mark.parametrize("axis", NORMS.values(), ids=NORMS)
@pytest.mark.parametrize("order", ORDERS, ids=str)
def test_numbers_far_from_zero_lose_nothing(dtype, mean, deviation, axis, order):
    """Means 10¹⁴ times the deviation: off by a few units of the last place, like two passes in long double."""
    rng = np.random.default_rng(3)
    numbers, sent = rng.normal(mean, deviation, (5, 24, 9, 9)).astype(dtype), rng.normal(size=(5, 24, 9, 9))
    x, upstream = (empty_images(numbers.shape, order, dtype) for _ in range(2))
    x[...], upstream[...] = numbers, sent
    wide = numbers.astype(np.longdouble) - numbers.flat[0]
    centred = wide - wide.mean(axis, keepdims=True)
    scale = 1 / np.sqrt((centred * centred).mean(axis, keepdims=True) + np.longdouble(1e-12))
    standard, u = centred * scale, upstream.astype(np.longdouble)
    gradient = (u - u.mean(axis, keepdims=True) - standard * (u * standard).mean(axis, keepdims=True)) * scale
    unit = np.finfo(dtype).eps
    y, _, variance = normalization.standardize(x, axis, 1e-12)
    np.testing.assert_allclose(variance, np.ravel(centred.var(axis)).astype(np.float64), rtol=1e-14)
    in_sequence = numba.config.DISABLE_JIT  # then a block is added up number by number, not lane by lane
    assert np.max(np.abs(y - standard)) <= (20 if in_sequence else 10) * unit
    found = normalization.standardize_gradient(upstream, x, axis, 1e-12)
    assert np.max(np.abs(found - gradient)) <= (8 if in_sequence else 4) * unit * np.max(np.abs(gradient))


def test_integers_are_refused():
    for call in (
        lambda x: normalization.standardize(x, AXIS, EPS),
        lambda x: normalization.standardize_gradient(x, x, AXIS, EPS),
        lambda x: normalization.weight_gradient(x, x, AXIS, EPS),
        normal.normal_cdf,
    ):
        with pytest.raises(DtypeError, match="int64; give float32 or float64"):
            call(np.ones((1, 1, 4), int))


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_known_shares_of_the_normal_distribution(dtype):
    """The median, one and two standard deviations, what a two-sided test of 5 % leaves out, and far to the left."""
    x = np.array([0.0, 1.0, -2.0, -1.959963984540054, -10.0], dtype)
    expected = [0.5, 0.8413447460685429, 0.022750131948179195, 0.025, 7.619853024160525e-24]
    tolerance = 1e-13 if dtype == np.float64 else 1e-6
    np.testing.assert_allclose(normal.normal_cdf(x), expected, rtol=tolerance)


@given(st.lists(st.floats(-30, 30), max_size=6), LAYOUTS, st.sampled_from([np.float32, np.float64]))
def test_normal_cdf_and_its_mirror_image_sum_to_one(values, layout, dtype):
    x = laid_out(np.array(values, dtype).reshape(1, -1), layout)
    below, above = normal.normal_cdf(x), normal.normal_cdf(-x)
    assert below.dtype == dtype
    assert below.shape == x.shape
    np.testing.assert_allclose(below + above, 1, rtol=2 * np.finfo(dtype).eps)
    order = np.argsort(x[0])
    assert (np.diff(below[0][order]) >= 0).all()
