from contextlib import contextmanager
from dataclasses import replace
from unittest import mock

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from autograd_cnn.errors import DtypeError
from autograd_cnn.kernels import get_num_threads, phases, plain_convolution, set_num_threads, threads
from tests.kernels.windows import DEPTHWISE, LARGE, RAGGED, By, all_three, cases, patches

PLAIN = By(plain_convolution)
conv2d, conv2d_input_gradient, conv2d_weight_gradient = (
    PLAIN.conv2d,
    PLAIN.conv2d_input_gradient,
    PLAIN.conv2d_weight_gradient,
)


@contextmanager
def stretches_of(length):
    """Cut the long row into short stretches, so that small images, too, have several."""
    with mock.patch.object(phases, "STRETCH", length), mock.patch.object(plain_convolution, "STRETCH", length):
        yield


@contextmanager
def threaded(number):
    """Share even the smallest work out among ``number`` threads."""
    before = get_num_threads()
    set_num_threads(number)
    try:
        with mock.patch.object(threads, "SMALLEST_SHARE", 1):
            yield
    finally:
        set_num_threads(before)


def in_groups(case, array, axis):
    """Split an axis of channels into groups and the channels of each."""
    shape = list(array.shape)
    shape[axis : axis + 1] = [case.groups, shape[axis] // case.groups]
    return array.astype(np.longdouble).reshape(shape)


def reference(case, x, weight):
    y = np.einsum("ngcijkl,gockl->ngoij", in_groups(case, patches(case, x), 1), in_groups(case, weight, 0))
    return y.reshape(case.batch, case.channels_out, *case.output_size)


def reference_weight_gradient(case, upstream, x):
    gradient = np.einsum("ngcijkl,ngoij->gockl", in_groups(case, patches(case, x), 1), in_groups(case, upstream, 1))
    return gradient.reshape(case.channels_out, -1, *case.window)


def reference_input_gradient(case, upstream, weight):
    """Pixel by pixel: what each window would see of an image that is 1 in this pixel alone."""
    gradient = np.zeros((case.batch, case.channels, *case.input_size), np.longdouble)
    for row in range(case.input_size[0]):
        for column in range(case.input_size[1]):
            pixel = np.zeros((1, 1, *case.input_size))
            pixel[..., row, column] = 1
            seen = patches(case, pixel)[0, 0]
            each = np.einsum("ijkl,gockl,ngoij->ngc", seen, in_groups(case, weight, 0), in_groups(case, upstream, 1))
            gradient[:, :, row, column] = each.reshape(case.batch, case.channels)
    return gradient


def assert_sum_of(terms, result, expected, magnitude, dtype):
    """Compare with the exact sum: each of ``terms`` products and additions may round once."""
    assert result.dtype == dtype
    assert result.flags.c_contiguous
    assert result.shape == expected.shape
    bound = (terms + 2) * np.finfo(dtype).eps * magnitude
    assert (np.abs(result - expected) <= bound).all()


@given(cases(), st.sampled_from([5, 40, 1024]))
@example(LARGE, 1024)
@example(DEPTHWISE, 64)
@example(RAGGED, 80)
def test_conv2d_equals_the_sum_over_windows(case, stretch):
    x, weight = case.images(), case.weight()
    with stretches_of(stretch):
        y = conv2d(x, weight, *case.moves, case.output_size)
    magnitude = reference(case, np.abs(x), np.abs(weight))
    assert_sum_of(weight[0].size, y, reference(case, x, weight), magnitude, case.dtype)


@given(cases(), st.sampled_from([5, 40, 1024]))
@example(DEPTHWISE, 64)
@example(RAGGED, 80)
def test_input_gradient_equals_the_sum_over_windows(case, stretch):
    upstream, weight = case.upstream(), case.weight()
    with stretches_of(stretch):
        gradient = conv2d_input_gradient(upstream, weight, case.input_size, *case.moves)
    expected = reference_input_gradient(case, upstream, weight)
    magnitude = reference_input_gradient(case, np.abs(upstream), np.abs(weight))
    terms = case.channels_out // case.groups * weight[0, 0].size
    assert_sum_of(terms, gradient, expected, magnitude, case.dtype)


@given(cases(), st.sampled_from([5, 40, 1024]))
@example(LARGE, 1024)
@example(DEPTHWISE, 64)
@example(RAGGED, 80)
def test_weight_gradient_equals_the_sum_over_windows(case, stretch):
    upstream, x = case.upstream(), case.images()
    with stretches_of(stretch):
        gradient = conv2d_weight_gradient(upstream, x, case.window, *case.moves)
    expected = reference_weight_gradient(case, upstream, x)
    magnitude = reference_weight_gradient(case, np.abs(upstream), np.abs(x))
    assert_sum_of(upstream[:, 0].size, gradient, expected, magnitude, case.dtype)


@given(cases())
@example(LARGE)
def test_gradients_are_adjoint_to_the_convolution(case):
    """<conv(x, w), u> = <x, input gradient(u, w)> = <w, weight gradient(u, x)>."""
    case = replace(case, dtype="float64")
    x, weight, upstream = case.images(), case.weight(), case.upstream()
    forward = np.vdot(conv2d(x, weight, *case.moves, case.output_size), upstream)
    by_input = np.vdot(x, conv2d_input_gradient(upstream, weight, case.input_size, *case.moves))
    by_weight = np.vdot(weight, conv2d_weight_gradient(upstream, x, case.window, *case.moves))
    terms = weight[0].size + upstream.size
    magnitude = float((reference(case, np.abs(x), np.abs(weight)) * np.abs(upstream)).sum())
    assert forward == pytest.approx(by_input, rel=0, abs=terms * np.finfo(float).eps * magnitude)
    assert forward == pytest.approx(by_weight, rel=0, abs=terms * np.finfo(float).eps * magnitude)


@given(cases(), st.integers(2, 5))
@example(LARGE, 2)
def test_results_do_not_depend_on_the_number_of_threads(case, number):
    x, weight, upstream = case.images(), case.weight(), case.upstream()

    def all_three():
        return (
            conv2d(x, weight, *case.moves, case.output_size),
            conv2d_input_gradient(upstream, weight, case.input_size, *case.moves),
            conv2d_weight_gradient(upstream, x, case.window, *case.moves),
        )

    with threaded(1):
        alone = all_three()
    for _ in range(2):
        with threaded(number):
            shared = all_three()
        for one, other in zip(alone, shared, strict=True):
            np.testing.assert_array_equal(one, other, strict=True)


def test_cross_correlation_of_known_numbers():
    x = np.arange(9.0).reshape(1, 1, 3, 3)
    weight = np.array([[[[1.0, 2.0], [3.0, 4.0]]]])
    y = conv2d(x, weight, (1, 1), ((0, 0), (0, 0)), (1, 1), 1, (2, 2))
    np.testing.assert_array_equal(y, [[[[27.0, 37.0], [57.0, 67.0]]]])


@pytest.mark.parametrize("filters", [8, 9])
def test_many_filters_and_channels(filters):
    """More than the loops take at once."""
    case = replace(LARGE, batch=1, channels=filters, channels_out=filters, input_size=(3, 2), output_size=(3, 2))
    case = replace(case, dtype="float64")
    x, weight, upstream = case.images(), case.weight(), case.upstream()
    found = all_three(plain_convolution, case, x, weight, upstream)
    expected = reference(case, x, weight), reference_input_gradient(case, upstream, weight)
    for one, other in zip(found, (*expected, reference_weight_gradient(case, upstream, x)), strict=True):
        np.testing.assert_allclose(one, other.astype(float), rtol=1e-12, atol=1e-12)


def test_a_weight_of_one_number_scales():
    x, weight, upstream = np.arange(1.0, 5).reshape(1, 1, 2, 2), np.full((1, 1, 1, 1), 3.0), np.ones((1, 1, 2, 2))
    moves = (1, 1), ((0, 0), (0, 0)), (1, 1), 1
    np.testing.assert_array_equal(conv2d(x, weight, *moves, (2, 2)), 3 * x)
    np.testing.assert_array_equal(conv2d_input_gradient(upstream, weight, (2, 2), *moves), 3 * upstream)
    np.testing.assert_array_equal(conv2d_weight_gradient(upstream, x, (1, 1), *moves), [[[[10.0]]]])


def test_images_without_channels_give_zeros():
    x, weight, upstream = np.ones((2, 0, 4, 4)), np.ones((3, 0, 2, 2)), np.ones((2, 3, 3, 3))
    moves = (1, 1), ((0, 0), (0, 0)), (1, 1), 1
    np.testing.assert_array_equal(conv2d(x, weight, *moves, (3, 3)), 0 * upstream)
    assert conv2d_input_gradient(upstream, weight, (4, 4), *moves).shape == x.shape
    assert conv2d_weight_gradient(upstream, x, (2, 2), *moves).shape == weight.shape


@pytest.mark.parametrize("bad", [np.inf, -np.inf, np.nan])
@pytest.mark.parametrize("size", [(4, 5), (40, 41)])
def test_a_bad_pixel_or_weight_reaches_only_what_it_touches(bad, size):
    """In particular not what lies beside it in the long row."""
    case = replace(LARGE, batch=2, channels_out=5, input_size=size, output_size=size, dtype="float64")
    x, weight, upstream = np.abs(case.images()), np.abs(case.weight()), np.abs(case.upstream())
    x[0, 1, 0, -1] = bad
    with np.errstate(invalid="ignore"):
        expected = reference(case, x, weight), reference_weight_gradient(case, upstream, x)
    y = conv2d(x, weight, *case.moves, case.output_size)
    np.testing.assert_allclose(y, expected[0].astype(float), rtol=1e-13)
    gradient = conv2d_weight_gradient(upstream, x, case.window, *case.moves)
    # The reference sees padding as 0 × bad only where weight and image say so, never upstream.
    np.testing.assert_array_equal(np.isfinite(gradient), np.isfinite(expected[1].astype(float)))
    assert not np.isfinite(gradient[:, 1, 1, 1]).any()
    assert np.isfinite(gradient[:, 0]).all()
    weight[2, 0, 0, 0] = bad  # sees the pixel above and to the left
    down = conv2d_input_gradient(upstream, weight, size, *case.moves)
    touched = np.zeros(down.shape, bool)
    touched[:, 0, :-1, :-1] = True
    np.testing.assert_array_equal(~np.isfinite(down), touched)


def test_a_bad_pixel_of_a_later_image_reaches_only_the_weights_that_touch_it():
    """In particular not by way of the gap in front of it."""
    case = replace(LARGE, batch=3, input_size=(4, 5), output_size=(4, 5), dtype="float64")
    x, upstream = case.images(), case.upstream()
    x[1, 1, 0, -1] = np.inf
    gradient = conv2d_weight_gradient(upstream, x, case.window, *case.moves)
    touched = np.zeros(gradient.shape, bool)
    touched[:, 1, :2, 1:] = True  # no window has this pixel in its last row, nor in its first column
    np.testing.assert_array_equal(~np.isfinite(gradient), touched)


def test_arguments_are_left_alone():
    x, weight, upstream = LARGE.images(), LARGE.weight(), LARGE.upstream()
    copies = x.copy(), weight.copy(), upstream.copy()
    conv2d(x, weight, *LARGE.moves, LARGE.output_size)
    conv2d_input_gradient(upstream, weight, LARGE.input_size, *LARGE.moves)
    conv2d_weight_gradient(upstream, x, LARGE.window, *LARGE.moves)
    for array, copy in zip((x, weight, upstream), copies, strict=True):
        np.testing.assert_array_equal(array, copy)
        assert array.flags.writeable


def test_other_dtypes_raise_and_name_the_way_out():
    x = np.ones((1, 1, 2, 2), np.int64)
    with pytest.raises(DtypeError, match=r"conv2d got int64; give float32 or float64 arrays, see \.astype"):
        conv2d(x, x, (1, 1), ((0, 0), (0, 0)), (1, 1), 1, (1, 1))
