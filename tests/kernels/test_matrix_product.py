import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from autograd_cnn.kernels import blas, get_num_threads, matrix_product, set_num_threads, threads, tiled_product
from autograd_cnn.kernels.matrix_product import einsum, matmul

SIZES = st.integers(1, 6)


@pytest.fixture(autouse=True)
def all_products_are_large(monkeypatch):
    monkeypatch.setattr(matrix_product, "SMALL", 1)
    monkeypatch.setattr(matrix_product, "SMALL_WITH_VECTOR", 1)
    monkeypatch.setattr(matrix_product, "SPEED", 1)
    monkeypatch.setattr(threads, "SMALLEST_SHARE", 1)
    before = get_num_threads()
    yield
    set_num_threads(before)


def numbers(*shape, dtype=np.float64, seed=0):
    return np.random.default_rng(seed).integers(-9, 10, shape).astype(dtype)


@given(SIZES, SIZES, SIZES, st.integers(1, 4), st.sampled_from([np.float32, np.float64, np.int64]), st.booleans())
def test_rows_are_shared_out_without_a_trace(n, k, m, number, dtype, transposed):
    """Whole numbers: every order of adding gives the same."""
    set_num_threads(number)
    a = numbers(k, n, dtype=dtype).T if transposed else numbers(n, k, dtype=dtype)
    b = numbers(m, k, dtype=dtype, seed=1).T if transposed else numbers(k, m, dtype=dtype, seed=1)
    product = matmul(a, b)
    assert product.dtype == dtype
    np.testing.assert_array_equal(product, np.matmul(a, b))


@pytest.mark.parametrize(
    ("first", "second"), [((3,), (3,)), ((3,), (3, 2)), ((2, 3), (3,)), ((5, 2, 3), (3, 4)), ((5, 1, 2, 3), (2, 3, 4))]
)
def test_vectors_and_stacks_work_as_in_numpy(first, second):
    a, b = numbers(*first), numbers(*second, seed=1)
    np.testing.assert_array_equal(matmul(a, b), np.matmul(a, b))


def test_mixed_dtypes_and_lists_work_as_in_numpy():
    a, b = numbers(2, 3, dtype=np.float32), numbers(3, 4)
    assert matmul(a, b).dtype == np.float64
    np.testing.assert_array_equal(matmul(a, b.tolist()), np.matmul(a, b))


@pytest.mark.parametrize(("first", "second"), [((2, 3), (2, 3)), ((), (3,)), ((3,), ())])
def test_shapes_that_do_not_fit_raise_numpy_s_error(first, second):
    with pytest.raises(ValueError, match="matmul"):
        matmul(np.ones(first), np.ones(second))


@pytest.mark.parametrize("empty", [(0, 3), (3, 0)])
def test_empty_products(empty):
    np.testing.assert_array_equal(matmul(np.ones(empty), np.ones(empty[::-1])), np.ones(empty) @ np.ones(empty[::-1]))


@pytest.mark.parametrize("subscripts", ["ij,jk->ik", "ij,jk,kl->il", "ij,ij->"])
def test_einsum_is_numpy_s(subscripts):
    arrays = [numbers(3, 3, seed=i) for i in range(subscripts.count(",") + 1)]
    np.testing.assert_array_equal(einsum(subscripts, *arrays), np.einsum(subscripts, *arrays))
    np.testing.assert_array_equal(einsum("ij->j", arrays[0]), arrays[0].sum(0))


@pytest.fixture
def held(monkeypatch):
    """Count how often BLAS is held to one thread; it gets every product."""
    count = []
    monkeypatch.setattr(tiled_product, "covers", lambda a, b: False)
    real = blas.single_threaded
    monkeypatch.setattr(matrix_product, "single_threaded", lambda: (count.append(1), real())[1])
    return count


