"""Numbers about arrays are the same, whichever way they are counted."""

import math
from unittest import mock

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from autograd_cnn.health import measures

ORDERS = st.permutations([0, 1, 2])


@settings(max_examples=20)
@given(st.integers(0, 99), ORDERS, st.sampled_from([np.float32, np.float64]), st.sampled_from([None, np.nan, np.inf]))
@example(0, [2, 0, 1], np.float32, None)
def test_histograms_of_many_numbers_are_those_of_few(seed, order, dtype, wrong):
    rng = np.random.default_rng(seed)
    x = (rng.standard_normal((40, 40, 41)) * 10.0 ** rng.uniform(-12, 2, (40, 40, 41))).astype(dtype)
    x[rng.random(x.shape) < 0.3] = 0
    if wrong is not None:
        x[1, 2, 3] = wrong
    x = x.transpose(order)
    assert x.size >= measures.MANY
    found = []
    for many in (measures.MANY, x.size * 3):
        with mock.patch.object(measures, "MANY", many), np.errstate(all="ignore"):
            both = measures.value_distribution([x, x]), measures.gradient_distribution(x)
            found.append([measures.is_finite(x), measures.rms(x), *both])
    ours, theirs = found
    assert ours[0] == theirs[0] == (wrong is None)
    assert ours[1] == pytest.approx(theirs[1], rel=1e-12, nan_ok=True)
    for a, b in zip(ours[2:], theirs[2:], strict=True):
        assert (a.low, a.high, a.counts, a.zeros) == (b.low, b.high, b.counts, b.zeros)
        assert a.rms == pytest.approx(b.rms, rel=1e-12, nan_ok=True)


def test_a_histogram_of_few_numbers_waits_for_no_kernel_to_be_compiled():
    few, places = np.arange(1.0, 5000.0), ("histograms.histogram", "histograms.size_histogram", "finiteness.all_finite")
    patches = [mock.patch(f"autograd_cnn.kernels.{place}", side_effect=AssertionError(place)) for place in places]
    with patches[0], patches[1], patches[2]:
        found = measures.value_distribution(few), measures.gradient_distribution(few)
        assert measures.is_finite(few)
    assert [sum(each.counts) for each in found] == [few.size, few.size]


def test_numbers_by_hand():
    assert [measures.median(x) for x in ([3.0, 1.0, 2.0], [10.0, 1.0, 3.0, 2.0], [4.0])] == [2.0, 2.5, 4.0]
    assert math.isnan(measures.median([1.0, math.nan, 2.0]))
    assert (measures.norm([3.0, -4.0]), measures.rms([1.0, -7.0]), measures.rms([])) == (5.0, 5.0, 0.0)
    assert [measures.spread(x) for x in ([1.0, 3.0], 3.0, [], [np.ones(2), np.full((2, 1), 5.0)])] == [
        1.0,
        0.0,
        0.0,
        2.0,
    ]
    assert measures.norm([np.array([2.0]), np.array([[1.0, 2.0]], np.float32)]) == 3.0
    assert measures.norm(np.full(20000, 3)) == pytest.approx(
        3 * math.sqrt(20000), rel=1e-14
    )  # no floats, more than a piece


@pytest.mark.parametrize(
    "dtypes", [(np.float32, np.float32), (np.float64, np.float64), (np.float32, np.float64), (int, int)]
)
def test_the_distance_of_arrays_of_any_dtype(dtypes):
    one, other = np.array([[3, 1]], dtypes[0]), np.array([[0, 5]], dtypes[1])
    assert measures.distance([one, one], [other, one]) == 5.0
    assert measures.distance([1.0, one], [13.0, other]) == 13.0


def test_the_distance_of_narrow_arrays_is_measured_in_double():
    large, one, small = (np.full(4, x, np.float32) for x in (3e38, 1.0, 1e-9))
    assert measures.distance([large], [-large]) == pytest.approx(1.2e39, rel=1e-6)
    assert measures.distance([one], [small]) == pytest.approx(2 - 2e-9, rel=1e-12)


@pytest.mark.parametrize("wrong", [None, 0.0, -1.0, math.inf, math.nan])
def test_decades_are_known_of_positive_finite_numbers(wrong):
    assert measures.decades(wrong, 1.0) is measures.decades(1.0, wrong) is None
    assert measures.decades(1e-3, 10.0) == pytest.approx(-4.0)


def test_numbers_that_cannot_be_spread_over_bins_stand_in_the_middle():
    for values in ([5.0, 5.0], [-1.7e308, 1.7e308]):  # of no width, and of more than a float can tell
        found = measures.value_distribution(np.array(values))
        assert (found.counts[10], sum(found.counts)) == (2, 2)


def test_arrays_of_several_shapes_are_counted_together():
    found = measures.value_distribution([np.array([[0.0, 21.0]]), np.array([0.5, 20.9, 10.5])])
    assert (found.low, found.high, found.zeros) == (0.0, 21.0, 0.2)
    assert {i: count for i, count in enumerate(found.counts) if count} == {0: 1, 10: 1, 20: 2}


def test_histograms_of_nothing_and_of_narrow_numbers():
    for nothing in ([], np.empty((0, 3)), [np.empty(0), np.empty(0)]):
        found = measures.value_distribution(nothing)
        assert (found.low, found.high, found.zeros, found.rms, sum(found.counts)) == (0.0, 0.0, 0.0, 0.0, 0)
    with np.errstate(invalid="ignore"):
        found = measures.value_distribution(np.array([math.nan, math.inf]))
    assert (found.low, found.high, sum(found.counts)) == (0.0, 0.0, 0)
    found = measures.value_distribution(np.array([0.25, 0.5]))
    assert {i: count for i, count in enumerate(found.counts) if count} == {0: 1, 20: 1}
    assert measures.rms([np.array([3.0, 4.0]), np.zeros(3)]) == math.sqrt(5.0)


def test_gradients_stand_on_one_axis_from_1e_8_to_10_in_half_decades():
    sizes = [1e-30, 1.1e-8, 3e-8, 3.3e-8, -1.1, 3.3, -9.9, 1e5, 0.0, 0.0]
    found = measures.gradient_distribution(np.array(sizes))
    assert (found.low, found.high, len(found.counts), found.zeros) == (-8.0, 1.0, 18, 0.2)
    assert {i: count for i, count in enumerate(found.counts) if count} == {0: 3, 1: 1, 16: 1, 17: 3}
