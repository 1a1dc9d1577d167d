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
def renew_row(copy: Floats, row: Floats) -> tuple[float, float]:
    """Return the sum of squares of a row and that of its differences from a copy; then copy it.

    Piece by piece, which stays in cache: LLVM turns these loops into SIMD, and no loop that writes three arrays.
    """
    squares, moved = np.zeros(STRANDS), np.zeros(STRANDS)
    for start in range(0, row.size, STRANDS):
        now, before = row[start : start + STRANDS], copy[start : start + STRANDS]
        for j in range(now.size):
            squares[j] += np.float64(now[j]) * np.float64(now[j])
        for j in range(now.size):
            apart = np.float64(now[j]) - np.float64(before[j])
            moved[j] += apart * apart
        for j in range(now.size):
            before[j] = now[j]
    return squares.sum(), moved.sum()
