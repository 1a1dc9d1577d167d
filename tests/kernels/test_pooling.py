from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from autograd_cnn.errors import ShapeError
from autograd_cnn.kernels import (
    avg_pool2d,
    avg_pool2d_gradient,
    gather_by_switches,
    get_num_threads,
    max_pool2d,
    scatter_by_switches,
    set_num_threads,
    threads,
)
from tests.kernels.windows import LARGE, cases, laid_out, patches, places

pooled = cases(pooling=True)
without_dilation = pooled.map(lambda case: replace(case, dilation=(1, 1)))
special = st.sampled_from([(), (np.nan,), (-np.inf,), (np.inf, -np.inf, np.nan), (0.0, -0.0)])


def images_with_ties(case, values=()):
    """Images of few different numbers, some of them special."""
    generator = np.random.default_rng([case.seed, 4])
    x = generator.integers(-2, 3, (case.batch, case.channels, *case.input_size)).astype(case.dtype)
    for value in values:
        x[generator.random(x.shape) < 0.3] = value
    return laid_out(x, case.layout)


def first_largest(case, plane, i, j):
    """Walk through one window as the rule says; return the maximum and its switch."""
    best, switch = -np.inf, -1
    for row in places(case, 0)[i]:
        for column in places(case, 1)[j]:
            if 0 <= row < case.input_size[0] and 0 <= column < case.input_size[1]:
                pixel = plane[row, column]
                if np.isnan(pixel):
                    return pixel, row * case.input_size[1] + column
                if switch < 0 or pixel > best:
                    best, switch = pixel, row * case.input_size[1] + column
    return best, switch


@given(pooled, special)
def test_max_pool2d_takes_the_first_largest_pixel_of_each_window(case, values):
    x = images_with_ties(case, values)
    y, switches = max_pool2d(x, case.window, *case.moves[:3], case.output_size)
    assert (y.dtype, switches.dtype) == (case.dtype, np.int32)
    assert y.shape == switches.shape == (case.batch, case.channels, *case.output_size)
    for n, c, i, j in np.ndindex(y.shape):
        best, switch = first_largest(case, x[n, c], i, j)
        assert switches[n, c, i, j] == switch
        np.testing.assert_equal(y[n, c, i, j], np.asarray(best, case.dtype))


@given(pooled)
def test_scatter_adds_each_gradient_where_its_switch_points(case):
    _, switches = max_pool2d(images_with_ties(case), case.window, *case.moves[:3], case.output_size)
    upstream = np.round(case.upstream() * 8)  # whole numbers: any order of adding is exact
    expected = np.zeros((case.batch, case.channels, *case.input_size))
    for n, c, i, j in np.ndindex(switches.shape):
        if switches[n, c, i, j] >= 0:
            expected[n, c].flat[switches[n, c, i, j]] += upstream[n, c, i, j]
    gradient = scatter_by_switches(upstream, switches, case.input_size)
    np.testing.assert_array_equal(gradient, expected.astype(case.dtype), strict=True)


@given(pooled, special)
def test_gather_finds_the_maxima_again(case, values):
    x = images_with_ties(case, values)
    y, switches = max_pool2d(x, case.window, *case.moves[:3], case.output_size)
    expected = np.where(switches < 0, 0, y).astype(case.dtype)
    np.testing.assert_array_equal(gather_by_switches(x, switches), expected, strict=True)


def test_known_maxima_ties_and_nan():
    x = np.array([[3.0, 3.0, -1.0, np.nan], [3.0, 0.0, np.nan, 5.0]])[None, None]
    y, switches = max_pool2d(x, (2, 2), (2, 2), ((0, 0), (0, 0)), (1, 1), (1, 2))
    np.testing.assert_array_equal(y, [[[[3.0, np.nan]]]])
    np.testing.assert_array_equal(switches, [[[[0, 3]]]])


def test_padding_never_wins_over_a_pixel_of_minus_infinity():
    x = np.full((1, 1, 2, 2), -np.inf, np.float32)
    _, switches = max_pool2d(x, (2, 2), (1, 1), ((1, 1), (1, 1)), (1, 1), (3, 3))
    np.testing.assert_array_equal(switches[0, 0], [[0, 0, 1], [0, 0, 1], [2, 2, 3]])


def test_images_beyond_int32_switches_raise():
    huge = np.broadcast_to(np.float32(0), (1, 1, 2**16, 2**15))
    with pytest.raises(ShapeError, match="65536x32768"):
        max_pool2d(huge, (1, 1), (1, 1), ((0, 0), (0, 0)), (1, 1), (1, 1))


def counts(case, count_include_pad):
    """Return how many places of each window count, by looking at each place."""
    result = np.zeros((*case.output_size, *case.window), bool)
    for i, j, down, right in np.ndindex(result.shape):
        inside = True
        for axis, place in enumerate((places(case, 0)[i, down], places(case, 1)[j, right])):
            before, after = case.padding[axis] if count_include_pad else (0, 0)
            inside &= -before <= place < case.input_size[axis] + after
        result[i, j, down, right] = inside
    return result.sum((2, 3))


