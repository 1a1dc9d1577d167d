"""Images brought to channels-last memory, against NumPy's own copies."""

import numba
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

if numba.config.DISABLE_JIT:
    pytest.skip("machine code turns images over: nothing to run under NUMBA_DISABLE_JIT=1", allow_module_level=True)

from autograd_cnn.kernels.channels_last import copy_images, finished, images_in, memory_for
from autograd_cnn.kernels.workspace import Workspace
from tests.kernels.windows import LAYOUTS, laid_out

sizes = st.tuples(st.integers(1, 3), st.integers(1, 40), st.integers(1, 20), st.integers(1, 20))
dtypes = st.sampled_from([np.dtype(np.float32), np.dtype(np.float64)])


def numbers(shape, dtype):
    return np.arange(np.prod(shape), dtype=dtype).reshape(shape)


@given(shape=sizes, dtype=dtypes, layout=st.sampled_from(LAYOUTS), gap=st.integers(0, 3))
def test_copies_are_exact_and_write_nothing_else(shape, dtype, layout, gap):
    images = laid_out(numbers(shape, dtype), layout)
    batch, channels, height, width = shape
    memory = np.full((batch, height + gap, width + gap, channels + gap), -1, dtype)
    copy_images(images.transpose(0, 2, 3, 1), memory[:, gap:, :width, :channels])
    np.testing.assert_array_equal(memory[:, gap:, :width, :channels], images.transpose(0, 2, 3, 1))
    assert (memory == -1).sum() == memory.size - images.size


@given(
    shape=sizes,
    dtype=dtypes,
    layout=st.sampled_from(LAYOUTS),
    before=st.tuples(st.integers(-9, 4), st.integers(-9, 4)),
    size=st.tuples(st.integers(1, 25), st.integers(1, 25)),
    multiple=st.sampled_from([1, 4, 16]),
)
def test_images_get_margins_or_lose_them_and_channels_fill_up_with_zeros(shape, dtype, layout, before, size, multiple):
    images = laid_out(numbers(shape, dtype), layout)
    channels = -(-shape[1] // multiple) * multiple
    expected = np.zeros((shape[0], *size, channels), dtype)
    for row in range(size[0]):
        for column in range(size[1]):
            i, j = row - before[0], column - before[1]
            if 0 <= i < shape[2] and 0 <= j < shape[3]:
                expected[:, row, column, : shape[1]] = images[:, :, i, j]
    workspace = Workspace()
    for _ in range(2):
        found = images_in(images, before, size, (1, multiple), dtype, workspace, "images")
        np.testing.assert_array_equal(found, expected, strict=True)


def test_groups_fill_up_each():
    images = numbers((2, 6, 3, 3), np.dtype(np.float32))
    found = images_in(images, (0, 0), (3, 3), (2, 4), images.dtype, Workspace(), "images")
    np.testing.assert_array_equal(found[..., [0, 1, 2, 4, 5, 6]], images.transpose(0, 2, 3, 1))
    assert not found[..., [3, 7]].any()


def test_channels_last_images_are_read_where_they_are():
    images = laid_out(numbers((2, 6, 5, 7), np.dtype(np.float32)), "channels last")
    for before, size in [((0, 0), (5, 7)), ((0, 0), (4, 6)), ((-1, -2), (4, 5))]:
        found = images_in(images, before, size, (1, 1), images.dtype, Workspace(), "images")
        assert np.shares_memory(found, images)
    copied = images_in(images, (0, 0), (6, 7), (1, 1), images.dtype, Workspace(), "images")
    assert not np.shares_memory(copied, images)
    assert not np.shares_memory(images_in(images, (0, 0), (5, 7), (1, 4), images.dtype, Workspace(), "x"), images)


def test_results_go_straight_into_memory_of_their_order_and_by_a_copy_into_other():
    workspace, dtype = Workspace(), np.dtype(np.float32)
    out = laid_out(np.zeros((2, 32, 3, 5), dtype), "channels last")
    memory = memory_for(out, (2, 3, 5), (1, 32), dtype, workspace)
    assert np.shares_memory(memory, out)
    assert finished(memory, out, (1, 32)) is out
    for other in (np.zeros((2, 32, 3, 5), dtype), out.astype(np.float64)):
        memory = memory_for(other, (2, 3, 5), (1, 32), dtype, workspace)
        assert not np.shares_memory(memory, other)
        memory[...] = numbers(memory.shape, dtype)
        assert finished(memory, other, (1, 32)) is other
        np.testing.assert_array_equal(other, memory.transpose(0, 3, 1, 2))


def test_results_of_few_channels_leave_the_workspace():
    workspace, dtype = Workspace(), np.dtype(np.float32)
    memory = memory_for(None, (2, 3, 5), (2, 1), dtype, workspace)
    memory[...] = numbers(memory.shape, dtype)
    result = finished(memory, None, (2, 1))
    assert result.shape == (2, 2, 3, 5)
    assert not np.shares_memory(result, memory)
    assert result.transpose(0, 2, 3, 1).flags.c_contiguous
    np.testing.assert_array_equal(result[:, 0], memory[..., 0])
    np.testing.assert_array_equal(result[:, 1], memory[..., memory.shape[3] // 2])
