"""What convolution with the batch in the lanes promises beside right numbers: its layout, and what it covers.

That the numbers are right is proved with all algorithms, in test_convolution_algorithms.py.
"""

from dataclasses import replace
from unittest import mock

import numba
import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

if numba.config.DISABLE_JIT:
    pytest.skip("micro-kernels are machine code: nothing to run under NUMBA_DISABLE_JIT=1", allow_module_level=True)

import autograd_cnn as ag
from autograd_cnn import functional
from autograd_cnn.kernels import batch_last_convolution, batch_last_sums, forced, plain_convolution, plan, tiled_product
from autograd_cnn.kernels.instruction_set import instruction_set
from autograd_cnn.kernels.workspace import Workspace
from tests.kernels.windows import LARGE, By, all_three, cases

# As many images as a vector has lanes, multiples of that, and batches that leave the last vector half empty.
CASES = cases(batches=(16, 17, 23, 32, 37)).filter(lambda case: 0 not in case.output_size)
EVEN = replace(LARGE, batch=64, channels_out=11, input_size=(9, 8), output_size=(9, 8))


def arrays(case):
    return case.images(), case.weight(), case.upstream()


def batch_last(images):
    """Lay images (N, C, H, W) out batch last."""
    return np.ascontiguousarray(images.transpose(1, 2, 3, 0)).transpose(3, 0, 1, 2)


def lies_batch_last(images):
    return images.transpose(1, 2, 3, 0).flags.c_contiguous


@given(CASES)
@example(EVEN)
def test_results_do_not_depend_on_the_order_of_memory(case):
    x, weight, upstream = arrays(case)
    one = all_three(batch_last_convolution, case, x, weight, upstream)
    other = all_three(batch_last_convolution, case, batch_last(x), weight, batch_last(upstream))
    for a, b in zip(one, other, strict=True):
        np.testing.assert_array_equal(a, b)
    assert lies_batch_last(one[0])
    assert lies_batch_last(one[1])
    assert one[2].flags.c_contiguous


def test_images_that_lie_batch_last_are_not_copied_and_a_result_goes_where_it_is_wanted():
    x, weight, upstream = arrays(EVEN)
    expected = all_three(batch_last_convolution, EVEN, x, weight, upstream)
    outs = [batch_last(np.full_like(result, np.nan)) for result in expected[:2]]
    workspace, (x, upstream) = Workspace(), map(batch_last, (x, upstream))
    more = [{"out": out, "workspace": workspace} for out in outs]
    By(batch_last_convolution).conv2d(x, weight, *EVEN.moves, EVEN.output_size, **more[0])
    By(batch_last_convolution).conv2d_input_gradient(upstream, weight, EVEN.input_size, *EVEN.moves, **more[1])
    assert workspace.nbytes == 0
    for out, result in zip(outs, expected, strict=False):
        np.testing.assert_array_equal(out, result)


@pytest.mark.parametrize("bad", [np.inf, -np.inf, np.nan])
@pytest.mark.parametrize("place", ["pixel", "weight", "upstream"])
def test_a_bad_number_reaches_what_it_reaches_in_the_plain_loops(bad, place):
    """Also through the zeros of the padding."""
    x, weight, upstream = (np.abs(array) for array in arrays(EVEN))
    {"pixel": x, "weight": weight, "upstream": upstream}[place][1, 1, 0, 0] = bad
    expected = all_three(plain_convolution, EVEN, x, weight, upstream)
    results = all_three(batch_last_convolution, EVEN, x, weight, upstream)
    for result, right in zip(results, expected, strict=True):
        np.testing.assert_array_equal(np.isnan(result), np.isnan(right))
        np.testing.assert_allclose(result, right, rtol=1e-4)


def test_batches_smaller_than_a_vector_and_unseeing_windows_are_not_covered(monkeypatch):
    monkeypatch.delenv("AUTOGRAD_CNN_CONVOLUTION", raising=False)
    lanes = instruction_set(np.dtype(np.float32)).lanes
    with forced("batch-last"):
        assert plan((lanes, 1, 8, 8), (8, 1, 3, 3)).forward.algorithm == "batch-last"
        assert plan((lanes - 1, 1, 8, 8), (8, 1, 3, 3)).forward.algorithm == "plain"
        assert plan((lanes, 1, 2, 2), (8, 1, 3, 3)).forward.algorithm == "plain"  # no output at all
        blind = plan((lanes, 1, 8, 8), (8, 1, 3, 3), padding=3)
    assert blind.forward.algorithm == blind.input_gradient.algorithm == "batch-last"
    assert blind.weight_gradient.algorithm == "plain"


def test_no_image_is_copied_from_the_convolution_to_the_fully_connected_layer():
    """Bias, ReLU and pooling keep the order, flattening gives a view, and the product reads it where it lies."""
    case = replace(EVEN, batch=32, channels_out=16, input_size=(8, 8), output_size=(8, 8))
    x, weight, _ = arrays(case)
    rng = np.random.default_rng(0)
    bias, dense = (ag.Parameter(rng.standard_normal(shape).astype(np.float32)) for shape in ((1, 16, 1, 1), (48, 256)))
    with forced("batch-last"):
        y = functional.conv2d(ag.Tensor(batch_last(x)), ag.Parameter(weight), padding=1)
    pooled = functional.max_pool2d(ag.relu(y + bias), 2)
    flat = pooled.reshape(32, -1)
    assert lies_batch_last(pooled.value)
    assert np.shares_memory(flat.value, pooled.value)
    assert flat.value.flags.f_contiguous
    workspace = Workspace()
    assert tiled_product.covers(flat.value, dense.value.T)
    scores = tiled_product.matmul(flat.value, dense.value.T, workspace=workspace)
    assert workspace.nbytes == 0
    assert scores.flags.f_contiguous
    np.testing.assert_allclose(scores, (flat @ dense.T).value, rtol=1e-4, atol=1e-4)


@given(cases(batches=(16, 21)), st.sampled_from([1, 10**9]))
@example(replace(EVEN, channels=19, layout="channels last"), 1)
@example(replace(EVEN, channels=3, batch=40), 1)
def test_images_are_copied_alike_by_blocks_and_by_numbers(case, few):
    x = case.images()
    with mock.patch.object(batch_last_sums, "FEW", few):
        (memory,) = batch_last_sums.Source("images", 1, np.dtype(case.dtype), Workspace())(x)
    np.testing.assert_array_equal(memory, x.transpose(1, 2, 3, 0))
    assert memory.flags.c_contiguous
    assert memory.dtype == case.dtype
