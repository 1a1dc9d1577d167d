"""Winograd's convolution against the plain loops in float64."""

from dataclasses import replace
from unittest import mock

import numba
import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

if numba.config.DISABLE_JIT:
    pytest.skip("micro-kernels are machine code: nothing to run under NUMBA_DISABLE_JIT=1", allow_module_level=True)

from autograd_cnn.kernels import plain_convolution, plan, precision, winograd
from autograd_cnn.kernels.geometry import Convolution
from autograd_cnn.kernels.winograd_transforms import TRANSFORMS
from autograd_cnn.kernels.workspace import Workspace
from tests.kernels.test_plain_convolution import threaded
from tests.kernels.windows import LANES, LARGE, By, all_three, wide_cases

# More tiles than a block, whole and in part, for several jobs; odd sizes, so that tiles stick out on all sides.
SEVERAL = replace(LARGE, channels=2 * LANES, channels_out=2 * LANES + 8, input_size=(13, 14), output_size=(13, 14))
# Neighbouring tiles see the zeros of a margin wider than they are.
MARGIN = replace(SEVERAL, batch=1, input_size=(2, 3), padding=((7, 4), (0, 6)), output_size=(11, 7), dtype="float64")


def arrays(case):
    return case.images(), case.weight(), case.upstream()


def tiles_of(side):
    """Take tiles of side × side outputs, whatever pays."""
    return mock.patch.object(winograd, "_side", return_value=side)


@given(wide_cases())
@example(SEVERAL)
@example(MARGIN)
def test_large_tiles_give_the_sums_of_the_plain_loops(case):
    """Up to 300 units in the last place of the largest sum in sight; small tiles are in the list of all algorithms."""
    double = [array.astype(float) for array in arrays(case)]
    expected = all_three(plain_convolution, case, *double)
    magnitudes = all_three(plain_convolution, case, *map(np.abs, double))
    with tiles_of(4):
        results = all_three(winograd, case, *arrays(case))
    for result, right, magnitude in zip(results, expected, magnitudes, strict=True):
        assert result.shape == right.shape
        assert np.abs(result - right).max() <= 300 * np.finfo(case.dtype).eps * magnitude.max()


def errors(file, case):
    """Return the largest errors of the three, as parts of the largest number of each."""
    right = all_three(plain_convolution, case, *[array.astype(float) for array in arrays(case)])
    results = all_three(file, case, *arrays(case))
    return np.array([np.abs(a - b).max() / np.abs(b).max() for a, b in zip(results, right, strict=True)])


def test_the_error_is_as_stated():
    """2 × 2 tiles are as good as plain sums, or sums by halves nearly; 4 × 4 tiles, some ten times off, err by 10⁻⁵."""
    case = replace(SEVERAL, batch=4, channels=64, channels_out=64, input_size=(20, 20), output_size=(20, 20))
    exact = errors(winograd, case)
    assert (exact[:2] < 2 * errors(plain_convolution, case)[:2]).all()
    assert (exact < [1e-6, 1e-6, 2e-6]).all()
    with precision("fast"):
        fast = errors(winograd, case)
    assert (fast < 1e-5).all()
    assert (fast[:2] > 3 * exact[:2]).all()


@pytest.mark.parametrize(
    ("x_shape", "pays"),
    [
        ((64, 64, 16, 16), True),
        ((1, 64, 56, 56), True),
        ((1, 64, 28, 28), False),  # few tiles
        ((64, 64, 10, 10), False),  # tiles that stick out
    ],
)
def test_fast_takes_large_tiles_where_they_pay(x_shape, pays):
    x, weight = np.ones(x_shape, np.float32), np.ones((LANES, 64, 3, 3), np.float32)
    moves = (1, 1), ((1, 1), (1, 1)), (1, 1), 1
    for name, side in (("default", 2), ("fast", 4 if pays else 2)):
        with precision(name), mock.patch.object(winograd, "packed", wraps=winograd.packed) as packed:
            By(winograd).conv2d(x, weight, *moves, x_shape[2:])
        assert packed.mock_calls[0].args[1] == side


def test_images_that_lie_channels_last_are_not_copied():
    """Inside of a buffer with a margin, too."""
    x, weight, _ = arrays(SEVERAL)
    margin = np.zeros((3, 15, 17, 2 * LANES), np.float32)
    inside = margin[:, 1:14, 2:16].transpose(0, 3, 1, 2)
    inside[...] = x
    workspace = mock.Mock(wraps=Workspace())
    result = By(winograd).conv2d(inside, weight, *SEVERAL.moves, SEVERAL.output_size, workspace=workspace)
    np.testing.assert_array_equal(result, By(winograd).conv2d(x, weight, *SEVERAL.moves, SEVERAL.output_size))
    assert "images" not in {call.args[0] for call in workspace.empty.mock_calls}


@pytest.mark.parametrize("bad", [np.inf, -np.inf, np.nan])
@pytest.mark.parametrize("place", ["x", "weight", "upstream"])
@pytest.mark.parametrize("side", TRANSFORMS)
def test_a_bad_number_reaches_what_it_reaches_in_the_plain_loops(bad, place, side):
    case = replace(SEVERAL, dtype="float64", batch=1)
    given = dict(zip(("x", "weight", "upstream"), arrays(case), strict=True))
    given[place][0, 1, 2, 1] = bad
    expected = all_three(plain_convolution, case, *given.values())
    with tiles_of(side):
        results = all_three(winograd, case, *given.values())
    for result, right in zip(results, expected, strict=True):
        np.testing.assert_array_equal(np.isnan(result), np.isnan(right))
        np.testing.assert_allclose(result, right, rtol=1e-10, atol=1e-10)
    assert not all(np.isfinite(result).all() for result in results)


