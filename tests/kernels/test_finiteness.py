"""One bad number among many is found, wherever it is."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from autograd_cnn.kernels.finiteness import all_finite
from autograd_cnn.kernels.layout import readable

DTYPES = st.sampled_from([np.float32, np.float64])


@given(DTYPES, st.integers(1, 70), st.data())
def test_one_bad_number_is_found(dtype, size, data):
    numbers = np.linspace(-1, 1, size, dtype=dtype)
    assert all_finite(readable(numbers, dtype))
    numbers[data.draw(st.integers(0, size - 1))] = data.draw(st.sampled_from([np.inf, -np.inf, np.nan]))
    assert not all_finite(readable(numbers, dtype))


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_the_largest_and_smallest_numbers_are_finite(dtype):
    limits = np.finfo(dtype)
    numbers = np.array([[limits.max, limits.min], [limits.smallest_subnormal, -0.0]], dtype)
    assert all_finite(readable(numbers, dtype))
    assert all_finite(readable(numbers[:0], dtype))
