"""Bias and ReLU over a matrix, and their gradients, against NumPy; NaN passes."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from autograd_cnn.kernels import dense

DTYPES = st.sampled_from([np.float32, np.float64])


def matrix(seed, rows, columns, dtype):
    found = np.random.default_rng(seed).integers(-3, 4, (rows, columns)).astype(dtype)
    if found.size:
        found.flat[seed % found.size] = np.nan
    return found


def bias_of(seed, units, dtype):
    return np.random.default_rng(seed + 1).integers(-2, 3, units).astype(dtype)


@given(st.integers(0, 99), st.integers(0, 9), st.integers(1, 9), DTYPES, st.booleans(), st.booleans())
@settings(max_examples=60)
def test_biases(seed, rows, units, dtype, relu, by_columns):
    y = matrix(seed, rows, units, dtype) if by_columns else matrix(seed, rows * units, 7, dtype)
    bias = bias_of(seed, units, dtype)
    expected = y + (bias if by_columns else np.tile(bias, rows)[:, None])
    expected = np.where(expected <= 0, 0, expected) if relu else expected
    (dense.add_to_columns if by_columns else dense.add_to_rows)(0, len(y), y, bias, relu)
    np.testing.assert_array_equal(y, expected)


@pytest.mark.parametrize("add", [dense.add_to_columns, dense.add_to_rows])
@pytest.mark.parametrize("relu", [True, False])
def test_only_without_a_relu_zeros_keep_their_sign(add, relu):
    y = np.full((3, 3), -0.0)
    add(0, 3, y, np.full(3, -0.0), relu)
    assert not y.any()
    assert (np.signbit(y) != relu).all()


@given(st.integers(0, 99), st.integers(1, 9), st.integers(1, 9), DTYPES, st.booleans(), st.integers(1, 4))
@settings(max_examples=60)
def test_gradients(seed, rows, columns, dtype, relu, parts):
    y, upstream = matrix(seed, rows, columns, dtype), matrix(seed + 3, rows, columns, dtype)
    expected = np.where(y <= 0, 0, upstream) if relu else upstream
    gradient, sums = np.empty_like(y), np.full((min(parts, rows), columns), np.inf)
    dense.send_by_columns(0, len(sums), upstream, y, relu, gradient, sums)
    np.testing.assert_array_equal(gradient, expected)
    np.testing.assert_array_equal(sums.sum(axis=0), expected.astype(np.float64).sum(axis=0))
    gradient, sums = np.empty_like(y), np.full((rows, parts), np.inf)
    dense.send_by_rows(0, rows, upstream, y, relu, gradient, sums)
    np.testing.assert_array_equal(gradient, expected)
    np.testing.assert_array_equal(sums.sum(axis=1), expected.astype(np.float64).sum(axis=1))


@pytest.mark.parametrize(("shape", "blocks"), [((0, 3), 1), ((100, 100), 1), ((400, 100), 16), ((3, 40_000), 3)])
def test_large_matrices_are_cut_into_blocks(shape, blocks):
    assert dense.blocks_of(np.empty(shape)) == blocks
