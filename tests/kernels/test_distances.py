"""Sums of absolute differences, against numpy's."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from autograd_cnn.kernels.distances import manhattan


@given(st.integers(0, 4), st.integers(0, 5), st.integers(0, 9), st.integers(0, 99))
def test_distances_are_sums_of_absolute_differences(queries, points, dimensions, seed):
    rng = np.random.default_rng(seed)
    for dtype, accuracy in ((np.float32, 1e-5), (np.float64, 1e-14)):
        q, p = (rng.normal(size=(n, dimensions)).astype(dtype) for n in (queries, points))
        found = manhattan(q, p)
        assert found.dtype == dtype
        np.testing.assert_allclose(found, np.abs(q[:, None] - p).sum(2), rtol=accuracy, atol=accuracy)


def test_equal_points_are_equally_far_away_and_nan_is_kept():
    rng = np.random.default_rng(0)
    q, p = rng.random((3, 37), np.float32), rng.random((1, 37), np.float32)
    found = manhattan(q, np.repeat(p, 5, axis=0))
    assert (found == found[:, :1]).all()
    assert (manhattan(q, q).diagonal() == 0).all()
    p[0, 5] = np.nan
    assert np.isnan(manhattan(q, p)).all()


@pytest.mark.parametrize("far", [np.inf, -np.inf])
def test_infinity_is_infinitely_far(far):
    assert manhattan(np.zeros((1, 3)), np.array([[0.0, far, 1.0]]))[0, 0] == np.inf
