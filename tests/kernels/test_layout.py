import numpy as np
import pytest

from autograd_cnn.errors import DtypeError
from autograd_cnn.kernels.layout import Reader, delivered, floating_dtype, readable
from autograd_cnn.kernels.shifted_rows import add_shifted_images
from tests.kernels.windows import LARGE, LAYOUTS, By, laid_out


@pytest.mark.parametrize("layout", LAYOUTS)
def test_every_layout_becomes_the_one_form(layout):
    array = np.arange(24, dtype=np.float32).reshape(1, 2, 3, 4)
    form = readable(laid_out(array.copy(), layout), np.dtype(np.float32))
    np.testing.assert_array_equal(form, array)
    assert form.flags.c_contiguous
    assert form.flags.aligned
    assert form.dtype.isnative
    assert not form.flags.writeable


def test_the_array_itself_stays_writable_and_is_not_copied():
    array = np.zeros(3)
    assert np.shares_memory(readable(array, np.dtype(float)), array)
    assert array.flags.writeable


def test_unaligned_arrays_are_copied():
    array = np.zeros(9, np.uint8)[1:].view(np.float64)
    assert not array.flags.aligned
    assert readable(array, np.dtype(float)).flags.aligned


def test_the_widest_dtype_is_computed_in():
    single, double = np.zeros(1, np.float32), np.zeros(1)
    assert floating_dtype("k", single, single) == np.float32
    assert floating_dtype("k", single, double) == np.float64


@pytest.mark.parametrize("dtype", [np.float16, np.complex128, np.int32, bool])
def test_other_dtypes_raise(dtype):
    with pytest.raises(DtypeError, match=r"^k got .*; give float32 or float64 arrays"):
        floating_dtype("k", np.zeros(1, dtype))


def test_one_compiled_variant_serves_every_layout():
    from autograd_cnn.kernels import plain_convolution

    if not hasattr(add_shifted_images, "signatures"):
        pytest.skip("NUMBA_DISABLE_JIT=1: nothing is compiled")
    for layout in LAYOUTS:
        x, weight = (laid_out(array, layout) for array in (LARGE.images(), LARGE.weight()))
        By(plain_convolution).conv2d(x, weight, *LARGE.moves, LARGE.output_size)
    single = [kinds for kinds in add_shifted_images.signatures if "float32" in str(kinds)]
    assert len(single) == 1


def test_a_result_goes_where_it_is_wanted():
    result, out = np.arange(3.0), np.zeros(3)
    assert delivered(result, None) is result
    assert delivered(result, out) is out
    np.testing.assert_array_equal(out, result)


def test_a_reader_sees_new_numbers_of_the_same_array_also_where_it_copies():
    reader = Reader(np.dtype(np.float32))
    for array in (np.ones((3, 4), np.float32), np.ones((3, 4), np.float32).T, np.ones((3, 4)), np.zeros((0, 2))):
        for number in (1, 2):
            array[...] = number
            form = reader(array)
            np.testing.assert_array_equal(form, array)
            assert form.flags.c_contiguous
            assert not form.flags.writeable
    array = np.ones(3, np.float32)
    assert reader(array) is reader(array)
