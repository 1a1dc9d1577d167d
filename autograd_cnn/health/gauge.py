"""Reading off of a replayed step what must be read at once, because its memory is used again; the rest can wait.

What stands in a cache is done ten times as fast as what has to be fetched there: the few numbers that a step comes to
are kept, and those of many steps are worked on together.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from autograd_cnn.gates.shape import reshape
from autograd_cnn.graph import Array, Node
from autograd_cnn.health.history import StepRecord
from autograd_cnn.health.plan import Plan
from autograd_cnn.health.stepping import same_signs
from autograd_cnn.health.units import Batch

if TYPE_CHECKING:
    from autograd_cnn.compilation.native.counting import Tally

Columns = dict[int, Array]


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
        census = self._census = plan.census
        self._order, self.plan, self._counted = order, plan, counted
        self._reshaped = _reshaped(order, census.of_values)
        left = [i for i in census.of_values if i not in self._reshaped]
        self._of_values = [i for i in left if i not in counted or counted[i].values is None]
        self._of_gradients = [i for i in census.of_gradients if i not in counted]
        self._value_nodes = [order[i] for i in self._of_values]
        self._gradient_nodes = [order[i] for i in self._of_gradients]
        self._arrays: list[Any] = []
        self._parts: list[tuple[bool, int, int]] = []
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
        if not self._parts:
            self._parts = [
                (is_value, place, part.size)
                for place, tally in self._counted.items()
                for is_value, part in ((True, tally.values), (False, tally.gradients))
                if part is not None
            ]
        arrays = [node._value for node in self._value_nodes] + [node.grad for node in self._gradient_nodes]
        same = len(arrays) == len(self._arrays) and all([a is b for a, b in zip(arrays, self._arrays, strict=True)])
        if not same and not self._take_rows(arrays):
            return None
        for rows, sums in self._rows:
            squares_of_rows(rows, sums)
        counted = np.concatenate([np.empty(0), *counts])  # layers that are not fused have no tallies
        if not math.isfinite(loss + float(np.add.reduce(counted)) + float(np.add.reduce(self._sums))):
            return None
        return Reading(step, loss, self._sums.copy(), counted, same_signs(self.plan, self._order))

    def _take_rows(self, arrays: list[Any]) -> bool:
        """Keep the arrays that are there as rows of memory, eight by eight; return whether they are those of always."""
        from autograd_cnn.kernels.counting import AT_ONCE, row_of

        places = [(True, i) for i in self._of_values] + [(False, i) for i in self._of_gradients]
        places = [place for place, array in zip(places, arrays, strict=True) if array is not None]
        if self._places not in ([], places):
            return False
        self._arrays, self._places = arrays, places
        rows = [row_of(array) for array in arrays if array is not None]
        rows += [row[:0] for row in rows[:1]] * (-len(rows) % AT_ONCE)
        self._sums = np.zeros(len(rows))
        self._rows = [(tuple(rows[i : i + AT_ONCE]), self._sums[i : i + AT_ONCE]) for i in range(0, len(rows), AT_ONCE)]
        return True

    def written(self, readings: Sequence[Reading], samples: Sequence[int]) -> list[tuple[StepRecord, dict[str, Batch]]]:
        """Return of steps their records, and by layer what each told of its units.

        Parameters
        ----------
        readings : sequence of Reading
        samples : sequence of int
            Over how many samples units are counted at each step.
        """
        values, gradients, counts = self._totals(readings)
        names = [layer.name for layer in self.plan.layers]
        sizes = self._census.counts
        own = [(layer.outputs, layer.weights, layer.sources, layer.leaving) for layer in self.plan.layers]
        outputs, weights, sources, leaving = (list(map(_place, places)) for places in zip(*own, strict=True))
        activations = _columns(values, outputs, sizes, np.sqrt)
        received, of_weights = (_columns(gradients, places, sizes, np.sqrt) for places in (outputs, weights))
        entering, left = (_columns(gradients, places, {}, _decades) for places in (sources, leaving))
        first = next((place for layer, place in zip(self.plan.layers, sources, strict=True) if layer.reads_input), None)
        images, of_images = (_columns(those, [first], sizes, np.sqrt) for those in (values, gradients))
        found = []
        for k, reading in enumerate(readings):
            record = StepRecord(
                reading.step,
                reading.loss,
                dict(zip(names, received[k], strict=True)),
                dict(zip(names, of_weights[k], strict=True)),
                samples[k],
                dict(zip(names, activations[k], strict=True)),
                {
                    name: None if a is None or b is None else a - b
                    for name, a, b, here, there in zip(names, entering[k], left[k], sources, leaving, strict=True)
                    if here is not None and there is not None
                },
                same_sign=reading.same_sign,
                update_ratios=reading.ratios,
            )
            if first is not None:
                record.activations[""], record.gradients[""] = images[k][0], of_images[k][0]
            found.append((record, {name: batches[k] for name, batches in counts.items()}))
        return found

    def _totals(self, readings: Sequence[Reading]) -> tuple[Columns, Columns, dict[str, list[Batch]]]:
        """Return the sums of squares of values and gradients of each place, by steps, and by layer what units did."""
        values: Columns = {}
        gradients: Columns = {}
        begin = 0
        sums, counts = np.array([each.sums for each in readings]), np.array([each.counts for each in readings])
        for column, (is_value, place) in enumerate(self._places):
            (values if is_value else gradients)[place] = sums[:, column]
        of_units: dict[tuple[bool, int], Array] = {}
        for is_value, place, size in self._parts:
            of_units[is_value, place] = counts[:, begin : begin + size - 1]
            begin += size
            (values if is_value else gradients)[place] = counts[:, begin - 1]
        for place, source in self._reshaped.items():
            values[place] = values[source]
        batches = {}
        for layer in self.plan.layers:
            for activation, feeder in zip(layer.activations, layer.feeders, strict=True):
                batches[layer.name] = _batches(
                    self._order[activation].shape[0], of_units[True, activation] != 0, of_units[False, feeder] != 0
                )
        return values, gradients, batches


def _batches(samples: int, active: Array, driven: Array) -> list[Batch]:
    """Return what units of a ReLU did at some steps, (steps, units)."""
    flat = np.zeros(active.shape[1])
    all_driven: list[bool] = np.logical_and.reduce(driven, axis=1).tolist()
    return [
        Batch(samples, True, b if b_all else a, b, flat) for a, b, b_all in zip(active, driven, all_driven, strict=True)
    ]


def _place(places: tuple[int, ...]) -> int | None:
    return places[0] if places else None


def _columns(
    totals: Columns, places: Sequence[int | None], counts: Mapping[int, int], of: Callable[[Array], Array]
) -> list[list[Any]]:
    """Return of each step a number for each place, made of the mean squares there; None where there is none."""
    known = [place for place in places if place is not None and place in totals]
    if not known:
        return [[None] * len(places)] * len(next(iter(totals.values())))
    table = of(np.array([totals[place] / counts.get(place, 1) for place in known]))
    rows = iter(table)
    found = [next(rows).tolist() if place is not None and place in totals else None for place in places]
    steps = range(table.shape[1])
    return [[None if row is None else _known(row[k]) for row in found] for k in steps]


def _known(number: float) -> float | None:
    return number if math.isfinite(number) else None


def _decades(squares: Array) -> Array:
    """Return log10 of the roots; −∞ for 0."""
    with np.errstate(divide="ignore"):
        return np.asarray(np.log10(squares) / 2)


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
        if max(map(len, (layer.outputs, layer.weights, layer.sources, layer.leaving))) > 1:
            return None
        if not {*layer.outputs, *layer.sources} <= known[0] or not {*layer.outputs, *layer.weights} <= known[1]:
            return None
        if not {*layer.sources, *layer.leaving} <= known[1]:
            return None
    dtypes = {order[i].dtype for i in (*census.of_values, *census.of_gradients, *census.of_units)}
    if census.part is not None or dtypes != {np.dtype(np.float32)} or not set(census.of_units) <= tallied:
        return None
    return Gauge(order, plan, counted)
