"""Winograd's matrices, proved in fractions: no rounding hides a mistake."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from autograd_cnn.kernels.winograd_transforms import TRANSFORMS, sandwich, transposed

tiles = pytest.mark.parametrize("tile", TRANSFORMS)


def fractions(seed, size):
    """Rational numbers, some of them 0, (size, size)."""
    rng = np.random.default_rng(seed)
    pairs = zip(rng.integers(-9, 10, size * size), rng.integers(1, 10, size * size), strict=True)
    return np.array([Fraction(int(a), int(b)) for a, b in pairs], dtype=object).reshape(size, size)


def correlation(image, window):
    """Sum over each place of the window, in Python's exact numbers."""
    size, outputs = len(window), len(image) - len(window) + 1
    return np.array(
        [[(image[i : i + size, j : j + size] * window).sum() for j in range(outputs)] for i in range(outputs)]
    )


seeds = st.integers(0, 2**32 - 1)


@tiles
@given(seed=seeds)
def test_a_tile_is_the_correlation_exactly(tile, seed):
    of = TRANSFORMS[tile]
    image, window = fractions(seed, tile + 2), fractions(seed + 1, 3)
    product = sandwich(of.of_weight, window) * sandwich(of.of_image, image)
    np.testing.assert_array_equal(sandwich(of.to_output, product), correlation(image, window))


@tiles
@given(seed=seeds)
def test_the_transposes_give_the_gradient_to_the_weights_exactly(tile, seed):
    of = TRANSFORMS[tile]
    image, upstream = fractions(seed, tile + 2), fractions(seed + 1, tile)
    product = sandwich(of.of_image, image) * sandwich(transposed(of.to_output), upstream)
    np.testing.assert_array_equal(sandwich(transposed(of.of_weight), product), correlation(image, upstream))


@tiles
def test_sizes_follow_from_the_tile(tile):
    of = TRANSFORMS[tile]
    assert (of.tile, of.patch) == (tile, tile + 2)
    assert {len(of.of_image), len(of.of_weight)} == {tile + 2}


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_sandwich_takes_vectors_and_keeps_the_dtype(dtype):
    x = np.random.default_rng(0).standard_normal((4, 4, 5)).astype(dtype)
    matrix = np.array(TRANSFORMS[2].to_output, dtype=float)
    result = sandwich(TRANSFORMS[2].to_output, x)
    assert result.dtype == dtype
    np.testing.assert_allclose(result, np.einsum("ik,klc,jl->ijc", matrix, x, matrix), rtol=1e-5, atol=1e-5)
