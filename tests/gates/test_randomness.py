"""Sources of random numbers: which draws are kept, and what stands for what is not given."""

import numpy as np
import pytest

from autograd_cnn.gates.randomness import gaussian_noise, keep_mask


def test_what_is_drawn_below_p_is_dropped_and_p_itself_is_kept():
    """So p = 0 keeps all, and p = 1 drops all: draws are from 0 to below 1."""
    draws = np.random.default_rng(3).random((2, 3))
    p = float(np.median(draws[0]))
    mask = np.asarray(keep_mask(shape=(2, 3), p=p, seed=3))
    np.testing.assert_array_equal(mask, np.where(draws < p, 0.0, 1.0), strict=True)
    assert mask[draws == p] == 1
    scaled = np.asarray(keep_mask(shape=(2, 3), p=p, scale=2.5, dtype=np.float32, seed=3))
    np.testing.assert_array_equal(scaled, (2.5 * mask).astype(np.float32), strict=True)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_noise_has_deviation_1_unless_another_is_given(dtype):
    noise = np.asarray(gaussian_noise(shape=(5000,), seed=3))
    assert noise.dtype == np.float64
    assert (abs(noise.mean()), noise.std()) == (pytest.approx(0, abs=0.05), pytest.approx(1, rel=0.05))
    wider = np.asarray(gaussian_noise(shape=(5000,), std=3.0, dtype=dtype, seed=3))
    np.testing.assert_array_equal(wider, (3 * noise).astype(dtype), strict=True)
