"""Matrix products: tiles of our own at the sizes of small networks, else BLAS, whose rows our own threads share.

A row of BLAS's product may differ in its last bits with the number of rows that BLAS gets at once, so
results are bit-identical for a fixed number of threads, and may differ in rounding between two numbers.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from autograd_cnn.kernels.blas import single_threaded
from autograd_cnn.kernels.threads import share_out

if TYPE_CHECKING:
    from autograd_cnn.kernels.workspace import Workspace

# BLAS wakes its threads for more multiply-adds than this (OpenBLAS: 2¹⁸, and 9,216 where one factor is a vector).
SMALL, SMALL_WITH_VECTOR = 200_000, 9_000
# BLAS does as many multiply-adds in the time in which a plain kernel does one.
SPEED = 8


def matmul(a: Any, b: Any) -> Any:
    """Return ``np.matmul(a, b)``; vectors, stacks of matrices, numbers of any kind."""
    if not _wakes_threads(a, b):
        return np.matmul(a, b)
    if a.ndim == b.ndim == 2 and a.dtype == b.dtype and a.dtype.kind == "f" and a.shape[1] == b.shape[0]:
        return _product(a, b, None, None)
    with single_threaded():
        return np.matmul(a, b)


def product_into(a: NDArray[Any], b: NDArray[Any], out: NDArray[Any], workspace: Workspace | None = None) -> None:
    """Write the product of two matrices of one floating dtype into `out`: what `matmul` returns.

    Parameters
    ----------
    a, b : ndarray
        (M, K) and (K, N), in any order of memory.
    out : ndarray
        (M, N), in any order of memory.
    workspace : Workspace, optional
        Scratch memory to use again; then nothing is allocated.
    """
    if a.size * b.shape[1] < SMALL and b.shape[1] > 1 and len(a) > 1:
        np.matmul(a, b, out=out)
    else:
        _product(a, b, out, workspace)


def _product(a: NDArray[Any], b: NDArray[Any], out: NDArray[Any] | None, workspace: Workspace | None) -> NDArray[Any]:
    """Return the product of two matrices that would wake BLAS's threads: in tiles, or by BLAS in ours."""
    from autograd_cnn.kernels import tiled_product  # and with it numba

    multiply = tiled_product.matmul if tiled_product.covers(a, b) else _by_blas
    return multiply(a, b, out=out, workspace=workspace)


def _by_blas(
    a: NDArray[Any], b: NDArray[Any], *, out: NDArray[Any] | None, workspace: Workspace | None
) -> NDArray[Any]:
    with single_threaded():
        product = np.empty((len(a), b.shape[1]), a.dtype) if out is None else out
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