def test_numbers_near_the_largest_do_not_overflow_in_a_transform():
    """Sums of four pixels would, where a single tap meets each of them and is small."""
    case = replace(SEVERAL, layout="C", batch=1)
    x, weight, _ = arrays(case)
    x[...] = 3e38
    x[:, :, ::2] *= -1
    weight *= 1e-6
    expected = By(plain_convolution).conv2d(x, weight, *case.moves, case.output_size)
    assert np.isfinite(expected).all()
    np.testing.assert_array_equal(By(winograd).conv2d(x, weight, *case.moves, case.output_size), expected)


def test_what_is_infinite_stays_so_and_nan_too():
    """The plain loops do it over."""
    x, weight, upstream = arrays(replace(SEVERAL, layout="C"))
    x[0, 0, 0, 0], x[1, 1, 5, 5], upstream[0, 0, 3, 3] = np.inf, np.nan, np.nan
    by_tiles, by_loops = By(winograd), By(plain_convolution)
    y, expected = (by.conv2d(x, weight, *SEVERAL.moves, SEVERAL.output_size) for by in (by_tiles, by_loops))
    np.testing.assert_array_equal(y, expected)
    back = upstream, weight, SEVERAL.input_size, *SEVERAL.moves
    gradient, expected = (by.conv2d_input_gradient(*back) for by in (by_tiles, by_loops))
    np.testing.assert_array_equal(gradient, expected)


@given(wide_cases())
@example(SEVERAL)
def test_many_outputs_are_done_in_parts_and_give_the_same_bits(case):
    case = replace(case, channels=3 * case.channels, channels_out=3 * case.channels_out)
    whole = all_three(winograd, case, *arrays(case))
    with mock.patch.object(winograd, "CACHE", 0):
        parts = all_three(winograd, case, *arrays(case))
    for one, other in zip(whole, parts, strict=True):
        np.testing.assert_array_equal(one, other)


@given(wide_cases(), st.integers(2, 7), st.sampled_from([1, 5, 1024]))
@example(SEVERAL, 3, 5)
def test_threads_share_slices_of_tiles_and_ranges_of_outputs_and_change_no_bit(case, number, tiles):
    case = replace(case, channels_out=3 * case.channels_out)
    x, _, upstream = arrays(case)
    exact = By(plain_convolution).conv2d_weight_gradient(
        upstream.astype(float), x.astype(float), case.window, *case.moves
    )
    results = []
    for threads in (1, number):
        with threaded(threads), mock.patch.object(winograd, "SLICE", tiles):
            results.append(By(winograd).conv2d_weight_gradient(upstream, x, case.window, *case.moves))
    np.testing.assert_array_equal(*results)
    scale = np.finfo(case.dtype).eps * max(np.abs(exact).max(), 1)
    assert np.abs(results[0] - exact).max() <= 100 * scale


def test_arguments_are_left_alone():
    given = arrays(SEVERAL)
    copies = [array.copy() for array in given]
    all_three(winograd, SEVERAL, *given)
    for array, copy in zip(given, copies, strict=True):
        np.testing.assert_array_equal(array, copy)


COVERED = Convolution(
    "forward", (2, LANES, 5, 5), (LANES, LANES, 3, 3), (5, 5), np.dtype("f4"), (1, 1), ((1, 1), (1, 1)), (1, 1), 1
)


@pytest.mark.parametrize(
    "changed",
    [
        {"weight_shape": (LANES, LANES, 3, 5)},
        {"weight_shape": (LANES - 1, LANES, 3, 3)},
        {"weight_shape": (LANES, LANES - 1, 3, 3)},
        {"stride": (1, 2)},
        {"dilation": (2, 1)},
        {"groups": 2},
        {"x_shape": (0, LANES, 5, 5)},
        {"output_size": (0, 5)},
    ],
)
def test_only_such_windows_and_channels_are_covered(changed):
    assert winograd.covers(COVERED)
    assert not winograd.covers(replace(COVERED, **changed))


@pytest.mark.parametrize(
    ("x_shape", "weight_shape", "groups", "pays"),
    [
        ((64, 32, 16, 16), (64, 32, 3, 3), 1, True),
        ((16, 128, 32, 32), (128, 32, 3, 3), 4, True),
        ((64, 24, 32, 32), (64, 24, 3, 3), 1, False),  # few channels
        ((16, 128, 32, 32), (128, 16, 3, 3), 8, False),  # few channels in a group
        ((64, 32, 4, 4), (32, 32, 3, 3), 1, False),  # little work
        ((64, 64, 3, 3), (64, 64, 3, 3), 1, False),  # tiles that stick out
        ((4, 256, 4, 4), (256, 256, 3, 3), 1, False),  # few tiles for many weights
        ((16, 512, 4, 4), (512, 512, 3, 3), 1, True),
        ((8, 64, 16, 16), (64, 64, 5, 5), 1, False),
    ],
)
def test_the_planner_takes_it_where_it_pays(monkeypatch, x_shape, weight_shape, groups, pays):
    monkeypatch.delenv("AUTOGRAD_CNN_CONVOLUTION", raising=False)
    chosen = plan(x_shape, weight_shape, groups=groups, padding=1)
    assert {choice.algorithm == "winograd" for choice in vars(chosen).values()} == {pays}
