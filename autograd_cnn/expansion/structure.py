"""How each element of a gate's output is made from elements of its inputs: moved, computed, folded, multiplied.

A structure says which input elements some output elements need, what that costs, and makes them.
An element is a cell: a Scalar, or a float where it depends on nothing that can vary.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray

from autograd_cnn.expansion.tracing import run_on_tracers
from autograd_cnn.gates.arithmetic import add, multiply
from autograd_cnn.graph import Node
from autograd_cnn.registry import Gate

Cells: TypeAlias = NDArray[Any]
Mask: TypeAlias = NDArray[np.bool_]
Shape: TypeAlias = tuple[int, ...]


class Structure(Protocol):
    """What every structure can do."""

    def sources(self, needed: Mask) -> list[Mask]:
        """Return which elements of each input the `needed` elements of the output are made from."""

    def cost(self, needed: Mask) -> int:
        """Return how many Scalars it takes to make the `needed` elements."""

    def build(self, inputs: Sequence[Cells], needed: Mask) -> Cells:
        """Make the `needed` elements out of the cells of the inputs; the others stay None."""


@dataclass(frozen=True)
class Routing:
    """Every element is one of an input, unchanged, or a constant: reshape, transpose, index, pad, join.

    Attributes
    ----------
    shapes : list of tuple of int
        Of the inputs.
    positions : ndarray of int
        Per output element its place among all input elements, one input after the other; −1 for a constant.
    constants : ndarray
        The constants.
    """

    shapes: list[Shape]
    positions: NDArray[np.int64]
    constants: NDArray[Any]

    def sources(self, needed: Mask) -> list[Mask]:
        """Return the elements that are moved to the needed places."""
        return _marked(self.shapes, [self.positions[needed & (self.positions >= 0)]])

    def cost(self, needed: Mask) -> int:
        """Return 0: moving makes no Scalar."""
        return 0

    def build(self, inputs: Sequence[Cells], needed: Mask) -> Cells:
        """Hand the cells through."""
        flat = np.concatenate([x.ravel() for x in inputs])
        made = _blank(needed.shape)
        for at in map(tuple, np.argwhere(needed)):
            position = self.positions[at]
            made[at] = float(self.constants[at]) if position < 0 else flat[position]
        return made


@dataclass(frozen=True)
class Elementwise:
    """Every element is the gate itself, applied to the elements at the same place: exp, multiply, where.

    Attributes
    ----------
    gate, attributes : Gate, dict
        What to apply.
    shapes : list of tuple of int
        Of the inputs, which broadcast.
    """

    gate: Gate
    attributes: dict[str, Any]
    shapes: list[Shape]

    def sources(self, needed: Mask) -> list[Mask]:
        """Return the elements at the same place, broadcasting undone."""
        places = [np.broadcast_to(np.arange(int(np.prod(s))).reshape(s), needed.shape) for s in self.shapes]
        return [_marked([s], [p[needed]])[0] for s, p in zip(self.shapes, places, strict=True)]

    def cost(self, needed: Mask) -> int:
        """Return one Scalar per element."""
        return int(needed.sum())

    def build(self, inputs: Sequence[Cells], needed: Mask) -> Cells:
        """Apply the gate, element by element."""
        spread = [np.broadcast_to(x, needed.shape) for x in inputs]
        made = _blank(needed.shape)
        for at in map(tuple, np.argwhere(needed)):
            made[at] = self.gate(*(x[at] for x in spread), **self.attributes)
        return made


@dataclass(frozen=True)
class Chain:
    """Every element is a chain of one gate over a group of elements: sum, mean, max, prod.

    Attributes
    ----------
    shape : tuple of int
        Of the input.
    groups : ndarray of int, (number of outputs, number of links)
        Per output element the flat places of what it is made from, in order.
    fold : callable
        Makes one cell of a list of cells.
    """

    shape: Shape
    groups: NDArray[np.int64]
    fold: Callable[[list[Any]], Any]

    def sources(self, needed: Mask) -> list[Mask]:
        """Return the groups of the needed elements."""
        return _marked([self.shape], [self.groups[needed.ravel()]])

    def cost(self, needed: Mask) -> int:
        """Return one Scalar per link."""
        return int(needed.sum()) * int(self.groups.shape[1])

    def build(self, inputs: Sequence[Cells], needed: Mask) -> Cells:
        """Fold each group."""
        flat = inputs[0].ravel()
        made = _blank(needed.shape)
        for at, group in zip(np.ndindex(needed.shape), self.groups, strict=True):
            if needed[at]:
                made[at] = self.fold([flat[i] for i in group])
        return made


@dataclass(frozen=True)
class SumOfProducts:
    """Every element is Σ coefficient · product of one element per input: gates linear in each input.

    Attributes
    ----------
    shapes : list of tuple of int
        Of the inputs.
    terms : list of list of (float, tuple of int)
        Per output element its terms: a coefficient and one flat place per input.
    """

    shapes: list[Shape]
    terms: list[list[tuple[float, tuple[int, ...]]]]

    def sources(self, needed: Mask) -> list[Mask]:
        """Return the factors of the needed elements."""
        chosen = [places for wanted, row in zip(needed.ravel(), self.terms, strict=True) if wanted for _, places in row]
        columns = np.array(chosen, np.int64).reshape(-1, len(self.shapes)).T
        return [_marked([s], [column])[0] for s, column in zip(self.shapes, columns, strict=True)]

    def cost(self, needed: Mask) -> int:
        """Return one Scalar per product and one per addition."""
        return sum(2 * len(row) for wanted, row in zip(needed.ravel(), self.terms, strict=True) if wanted)

    def build(self, inputs: Sequence[Cells], needed: Mask) -> Cells:
        """Multiply, then add."""
        flats = [x.ravel() for x in inputs]
        made = _blank(needed.shape)
        for at, row in zip(np.ndindex(needed.shape), self.terms, strict=True):
            if needed[at]:
                products = [
                    product([coefficient, *(x[i] for x, i in zip(flats, places, strict=True))])
                    for coefficient, places in row
                ]
                made[at] = total(products)
        return made


@dataclass(frozen=True)
class MatrixProduct:
    """Every element is Σ row element · column element.

    Attributes
    ----------
    shapes : list of tuple of int
        Of the inputs.
    places : pair of ndarray of int, (..., n, m, k)
        Per output element and term the flat place in the first and in the second input.
    """

    shapes: list[Shape]
    places: tuple[NDArray[np.int64], NDArray[np.int64]]

    def sources(self, needed: Mask) -> list[Mask]:
        """Return the rows and columns of the needed elements."""
        wanted = needed.reshape(self.places[0].shape[:-1])
        return [_marked([s], [p[wanted]])[0] for s, p in zip(self.shapes, self.places, strict=True)]

    def cost(self, needed: Mask) -> int:
        """Return one Scalar per product and one per addition."""
        return int(needed.sum()) * 2 * int(self.places[0].shape[-1])

    def build(self, inputs: Sequence[Cells], needed: Mask) -> Cells:
        """Multiply, then add."""
        first, second = (x.ravel() for x in inputs)
        rows, columns = self.places
        made = _blank(rows.shape[:-1])
        for at in map(tuple, np.argwhere(needed.reshape(made.shape))):
            made[at] = total([product([first[i], second[j]]) for i, j in zip(rows[at], columns[at], strict=True)])
        return made.reshape(needed.shape)


@dataclass(frozen=True)
class Replay:
    """Every element is what the gate's forward does to single elements: cumsum, einsum, scatter.

    The forward runs on arrays of tracers, which write down the arithmetic; it makes all elements, or none.

    Attributes
    ----------
    gate, attributes : Gate, dict
        What to run.
    shapes : list of tuple of int
        Of the inputs.
    links : int
        How many steps the forward took.
    """

    gate: Gate
    attributes: dict[str, Any]
    shapes: list[Shape]
    links: int

    def sources(self, needed: Mask) -> list[Mask]:
        """Return everything, or nothing."""
        return [np.full(s, needed.any()) for s in self.shapes]

    def cost(self, needed: Mask) -> int:
        """Return one Scalar per step."""
        return self.links if needed.any() else 0

    def build(self, inputs: Sequence[Cells], needed: Mask) -> Cells:
        """Run the forward on tracers of the cells."""
        made: Cells = run_on_tracers(self.gate, self.attributes, inputs)[0]
        return made


def total(cells: Sequence[Any]) -> Any:
    """Add up a list of cells as a chain; its numbers are added first."""
    return _folded(add, cells, 0.0)


def product(cells: Sequence[Any]) -> Any:
    """Multiply a list of cells as a chain; its numbers are multiplied first."""
    return _folded(multiply, cells, 1.0)


def _folded(gate: Gate, cells: Sequence[Any], neutral: float) -> Any:
    number: Any = neutral
    nodes = []
    for cell in cells:
        if isinstance(cell, Node):
            nodes.append(cell)
        else:
            number = gate(number, float(cell))
    if not nodes:
        return number
    result: Any = nodes[0]
    for node in nodes[1:]:
        result = gate(result, node)
    return result if number == neutral else gate(result, number)


def _blank(shape: Shape) -> Cells:
    return np.full(shape, None, object)


def _marked(shapes: list[Shape], places: list[Any]) -> list[Mask]:
    """Return masks of the given shapes, true at flat places counted through all of them."""
    sizes = [int(np.prod(s)) for s in shapes]
    flat = np.zeros(sum(sizes), bool)
    for some in places:
        flat[some] = True
    ends = np.cumsum(sizes)[:-1]
    return [part.reshape(s) for part, s in zip(np.split(flat, ends), shapes, strict=True)]
