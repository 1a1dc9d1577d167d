"""Histograms are NumPy's, but for zeros and what is not finite, which have a bin of their own."""

import math

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from autograd_cnn.kernels.histograms import PIECE, histogram, size_histogram

DTYPES = st.sampled_from([np.float32, np.float64])


def row(size, seed, dtype):
    """Draw numbers of all sizes, zeros and what is not finite among them."""
    rng = np.random.default_rng(seed)
    numbers = (rng.normal(size=size) * 10.0 ** rng.integers(-9, 9, size)).astype(dtype)
    return np.where(rng.random(size) < 0.2, rng.choice([0.0, -0.0, math.nan, math.inf, -math.inf], size), numbers)


def in_bins(numbers, bounds):
    """Count by NumPy; what lies outside the bounds, in the first and the last bin."""
    return np.bincount(np.searchsorted(bounds, numbers, side="right"), minlength=len(bounds) + 1)


@given(
    st.integers(0, 3 * PIECE), st.integers(0, 99), DTYPES, st.sampled_from([1, 2, 8, 40]), st.sampled_from([2.0, 0.25])
)
@example(2 * PIECE + 3, 0, np.float32, 8, 0.25)
def test_equal_bins_are_counted_as_by_numpy(size, seed, dtype, bins, reach):
    numbers = row(size, seed, dtype).astype(dtype)
    found = histogram(numbers, -reach, reach, bins)
    known = numbers[np.isfinite(numbers) & (numbers != 0)].astype(float)
    assert found[-1] == size - known.size
    np.testing.assert_array_equal(found[:-1], in_bins(known, np.linspace(-reach, reach, bins + 1)[1:-1]))


@given(st.integers(0, 3 * PIECE), st.integers(0, 99), DTYPES, st.sampled_from([8, 20, 40]))
@example(2 * PIECE + 3, 0, np.float64, 20)
@example(2 * PIECE + 3, 0, np.float32, 40)  # bounds nearly as close as octaves
def test_sizes_are_counted_as_by_numpy(size, seed, dtype, bins):
    numbers = row(size, seed, dtype).astype(dtype)
    found = size_histogram(numbers, -8.0, 8.0, bins)
    known = np.abs(numbers[np.isfinite(numbers) & (numbers != 0)]).astype(float)
    assert found[-1] == size - known.size
    np.testing.assert_array_equal(found[:-1], in_bins(known, 10.0 ** np.linspace(-8, 8, bins + 1)[1:-1]))


def test_a_bound_belongs_to_the_bin_above_it():
    np.testing.assert_array_equal(size_histogram(np.array([1.0, -10.0, 10.0]), -3.0, 3.0, 6), [0, 0, 0, 1, 2, 0, 0])


@pytest.mark.parametrize(("low", "high"), [(1.0, 1.0), (-math.inf, 1.0), (2.0, 1.0)])
def test_bounds_that_are_not_apart_put_all_in_the_middle(low, high):
    np.testing.assert_array_equal(histogram(np.array([1.0, 0.0, math.nan, 5.0]), low, high, 4), [0, 0, 2, 0, 2])
