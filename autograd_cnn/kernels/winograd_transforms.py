"""Winograd's short correlations: the matrices that turn 3×3 windows into products of single numbers.

Two windows of 3 numbers side by side see 4 numbers and cost 6 products; Winograd needs 4. In two dimensions,
tile by tile: ``Y = Aᵀ[(G w Gᵀ) ∘ (Bᵀ x B)]A`` gives the m × m outputs of a tile from the a × a pixels that its
windows see, a = m + 2, with a² products instead of 9m² (m = 2: 16 instead of 36; m = 4: 36 instead of 144).
The gradients are its transposes: to the weights ``Gᵀ[(Bᵀ x B) ∘ (A u Aᵀ)]G``.

Source: Lavin and Gray, "Fast Algorithms for Convolutional Neural Networks", 2015, sections 4.1 and 4.3.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from functools import cache
from typing import Any

import numpy as np

from autograd_cnn.kernels.layout import Floats

Matrix = tuple[tuple[Fraction, ...], ...]


@dataclass(frozen=True)
class Transforms:
    """The three matrices of F(m×m, 3×3), exact.

    Attributes
    ----------
    of_image : Matrix
        Bᵀ, a × a.
    of_weight : Matrix
        G, a × 3.
    to_output : Matrix
        Aᵀ, m × a.
    """

    of_image: Matrix
    of_weight: Matrix
    to_output: Matrix

    @property
    def tile(self) -> int:
        """Outputs of a tile along height and width, m."""
        return len(self.to_output)

    @property
    def patch(self) -> int:
        """Pixels that the windows of a tile see along height and width, a = m + 2."""
        return len(self.of_image)


def _matrix(rows: str) -> Matrix:
    return tuple(tuple(map(Fraction, row.split())) for row in rows.strip().splitlines())


def transposed(matrix: Matrix) -> Matrix:
    """Return a matrix with rows and columns exchanged."""
    return tuple(zip(*matrix, strict=True))


# By the outputs of a tile. F(2) evaluates polynomials at 0, 1, −1 and ∞, F(4) at 0, ±1, ±2 and ∞: its larger
# numbers round more.
TRANSFORMS = {
    2: Transforms(
        of_image=_matrix("""
            1  0 -1  0
            0  1  1  0
            0 -1  1  0
            0  1  0 -1
        """),
        of_weight=_matrix("""
            1    0   0
            1/2  1/2 1/2
            1/2 -1/2 1/2
            0    0   1
        """),
        to_output=_matrix("""
            1  1  1  0
            0  1 -1 -1
        """),
    ),
    4: Transforms(
        of_image=_matrix("""
            4  0 -5  0  1  0
            0 -4 -4  1  1  0
            0  4 -4 -1  1  0
            0 -2 -1  2  1  0
            0  2 -1 -2  1  0
            0  4  0 -5  0  1
        """),
        of_weight=_matrix("""
             1/4   0     0
            -1/6  -1/6  -1/6
            -1/6   1/6  -1/6
             1/24  1/12  1/6
             1/24 -1/12  1/6
             0     0     1
        """),
        to_output=_matrix("""
            1  1  1  1  1  0
            0  1 -1  2 -2  0
            0  1  1  4  4  0
            0  1 -1  8 -8  1
        """),
    ),
}


def sandwich(matrix: Matrix, x: Any) -> Any:
    """Return M X Mᵀ over the first two axes of ``x``; whatever numbers it holds, also fractions."""
    factor = np.array(matrix, dtype=object) if x.dtype == object else floats(matrix).astype(x.dtype)
    rows = np.tensordot(factor, x, axes=(1, 0))
    return np.tensordot(factor, rows, axes=(1, 1)).swapaxes(0, 1)


@cache
def floats(matrix: Matrix) -> Floats:
    """Return a matrix in float64."""
    return np.array(matrix, dtype=np.float64)
