"""What native instructions count of values and gradients that are not there to be read."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from autograd_cnn.graph import Array
from autograd_cnn.kernels.counted_layers import count_gradients, count_products, count_sent, fold, strands
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
    """The tallies of what goes into a ReLU, `before`, and of what comes out, `after`.

    Parameters
    ----------
    product : ndarray
        The matrix over which bias and ReLU are written.
    units : int
    by_columns : bool
        Whether its columns are units.
    jobs : int
        Blocks of its rows.
    columns : int, optional
        How long rows of pooled pixels are; none without pooling.
    """

    def __init__(
        self, before: Tally, after: Tally, product: Array, units: int, by_columns: bool, jobs: int, columns: int = 0
    ) -> None:
        self.before, self.after = before, after
        self._product, self._by_columns = product, by_columns
        width = strands(units, by_columns)
        self._of_values, self._of_gradients = np.zeros((jobs, 2, width)), np.zeros((jobs, 2, columns or width))
        self._values, self._gradients = np.zeros((2, units + 1)), np.zeros((2, units + 1))
        before.values, after.values = self._values
        self._sent, self._received = self._gradients
        self._at_once = max(1, PORTION * jobs // product.size)

    def products(self, first: int, last: int, bias: Array, one: Any = np.float64(1)) -> None:  # noqa: B008
        """Count the products of some jobs, before anything is written over them."""
        count_products(first, last, self._product, bias, self._by_columns, one, self._of_values)

    def values_are_counted(self) -> None:
        """Add up what was counted of products."""
        fold(self._of_values, self._by_columns, self._values)

    def pooled_values_are_counted(self, bias: Array) -> None:
        """Add up what was counted of products in float32; once more in float64, where that does not tell."""
        self.values_are_counted()
        if not LEAST < self._values.item(0, -1) / self._product.size < MOST:
            self.products(0, len(self._of_values), bias)
            self.values_are_counted()

    def gradients(self, first: int, last: int, gradient: Array, upstream: Array) -> None:
        """Count both gradients of some jobs, matrices like the product."""
        count_gradients(first, last, gradient, upstream, self._of_gradients)

    def sent(self, rows: ImageRows, switches: Array, height: int, nowhere: Any) -> None:
        """Count both gradients of a pooled ReLU, rows of pixels."""
        pooled = switches, height, nowhere, self._of_gradients
        share_out(count_sent, len(switches), 4 * switches.size, *rows, *pooled)

    def gradients_are_counted(self) -> None:
        """Add up what was counted of gradients."""
        fold(self._of_gradients, self._by_columns, self._gradients)
        self.before.gradients, self.after.gradients = self._sent, self._received

    def portions(self, first: int, last: int) -> Iterator[tuple[int, int]]:
        """Yield some jobs in portions that stay in cache."""
        for begin in range(first, last, self._at_once):
            yield begin, min(begin + self._at_once, last)
