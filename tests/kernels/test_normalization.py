import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from autograd_cnn.errors import DtypeError
from autograd_cnn.kernels import normal, normalization
from tests.kernels.windows import laid_out

LAYOUTS = st.sampled_from(["C", "sliced", "read-only", "big-endian"])
SHAPES = st.tuples(st.integers(0, 4), st.integers(0, 4), st.sampled_from([0, 1, 2, 15, 16, 64, 70]))
EPS = 1e-5


def drawn(shape, seed, dtype=np.float64):
    return np.random.default_rng(seed).normal(3, 2, shape).astype(dtype)


def plainly(x):
    """Mean, variance and standardised form of each group by numpy, in float64."""
    x = x.astype(np.float64)
    if x.size == 0:
        return np.zeros(x.shape[1]), np.zeros(x.shape[1]), np.zeros(x.shape)
    mean, variance = x.mean(axis=(0, 2)), x.var(axis=(0, 2))
    return mean, variance, (x - mean[:, None]) / np.sqrt(variance[:, None] + EPS)


@given(SHAPES, st.integers(0, 99), LAYOUTS, st.sampled_from([np.float32, np.float64]))
def test_standardize_is_its_formula_in_any_layout(shape, seed, layout, dtype):
    x = laid_out(drawn(shape, seed, dtype), layout)
    weight, bias = drawn((2, shape[1]), seed + 1)
    y, mean, variance = normalization.standardize(x, EPS, weight, bias)
    expected_mean, expected_variance, standard = plainly(x)
    assert y.dtype == dtype
    assert y.flags.c_contiguous
    np.testing.assert_allclose(mean, expected_mean, rtol=1e-12)
    np.testing.assert_allclose(variance, expected_variance, rtol=1e-12, atol=1e-24)
    tolerance = 1e-10 if dtype == np.float64 else 1e-6
    expected = standard * weight[:, None] + bias[:, None]
    np.testing.assert_allclose(y, expected, rtol=tolerance, atol=tolerance)


@given(SHAPES, st.integers(0, 99), LAYOUTS)
def test_gradients_are_their_formulas_in_any_layout(shape, seed, layout):
    x, upstream = drawn(shape, seed), laid_out(drawn(shape, seed + 1), layout)
    _, variance, standard = plainly(x)
    product = (upstream * standard).sum(axis=(0, 2))
    np.testing.assert_allclose(normalization.weight_gradient(upstream, x, EPS), product, rtol=1e-9, atol=1e-9)
    count = max(shape[0] * shape[2], 1)
    total = upstream.sum(axis=(0, 2))
    expected = upstream - total[:, None] / count - standard * product[:, None] / count
    expected = expected / np.sqrt(variance[:, None] + EPS)
    found = normalization.standardize_gradient(upstream, x, EPS)
    np.testing.assert_allclose(found, expected, rtol=1e-8, atol=1e-8)


def test_more_threads_give_the_same_bits():
    from autograd_cnn.kernels import get_num_threads, set_num_threads

    x, upstream = drawn((3, 8, 30_000), 0, np.float32), drawn((3, 8, 30_000), 1, np.float32)
    before, results = get_num_threads(), []
    try:
        for threads in (1, 2, 5):
            set_num_threads(threads)
            y, mean, _ = normalization.standardize(x, EPS)
            results.append((y, mean, normalization.standardize_gradient(upstream, x, EPS)))
    finally:
        set_num_threads(before)
    for other in results[1:]:
        for a, b in zip(results[0], other, strict=True):
            np.testing.assert_array_equal(a, b)


def test_an_outlier_at_the_front_costs_no_accuracy():
    """Differences are taken from the first number: it may lie far away."""
    x = drawn((1, 1, 1000), 0)
    x[0, 0, 0] = 1e6
    _, _, variance = normalization.standardize(x, EPS)
    np.testing.assert_allclose(variance, x.var(), rtol=1e-12)


def test_integers_are_refused():
    for call in (
        lambda x: normalization.standardize(x, EPS),
        lambda x: normalization.standardize_gradient(x, x, EPS),
        lambda x: normalization.weight_gradient(x, x, EPS),
        normal.normal_cdf,
    ):
        with pytest.raises(DtypeError, match="int64; give float32 or float64"):
            call(np.ones((1, 1, 4), int))


@given(st.lists(st.floats(-30, 30), max_size=6), LAYOUTS, st.sampled_from([np.float32, np.float64]))
def test_normal_cdf_and_its_mirror_image_sum_to_one(values, layout, dtype):
    x = laid_out(np.array(values, dtype).reshape(1, -1), layout)
    below, above = normal.normal_cdf(x), normal.normal_cdf(-x)
    assert below.dtype == dtype
    assert below.shape == x.shape
    np.testing.assert_allclose(below + above, 1, rtol=2 * np.finfo(dtype).eps)
    order = np.argsort(x[0])
    assert (np.diff(below[0][order]) >= 0).all()
