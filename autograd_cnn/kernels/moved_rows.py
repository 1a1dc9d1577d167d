"""How far numbers moved from a copy of them: squared differences, and copying anew in the same pass."""

from __future__ import annotations

import numpy as np

from autograd_cnn.kernels.jit import jit
from autograd_cnn.kernels.layout import Floats

STRANDS = 512
"""As many sums as hide how long one addition takes, and the beginning of a loop."""


@jit
def squared_differences_of_rows(one: Floats, other: Floats) -> float:
    """Return the sum of the squared differences of two rows."""
    squares = np.zeros(STRANDS)
    for start in range(0, one.size, STRANDS):
        a, b = one[start : start + STRANDS], other[start : start + STRANDS]
        for j in range(a.size):
            apart = np.float64(a[j]) - np.float64(b[j])
            squares[j] += apart * apart
    return squares.sum()  # type: ignore[no-any-return]


@jit
def renew_rows(copies: tuple[Floats, ...], rows: tuple[Floats, ...], sums: Floats) -> None:
    """Put into ``sums`` of each row its squares and its squared differences from a copy, then copy it."""
    squares, moved = np.empty(STRANDS), np.empty(STRANDS)
    for i in range(len(rows)):
        squares[:], moved[:] = 0.0, 0.0
        for start in range(0, rows[i].size, STRANDS):
            _renew(copies[i][start : start + STRANDS], rows[i][start : start + STRANDS], squares, moved)
        sums[i, 0], sums[i, 1] = squares.sum(), moved.sum()


@jit
def _renew(copy: Floats, row: Floats, squares: Floats, moved: Floats) -> None:
    """Do so with a piece that stays in cache: LLVM turns these into SIMD, and no loop that writes three arrays."""
    for j in range(row.size):
        squares[j] += np.float64(row[j]) * np.float64(row[j])
    for j in range(row.size):
        apart = np.float64(row[j]) - np.float64(copy[j])
        moved[j] += apart * apart
    copy[:] = row
