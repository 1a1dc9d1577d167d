"""Matrix products: BLAS does the arithmetic, our own threads share the rows.

A row of a product may differ in its last bits with the number of rows that BLAS gets at once, so
results are bit-identical for a fixed number of threads, and may differ in rounding between two numbers.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from autograd_cnn.kernels.blas import single_threaded
from autograd_cnn.kernels.threads import share_out

# BLAS wakes its threads for more multiply-adds than this (OpenBLAS: 2¹⁸, and 9,216 where one factor is a vector).
SMALL, SMALL_WITH_VECTOR = 200_000, 9_000
# BLAS does as many multiply-adds in the time in which a plain kernel does one.
SPEED = 8


def matmul(a: Any, b: Any) -> Any:
    """Return ``np.matmul(a, b)``; vectors, stacks of matrices, numbers of any kind."""
    if not _wakes_threads(a, b):
        return np.matmul(a, b)
    with single_threaded():
        if a.ndim != 2 or b.ndim != 2 or a.dtype != b.dtype or a.dtype.kind != "f" or a.shape[1] != b.shape[0]:
            return np.matmul(a, b)
        product = np.empty((len(a), b.shape[1]), a.dtype)
        share_out(_rows, len(a), a.size * b.shape[1] // SPEED, a, b, product)
        return product


def _wakes_threads(a: Any, b: Any) -> bool:
    if not (isinstance(a, np.ndarray) and isinstance(b, np.ndarray) and a.ndim and b.ndim):
        return False
    operations = a.size * (b.shape[-1] if b.ndim > 1 else 1)
    if operations >= SMALL:
        return True
    return operations >= SMALL_WITH_VECTOR and (a.ndim == 1 or b.ndim == 1 or a.shape[-2] == 1 or b.shape[-1] == 1)


def einsum(subscripts: str, *arrays: NDArray[Any]) -> Any:
    """Return ``np.einsum`` of arrays, which turns what it can into matrix products."""
    if len(arrays) == 1:
        return np.einsum(subscripts, *arrays)
    if math.prod(x.size for x in arrays) < SMALL_WITH_VECTOR:  # and no product of two of them has more operations
        return np.einsum(subscripts, *arrays, optimize=True)
    with single_threaded():
        return np.einsum(subscripts, *arrays, optimize=True)


def _rows(first: int, last: int, a: NDArray[Any], b: NDArray[Any], product: NDArray[Any]) -> None:
    np.matmul(a[first:last], b, out=product[first:last])
