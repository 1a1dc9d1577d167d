"""The arrays of one step counted in one go: sums of squares, and per unit of what activations pass back."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from autograd_cnn.graph import Array, Node, Tensor
from autograd_cnn.health.units import unit_axis


@dataclass
class Census:
    """What the arrays of graphs that look alike come to; Scalars, single and whole numbers are passed over.

    Attributes
    ----------
    of_values, of_gradients : tuple of int
        Places of the nodes that are counted: positions in the order of a graph.
    of_units : tuple of int
        Places of the nodes whose gradients are counted unit by unit.
    counts : dict
        How many numbers each node has whose value or gradient is counted.
    values, gradients : dict
        The last sums of squares by place, of arrays that were there.
    units : dict
        By place, the last sums of squares of each unit.
    """

    of_values: tuple[int, ...]
    of_gradients: tuple[int, ...]
    of_units: tuple[int, ...]
    counts: dict[int, int]
    values: dict[int, float] = field(default_factory=dict)
    gradients: dict[int, float] = field(default_factory=dict)
    units: dict[int, Array] = field(default_factory=dict)

    def take(self, order: Sequence[Node]) -> None:
        """Count the arrays of a graph."""
        from autograd_cnn.kernels.counting import SQUARES, count_units, sum_of_squares

        arrays = [(place, order[place]._value) for place in self.of_values]
        sent: list[tuple[int, Any]] = [(place, order[place].grad) for place in self.of_gradients]
        passed: list[tuple[int, Any]] = [(place, order[place].grad) for place in self.of_units]
        self.units = {
            place: count_units(array, unit_axis(array.ndim), "squares")[:, SQUARES]
            for place, array in passed
            if array is not None
        }
        self.values = {place: sum_of_squares(array) for place, array in arrays if array is not None}
        self.gradients = {place: sum_of_squares(array) for place, array in sent if array is not None}
        self.gradients.update({place: float(np.add.reduce(sums)) for place, sums in self.units.items()})

    def driven(self, place: int, gradient: Array) -> Array | None:
        """Return which units' gradient is not exactly 0; None where it was not counted."""
        sums = self.units.get(place)
        if sums is None:
            return None
        driven: Array = sums != 0
        if gradient.itemsize > 4 and not driven.all():  # squares of tiny float64 numbers vanish
            others = tuple([i for i in range(gradient.ndim) if i != unit_axis(gradient.ndim)])
            driven |= np.logical_or.reduce(gradient != 0, axis=others)
        return driven


def census_of(order: Sequence[Node], values: Iterable[int], gradients: Iterable[int], units: Iterable[int]) -> Census:
    """Return what counts the values and gradients of the nodes at some places, and some gradients unit by unit."""
    by_unit = tuple([place for place in dict.fromkeys(units) if _is_counted(order[place])])
    whole = [place for place in dict.fromkeys(gradients) if place not in by_unit and _is_counted(order[place])]
    of_values = tuple([place for place in dict.fromkeys(values) if _is_counted(order[place])])
    counts = {place: order[place].size for place in (*of_values, *whole, *by_unit)}
    return Census(of_values, tuple(whole), by_unit, counts)


def _is_counted(node: Node) -> bool:
    return isinstance(node, Tensor) and node.ndim > 0 and node.size > 0 and node.dtype in (np.float32, np.float64)
