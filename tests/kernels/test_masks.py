import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from autograd_cnn.kernels.masks import where
from tests.kernels.windows import LAYOUTS, laid_out

NUMBERS = st.sampled_from(["float32", "float64"]).flatmap(
    lambda dtype: arrays.arrays(dtype, arrays.array_shapes(min_dims=4, max_dims=4, min_side=0, max_side=4))
)


@given(NUMBERS, st.sampled_from([0, 0.0, -0.0, 1, False]), st.sampled_from(LAYOUTS), st.randoms())
def test_where_is_numpy_s_to_the_bit_in_any_order_of_memory(numbers, other, layout, random):
    """NaN, infinities and signed zeros, too."""
    condition = np.array([random.random() < 0.5 for _ in range(numbers.size)], bool).reshape(numbers.shape)
    numbers = laid_out(numbers, layout)
    for arguments in ((condition, numbers, other), (condition, other, numbers)):
        result, expected = where(*arguments), np.where(*arguments)
        assert result.dtype == expected.dtype
        assert np.array_equal(np.signbit(result), np.signbit(expected))
        np.testing.assert_array_equal(result, expected)


@pytest.mark.parametrize("other", [0, 0.0, -0.0, 1, -1, 2.5, False])
def test_only_a_zero_without_sign_clears_numbers(other):
    condition, numbers = np.array([True, False] * 2), np.array([2.0, 3.0, np.nan, np.inf])
    for arguments in ((condition, numbers, other), (condition, other, numbers)):
        assert where(*arguments).tobytes() == np.where(*arguments).tobytes()


@pytest.mark.parametrize("order", [(0, 2, 3, 1), (1, 2, 3, 0)])
@pytest.mark.parametrize("first", [True, False])
def test_the_order_of_memory_is_kept(order, first):
    numbers = np.ones((2, 3, 4, 5), np.float32).transpose(np.argsort(order))
    arguments = (numbers, 0) if first else (0, numbers)
    assert where(numbers > 0, *arguments).transpose(order).flags.c_contiguous


@pytest.mark.parametrize(
    ("condition", "a", "b"),
    [
        (np.array([True, False]), np.ones((3, 2)), 0),
        (True, np.ones(2), 0),
        (np.array([1, 0]), np.ones(2), 0),
        (np.array([True, False]), np.arange(2), 0),
        (np.array([True, False]), np.ones(2, np.float16), 0),
        (np.array(True), np.array(2.0), 0),
        (np.array([True, False]), np.ones(2), np.zeros(2, np.float32)),
        (np.array([True, False]), 2.0, 0),
        (np.array([True, False]), np.ones(2, np.float32), np.float64(0)),
    ],
)
def test_everything_else_is_numpy_s(condition, a, b):
    for arguments in ((condition, a, b), (condition, b, a)):
        result, expected = where(*arguments), np.where(*arguments)
        assert result.dtype == expected.dtype
        np.testing.assert_array_equal(result, expected)
