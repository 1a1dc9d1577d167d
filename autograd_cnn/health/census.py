"""The arrays of one step counted in one go: sums of squares, and per unit of what activations pass back.

Reading a large array again after the step costs more than adding it up. Where that is too much only a part is read,
another one at every step: rows evenly spaced over images or positions. That tells its RMS to about ten percent. What
decides about units stays exact: one that passes something on in the part is driven, the others are looked for in all.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import numpy as np

from autograd_cnn.graph import Array, Node, Tensor
from autograd_cnn.health.axes import other_axes, unit_axis

if TYPE_CHECKING:
    from autograd_cnn.compilation.native.counting import Tally

Row = tuple[Array, Array]
NOTHING: Mapping[int, Tally] = MappingProxyType({})


@dataclass
class Census:
    """What the arrays of graphs that look alike come to; Scalars, single and whole numbers are passed over.

    Attributes
    ----------
    of_values, of_gradients : tuple of int
        Places of the nodes that are counted: positions in the order of a graph.
    of_units : tuple of int
        Places of the nodes whose gradients are counted unit by unit.
    weights : frozenset of int
        Places of parameters, which are read whole.
    counts, axes : dict
        How many numbers each node has whose value or gradient is counted, and which axis counts its units.
    part : int or None
        About how many numbers of a larger array are read at a step; all where it is None.
    taken : int
        How many steps were counted: which part of large arrays has its turn.
    values, gradients : dict
        The last sums of squares by place, of arrays that were there; estimated from a part of large ones.
    units : dict
        By place, the last sums of squares of each unit in that part.
    counted : mapping
        By place, what was counted elsewhere, of nodes whose arrays may not be there.
    """

    of_values: tuple[int, ...]
    of_gradients: tuple[int, ...]
    of_units: tuple[int, ...]
    weights: frozenset[int]
    counts: dict[int, int]
    axes: dict[int, int]
    part: int | None
    taken: int = 0
    values: dict[int, float] = field(default_factory=dict)
    gradients: dict[int, float] = field(default_factory=dict)
    units: dict[int, Array] = field(default_factory=dict)
    counted: Mapping[int, Tally] = field(default_factory=dict)

    def take(
        self, order: Sequence[Node], counted: Mapping[int, Tally] = NOTHING, rows: dict[Any, Row] | None = None
    ) -> None:
        """Count the arrays of a graph.

        Parameters
        ----------
        order : sequence of Node
        counted : mapping
            By place, what is counted already.
        rows : dict, optional
            Arrays as rows of memory: kept for the next step by who has the same arrays then.
        """
        self.counted = counted
        self.values, self.gradients, self.units = {}, {}, {}
        left: list[tuple[dict[int, float], int, Any]] = []
        for place in self.of_values:
            sums = counted[place].values if place in counted else None
            if sums is None:
                left.append((self.values, place, order[place]._value))
            else:
                self.values[place] = sums.item(-1)
        for place in self.of_gradients:
            sums = counted[place].gradients if place in counted else None
            if sums is None:
                left.append((self.gradients, place, order[place].grad))
            else:
                self.gradients[place] = sums.item(-1)
        for place in self.of_units:
            sums = counted[place].gradients if place in counted else None
            self._take_units(place, sums, order[place].grad)
        self._add_up(left, {} if rows is None else rows)
        self.taken += 1

    def _take_units(self, place: int, sums: Array | None, gradient: Any) -> None:
        """Count the gradient of each unit of a node, unless that was done."""
        from autograd_cnn.kernels.counting import SQUARES, count_units

        if sums is not None:
            self.units[place], self.gradients[place] = sums[:-1], sums.item(-1)
        elif gradient is not None:
            part = self._part(place, gradient)
            sums = self.units[place] = count_units(part, self.axes[place], "squares")[:, SQUARES]
            self.gradients[place] = float(np.add.reduce(sums)) * (gradient.size / part.size)

    def _add_up(self, left: list[tuple[dict[int, float], int, Any]], rows: dict[Any, Row]) -> None:
        """Add up the squares of arrays, those of one dtype in one call."""
        from autograd_cnn.kernels.counting import row_of, sums_of_squares

        found: dict[Any, list[tuple[dict[int, float], int, float, Array]]] = {}
        for goal, place, array in left:
            if array is None:
                continue
            part = array if place in self.weights else self._part(place, array)
            key = place, goal is self.values
            known = rows.get(key)
            if known is None or known[0] is not part:
                known = rows[key] = part, row_of(part)
            found.setdefault(array.dtype, []).append((goal, place, array.size / part.size, known[1]))
        for some in found.values():
            totals = sums_of_squares([row for *_, row in some])
            for (goal, place, scale, _), total in zip(some, totals, strict=True):
                goal[place] = total * scale

    def _part(self, place: int, array: Array) -> Array:
        """Return the rows of a large array that have their turn."""
        if self.part is None or array.size <= self.part:
            return array
        axis, step = _rows_of(array.shape, array.strides, self.axes[place], self.part)
        return array[(slice(None),) * axis + (slice(self.taken % step, None, step),)]

    @property
    def is_finite(self) -> bool:
        """Whether nothing that was counted is NaN or infinite."""
        return math.isfinite(sum(self.values.values())) and math.isfinite(sum(self.gradients.values()))

    def active(self, place: int) -> Array | None:
        """Return which units of a ReLU pass something on, where that was counted; else None."""
        tally = self.counted.get(place)
        return None if tally is None or tally.values is None else tally.values[:-1] != 0

    def driven(self, place: int, gradient: Array | None) -> Array | None:
        """Return which units' gradient is not exactly 0; None where it was not counted."""
        sums = self.units.get(place)
        if sums is None:
            return None
        driven: Array = sums != 0
        in_part = self.part is not None and place not in self.counted
        if gradient is not None and (in_part or gradient.itemsize > 4) and not driven.all():  # tiny squares vanish
            axis, missing = self.axes[place], np.flatnonzero(~driven)
            rest = gradient[(slice(None),) * axis + (missing,)]
            driven[missing] = np.logical_or.reduce(rest != 0, axis=other_axes(rest.ndim, axis))
        return driven


@lru_cache(maxsize=1024)
def _rows_of(shape: tuple[int, ...], strides: tuple[int, ...], unit: int, part: int) -> tuple[int, int]:
    """Return the axis that is outermost in memory, but for that of the units, and each how many of its rows to read."""
    axes = [i for i in other_axes(len(shape), unit) if shape[i] > 1] or [unit]
    axis = max(axes, key=lambda i: abs(strides[i]))
    return axis, min(shape[axis], -(-math.prod(shape) // part))


def census_of(
    order: Sequence[Node],
    values: Iterable[int],
    gradients: Iterable[int],
    units: Iterable[int],
    weights: Iterable[int],
    part: int | None = None,
) -> Census:
    """Return what counts the values and gradients of the nodes at some places, and some gradients unit by unit."""
    by_unit = tuple([place for place in dict.fromkeys(units) if _is_counted(order[place])])
    whole = [place for place in dict.fromkeys(gradients) if place not in by_unit and _is_counted(order[place])]
    of_values = tuple([place for place in dict.fromkeys(values) if _is_counted(order[place])])
    counts = {place: order[place].size for place in (*of_values, *whole, *by_unit)}
    axes = {place: unit_axis(order[place]) for place in counts}
    return Census(of_values, tuple(whole), by_unit, frozenset(weights), counts, axes, part)


def _is_counted(node: Node) -> bool:
    return isinstance(node, Tensor) and node.ndim > 0 and node.size > 0 and node.dtype in (np.float32, np.float64)
