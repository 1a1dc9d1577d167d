"""Matrix products of the size that fully connected layers have, in tiles of sums that stay in registers.

BLAS first copies both factors into an order of its own, and its threads must be asked to stay away; at a batch of 64
that takes as long as the product itself. A tile reads the factors where they are: single numbers of the first one, by
any strides, and rows of the second one. So the rows of the second factor lie in one piece, or the columns of the first:
then the transposed product is computed, and the result's columns lie in one piece. Activations that lie batch last,
each feature's numbers side by side, stay so from layer to layer. Where neither lies so, one of them is copied.

Every number is summed by one job in a fixed order: results do not depend on the number of threads.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from autograd_cnn.kernels.instruction_set import instruction_set
from autograd_cnn.kernels.jit import config, jit
from autograd_cnn.kernels.layout import delivered, readable
from autograd_cnn.kernels.microkernel import address, call_tile
from autograd_cnn.kernels.register_tiles import Tiles, tiles
from autograd_cnn.kernels.threads import share_out
from autograd_cnn.kernels.workspace import Workspace, aligned

Matrix = NDArray[Any]

# Beyond so many multiply-adds the second factor outgrows the nearest caches, and BLAS catches up.
LARGEST = 4_000_000
# Copying a number takes as long as so many multiply-adds.
COPY = 32
# A tile does as many multiply-adds in the time in which a plain kernel does one.
SPEED = 8


def covers(a: Any, b: Any) -> bool:
    """Whether `matmul` runs for these factors, and faster than BLAS if the product is not tiny."""
    if config.DISABLE_JIT or a.dtype != b.dtype or a.dtype.char not in "fd" or a.ndim != 2 or b.ndim != 2:
        return False
    if not (a.dtype.isnative and a.shape[1] == b.shape[0] and _in_one_piece(a) and _in_one_piece(b)):
        return False
    operations: int = a.size * b.shape[1]
    by_rows, by_columns = _copies(a, b)
    return 0 < operations <= LARGEST and COPY * min(by_rows, by_columns) <= operations


def matmul(a: Matrix, b: Matrix, *, out: Matrix | None = None, workspace: Workspace | None = None) -> Matrix:
    """Return the matrix product of factors that `covers` allows; in ``out``, if given, of the same dtype."""
    workspace = workspace or Workspace()
    by_rows, by_columns = _copies(a, b)
    if out is not None:
        by_rows += 0 if out.flags.c_contiguous else out.size
        by_columns += 0 if out.flags.f_contiguous else out.size
    if by_columns < by_rows or (by_columns == by_rows and a.flags.f_contiguous):
        product = _product(b.T, a.T, None if out is None else out.T, workspace).T
    else:
        product = _product(a, b, out, workspace)
    return product if out is None else out


def _copies(a: Matrix, b: Matrix) -> tuple[float, float]:
    """Return how many numbers must be copied for a product that is computed row by row, and column by column."""
    lanes = instruction_set(a.dtype).lanes
    by_rows = 0 if b.flags.c_contiguous else b.size
    by_columns = 0 if a.flags.f_contiguous else a.size
    return by_rows if b.shape[1] >= lanes else math.inf, by_columns if len(a) >= lanes else math.inf


def _product(a: Matrix, b: Matrix, out: Matrix | None, workspace: Workspace) -> Matrix:
    """Return the product, row by row; vectors run along the rows of the second factor."""
    (m, k), n = a.shape, b.shape[1]
    if not b.flags.c_contiguous:
        rows = workspace.empty("rows", b.shape, b.dtype)
        rows[...] = b
        b = rows
    if out is None:
        product = aligned(np.empty, (m, n), a.dtype)
    else:
        product = out if out.flags.c_contiguous else workspace.empty("product", (m, n), a.dtype)
    tile = tiles(m, n, a.dtype)
    by_rows = a.flags.c_contiguous
    share_out(
        _multiply,
        -(-m // tile.rows),
        m * k * n // SPEED,
        readable(a if by_rows else a.T, a.dtype),
        (k, 1) if by_rows else (1, m),
        readable(b, b.dtype),
        tile,
        product,
    )
    return product if out is None or product is out else delivered(product, out)


@jit
def _multiply(first: int, last: int, a: Matrix, strides: tuple[int, int], b: Matrix, tile: Tiles, c: Matrix) -> None:
    """Fill so many rows of C = A·B: job ``(tile)``. ``strides``: from row to row of A, and along a row."""
    terms, (rows, length), size = len(b), c.shape, c.itemsize
    long = length >= tile.wide_length
    kernel, step = (tile.wide, tile.wide_length) if long else (tile.narrow, tile.narrow_length)
    for job in range(first, last):
        row = min(job * tile.rows, rows - tile.rows)
        for start in range(0, length, step):
            column = min(start, length - step)
            call_tile(
                kernel,
                address(a) + size * row * strides[0],
                address(b) + size * column,
                address(c) + size * (row * length + column),
                1, 1, terms,
                0, 0, strides[1], strides[0],
                0, 0, length, length,
            )  # fmt: skip


def _in_one_piece(matrix: Matrix) -> bool:
    flags = matrix.flags
    return (flags.c_contiguous or flags.f_contiguous) and flags.aligned