@pytest.mark.parametrize(
    ("first", "second", "large"),
    [
        ((64, 32), (32, 32), 0),  # BLAS stays in the calling thread by itself
        ((64, 64), (64, 64), 1),
        ((64, 64), (64,), 0),
        ((128, 128), (128,), 1),  # a matrix and a vector wake its threads sooner
        ((128, 128), (128, 1), 1),
        ((1, 128), (128, 128), 1),
        ((500, 20), (20, 20), 1),  # exactly so many that it does
        ((100, 40), (40, 60), 1),
        ((70, 65), (65,), 0),
        ((90, 100), (100,), 1),
        ((100,), (100, 90), 1),
        ((2, 50, 50), (2, 50, 10), 0),  # of stacks the last lengths count
        ((2, 10, 500), (2, 500, 1), 1),
    ],
)
def test_blas_is_held_where_it_would_wake_its_threads(held, monkeypatch, first, second, large):
    monkeypatch.setattr(matrix_product, "SMALL", 200_000)
    monkeypatch.setattr(matrix_product, "SMALL_WITH_VECTOR", 9_000)
    matmul(np.ones(first), np.ones(second))
    assert len(held) == large


def test_small_einsums_do_not_stop_for_blas(held, monkeypatch):
    monkeypatch.setattr(matrix_product, "SMALL_WITH_VECTOR", 9_000)
    np.testing.assert_array_equal(einsum("ij,jk->ik", np.eye(3), np.eye(3)), np.eye(3))
    einsum("ij->j", np.ones((200, 200)))
    assert not held
    einsum("ij,jk->ik", np.ones((9, 10)), np.ones((10, 10)))
    assert len(held) == 1


@pytest.fixture
def ours(monkeypatch):
    """Count the products that do not go to NumPy at once."""
    count = []
    monkeypatch.setattr(matrix_product, "_product", lambda a, b, *_: count.append(1) or np.matmul(a, b))
    return count


@pytest.mark.parametrize(
    ("first", "second", "dtypes", "number"),
    [
        ((3, 4), (4, 5), (float, float), 1),
        ((3, 4), (4, 5), (int, int), 0),
        ((3, 4), (4, 5), (float, np.float32), 0),
        ((2, 3, 4), (2, 4, 5), (float, float), 0),
        ((4, 4), (4,), (float, float), 0),
    ],
)
def test_matrices_of_one_floating_dtype_are_shared_out(ours, first, second, dtypes, number):
    matmul(numbers(*first, dtype=dtypes[0]), numbers(*second, dtype=dtypes[1]))
    assert len(ours) == number


@pytest.mark.parametrize(
    ("sizes", "number"),
    [((10, 100, 199), 0), ((10, 100, 200), 1), ((100, 10, 1), 1), ((1, 10, 100), 1), ((2, 3, 2), 0), ((2, 1, 2), 0)],
)
def test_small_products_go_to_numpy_at_once_unless_a_factor_is_a_vector(ours, monkeypatch, sizes, number):
    monkeypatch.setattr(matrix_product, "SMALL", 200_000)
    m, k, n = sizes
    matrix_product.product_into(np.ones((m, k)), np.ones((k, n)), np.empty((m, n)))
    assert len(ours) == number


@pytest.mark.parametrize("sizes", [(64, 120, 84), (64, 20, 10), (1, 500, 400), (300, 300, 300)])
@pytest.mark.parametrize("order", ["C", "F"])
def test_a_product_goes_where_it_is_wanted(monkeypatch, sizes, order):
    monkeypatch.setattr(matrix_product, "SMALL", 200_000)
    m, k, n = sizes
    a, b = numbers(m, k), numbers(n, k, seed=1).T
    out = np.full((m, n), np.nan, order=order)
    matrix_product.product_into(a, b, out)
    np.testing.assert_array_equal(out, np.matmul(a, b))
    np.testing.assert_array_equal(matmul(a, b), out)


@pytest.mark.parametrize("shapes", [((300, 40), (300, 50)), ((300, 40), (50, 300))])
def test_large_matrices_that_do_not_fit_are_numpys_to_refuse(shapes, monkeypatch):
    """Tiles of our own would read beyond them."""
    monkeypatch.setattr(matrix_product, "_product", lambda *_: pytest.fail("was not to be asked"))
    with pytest.raises(ValueError, match="mismatch"):
        matrix_product.matmul(*map(np.ones, shapes))
