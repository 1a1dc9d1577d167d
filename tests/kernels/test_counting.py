"""Counting per unit agrees with NumPy in any memory layout, and with itself in any number of threads."""

import math

import numba
import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from autograd_cnn.errors import DtypeError
from autograd_cnn.kernels import counted_rows, counting, threads
from autograd_cnn.kernels.counting import (
    LEAST,
    MOST,
    NON_FINITE,
    OUTSIDE,
    SQUARES,
    TOTAL,
    ZERO,
    as_in_memory,
    count_units,
    sum_of_squared_differences,
    sum_of_squares,
)

SPECIAL = np.array([0.0, -0.0, 1.0, math.nan, math.inf, -math.inf, 1e-30, 3e38, -1e-45], np.float32)


def laid_out(x: np.ndarray, order: list[int]) -> np.ndarray:
    """Return the same numbers, in memory with these axes from the outermost to the innermost."""
    return np.ascontiguousarray(x.transpose(order)).transpose(np.argsort(order))


@st.composite
def arrays(draw, specials=SPECIAL[:3]):
    """Draw an array of up to four axes in a layout of its own, an axis that counts its units, and bounds."""
    dtype = np.dtype(draw(st.sampled_from(["f4", "f8", ">f4"])))
    shape = tuple(draw(st.lists(st.integers(0, 7), min_size=1, max_size=4)))
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    x = np.where(rng.random(shape) < 0.2, rng.choice(specials, shape), rng.normal(size=shape)).astype(dtype)
    order = draw(st.permutations(range(len(shape))))
    step = draw(st.sampled_from([1, 1, 1, 2, -1]))
    low, high = sorted(draw(st.tuples(st.floats(-2, 2, width=32), st.floats(-2, 2, width=32))))
    return laid_out(x, order)[..., ::step], draw(st.integers(-len(shape), len(shape) - 1)), (low, high)


def expected(x: np.ndarray, axis: int, bounds: tuple[float, float]) -> np.ndarray:
    """Count with NumPy, unit by unit."""
    rows = np.moveaxis(x, axis, 0).astype(np.float64)
    rows = rows.reshape(len(rows), math.prod(rows.shape[1:]))
    finite = np.isfinite(rows)
    with np.errstate(all="ignore"):
        columns = {
            SQUARES: (rows * rows).sum(axis=1),
            NON_FINITE: (~finite).sum(axis=1),
            OUTSIDE: ((rows < bounds[0]) | (rows > bounds[1])).sum(axis=1),
            ZERO: (rows == 0).sum(axis=1),
            TOTAL: rows.sum(axis=1),
            LEAST: np.where(finite, rows, math.inf).min(axis=1, initial=math.inf),
            MOST: np.where(finite, rows, -math.inf).max(axis=1, initial=-math.inf),
        }
    return np.stack([columns[i] for i in range(counting.COLUMNS)], axis=1)


def check(x: np.ndarray, axis: int, bounds: tuple[float, float]) -> None:
    """Counts and extremes are NumPy's exactly, sums to n·2⁻⁵³ of what was added."""
    found, right = count_units(x, axis, "all", bounds), expected(x, axis, bounds)
    exact = [NON_FINITE, OUTSIDE, ZERO, LEAST, MOST]
    np.testing.assert_array_equal(found[:, exact], right[:, exact])
    each = max(1, x.size) * 2.0**-52
    np.testing.assert_allclose(found[:, SQUARES], right[:, SQUARES], rtol=each)
    with np.errstate(all="ignore"):
        size = (
            np.abs(np.moveaxis(x, axis, 0).astype(np.float64)).reshape(found.shape[0], -1 if x.size else 0).sum(axis=1)
        )
        known = np.isfinite(right[:, TOTAL])
        assert (np.abs(found - right)[known, TOTAL] <= each * size[known]).all()
    np.testing.assert_array_equal(found[~known, TOTAL], right[~known, TOTAL])


@given(arrays())
def test_finite_numbers_are_counted_as_by_numpy(drawn) -> None:
    check(*drawn)


@given(arrays(SPECIAL))
def test_so_are_nan_infinities_and_zeros_of_both_signs(drawn) -> None:
    check(*drawn)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("order", [(0, 1, 2, 3), (0, 2, 3, 1), (1, 2, 3, 0), (2, 0, 3, 1)])
