"""The units of a section, one by one: their state and why, their weights, their numbers over the batch."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from autograd_cnn.graph import Node
from autograd_cnn.health.axes import unit_axis
from autograd_cnn.health.report import Thresholds, Units
from autograd_cnn.health.units import local_gradient
from autograd_cnn.health.wording import number, share
from autograd_cnn.registry import Gate
from viz.labels import plain
from viz.zooms.data import Extremes, UnitParameter, UnitTable
from viz.zooms.excerpts import has_row, kept
from viz.zooms.sections import Part, ends_of

BINS = 24
_SQUARE_FROM = 16


@dataclass(frozen=True)
class Numbers:
    """What a section's units did over the batch; every array is (samples, units, positions).

    ``before`` and ``after`` the activation, the gradient that ``arrives`` behind it and what it ``passes``
    on to its input, and its ``slope``; the last three are None where they are unknown or there is none.
    """

    before: NDArray[Any]
    after: NDArray[Any]
    arriving: NDArray[Any] | None
    passing: NDArray[Any] | None
    slope: NDArray[Any] | None
    gate: Gate | None


def unit_table(part: Part, samples: int, units: Units | None, thresholds: Thresholds, seen: int) -> UnitTable | None:
    """Return the units of a section; None where its output has none, as a single number.

    Parameters
    ----------
    units : Units or None
        Their state as health found it.
    seen : int
        How many samples health counted it over.
    """
    if not part.of_scalars and (not part.output.ndim or not part.output.size):
        return None
    numbers = _numbers_of_scalars(part, samples) if part.of_scalars else _numbers_of_tensor(part, samples)
    if numbers is None:
        return None
    count = numbers.after.shape[1]
    known = units if units is not None and units.count == count else None
    states = tuple(_state(known, i) for i in range(count))
    ends = [_ends(numbers.before[:, i]) for i in range(count)]
    histogram = [np.histogram(_finite(numbers.before[:, i]), BINS, ends[i])[0] for i in range(count)]
    return UnitTable(
        axis=0 if part.of_scalars else unit_axis(part.output) - has_row(part.output, samples),
        states=states,
        reasons=tuple(_reason(numbers, i, state, thresholds, seen) for i, state in enumerate(states)),
        activation=numbers.gate.symbol if numbers.gate is not None else "",
        parameters=_parameters(part, count, samples),
        before=_extremes(numbers.before),
        after=_extremes(numbers.after),
        ends=np.array(ends, np.float64),
        histogram=np.array(histogram, np.int32),
        arriving=_rms(numbers.arriving),
        passing=_rms(numbers.passing),
    )


def _numbers_of_tensor(part: Part, samples: int) -> Numbers:
    node = next((x for x in reversed(part.activations) if x.shape == part.output.shape), None)
    if node is None:
        arriving = _by_unit(part.output.grad, part.output, samples)
        values = _by_unit(part.output.value, part.output, samples)
        assert values is not None
        return Numbers(values, values, arriving, None, None, None)
    assert node.gate is not None
    source = next(x for x in node.inputs or () if isinstance(x, Node))
    before = _by_unit(np.broadcast_to(source.value, node.shape), node, samples)
    after = _by_unit(node.value, node, samples)
    arriving = _by_unit(node.grad, node, samples)
    slope = _by_unit(local_gradient(node), node, samples)
    assert before is not None
    assert after is not None
    passing = None if arriving is None or slope is None else arriving * slope
    return Numbers(before, after, arriving, passing, slope, node.gate)


def _by_unit(values: Any, node: Node, samples: int) -> NDArray[Any] | None:
    """Return values as (samples, units, positions)."""
    if values is None:
        return None
    array = np.asarray(values, np.float64)
    array = array if has_row(node, samples) else array[None]
    axis = unit_axis(node) + (not has_row(node, samples))
    moved = np.moveaxis(array, axis, 1)
    return np.asarray(moved.reshape(*moved.shape[:2], -1))


def _numbers_of_scalars(part: Part, samples: int) -> Numbers | None:
    if len(part.leaving) % samples:
        return None
    nodes, acting = part.leaving, set(part.activations)
    shape = (samples, len(nodes) // samples, 1)
    active = all(node in acting for node in nodes)
    sources = [next((x for x in node.inputs or () if isinstance(x, Node)), node) if active else node for node in nodes]
    reached = all(node.grad is not None for node in nodes)
    arriving = np.array([node.grad for node in nodes], float).reshape(shape) if reached else None
    slope = np.array([local_gradient(node) for node in nodes], float).reshape(shape) if active else None
    return Numbers(
        before=np.array([x.value for x in sources], float).reshape(shape),
        after=np.array([node.value for node in nodes], float).reshape(shape),
        arriving=arriving,
        passing=arriving * slope if arriving is not None and slope is not None else None,
        slope=slope,
        gate=nodes[0].gate if active else None,
    )


def _state(units: Units | None, i: int) -> str:
    if units is None:
        return ""
    return next((name for name in ("dead", "silent", "starved", "saturated") if i in getattr(units, name)), "active")


def _reason(numbers: Numbers, i: int, state: str, thresholds: Thresholds, seen: int) -> str:
    """Return why a unit is in its state, with the numbers of this batch."""
    samples = numbers.after.shape[0]
    of = f"{samples} samples" if samples > 1 else "this one sample"
    if numbers.gate is None:
        return f"No activation stands behind this unit: between {_span(numbers.after[:, i])} on {of}."
    assert numbers.slope is not None
    slope, span = numbers.slope[:, i], _span(numbers.before[:, i])
    open_on = int((slope != 0).any(axis=1).sum())
    if state in ("dead", "silent"):
        words = {"dead": "Dead", "silent": "Silent"}[state]
        if open_on:
            return f"{words} when it was watched; on this batch it lets the gradient through on {open_on} of {of}."
        highest = number(float(np.max(numbers.before[:, i])))
        why = f"pre-activation at most {highest} on all {of}; {numbers.gate.symbol} has slope 0 there"
        watched = f" It let none through on any of the {seen:,} samples watched." if seen > samples else ""
        return f"{words}: {why}, so no gradient goes through.{watched if state == 'dead' else ''}"
    if state == "starved":
        return f"Starved: active on {open_on} of {of}, yet the gradient that goes through it is exactly 0 on every one."
    if state == "saturated":
        limit = thresholds.saturated_slope * (numbers.gate.saturates or 0.0)
        flat = float((np.abs(slope) < limit).mean())
        where = f"the slope is below {share(thresholds.saturated_slope)} of its largest on {share(flat)} of them"
        return f"Saturated: pre-activation between {span}; {where}."
    return f"Active: lets the gradient through on {open_on} of {of}; pre-activation between {span}."


def _span(values: NDArray[Any]) -> str:
    return f"{number(float(np.min(values)))} and {number(float(np.max(values)))}"


def _ends(values: NDArray[Any]) -> tuple[float, float]:
    """Return an axis that holds all finite values and 0, the place of most kinks."""
    known = _finite(values)
    low, high = (float(known.min()), float(known.max())) if known.size else (0.0, 0.0)
    low, high = min(low, 0.0), max(high, 0.0)
    return (low, high) if low < high else (-1.0, 1.0)


def _finite(values: NDArray[Any]) -> NDArray[Any]:
    return np.asarray(values[np.isfinite(values)])


def _extremes(values: NDArray[Any]) -> Extremes:
    lowest, highest = values.min(axis=2), values.max(axis=2)
    return Extremes(
        lowest=lowest.min(axis=0).astype(np.float32),
        highest=highest.max(axis=0).astype(np.float32),
        mean=values.mean(axis=(0, 2)).astype(np.float32),
        lowest_sample=lowest.argmin(axis=0).astype(np.int32),
        highest_sample=highest.argmax(axis=0).astype(np.int32),
    )


def _rms(values: NDArray[Any] | None) -> NDArray[Any] | None:
    return None if values is None else np.sqrt(np.mean(np.square(values), axis=2)).astype(np.float32)


def _parameters(part: Part, count: int, samples: int) -> tuple[UnitParameter, ...]:
    if part.of_scalars:
        return _scalar_weights(part, count)
    found = []
    for p in part.parameters:
        axis = _axis_of_units(part, p, count)
        if axis is None:
            continue
        value = kept(np.moveaxis(p.value, axis, 0))
        gradient = None if p.grad is None else kept(np.moveaxis(p.grad, axis, 0))
        image = value.shape[1:]
        image = image if len(image) == 3 else _image(part, math.prod(image), samples)
        found.append(UnitParameter(plain(p.name or "weight"), value, gradient, image))
    return tuple(found)


def _axis_of_units(part: Part, parameter: Node, count: int) -> int | None:
    """Return the axis of a parameter that counts units: the first, except in x @ W and in transposed filters."""
    if not parameter.ndim:
        return None
    uses = [
        (x.gate.name, (x.inputs or ()).index(parameter)) for x in part.nodes if x.gate and parameter in (x.inputs or ())
    ]
    transposed = any(gate == "conv2d_input_gradient" for gate, _ in uses)
    axis = 1 if transposed or (parameter.ndim == 2 and ("matmul", 1) in uses) else 0
    return axis if parameter.shape[axis] == count else None


def _image(part: Part, size: int, samples: int) -> tuple[int, ...]:
    """Return the shape to draw a unit's weights in: that of the image that was flattened into its inputs."""
    for node in part.entering:
        x = node
        while x.gate is not None and x.gate.name == "reshape" and x.inputs:
            x = x.inputs[0]
        if x.ndim == 4 and math.prod(x.shape[1:]) == size:
            return x.shape[1:]
        side = math.isqrt(size)
        if x.gate is None and side * side == size >= _SQUARE_FROM:
            return 1, side, side
    return 1, 1, size


def _scalar_weights(part: Part, count: int) -> tuple[UnitParameter, ...]:
    """Return what the first sample's Scalars of each unit were made from, weight by weight."""
    rows = [[x for x in ends_of([node], part.nodes) if x in part.parameters] for node in part.leaving[:count]]
    if len({len(nodes) for nodes in rows}) != 1 or not rows[0]:
        return ()
    names = ", ".join(x.name or "" for x in rows[0][:3]) + (" …" if len(rows[0]) > 3 else "")
    value = np.array([[x.value for x in nodes] for nodes in rows])
    reached = all(x.grad is not None for nodes in rows for x in nodes)
    gradient = np.array([[x.grad for x in nodes] for nodes in rows]) if reached else None
    return (UnitParameter(plain(names) if names.strip(", ") else "weights", value, gradient, (1, 1, len(rows[0]))),)
