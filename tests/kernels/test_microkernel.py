"""The register-blocked kernels against sums written out in NumPy."""

import itertools

import numba
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

if numba.config.DISABLE_JIT:
    pytest.skip("micro-kernels are machine code: nothing to run under NUMBA_DISABLE_JIT=1", allow_module_level=True)

from autograd_cnn.kernels.instruction_set import instruction_set
from autograd_cnn.kernels.jit import jit
from autograd_cnn.kernels.microkernel import _write_dot, _write_tile, address, call_dot, call_tile, dot, lanewise, tile

DTYPES = st.sampled_from([np.dtype(np.float32), np.dtype(np.float64)])


@jit
def run_tile(at, a, b, c, k1, k2, k3, sa1, sa2, sa3, sap, sb1, sb2, sb3, scp):
    call_tile(at, address(a), address(b), address(c), k1, k2, k3, sa1, sa2, sa3, sap, sb1, sb2, sb3, scp)


@jit
def run_dot(at, a, b, c, k1, k2, k3, sa1, sa2, sa3, sap, sb1, sb2, sb3, sbq, scp, scq):
    call_dot(at, address(a), address(b), address(c), k1, k2, k3, sa1, sa2, sa3, sap, sb1, sb2, sb3, sbq, scp, scq)


def read(array, offsets):
    return array[offsets].astype(np.longdouble)


def offsets(*axes):
    """Return where the numbers of an array with these (length, stride) axes stand in memory."""
    return sum(np.ix_(*(np.arange(length) * stride for length, stride in axes)))


def memory(seed, stream, *places):
    """Random numbers, as many as the farthest of the places asks for."""
    return np.random.default_rng([seed, stream]).standard_normal(max(int(np.max(p, initial=0)) for p in places) + 1)


strides = st.integers(0, 9)


@given(
    dtype=DTYPES,
    rows=st.sampled_from([1, 3, 4, 8]),
    vectors=st.integers(1, 3),
    add=st.booleans(),
    lengths=st.tuples(*[st.integers(0, 4)] * 3),
    a_strides=st.tuples(*[strides] * 4),
    b_strides=st.tuples(*[strides] * 3),
    gap=st.integers(0, 3),
    seed=st.integers(0, 2**32 - 1),
)
def test_tile_is_a_sum_of_products(dtype, rows, vectors, add, lengths, a_strides, b_strides, gap, seed):
    width = vectors * instruction_set(dtype).lanes
    *sa, sap = a_strides
    at_a = offsets(*zip(lengths, sa, strict=True), (rows, sap))
    at_b = offsets(*zip(lengths, b_strides, strict=True), (width, 1))
    at_c = offsets((rows, width + gap), (width, 1))
    a, b, c = (memory(seed, n, at).astype(dtype) for n, at in enumerate([at_a, at_b, at_c]))
    before = c.copy()
    run_tile(tile(rows, vectors, dtype, add), a, b, c, *lengths, *a_strides, *b_strides, width + gap)
    start = read(before, at_c) if add else 0
    expected = start + np.einsum("ijkp,ijkv->pv", read(a, at_a), read(b, at_b))
    magnitude = np.abs(start) + np.einsum("ijkp,ijkv->pv", np.abs(read(a, at_a)), np.abs(read(b, at_b)))
    bound = (np.prod(lengths) + 2) * np.finfo(dtype).eps * magnitude
    assert (np.abs(c[at_c] - expected) <= bound).all()
    untouched = np.setdiff1d(np.arange(c.size), at_c)
    np.testing.assert_array_equal(c[untouched], before[untouched])


@given(
    dtype=DTYPES,
    size=st.tuples(st.sampled_from([1, 2, 4, 8]), st.integers(1, 3)),
    lengths=st.tuples(*[st.integers(0, 4)] * 3),
    a_strides=st.tuples(*[strides] * 4),
    b_strides=st.tuples(*[strides] * 4),
    seed=st.integers(0, 2**32 - 1),
)
def test_dot_adds_sums_of_products_over_the_lanes(dtype, size, lengths, a_strides, b_strides, seed):
    (rows, columns), lanes = size, instruction_set(dtype).lanes
    (*sa, sap), (*sb, sbq) = a_strides, b_strides
    at_a = offsets(*zip(lengths, sa, strict=True), (rows, sap), (lanes, 1))
    at_b = offsets(*zip(lengths, sb, strict=True), (columns, sbq), (lanes, 1))
    at_c = offsets((rows, 2 * columns), (columns, 2))
    a, b, c = (memory(seed, n, at).astype(dtype) for n, at in enumerate([at_a, at_b, at_c]))
    before = c.copy()
    run_dot(dot(rows, columns, dtype), a, b, c, *lengths, *a_strides, *b_strides, 2 * columns, 2)
    expected = read(before, at_c) + np.einsum("ijkpl,ijkql->pq", read(a, at_a), read(b, at_b))
    sizes = np.einsum("ijkpl,ijkql->pq", np.abs(read(a, at_a)), np.abs(read(b, at_b)))
    bound = (np.prod(lengths) * lanes + 2) * np.finfo(dtype).eps * (np.abs(read(before, at_c)) + sizes)
    assert (np.abs(c[at_c] - expected) <= bound).all()