@pytest.mark.parametrize("shape", [(9, 3, 20, 7), (3, 2, 33, 41), (6, 300, 1, 1), (5, 1, 40, 50), (70, 4, 2, 2)])
def test_rows_long_and_short_cut_and_joined(shape, order, dtype) -> None:
    x = laid_out(np.random.default_rng(0).normal(size=shape).astype(dtype), list(order))
    x[0, -1, 0, 0] = 0
    check(x, 1, (-0.5, 1.0))
    x[-1, 0, -1, -1] = np.nan
    check(x, 1, (-0.5, 1.0))


@pytest.mark.parametrize("shape", [(3, 60, 20), (2, 1100, 1), (4, 2, 1500)])
def test_more_units_or_columns_than_are_walked_at_once(shape) -> None:
    check(np.random.default_rng(0).normal(size=shape), 1, (-0.5, 1.0))


@pytest.mark.parametrize("shape", [(3, 4, 2), (3, 4, 130)])
def test_what_is_not_finite_is_found_in_its_unit(shape) -> None:
    x = np.arange(float(math.prod(shape))).reshape(shape)
    x[1, 3, 1], x[2, 1, 0] = math.nan, math.inf
    check(x, 1, (-0.5, 1.0))


@pytest.mark.parametrize("shape", [(1, 1, 1), (0, 3, 2), (2, 0, 3), (2, 3, 0)])
def test_a_single_number_and_none(shape) -> None:
    check(np.full(shape, 3.0), 1, (-0.5, 1.0))


def test_in_memory_as_networks_have_it_nothing_is_copied() -> None:
    x = np.zeros((4, 3, 5, 6), np.float32)
    shapes = {}
    for order in ((0, 1, 2, 3), (0, 2, 3, 1), (1, 2, 3, 0)):
        stored = laid_out(x, list(order))
        numbers, shapes[order] = counting.in_one_piece(stored, 1)
        assert np.shares_memory(numbers, stored)
    assert shapes == {(0, 1, 2, 3): (4, 3, 30), (0, 2, 3, 1): (120, 3, 1), (1, 2, 3, 0): (1, 3, 120)}


@pytest.mark.parametrize("shape", [(9, 3, 1), (200, 3, 1), (9, 3, 5), (3, 1, 700), (2, 2, 150)])
def test_what_is_not_asked_for_is_not_counted(shape, monkeypatch) -> None:
    """It stays what it is for no numbers at all, whatever memory held before."""
    real_sums = counted_rows._sums

    def used_before(columns, numbers):
        sums = real_sums(columns, numbers)
        for part in sums:
            part[:] = 7
        return sums

    if numba.config.DISABLE_JIT:  # compiled code keeps its own
        monkeypatch.setattr(counted_rows, "_sums", used_before)
    x = np.random.default_rng(0).normal(size=shape)
    x[0, 0, 0] = np.inf
    squares, outside, everything = (count_units(x, 1, what) for what in ("squares", "outside", "all"))
    np.testing.assert_array_equal(squares[:, [SQUARES, NON_FINITE]], everything[:, [SQUARES, NON_FINITE]])
    np.testing.assert_array_equal(outside[:, [SQUARES, OUTSIDE]], everything[:, [SQUARES, OUTSIDE]])
    np.testing.assert_array_equal(outside[:, OUTSIDE], (x > 0).sum(axis=(0, 2)))  # by default the positive ones
    assert not squares[:, OUTSIDE].any()
    for asked_less in (squares, outside):
        assert not asked_less[:, [ZERO, TOTAL]].any()
        np.testing.assert_array_equal(asked_less[:, [LEAST, MOST]], [[math.inf, -math.inf]] * len(squares))


@given(arrays(SPECIAL))
def test_squares_of_a_whole_array_add_up_in_any_layout(drawn) -> None:
    x, _, _ = drawn
    with np.errstate(all="ignore"):
        right = float((x.astype(np.float64) ** 2).sum())
    assert sum_of_squares(x) == pytest.approx(right, rel=1e-13, nan_ok=True)
    assert sum_of_squares(np.ascontiguousarray(x)) == pytest.approx(sum_of_squares(x), abs=0, rel=0, nan_ok=True)
    assert sum_of_squares(as_in_memory(x)) == pytest.approx(right, rel=1e-13, nan_ok=True)


@pytest.mark.parametrize("size", [0, 1, 127, 128, 513, 8191, 20001])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_squares_and_differences_of_rows_of_any_length(size, dtype) -> None:
    one, other = np.random.default_rng(size).normal(size=(2, size)).astype(dtype)
    assert sum_of_squares(one) == pytest.approx(math.fsum(float(v) ** 2 for v in one), rel=1e-14)
    moved = math.fsum((float(a) - float(b)) ** 2 for a, b in zip(one, other, strict=True))
    assert sum_of_squared_differences(one, other) == pytest.approx(moved, rel=1e-14)
    assert sum_of_squared_differences(one, one) == 0


