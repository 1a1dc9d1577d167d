"""What follows a product on memory that stays the same: bias, ReLU and pooling, forwards and back."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from autograd_cnn.compilation.look import Look
from autograd_cnn.compilation.native.counting import Counts
from autograd_cnn.compilation.native.memory import Places, buffer
from autograd_cnn.graph import Array, Node
from autograd_cnn.kernels import dense
from autograd_cnn.kernels.image_rows import PLANES, Order, counts, empty_images, readable_rows, writable_rows
from autograd_cnn.kernels.layout import Reader
from autograd_cnn.kernels.pooled_fours import (
    send_to_four,
    send_to_four_in_planes,
    take_largest_of_four,
    take_largest_of_four_in_planes,
)
from autograd_cnn.kernels.pooling import NOWHERE_BYTE
from autograd_cnn.kernels.threads import share_out
from autograd_cnn.kernels.workspace import Workspace

PARTIAL_SUMS = 64
"""A row's numbers are added up in so many sums at once, which fill the lanes of vectors."""


class Ending:
    """Bias and, maybe, ReLU, written over the product.

    Parameters
    ----------
    product : ndarray
        A matrix whose columns are units, or images.
    order : Order or None
        In which order images lie without gaps; None for a matrix.
    nodes : sequence of Node
        The sum with the bias and, maybe, its ReLU. If the sum must be seen, the result has memory of its own.
    places : Places

    Attributes
    ----------
    result : ndarray
        What follows from the product: the same memory, otherwise.
    sent : ndarray
        The gradient of the product, once `backward` was called.
    """

    def __init__(self, product: Array, order: Order | None, nodes: Sequence[Node], places: Places) -> None:
        self.product, self.relu, self.order = product, len(nodes) > 1, order
        self.before = places.seen(nodes[0]) if self.relu else None
        self._at_once = self.relu and places.look != Look.ARRAYS
        self.result = _like(product, order) if self.relu and not self._at_once else product
        self.units = product.shape[1]
        self._by_columns = order is None or order[3] == 1
        self._matrix = _matrix(product, order)
        self._result = _matrix(self.result, order)
        sums = dense.blocks_of(self._matrix), self.units
        self._sums = np.zeros(sums if self._by_columns else (len(self._matrix), PARTIAL_SUMS))
        self.sent = _like(product, order)
        self._sent = _matrix(self.sent, order)
        self._copy = Workspace()
        self._add = dense.add_to_columns if self._by_columns else dense.add_to_rows
        self._send = dense.send_by_columns if self._by_columns else dense.send_by_rows
        self._totals = Totals(self._sums.reshape(-1, self.units, 1 if self._by_columns else PARTIAL_SUMS))
        self._upstream: Array | None = None
        self._counts: Counts | None = None
        self._counting = places.counting
        if self.relu and places.look == Look.COUNTS:
            tallies = places.tally(nodes[0]), places.tally(nodes[1])
            self._counts = Counts(tallies, self._matrix, self.units, self._by_columns, len(self._sums))

    def forward(self, bias: Array) -> None:
        """Compute the result."""
        matrix = self._matrix
        if self._counts is not None and self._counting.is_on:
            share_out(self._count_and_add, len(self._sums), 2 * matrix.size, self._counts, bias)
            self._counts.values_are_counted()
            return
        share_out(self._add, len(matrix), matrix.size, matrix, bias, self._at_once)
        if self.before is not None and not self._at_once:
            np.maximum(self.product, 0, out=self.result)
            self.before._value = self.product

    def _count_and_add(self, first: int, last: int, counted: Counts, bias: Array) -> None:
        rows, jobs = len(self._matrix), len(self._sums)
        for begin, end in counted.portions(first, last):
            counted.products(begin, end, bias, are_kept=False)
            self._add(begin * rows // jobs, end * rows // jobs, self._matrix, bias, True)

    def backward(self, upstream: Array, of_bias: Array) -> None:
        """Fill `sent`, and the gradient of the bias."""
        if upstream is not self._upstream:
            ordered = upstream if self.order is None else _ordered(upstream, self.order, self._copy)
            self._rows = _matrix(ordered, self.order)
            self._upstream = upstream if ordered is upstream else None
        rows, ends = self._rows, (self._result, self.relu, self._sent, self._sums)
        if self._counts is None or not self._counting.is_on:
            share_out(self._send, len(self._sums), rows.size, rows, *ends)
        else:
            rows = np.ascontiguousarray(rows)
            share_out(self._send_and_count, len(self._sums), 3 * rows.size, self._counts, rows, *ends)
            self._counts.gradients_are_counted()
        if self.before is not None:
            self.before.grad = self.sent
        if self._by_columns and len(self._sums) == 1:
            of_bias[...] = self._sums[0]
        else:
            self._totals.write(of_bias)

    def _send_and_count(self, first: int, last: int, counted: Counts, rows: Array, *ends: Any) -> None:
        for begin, end in counted.portions(first, last):
            self._send(begin, end, rows, *ends)
            counted.gradients(begin, end, self._sent, rows)


class PooledEnding:
    """Bias, ReLU and max pooling by windows of 2 by 2 in one walk; a dead ReLU is a switch that points nowhere.

    Parameters and attributes are those of `Ending`, and the shape of what is pooled; the gradient of the product takes
    its place.
    """

    def __init__(
        self, product: Array, order: Order, shape: tuple[int, ...], nodes: Sequence[Node], places: Places
    ) -> None:
        dtype = product.dtype
        self.order = order
        self.sent = product
        self.result = empty_images(shape, order, dtype, Workspace())
        outer, lanes = counts(shape, order)
        self._take = take_largest_of_four if lanes > 1 else take_largest_of_four_in_planes
        self._send = send_to_four if lanes > 1 else send_to_four_in_planes
        columns = shape[3] * lanes
        self._switches = np.zeros((outer, shape[2] * columns), np.uint8)
        self._sums = np.zeros((outer, columns))
        self._outputs: Any = *shape[2:], lanes
        self._size = *product.shape[2:], lanes
        self._source, self._product = readable_rows(product, order, dtype), writable_rows(product, order)
        self._target = writable_rows(self.result, order)
        self._per_lane = order[3] == 1
        self._bias = Reader(dtype)
        self._zero, self._nowhere = dtype.type(0), np.uint8(NOWHERE_BYTE)
        self._copy = Workspace()
        self._totals = Totals(self._sums.reshape(-1, product.shape[1], 1 if self._per_lane else columns))
        self._upstream: Array | None = None
        self._counts: Counts | None = None
        self._counting = places.counting
        if places.look == Look.COUNTS:
            tallies = [places.tally(node) for node in nodes[2:]]
            matrix = _matrix(product, order)
            self._counts = Counts(tallies, matrix, product.shape[1], self._per_lane, outer, columns)
            self._maxima = _matrix(self.result, order)

    def forward(self, bias: Array) -> None:
        """Write the result."""
        bias = self._bias(bias)
        ends: Any = bias, self._per_lane, self._zero, self._nowhere, *self._target, self._switches
        jobs, operations = len(self._switches), self.result.size * 4
        if self._counts is None or not self._counting.is_on:
            share_out(self._take, jobs, operations, *self._source, self._outputs, *ends)
        else:
            share_out(self._count_and_take, jobs, 2 * operations, self._counts, bias, *ends)
            self._counts.kept_products(bias)

    def _count_and_take(self, first: int, last: int, counted: Counts, bias: Array, *ends: Any) -> None:
        for begin, end in counted.portions(first, last):
            counted.products(begin, end, bias, are_kept=True)
            self._take(begin, end, *self._source, self._outputs, *ends)
            counted.pooled(begin, end, self._maxima)

    def backward(self, upstream: Array, of_bias: Array) -> None:
        """Fill `sent`, over the product, and the gradient of the bias."""
        if upstream is not self._upstream:
            self._rows = readable_rows(upstream, self.order, self.sent.dtype, self._copy, "upstream")
            self._upstream = upstream if np.may_share_memory(self._rows.numbers, upstream) else None
        self._sums.fill(0.0)
        ends: Any = self._size, self._outputs[:2], self._nowhere, *self._product, self._sums
        jobs, operations = len(self._switches), self.sent.size
        share_out(self._send, jobs, operations, *self._rows, self._switches, *ends)
        if self._counts is not None and self._counting.is_on:
            self._counts.sent(self._rows, self._switches, self._outputs[0], self._nowhere)
            self._counts.gradients_are_counted()
        self._totals.write(of_bias)


class Totals:
    """Sums (several, units, several) that are added up by units."""

    def __init__(self, sums: Array) -> None:
        self._sums, self._added = sums, np.empty(sums.shape[1])

    def write(self, of_bias: Array) -> None:
        """Put the totals into the gradient of a bias."""
        np.add.reduce(self._sums, axis=(0, 2), out=self._added)
        of_bias[...] = self._added


def _like(product: Array, order: Order | None) -> Array:
    if order is None:
        return buffer(product.shape, product.dtype)
    return empty_images(product.shape, order, product.dtype, Workspace())


def _matrix(images: Array, order: Order | None) -> Array:
    """Return images without gaps as rows of units' columns, or as rows that each belong to one unit."""
    if order is None:
        return images
    memory = images.transpose(order)
    width = images.shape[1] if order[3] == 1 else memory[0, 0].size if order == PLANES else memory[0].size
    return memory.reshape(-1, width)


def _ordered(upstream: Array, order: Order, copy: Workspace) -> Array:
    """Return upstream gradients that lie in this order without gaps."""
    if upstream.transpose(order).flags.c_contiguous:
        return upstream
    ordered = empty_images(upstream.shape, order, upstream.dtype, copy, "upstream")
    ordered[...] = upstream
    return ordered
