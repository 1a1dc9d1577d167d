"""Reading images between their pixels, compared with the mean of four pixels of a padded image."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from autograd_cnn.kernels.resampling import CONSTANT, EDGE, REFLECT, resample

BORDERS = {0.5: CONSTANT, "edge": EDGE, "reflect": REFLECT}


def reference(image, y, x, fill):
    """Bilinear interpolation of one plane, as the mean of four pixels of a widely padded one."""
    wide = 60
    mode = {"mode": fill} if isinstance(fill, str) else {"constant_values": fill}
    padded = np.pad(image, wide, **mode)
    top, left = int(np.floor(y)), int(np.floor(x))
    down, right = y - top, x - left
    corners = padded[top + wide : top + wide + 2, left + wide : left + wide + 2]
    return np.array([1 - down, down]) @ corners @ np.array([1 - right, right])


@given(st.integers(1, 5), st.integers(1, 5), st.sampled_from([0.5, "edge", "reflect"]), st.integers(0, 999))
def test_places_between_pixels_are_interpolated(height, width, fill, seed):
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(2, 2, height, width))
    rows, columns = rng.uniform(-20, 20, (2, 2, 3, 2))
    found = resample(x, rows, columns, BORDERS[fill], 0.0 if isinstance(fill, str) else fill)
    for n, c, i, j in np.ndindex(found.shape):
        assert found[n, c, i, j] == pytest.approx(reference(x[n, c], rows[n, i, j], columns[n, i, j], fill), abs=1e-10)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_pixels_themselves_come_out_exactly(dtype):
    x = np.random.default_rng(0).normal(size=(3, 2, 4, 5)).astype(dtype)
    rows, columns = (np.broadcast_to(places, (3, 4, 5)) + 0.0 for places in np.mgrid[:4, :5])
    for border in BORDERS.values():
        found = resample(x, rows, columns, border, 0.0)
        assert found.dtype == dtype
        np.testing.assert_array_equal(found, x)


def test_any_layout_is_read():
    x = np.random.default_rng(0).random((2, 3, 4, 4))
    places = np.full((2, 1, 1), 1.5)
    expected = resample(x, places, places, EDGE, 0.0)
    frozen = np.asfortranarray(x)
    frozen.flags.writeable = False
    np.testing.assert_array_equal(resample(frozen, places, places, EDGE, 0.0), expected)


def test_nothing_that_is_not_a_number_is_lost():
    x = np.full((1, 1, 2, 2), np.nan)
    assert np.isnan(resample(x, np.full((1, 1, 1), 0.5), np.full((1, 1, 1), 0.5), EDGE, 0.0)).all()