@given(without_dilation, st.booleans())
def test_avg_pool2d_is_the_mean_of_each_window(case, count_include_pad):
    x = case.images()
    y = avg_pool2d(x, case.window, *case.moves[:2], count_include_pad, case.output_size)
    divisor = np.maximum(counts(case, count_include_pad), 1)
    expected = patches(case, x).sum((-1, -2)) / divisor
    magnitude = patches(case, np.abs(x)).sum((-1, -2)) / divisor
    assert (y.dtype, y.shape) == (case.dtype, expected.shape)
    bound = (case.window[0] * case.window[1] + 1) * np.finfo(case.dtype).eps * magnitude
    assert (np.abs(y - expected) <= bound).all()


@given(without_dilation, st.booleans())
def test_average_gradient_is_adjoint_to_the_average(case, count_include_pad):
    case = replace(case, dtype="float64")
    x, upstream = case.images(), case.upstream()
    y = avg_pool2d(x, case.window, *case.moves[:2], count_include_pad, case.output_size)
    gradient = avg_pool2d_gradient(upstream, case.input_size, case.window, *case.moves[:2], count_include_pad)
    assert gradient.shape == x.shape
    magnitude = np.abs(x).sum() * np.abs(upstream).sum() + 1
    forward, backward = np.vdot(y, upstream), np.vdot(x, gradient)
    assert forward == pytest.approx(backward, rel=0, abs=32 * np.finfo(float).eps * magnitude)


@given(without_dilation, st.booleans())
def test_average_gradient_shares_each_upstream_gradient_equally(case, count_include_pad):
    upstream = case.upstream()
    gradient = avg_pool2d_gradient(upstream, case.input_size, case.window, *case.moves[:2], count_include_pad)
    expected, magnitude = np.zeros((2, *gradient.shape), np.longdouble)
    shares = upstream / np.maximum(counts(case, count_include_pad), 1).astype(np.longdouble)
    for (n, c, i, j), share in np.ndenumerate(shares):
        for row in places(case, 0)[i]:
            for column in places(case, 1)[j]:
                if 0 <= row < case.input_size[0] and 0 <= column < case.input_size[1]:
                    expected[n, c, row, column] += share
                    magnitude[n, c, row, column] += abs(share)
    assert gradient.dtype == case.dtype
    terms = case.window[0] * case.window[1]
    assert (np.abs(gradient - expected) <= (terms + 2) * np.finfo(case.dtype).eps * magnitude).all()


def test_windows_sticking_out_count_only_the_padded_image():
    """As torch: ceil mode over 3 columns and padding 1, the last window reaches one place too far."""
    x = np.array([[[[1.0, 2.0, 6.0]]]])
    padding = ((0, 0), (1, 1))
    counted = avg_pool2d(x, (1, 4), (1, 2), padding, True, (1, 2))
    np.testing.assert_array_equal(counted, [[[[9.0 / 4, 8.0 / 3]]]])
    without = avg_pool2d(x, (1, 4), (1, 2), padding, False, (1, 2))
    np.testing.assert_array_equal(without, [[[[9.0 / 3, 8.0 / 2]]]])


def test_nan_spreads_only_to_the_windows_that_see_it():
    x = np.ones((1, 1, 2, 4))
    x[0, 0, 1, 2] = np.nan
    y = avg_pool2d(x, (2, 2), (2, 2), ((0, 0), (0, 0)), True, (1, 2))
    np.testing.assert_array_equal(y, [[[[1.0, np.nan]]]])


@pytest.fixture
def every_share_pays(monkeypatch):
    before = get_num_threads()
    monkeypatch.setattr(threads, "SMALLEST_SHARE", 1)
    yield
    set_num_threads(before)


@pytest.mark.usefixtures("every_share_pays")
def test_results_do_not_depend_on_the_number_of_threads():
    case = replace(LARGE, channels=5, input_size=(9, 8), output_size=(9, 8))
    x, results = images_with_ties(case), []
    for number in (1, 2, 5):
        set_num_threads(number)
        y, switches = max_pool2d(x, (3, 3), *case.moves[:3], case.output_size)
        mean = avg_pool2d(x, (3, 3), *case.moves[:2], True, case.output_size)
        results.append(
            (
                y,
                switches,
                mean,
                scatter_by_switches(mean, switches, case.input_size),
                gather_by_switches(mean, switches),
                avg_pool2d_gradient(mean, case.input_size, (3, 3), *case.moves[:2], True),
            )
        )
    for others in results[1:]:
        for one, other in zip(results[0], others, strict=True):
            np.testing.assert_array_equal(one, other, strict=True)
