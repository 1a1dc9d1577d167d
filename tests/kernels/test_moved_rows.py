"""Many rows at once: their squares, how far they moved from their copies, and the copies made anew."""

import math

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from autograd_cnn.kernels.counting import AT_ONCE, renew, row_of, sums_of_squares
from autograd_cnn.kernels.moved_rows import STRANDS

SIZES = st.lists(st.integers(0, 2 * STRANDS), max_size=2 * AT_ONCE)
DTYPES = st.sampled_from([np.float32, np.float64])


@given(SIZES, st.integers(0, 99), DTYPES)
@example([2 * STRANDS + 3, *[1] * AT_ONCE], 0, np.float32)
def test_rows_are_squared_compared_and_copied(sizes, seed, dtype):
    rng = np.random.default_rng(seed)
    rows, copies = ([rng.normal(size=size).astype(dtype) for size in sizes] for _ in range(2))
    before = [copy.copy() for copy in copies]
    squares = [math.fsum(float(x) ** 2 for x in row) for row in rows]
    moved = [
        math.fsum((float(x) - float(y)) ** 2 for x, y in zip(row, copy, strict=True))
        for row, copy in zip(rows, before, strict=True)
    ]
    assert sums_of_squares(rows) == pytest.approx(squares, rel=1e-13)
    found = renew(copies, rows)
    assert [one for one, _ in found] == pytest.approx(squares, rel=1e-13)
    assert [other for _, other in found] == pytest.approx(moved, rel=1e-13)
    for row, copy in zip(rows, copies, strict=True):
        np.testing.assert_array_equal(row, copy)


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 0, 1), (1, 2, 0)])
def test_a_row_stands_in_the_order_of_memory_and_is_not_copied(order):
    x = np.arange(24.0).reshape(2, 3, 4)
    row = row_of(x.transpose(order))
    np.testing.assert_array_equal(row, np.arange(24.0))
    assert np.may_share_memory(row, x)
    assert not row.flags.writeable
    assert row_of(x[:, ::2].transpose(order)).size == 16
