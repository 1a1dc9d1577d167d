import numpy as np
import pytest

from autograd_cnn.kernels.workspace import Workspace


def test_a_buffer_comes_back_by_name_shape_and_dtype():
    workspace = Workspace()
    first = workspace.zeros("images", (2, 3), np.float32)
    first[1, 1] = 5
    assert workspace.zeros("images", (2, 3), np.float32) is first
    assert workspace.zeros("images", (2, 3), np.float64) is not first
    assert workspace.zeros("images", (3, 2), np.float32) is not first
    assert workspace.empty("weights", (2, 3), np.float32) is not first
    assert first[1, 1] == 5


def test_zeros_are_zero_and_have_shape_and_dtype():
    buffer = Workspace().zeros("images", (4, 5), "float64")
    np.testing.assert_array_equal(buffer, np.zeros((4, 5)), strict=True)
    assert Workspace().empty("images", (4,), np.float32).dtype == np.float32


def test_two_workspaces_share_nothing():
    assert Workspace().empty("x", (1,), np.float32) is not Workspace().empty("x", (1,), np.float32)


def test_memory_is_counted():
    workspace = Workspace()
    assert workspace.nbytes == 0
    workspace.zeros("a", (10,), np.float32)
    workspace.empty("b", (10,), np.float64)
    workspace.empty("b", (10,), np.float64)
    assert workspace.nbytes == 120


@pytest.mark.parametrize("shape", [(3,), (5, 7), (1000, 33), (0, 4)])
def test_buffers_begin_with_a_cache_line(shape):
    buffer = Workspace().empty("x", shape, np.float64)
    assert buffer.ctypes.data % 64 == 0 or not buffer.size  # NumPy puts empty arrays anywhere
    assert buffer.shape == shape
    assert buffer.flags.c_contiguous
    assert buffer.flags.writeable
