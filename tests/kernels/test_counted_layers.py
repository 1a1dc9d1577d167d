"""Sums of squares that are counted beside fused layers, against NumPy in float64."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from autograd_cnn.kernels import counted_layers
from autograd_cnn.kernels.counted_layers import AT_ONCE, count_products, count_sent, count_squares, fold, strands

MATRICES = st.tuples(st.integers(1, 90), st.integers(1, 70), st.booleans(), st.integers(0, 99))


def drawn(rows, columns, seed):
    return np.random.default_rng(seed).standard_normal((rows, columns)).astype(np.float32)


def by_units(squares, units, by_columns):
    """Add up the squares of a matrix as its memory is told to lie."""
    if by_columns:
        return squares.sum(axis=0)
    return squares.sum(axis=1).reshape(-1, units).sum(axis=0)


def with_total(expected):
    return [[*row, sum(row)] for row in expected]


def tables(rows, units, by_columns):
    jobs = min(rows, 4) if by_columns else rows
    return np.full((jobs, 3, strands(units, by_columns)), 7.0), np.empty((2, units + 1))


@settings(max_examples=40)
@given(MATRICES, st.sampled_from([np.float32, np.float64]), st.sampled_from([np.float32, np.float64]))
def test_products(matrix, dtype, precision):
    rows, columns, by_columns, seed = matrix
    units = columns if by_columns else rows
    y, bias = drawn(rows, columns, seed).astype(dtype), drawn(1, units, seed + 1)[0].astype(dtype)
    sums, table = tables(rows, units, by_columns)
    for job in range(len(sums)):  # as threads share them
        count_products(job, job + 1, y, bias, by_columns, precision(1), sums)
    fold(sums, by_columns, table)
    a = (y + (bias if by_columns else bias[:, None])).astype(np.float64)
    expected = [by_units(np.square(x), units, by_columns) for x in (a, np.maximum(a, 0))]
    np.testing.assert_allclose(table, with_total(expected), rtol=1e-6 if np.float32 in (dtype, precision) else 1e-13)
    assert (sums[:, 2] == 7).all()  # the third part is somebody else's


@settings(max_examples=40)
@given(MATRICES)
def test_gradients(matrix):
    rows, columns, by_columns, seed = matrix
    units = columns if by_columns else rows
    gradient, upstream = drawn(rows, columns, seed), drawn(rows, columns, seed + 1) * np.float32(1e-30)
    sums, table = tables(rows, units, by_columns)
    for part, numbers in enumerate((gradient, upstream)):
        count_squares(0, len(sums), numbers, part, sums)
    fold(sums, by_columns, table)
    expected = [by_units(np.square(x.astype(np.float64)), units, by_columns) for x in (gradient, upstream)]
    np.testing.assert_allclose(table, with_total(expected), rtol=1e-13)


@given(st.integers(1, 4), st.integers(1, 5), st.integers(1, 20), st.integers(0, 3), st.integers(0, 99))
def test_gradients_that_are_sent_by_switches(outer, height, width, gap, seed):
    upstream = drawn(outer, height * (width + gap), seed)
    switches = np.random.default_rng(seed).choice([0, 3, 255], (outer, height * width)).astype(np.uint8)
    sums, table = np.full((outer, 2, width), 7.0), np.empty((2, outer + 1))
    places = upstream.shape[1], width + gap
    count_sent(0, outer, upstream.reshape(-1), *places, switches, height, np.uint8(255), sums)
    fold(sums, False, table)
    squares = np.square(upstream.astype(np.float64)).reshape(outer, height, -1)[:, :, :width].reshape(outer, -1)
    np.testing.assert_allclose(table, with_total([(squares * (switches != 255)).sum(1), squares.sum(1)]), rtol=1e-13)


def test_more_units_than_are_walked_at_once():
    y, bias = drawn(9, AT_ONCE + 5, 0), np.zeros(AT_ONCE + 5, np.float32)
    sums, table = tables(9, bias.size, True)
    count_products(0, len(sums), y, bias, True, np.float32(1), sums)
    fold(sums, True, table)
    np.testing.assert_allclose(table[0, :-1], np.square(y.astype(np.float64)).sum(axis=0), rtol=1e-6)


def test_long_rows_are_put_to_float64_in_time():
    """Float32 sums of a million ones would stop at 2²⁴ and err long before; squares of 1.4511364 soonest of many."""
    y = np.full((1, counted_layers.ROWS * counted_layers.LANES * 20 + 7), 1.4511364, np.float32)
    sums, table = tables(1, 1, False)
    count_products(0, 1, y, np.zeros(1, np.float32), False, np.float32(1), sums)
    fold(sums, False, table)
    assert table[0, 0] == pytest.approx(y.size * float(y[0, 0]) ** 2, rel=1e-6)


@pytest.mark.parametrize("wrong", [np.nan, np.inf])
def test_nan_and_infinity_show(wrong):
    y, bias = drawn(1, 300, 0), np.zeros(1, np.float32)
    y[0, 77] = wrong
    sums, table = tables(1, 1, False)
    count_products(0, 1, y, bias, False, np.float32(1), sums)
    fold(sums, False, table)
    np.testing.assert_array_equal(table[:, 0], [wrong, wrong])