@given(
    dtype=DTYPES,
    rows=st.sampled_from([1, 3, 8]),
    add=st.booleans(),
    lengths=st.tuples(*[st.integers(0, 4)] * 3),
    a_strides=st.tuples(*[strides] * 4),
    b_strides=st.tuples(*[strides] * 3),
    seed=st.integers(0, 2**32 - 1),
)
def test_lanewise_is_a_sum_of_products_in_each_lane(dtype, rows, add, lengths, a_strides, b_strides, seed):
    lanes, (*sa, sap) = instruction_set(dtype).lanes, a_strides
    at_a = offsets(*zip(lengths, sa, strict=True), (rows, sap), (lanes, 1))
    at_b = offsets(*zip(lengths, b_strides, strict=True), (lanes, 1))
    at_c = offsets((rows, lanes + 1), (lanes, 1))
    a, b, c = (memory(seed, n, at).astype(dtype) for n, at in enumerate([at_a, at_b, at_c]))
    start = read(c, at_c) if add else np.zeros(at_c.shape)
    run_tile(lanewise(rows, dtype, add), a, b, c, *lengths, *a_strides, *b_strides, lanes + 1)
    expected = start + np.einsum("ijkpl,ijkl->pl", read(a, at_a), read(b, at_b))
    magnitude = np.abs(start) + np.einsum("ijkpl,ijkl->pl", np.abs(read(a, at_a)), np.abs(read(b, at_b)))
    bound = (np.prod(lengths) + 2) * np.finfo(dtype).eps * magnitude
    assert (np.abs(c[at_c] - expected) <= bound).all()


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_what_is_not_finite_reaches_only_what_it_touches(dtype, bad):
    lanes = instruction_set(dtype).lanes
    a, b, c = np.ones((5, 4), dtype), np.ones((5, lanes), dtype), np.zeros((4, lanes), dtype)
    a[3, 2] = bad
    run_tile(tile(4, 1, dtype), a, b, c, 1, 1, 5, 0, 0, 4, 1, 0, 0, lanes, lanes)
    expected = np.full_like(c, 5)
    expected[2] = bad
    np.testing.assert_array_equal(c, expected)
    sums = np.zeros((4, 1), dtype)
    a = np.ones((4, lanes), dtype)
    a[1, -1] = bad
    run_dot(dot(4, 1, dtype), a, b, sums, 1, 1, 5, 0, 0, 0, lanes, 0, 0, lanes, 0, 1, 1)
    np.testing.assert_array_equal(sums[:, 0], [5 * lanes, bad, 5 * lanes, 5 * lanes])


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_addresses_need_no_alignment_beyond_a_number(dtype):
    lanes = instruction_set(dtype).lanes
    for shift, other in itertools.product(range(3), repeat=2):
        a = np.arange(4 + shift, dtype=dtype)[shift:]
        b = np.arange(lanes + other, dtype=dtype)[other:]
        c = np.zeros(4 * lanes + 3, dtype)[shift:]
        run_tile(tile(4, 1, dtype), a, b, c, 1, 1, 1, 0, 0, 0, 1, 0, 0, 0, lanes)
        np.testing.assert_array_equal(c[: 4 * lanes].reshape(4, lanes), np.outer(a, b))


def test_a_size_has_one_kernel():
    assert tile(4, 1, np.float32) == tile(4, 1, np.dtype("float32"))
    assert tile(4, 1, np.float32) != tile(4, 1, np.float32, add=True)
    assert dot(2, 2, "float64") == dot(2, 2, np.float64)


def test_sizes_that_are_not_known_while_compiling_are_refused():
    with pytest.raises(numba.TypingError):
        numba.njit(lambda n: _write_tile(n, 1, 4, 32, 1, 0, 0, 0, 0, 0, 1, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0))(1)
    with pytest.raises(numba.TypingError):
        numba.njit(lambda n: _write_dot(n, 1, 4, 32, 1, 0, 0, 0, 1, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0))(1)
