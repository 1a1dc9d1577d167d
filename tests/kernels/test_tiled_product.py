"""Matrix products in tiles against NumPy's, in float64."""

import numba
import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

if numba.config.DISABLE_JIT:
    pytest.skip("micro-kernels are machine code: nothing to run under NUMBA_DISABLE_JIT=1", allow_module_level=True)

from autograd_cnn.kernels import tiled_product
from autograd_cnn.kernels.instruction_set import instruction_set
from autograd_cnn.kernels.workspace import Workspace
from tests.kernels.test_plain_convolution import threaded

SIZES = st.sampled_from([16, 17, 30, 32, 45, 70])
ORDERS = st.sampled_from("CF")
DTYPES = st.sampled_from(["float32", "float64"])


def factors(m, k, n, orders, dtype):
    rng = np.random.default_rng([m, k, n])
    shapes = zip([(m, k), (k, n)], orders, strict=True)
    return [np.require(rng.standard_normal(shape).astype(dtype), requirements=order) for shape, order in shapes]


@given(SIZES, st.integers(1, 40), SIZES, st.tuples(ORDERS, ORDERS), DTYPES)
@example(64, 120, 84, "FF", "float32")
@example(64, 120, 84, "CF", "float32")
def test_products_are_numpy_s_in_any_order_of_memory(m, k, n, orders, dtype):
    a, b = factors(m, k, n, orders, dtype)
    expected, magnitude = a.astype(float) @ b.astype(float), abs(a).astype(float) @ abs(b).astype(float)
    bound = 2 * (k + 1) * np.finfo(dtype).eps * magnitude
    results = [tiled_product.matmul(a, b)]
    workspace = Workspace()
    for order in "CFCF":
        out = np.full((m, n), np.nan, dtype, order=order)
        assert tiled_product.matmul(a, b, out=out, workspace=workspace) is out
        results.append(out)
    out = np.full((m, 2 * n), np.nan, dtype)[:, ::2]
    results.append(tiled_product.matmul(a, b, out=out))
    for result in results:
        assert result.dtype == dtype
        assert (np.abs(result - expected) <= bound).all()


@given(SIZES, SIZES, st.tuples(ORDERS, ORDERS), st.integers(2, 5))
def test_results_do_not_depend_on_the_number_of_threads(m, n, orders, number):
    a, b = factors(m, 33, n, orders, "float32")
    with threaded(1):
        alone = tiled_product.matmul(a, b)
    with threaded(number):
        np.testing.assert_array_equal(tiled_product.matmul(a, b), alone)


def test_bad_numbers_reach_only_their_row_and_column():
    a, b = (np.abs(factor) for factor in factors(20, 18, 33, "CC", "float32"))
    a[3, 2], b[4, 5] = np.inf, np.nan
    result = tiled_product.matmul(a, b)
    np.testing.assert_array_equal(np.isnan(result), np.arange(33) == [[5]] * 20)
    assert np.isinf(np.delete(result, 5, axis=1)[3]).all()
    assert np.isfinite(np.delete(np.delete(result, 5, axis=1), 3, axis=0)).all()


@pytest.mark.parametrize(
    ("orders", "computed"),
    [("CC", "C"), ("FF", "F"), ("FC", "F")],  # and a wide layer's activations stay batch last
)
def test_factors_that_lie_right_are_not_copied_and_lead_the_result(orders, computed):
    a, b = factors(64, 40, 48, orders, "float32")
    workspace = Workspace()
    result = tiled_product.matmul(a, b, workspace=workspace)
    assert workspace.nbytes == 0
    assert result.flags.c_contiguous == (computed == "C")
    assert result.flags.f_contiguous == (computed == "F")


@pytest.mark.parametrize(
    ("first", "second", "why"),
    [
        (np.ones((64, 64)), np.ones((64, 64), np.float32), "mixed dtypes"),
        (np.ones((64, 64), np.int64), np.ones((64, 64), np.int64), "whole numbers"),
        (np.ones((64, 64), ">f8"), np.ones((64, 64), ">f8"), "foreign byte order"),
        (np.ones((2, 64, 64)), np.ones((64, 64)), "stacks"),
        (np.ones((64, 64)), np.ones((65, 64)), "sizes that do not fit"),
        (np.ones((64, 128))[:, ::2], np.ones((64, 64)), "gaps"),
        (np.ones((0, 64)), np.ones((64, 64)), "nothing"),
        (np.ones((1, 64)), np.ones((64, 1)), "no side as long as a vector"),
        (np.ones((64, 500)), np.ones((500, 1)), "more copying than multiplying"),
        (np.ones((400, 400)), np.ones((400, 400)), "large ones"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_other_products_are_left_to_blas(first, second, why):
    assert tiled_product.covers(np.ones((64, 64)), np.ones((64, 64)))
    assert not tiled_product.covers(first, second)


def test_a_narrow_layer_s_batch_fills_the_vectors():
    lanes = instruction_set(np.dtype(np.float32)).lanes
    a, b = factors(4 * lanes, 300, 3, "FC", "float32")
    assert tiled_product.covers(a, b)
    np.testing.assert_allclose(tiled_product.matmul(a, b), a @ b, rtol=1e-4, atol=1e-4)
