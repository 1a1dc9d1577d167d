"""Bias, ReLU and pooling in one walk against the three one after the other."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from autograd_cnn.kernels import max_pool2d, scatter_by_switches
from autograd_cnn.kernels.image_rows import (
    BATCH_LAST,
    CHANNELS_LAST,
    ORDERS,
    PLANES,
    counts,
    empty_images,
    packed_rows,
    readable_rows,
    writable_rows,
)
from autograd_cnn.kernels.layout import readable
from autograd_cnn.kernels.pooled_fours import (
    send_to_four,
    send_to_four_in_planes,
    take_largest_of_four,
    take_largest_of_four_in_planes,
)

WINDOWS = (2, 2), (2, 2), ((0, 0), (0, 0)), (1, 1)
NOWHERE = np.uint8(255)

shapes = st.tuples(st.integers(1, 3), st.integers(1, 4), st.integers(2, 7), st.integers(2, 7))
specials = st.sampled_from([(), (np.nan,), (np.inf, -np.inf), (0.0, -0.0)])


def drawn(shape, seed, dtype, order, values=()):
    """Few different numbers, so that many tie, in a buffer with a margin."""
    rng = np.random.default_rng(seed)
    n, c, h, w = shape
    images = empty_images((n, c, h + 2, w + 2), order, dtype)
    images[...] = rng.integers(-3, 4, images.shape) / 2
    for value in values:
        images[rng.random(images.shape) < 0.2] = value
    return images[:, :, 1 : h + 1, 1 : w + 1]


def forward(x, bias, order):
    """Return what the kernel makes of images: maxima, and switches without gaps."""
    n, c, h, w = x.shape
    shape = n, c, h // 2, w // 2
    y, switches = empty_images(shape, order, x.dtype), empty_images(shape, order, np.uint8)
    outer, lanes = counts(shape, order)
    flat = packed_rows(switches, order).reshape(outer, -1)
    ends = readable(bias, x.dtype), order == CHANNELS_LAST, x.dtype.type(0), NOWHERE
    source, target = readable_rows(x, order, x.dtype), writable_rows(y, order)
    take = take_largest_of_four if lanes > 1 else take_largest_of_four_in_planes
    take(0, outer, *source, (*shape[2:], lanes), *ends, *target, flat)
    return y, switches


def backward(upstream, switches, size, order):
    """Return the gradient of the images, and of the bias."""
    outer, lanes = counts(upstream.shape, order)
    gradient = empty_images((*upstream.shape[:2], *size), order, upstream.dtype)
    gradient[...] = np.nan
    flat = packed_rows(switches, order).reshape(outer, -1)
    sums = np.zeros((outer, upstream.shape[3] * lanes))
    source, target = readable_rows(upstream, order, upstream.dtype), writable_rows(gradient, order)
    send = send_to_four if lanes > 1 else send_to_four_in_planes
    send(0, outer, *source, flat, (*size, lanes), upstream.shape[2:], NOWHERE, *target, sums)
    n, c = upstream.shape[:2]
    if order == PLANES:
        return gradient, sums.reshape(n, c, -1).sum((0, 2))
    return gradient, sums.sum(1) if order == BATCH_LAST else sums.reshape(n, -1, c).sum((0, 1))


@pytest.mark.parametrize("order", ORDERS)
@given(shape=shapes, values=specials, seed=st.integers(0, 99), dtype=st.sampled_from([np.float32, np.float64]))
def test_one_walk_is_bias_relu_and_pooling(order, shape, values, seed, dtype):
    """To the bit, ties, NaN and what lies beside the windows included; a dead window points nowhere."""
    check(order, shape, values, seed, dtype)


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("shape", [(2, 3, 7, 5), (3, 2, 4, 7)])
def test_several_windows_and_what_lies_beside_them(order, shape):
    check(order, shape, (np.nan,), 0, np.float64)


def check(order, shape, values, seed, dtype):
    x = drawn(shape, seed, dtype, order, values)
    bias = (np.random.default_rng(seed).integers(-2, 3, shape[1]) / 2).astype(dtype)  # sums of 0 are frequent
    with np.errstate(invalid="ignore"):
        shifted = x + bias[:, None, None]
    active = np.where(shifted <= 0, 0, shifted).astype(dtype)
    outputs = shape[2] // 2, shape[3] // 2
    expected, places = max_pool2d(active, *WINDOWS, outputs)
    y, switches = forward(x, bias, order)
    np.testing.assert_array_equal(y, expected, strict=True)
    np.testing.assert_array_equal(switches, np.where(expected <= 0, NOWHERE, places))

    upstream = drawn(y.shape, seed + 1, dtype, order)
    passed = np.where(expected <= 0, 0, upstream).astype(dtype)
    gradient, of_bias = backward(upstream, switches, shape[2:], order)
    np.testing.assert_array_equal(gradient, scatter_by_switches(passed, places, shape[2:], *WINDOWS))
    np.testing.assert_allclose(of_bias, passed.sum((0, 2, 3), np.float64), rtol=1e-14)
