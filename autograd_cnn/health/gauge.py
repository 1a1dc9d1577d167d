"""Reading off of a replayed step what must be read at once, because its memory is used again; the rest can wait.

What stands in a cache is done ten times as fast as what has to be fetched there: the few numbers that a step comes to
are kept, and those of many steps are worked on together.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from autograd_cnn.gates.shape import reshape
from autograd_cnn.graph import Array, Node
from autograd_cnn.health.plan import Plan
from autograd_cnn.health.stepping import same_signs

if TYPE_CHECKING:
    from autograd_cnn.compilation.native.counting import Tally


class Counted(NamedTuple):
    """What the numbers of a node came to at a step: as `compilation.native.counting.Tally`."""

    values: Array | None
    gradients: Array | None


@dataclass
class Reading:
    """One step.

    Attributes
    ----------
    step : int
    loss : float
    sums : ndarray
        Sums of squares of the arrays that were read.
    counts : ndarray
        What was counted, one tally after the other.
    same_sign : dict
        `StepRecord.same_sign`.
    ratios : dict
        `StepRecord.update_ratios`, once the step was made.
    """

    step: int
    loss: float
    sums: Array
    counts: Array
    same_sign: dict[str, float]
    ratios: dict[str, float] = field(default_factory=dict)


class Gauge:
    """Reads one replayed graph; `gauge_of` makes it.

    Parameters
    ----------
    order : sequence of Node
    plan : Plan
    counted : mapping
        By place, the tallies of nodes whose arrays are not there.
    """

    def __init__(self, order: Sequence[Node], plan: Plan, counted: Mapping[int, Tally]) -> None:
        census = plan.census
        self._order, self._plan, self._counted = order, plan, counted
        self._reshaped = _reshaped(order, census.of_values)
        left = [i for i in census.of_values if i not in self._reshaped]
        self._of_values = [i for i in left if i not in counted or counted[i].values is None]
        self._of_gradients = [i for i in census.of_gradients if i not in counted]
        self._value_nodes = [order[i] for i in self._of_values]
        self._gradient_nodes = [order[i] for i in self._of_gradients]
        self._arrays: list[Any] = []
        self._places: list[tuple[bool, int]] = []
        self._rows: list[tuple[Any, Array]] = []
        self._sums = np.empty(0)

    def read(self, step: int, loss: float) -> Reading | None:
        """Read a step; return None where that takes more than sums: a gradient is missing, a number not finite."""
        from autograd_cnn.kernels.counting import squares_of_rows

        tallies = self._counted.values()
        counts = [part for tally in tallies for part in (tally.values, tally.gradients) if part is not None]
        if len(counts) < sum([1 if tally.values is None else 2 for tally in tallies]):
            return None
        arrays = [node._value for node in self._value_nodes] + [node.grad for node in self._gradient_nodes]
        if len(arrays) != len(self._arrays) or not all([a is b for a, b in zip(arrays, self._arrays, strict=True)]):
            self._take_rows(arrays)
        for rows, sums in self._rows:
            squares_of_rows(rows, sums)
        counted = np.concatenate(counts)
        if not math.isfinite(loss + float(np.add.reduce(counted)) + float(np.add.reduce(self._sums))):
            return None
        return Reading(step, loss, self._sums.copy(), counted, same_signs(self._plan, self._order))

    def _take_rows(self, arrays: list[Any]) -> None:
        """Keep the arrays that are there as rows of memory, eight by eight; what fills up is empty."""
        from autograd_cnn.kernels.counting import AT_ONCE, row_of

        self._arrays = arrays
        places = [(True, i) for i in self._of_values] + [(False, i) for i in self._of_gradients]
        self._places = [place for place, array in zip(places, arrays, strict=True) if array is not None]
        rows = [row_of(array) for array in arrays if array is not None]
        rows += [rows[0][:0]] * (-len(rows) % AT_ONCE)
        self._sums = np.zeros(len(rows))
        self._rows = [(tuple(rows[i : i + AT_ONCE]), self._sums[i : i + AT_ONCE]) for i in range(0, len(rows), AT_ONCE)]

    def fill_census(self, reading: Reading) -> None:
        """Let the plan's census be what it would be, had it been taken at that step."""
        census = self._plan.census
        census.values, census.gradients, census.units, begin = {}, {}, {}, 0
        for (is_value, place), total in zip(self._places, reading.sums.tolist(), strict=False):
            (census.values if is_value else census.gradients)[place] = total
        counted: dict[int, Any] = {}
        for place, tally in self._counted.items():
            parts: list[Array | None] = []
            for part in (tally.values, tally.gradients):
                parts.append(None if part is None else reading.counts[begin : begin + part.size])
                begin += 0 if part is None else part.size
            counted[place] = Counted(*parts)
            for goal, found in zip((census.values, census.gradients), parts, strict=True):
                if found is not None:
                    goal[place] = found.item(-1)
        for place, source in self._reshaped.items():
            census.values[place] = census.values[source]
        for place in census.of_units:
            census.units[place] = counted[place].gradients[:-1]
        census.counted = counted


def _reshaped(order: Sequence[Node], places: Sequence[int]) -> dict[int, int]:
    """Return for nodes that hold the same numbers as another, in another shape, which that is."""
    found, place_of = {}, {order[i]: i for i in places}
    for i in places:
        node = order[i]
        source = (node.inputs or (None,))[0] if node.gate is reshape else None
        if source in place_of:
            found[i] = place_of[source]
    return found


def gauge_of(order: Sequence[Node], plan: Plan, counted: Mapping[int, Tally]) -> Gauge | None:
    """Return what reads a graph; None where sums do not tell all: of float64 squares vanish, some gates need arrays."""
    census = plan.census
    tallied = set(counted)
    known = {*census.of_values, *tallied}, {*census.of_gradients, *census.of_units}
    for layer in plan.layers:
        places = {*layer.activations, *layer.feeders}
        if len(layer.activations) > 1 or len(layer.feeders) != len(layer.activations) or not places <= tallied:
            return None
        if not {*layer.outputs, *layer.sources} <= known[0] or not {*layer.outputs, *layer.weights} <= known[1]:
            return None
        if not {*layer.sources, *layer.leaving} <= known[1] or len(layer.outputs) > 1:
            return None
    dtypes = {order[i].dtype for i in (*census.of_values, *census.of_gradients, *census.of_units)}
    if census.part is not None or dtypes != {np.dtype(np.float32)} or not set(census.of_units) <= tallied:
        return None
    return Gauge(order, plan, counted)
