"""What native instructions count of values and gradients that are not there to be read."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from autograd_cnn.graph import Array
from autograd_cnn.kernels.counted_layers import count_products, count_sent, count_squares, fold, strands
from autograd_cnn.kernels.image_rows import ImageRows
from autograd_cnn.kernels.threads import share_out

PORTION = 1 << 16
"""So many numbers are counted, then worked on: they stay in the second-level cache between the two."""

LEAST, MOST = 1e-24, 1e30
"""Mean squares between which squares of float32 numbers tell enough: outside of it some may have vanished."""


class Tally:
    """What the numbers of one node come to.

    Attributes
    ----------
    values, gradients : ndarray or None
        Sums of squares in float64, of each unit and in the end of all, (units + 1,); no gradients where none arrived.
    """

    __slots__ = ("gradients", "values")

    def __init__(self) -> None:
        self.values: Array | None = None
        self.gradients: Array | None = None


class Counts:
    """Fills the tallies of what goes into a ReLU, of what comes out and, maybe, of its maxima.

    Parameters
    ----------
    tallies : sequence of Tally
    product : ndarray
        The matrix over which bias and ReLU are written.
    units : int
    by_columns : bool
        Whether its columns are units.
    jobs : int
        Blocks of its rows.
    row : int, optional
        How long rows of pooled pixels are; none without pooling.
    """

    def __init__(self, tallies: Sequence[Tally], product: Array, units: int, by_columns: bool, jobs: int, row: int = 0):
        self._product, self._by_columns, self._tallies = product, by_columns, tallies
        width = strands(units, by_columns)
        self._of_values = np.zeros((jobs, len(tallies), width))
        self._of_gradients = np.zeros((jobs, 2, row or width))
        self._values, self._gradients = np.zeros((len(tallies), units + 1)), np.zeros((2, units + 1))
        self._sent, self._received = self._gradients
        for tally, values in zip(tallies, self._values, strict=True):
            tally.values = values
        self._one = product.dtype.type(1)
        self._at_once = max(1, PORTION * jobs // product.size)

    def products(self, first: int, last: int, bias: Array, *, are_kept: bool) -> None:
        """Count the products of some jobs, before bias and ReLU are written over them, unless they are kept as well."""
        count_products(first, last, self._product, bias, self._by_columns, self._one, self._of_values)
        if not are_kept:
            numbers = (last - first) * self._product.size / len(self._of_values)
            if not _do(np.add.reduce(self._of_values[first:last, :2], axis=(0, 2)) / numbers):
                self._count_in_float64(first, last, bias)

    def kept_products(self, bias: Array) -> None:
        """Add up what was counted of products that are still there."""
        self.values_are_counted()
        if not _do(self._values[:2, -1] / self._product.size):
            self._count_in_float64(0, len(self._of_values), bias)
            self.values_are_counted()

    def _count_in_float64(self, first: int, last: int, bias: Array) -> None:
        """Count once more, where float32 is too narrow."""
        count_products(first, last, self._product, bias, self._by_columns, np.float64(1), self._of_values)

    def pooled(self, first: int, last: int, maxima: Array) -> None:
        """Count the results of some jobs, a matrix with as many rows as the product, or blocks of them."""
        count_squares(first, last, maxima, 2, self._of_values)

    def values_are_counted(self) -> None:
        """Add up what was counted of values."""
        fold(self._of_values, self._by_columns, self._values)

    def gradients(self, first: int, last: int, gradient: Array, upstream: Array) -> None:
        """Count both gradients of some jobs, matrices like the product."""
        count_squares(first, last, gradient, 0, self._of_gradients)
        count_squares(first, last, upstream, 1, self._of_gradients)

    def sent(self, rows: ImageRows, switches: Array, height: int, nowhere: Any) -> None:
        """Count both gradients of a pooled ReLU, rows of pixels."""
        pooled = switches, height, nowhere, self._of_gradients
        share_out(count_sent, len(switches), 4 * switches.size, *rows, *pooled)

    def gradients_are_counted(self) -> None:
        """Add up what was counted of gradients."""
        fold(self._of_gradients, self._by_columns, self._gradients)
        before, *after = self._tallies
        before.gradients = self._sent
        for tally in after:  # pooling hands on what it receives
            tally.gradients = self._received

    def portions(self, first: int, last: int) -> Iterator[tuple[int, int]]:
        """Yield some jobs in portions that stay in cache."""
        for begin in range(first, last, self._at_once):
            yield begin, min(begin + self._at_once, last)


def _do(squares: Array) -> bool:
    """Whether mean squares, before and after a ReLU, are such that float32 is wide enough; it may let none pass."""
    before, after = squares
    return bool(LEAST < after <= before < MOST)