def test_an_array_that_memory_holds_askew_is_counted_too() -> None:
    row = np.frombuffer(b"-" + np.arange(12, dtype=np.float32).tobytes(), np.uint8)[1:].view(np.float32)
    assert not row.flags.aligned
    check(row.reshape(3, 4), 1, (2.0, 7.0))


def test_the_result_can_be_written_where_one_likes() -> None:
    table = np.full((2, counting.COLUMNS), 7.0)
    x = np.array([[1.0, np.nan], [3.0, 0.0]], np.float32)
    assert count_units(x, 1, out=table) is table
    np.testing.assert_array_equal(table, count_units(x, 1))


@example(0)
@given(st.integers(0, 3))
def test_squares_of_the_smallest_and_largest_float32_are_counted(seed) -> None:
    sizes = np.random.default_rng(seed).choice(np.array([1e-45, 3e38, 1e-20], np.float32), (5, 2))
    np.testing.assert_allclose(count_units(sizes, 1)[:, SQUARES], (sizes.astype(float) ** 2).sum(axis=0), rtol=1e-15)


@pytest.mark.parametrize("shape", [(8, 30, 11), (2, 6, 700), (300, 5, 1)])
def test_any_number_of_threads_gives_the_same_bits(shape, monkeypatch) -> None:
    x = np.random.default_rng(0).normal(size=shape).astype(np.float32)
    monkeypatch.setattr(threads, "SMALLEST_SHARE", 1000)
    found = []
    for count in (1, 2, 5):
        monkeypatch.setattr(threads, "_num_threads", count)
        found.append(count_units(x, 1))
    assert found[0].tobytes() == found[1].tobytes() == found[2].tobytes()


def test_whole_numbers_are_refused() -> None:
    with pytest.raises(DtypeError, match="count_units got int64"):
        count_units(np.ones((2, 2), int), 1)


@settings(max_examples=20)
@given(st.lists(st.integers(0, 150), max_size=11), st.sampled_from([np.float32, np.float64]))
def test_several_rows_are_counted_as_each_alone(sizes, dtype):
    rows = [
        counting.row_of(np.random.default_rng(i).standard_normal(size).astype(dtype)) for i, size in enumerate(sizes)
    ]
    assert counting.sums_of_squares(rows) == [counting.sum_of_squares(row) for row in rows]


@settings(max_examples=20)
@given(st.lists(st.integers(0, 600), max_size=3), st.sampled_from([np.float32, np.float64]))
def test_copies_are_compared_and_renewed(sizes, dtype):
    rows = [np.random.default_rng(i).standard_normal(size).astype(dtype) for i, size in enumerate(sizes)]
    copies = [row + dtype(0.25) for row in rows]
    moved = [counting.sum_of_squared_differences(row, copy) for row, copy in zip(rows, copies, strict=True)]
    found = counting.renew(copies, [counting.row_of(row) for row in rows])
    np.testing.assert_allclose([squares for squares, _ in found], [np.square(x.astype(float)).sum() for x in rows])
    assert [apart for _, apart in found] == moved
    np.testing.assert_allclose(moved, [0.0625 * size for size in sizes], rtol=1e-5)
    for copy, row in zip(copies, rows, strict=True):
        np.testing.assert_array_equal(copy, row)


def test_a_row_is_as_compiled_code_reads_numbers_and_copied_only_for_that():
    askew = np.frombuffer(b"-" + np.arange(6, dtype=np.float32).tobytes(), np.uint8)[1:].view(np.float32)
    for x in (askew, np.arange(6, dtype=">f4"), np.arange(12, dtype=np.float32)[::2] / 2):
        row = counting.row_of(x)
        assert (row.dtype.isnative, row.flags.aligned, row.flags.c_contiguous) == (True, True, True)
        assert row.tolist() == list(range(6))
    assert np.shares_memory(counting.row_of(row), row)


def test_a_row_is_the_memory_of_an_array():
    images = np.arange(24.0).reshape(2, 3, 4).transpose(2, 0, 1)
    assert counting.row_of(images).tolist() == list(range(24))
    assert np.shares_memory(counting.row_of(images), images)
    assert sorted(counting.row_of(images[:, :, ::2])) == sorted(images[:, :, ::2].ravel())
