"""The units of a layer: which are silent, starved or saturated in one batch, and dead over several.

A unit is a neuron, or a channel over samples and positions: what an activation has at one place of the axis that
`axes.unit_axis` tells. In a graph of Scalars a unit is an activation node; nodes whose sums begin with the same weight
are one unit on several samples.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from autograd_cnn.gates.activation import relu
from autograd_cnn.graph import Array, Node, Scalar
from autograd_cnn.health.axes import other_axes, unit_axis
from autograd_cnn.health.grouping import is_activation
from autograd_cnn.health.report import Thresholds, Units
from autograd_cnn.registry import gradient_of

PORTION = 8192
"""Elements looked at in one go: they stay in cache, and in a healthy layer most units have shown themselves."""

COUNTED = 255
"""Samples counted in one go: as many as a byte holds, because bytes are added up several at a time."""


@dataclass(frozen=True)
class Batch:
    """What one batch told about the units of one layer; every array has one entry per unit.

    Attributes
    ----------
    samples : int
        Samples in the batch.
    has_dead_side : bool
        Whether the units can be dead.
    active : array of bool
        The local gradient is not 0 on some sample.
    driven : array of bool
        The gradient that goes through the unit is not 0 on some sample.
    flat : array of float
        Share of samples on which the slope has died away; all 0 for gates that do not saturate.
    """

    samples: int
    has_dead_side: bool
    active: Array
    driven: Array
    flat: Array

    @property
    def is_well(self) -> bool:
        """Whether every unit passes something on, and none can saturate."""
        return self.has_dead_side and self.active is self.driven and bool(self.driven.all())


def unit_numbers(nodes: Sequence[Node], data: set[Node]) -> Array | None:
    """Return which unit each Scalar activation is; None for a Tensor, whose axes tell."""
    if not isinstance(nodes[-1], Scalar):
        return None
    numbers: dict[Node, int] = {}
    return np.array([numbers.setdefault(_first_weight(node, data), len(numbers)) for node in nodes])


def read_units(
    nodes: Sequence[Node],
    numbers: Array | None,
    upstream: Sequence[Any],
    thresholds: Thresholds,
    driven: Sequence[Array | None] | None = None,
    axes: Sequence[int] | None = None,
) -> Batch | None:
    """Read the units of a layer off its activation's own rule; None for a layer without activation.

    Parameters
    ----------
    nodes : sequence of Node
        The layer's activations: one Tensor, or Scalars.
    numbers : array of int or None
        What `unit_numbers` told about them.
    upstream : sequence of float, ndarray or None
        The gradient on each.
    thresholds : Thresholds
    driven : sequence of ndarray, optional
        Which units of each Tensor hand something back to its input, where it is known: it spares the rule for all
        units that do.
    axes : sequence of int, optional
        What `unit_axis` told of each, where it is known.
    """
    if not nodes:
        return None
    gate = nodes[-1].gate
    assert gate is not None
    limit = None if gate.saturates is None else thresholds.saturated_slope * gate.saturates
    if numbers is not None:
        local = np.array([local_gradient(node) for node in nodes])
        sent = None if any(u is None for u in upstream) else np.array(upstream)
        return _batch(local, sent, limit, numbers, int(np.bincount(numbers).max()))
    known = driven or (None,) * len(nodes)
    axes = [unit_axis(node) for node in nodes] if axes is None else axes
    batches = [
        _of_tensor(node, axis, sent, passing, limit)
        for node, axis, sent, passing in zip(nodes, axes, upstream, known, strict=True)
        if node.gate is gate
    ]
    return batch_of_uses(batches)


def batch_of_uses(uses: Sequence[Batch]) -> Batch:
    """Return the uses of one layer on several inputs as one batch: of those that have as many units as the last."""
    return _merged([use for use in uses if use.active.shape == uses[-1].active.shape])


def _of_tensor(node: Node, axis: int, sent: Any, driven: Array | None, limit: float | None) -> Batch:
    """Read a Tensor's units, of a large one portion by portion, which stays in cache."""
    samples = node.shape[0] if node.ndim > 1 else 1
    if driven is not None and node.ndim > 1:
        if driven.all():
            flat = np.zeros(driven.shape) if limit is None else _share_of_flat(node, axis, limit)
            return Batch(samples, limit is None, driven, driven, flat)
        if node.gate is relu:
            active = driven | is_positive(node._value, axis, ~driven)
            return Batch(samples, True, active, driven, np.zeros(driven.shape))
        if limit is None:
            first = Batch(samples, True, driven, driven, np.zeros(driven.shape))
            return _completed(first, node, axis, sent, slice(0, samples))
    if node.ndim <= 1 or node.size <= PORTION:
        return _batch(local_gradient(node), sent, limit, axis, samples)
    at_once = max(1, PORTION * samples // node.size)
    first = _of_part(node, axis, sent, limit, slice(0, at_once))
    if limit is None:
        return replace(_completed(first, node, axis, sent, slice(at_once, samples)), samples=samples)
    cuts = range(at_once, samples, at_once)
    rest = [_of_part(node, axis, sent, limit, slice(i, min(i + at_once, samples))) for i in cuts]
    return _merged([first, *rest])


def is_positive(output: Array, axis: int, asked: Array) -> Array:
    """Return which of some units of a ReLU are active: it passes gradients exactly where its output is not ≤ 0."""
    units = np.flatnonzero(asked)
    part = output[(slice(None),) * axis + (units,)]
    found = np.zeros(asked.shape, bool)
    found[units] = ~(np.maximum.reduce(part, axis=other_axes(output.ndim, axis)) <= 0)
    return found


def _share_of_flat(node: Node, axis: int, limit: float) -> Array:
    """Return on which share of the samples and positions the slope of each unit is below a limit."""
    samples, by_unit = node.shape[0], (axis - 1, *other_axes(node.ndim - 1, axis - 1))
    at_once = max(1, min(COUNTED, 2 * PORTION * samples // node.size))
    counts: Any = 0
    for begin in range(0, samples, at_once):
        flat = np.abs(local_gradient(node, slice(begin, begin + at_once))) < limit
        counted = np.add.reduce(flat.view(np.uint8), axis=0, dtype=np.uint8)
        rows = counted.transpose(by_unit).reshape(node.shape[axis], -1)
        counts = counts + np.add.reduce(rows, axis=1, dtype=np.int64)
    return np.asarray(counts / (node.size // node.shape[axis]))


def _completed(first: Batch, node: Node, axis: int, sent: Any, rows: slice) -> Batch:
    """Look at these samples too, for those units only that have not shown themselves: in a healthy layer few."""
    missing = np.flatnonzero(~first.driven)
    if not missing.size or rows.start >= rows.stop:
        return first
    begin, end = int(missing[0]), int(missing[-1]) + 1
    units: Any = slice(begin, end) if end - begin == missing.size else missing  # neighbours need no copy
    rest = _of_part(node, axis, sent, None, rows, units)
    active, driven = first.active.copy(), first.driven.copy()
    active[units] |= rest.active
    driven[units] |= rest.driven
    return Batch(first.samples, first.has_dead_side, active, driven, first.flat)


def _of_part(node: Node, axis: int, sent: Any, limit: float | None, rows: slice, units: Any = None) -> Batch:
    """Read some samples, of some units only if asked."""
    place: Any = rows
    if units is not None:
        place = (rows, *(slice(None),) * (axis - 1), units)
    part = None if sent is None else sent[place]
    return _batch(local_gradient(node, place), part, limit, axis, rows.stop - rows.start)


def local_gradient(node: Node, place: Any = None) -> Any:
    """Return f′ of an activation at its input, read off the gate's own rule; at one place only, if asked."""
    assert node.gate is not None
    inputs = node.inputs or ()
    values = [x.value if isinstance(x, Node) else x for x in inputs]
    output = node.value
    if place is not None:
        values = [v[place] if np.shape(v) == node.shape else v for v in values]
        output = output[place]
    one = 1.0 if isinstance(node, Scalar) else np.ones_like(output)
    return gradient_of(node.gate, one, output, values, node.attributes, (True,) * len(inputs))[0]


def combined(batches: Sequence[Batch], thresholds: Thresholds) -> Units:
    """Return the state of each unit over a window of batches, the last one last."""
    return state_of(batches[-1], _merged(batches), thresholds)


def state_of(last: Batch, whole: Batch, thresholds: Thresholds) -> Units:
    """Return the state of each unit, given the last batch and all batches of the window as one."""
    states = {state: _ids(mask) for state, mask in states_of(last, whole, thresholds).items()}
    silent = _ids(~last.active) if last.has_dead_side else ()
    still = tuple([unit for unit in silent if unit not in set(states.get("dead", ()))])
    return Units(
        last.active.size, states.get("dead", ()), still, states.get("starved", ()), states.get("saturated", ())
    )


def states_of(last: Batch, whole: Batch, thresholds: Thresholds) -> dict[str, Array]:
    """Return which units are dead, starved and saturated, as `state_of` does, for states that some are in."""
    found: dict[str, Array] = {}
    inactive = ~whole.driven
    if not last.has_dead_side:
        found["saturated"] = whole.flat >= thresholds.saturated_samples
        inactive &= ~found["saturated"]
    if whole.samples >= thresholds.unit_samples:
        if last.has_dead_side:
            inactive &= last.active  # who is silent now is dead, or merely silent
            found["dead"] = ~(last.active | whole.active)
        found["starved"] = inactive
    return {state: mask for state, mask in found.items() if mask.any()}


def _merged(batches: Sequence[Batch]) -> Batch:
    """Return several batches as one; so are the uses of one layer on several inputs."""
    if len(batches) == 1:
        return batches[0]
    return Batch(
        sum(batch.samples for batch in batches),
        batches[-1].has_dead_side,
        np.logical_or.reduce([batch.active for batch in batches]),
        np.logical_or.reduce([batch.driven for batch in batches]),
        average_of_flat(batches),
    )


def average_of_flat(batches: Sequence[Batch]) -> Array:
    """Return the share of samples, over several batches, on which the slope of each unit has died away."""
    if batches[-1].has_dead_side:
        return batches[-1].flat  # all 0
    return np.asarray(np.average([b.flat for b in batches], axis=0, weights=[b.samples for b in batches]))


def _batch(local: Any, upstream: Any, limit: float | None, units: Array | int, samples: int) -> Batch:
    """Read all units: given is which each Scalar is, or the axis of a Tensor that counts them."""
    active = _any(local != 0, units)
    driven = active if upstream is None else _any((local != 0) & (upstream != 0), units)
    flat = np.zeros(active.shape) if limit is None else _share(np.abs(local) < limit, units)
    return Batch(samples, limit is None, active, driven, flat)


def _first_weight(node: Node, data: set[Node]) -> Node:
    """Return the parameter that a neuron's sum begins with; the node itself, where there is none."""
    stack = list(node.inputs or ())[::-1]
    while stack:
        x = stack.pop()
        if not isinstance(x, Node) or is_activation(x):
            continue
        if x.gate is None and x not in data:
            return x
        stack.extend(reversed(x.inputs or ()))
    return node


def _any(mask: Array, units: Array | int) -> Array:
    if isinstance(units, np.ndarray):
        return np.bincount(units, mask) > 0
    if not mask.ndim:
        return np.asarray(mask)
    if units > 0:  # whole rows: three times as fast as all axes at once
        mask, units = np.logical_or.reduce(mask, axis=0), units - 1
    if units:
        mask = np.logical_or.reduce(mask.reshape(-1, *mask.shape[units:]), axis=0)
    return np.asarray(np.logical_or.reduce(mask.reshape(mask.shape[0], -1), axis=1) if mask.ndim > 1 else mask)


def _share(mask: Array, units: Array | int) -> Array:
    if isinstance(units, np.ndarray):
        return np.bincount(units, mask) / np.bincount(units)
    return np.asarray(mask.mean(axis=other_axes(mask.ndim, units)))


def _ids(mask: Array) -> tuple[int, ...]:
    return tuple(np.flatnonzero(mask).tolist())
