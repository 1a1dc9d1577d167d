"""An activation in numbers: output, slope, where the slope has died, and where it jumps."""

from __future__ import annotations

import functools
import itertools
import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from autograd_cnn.errors import suggestion
from autograd_cnn.health.report import Thresholds
from autograd_cnn.registry import GATES, Gate, gradient_of
from viz.errors import TextbookError

LEARNED = {"prelu": (0.25,)}
"""What stands for inputs that are learned: PReLU's slope, where He et al. start it."""
BESIDE = 1e-7
"""How far beside a kink its two slopes are read."""
_POINTS = 480


@dataclass(frozen=True)
class Kink:
    """A place where the output or the slope jumps.

    Attributes
    ----------
    x, y : float
        Where, and the output there.
    slope_before, slope, slope_after : float
        The local gradient just left of it, at it by the gate's rule, and just right of it.
    """

    x: float
    y: float
    slope_before: float
    slope: float
    slope_after: float


@dataclass(frozen=True)
class Curve:
    """An activation between two ends, in numbers.

    Attributes
    ----------
    gate : Gate
    x, y, slope : tuple of float
        The input, the output, and the local gradient from the gate's own rule.
    saturated, dead : tuple of (float, float)
        Where the slope has died away, for gates that declare it; infinite where a stretch reaches the end.
    kinks : tuple of Kink
    """

    gate: Gate
    x: tuple[float, ...]
    y: tuple[float, ...]
    slope: tuple[float, ...]
    saturated: tuple[tuple[float, float], ...]
    dead: tuple[tuple[float, float], ...]
    kinks: tuple[Kink, ...]


def curve(gate: str | Gate, low: float = -6.0, high: float = 6.0, **attributes: Any) -> Curve:
    """Return an activation in numbers.

    Parameters
    ----------
    gate : str or Gate
        A gate that works element by element.
    low, high : float
        The range of its input.
    **attributes
        Of the gate.

    Raises
    ------
    TextbookError
        When there is no such gate, when it does not work element by element, or for an empty range.
    """
    gate = _gate(gate)
    if not (math.isfinite(low) and math.isfinite(high) and low < high):
        raise TextbookError(f"activation: the range from {low} to {high} is empty; give low < high, both finite")
    rule = _slope(gate, attributes)
    x = np.linspace(low, high, _POINTS + 1)
    y, slope = _output(gate, attributes)(x), rule(x)
    limit = None if gate.saturates is None else Thresholds().saturated_slope * gate.saturates
    return Curve(
        gate,
        tuple(x.tolist()),
        tuple(y.tolist()),
        tuple(slope.tolist()),
        () if limit is None else _stretches(lambda at: abs(rule(at)) < limit, x),
        _stretches(lambda at: rule(at) == 0, x) if gate.dead_side else (),
        _kinks(gate, attributes, x),
    )


def _gate(gate: str | Gate) -> Gate:
    if isinstance(gate, Gate):
        return gate
    if gate not in GATES:
        raise TextbookError(f"activation: no gate is called {gate!r}{suggestion(str(gate), GATES)}")
    return GATES[gate]


def _output(gate: Gate, attributes: dict[str, Any]) -> Callable[[Any], Any]:
    """Return the gate as a function of its first input alone."""
    others = LEARNED.get(gate.name, ())

    def output(x: Any) -> Any:
        return gate(x, *others, **attributes)

    if gate.variadic or gate.arity != 1 + len(others) or not _element_by_element(output):
        raise TextbookError(f"activation: {gate.name} does not turn one number into one; expected a gate like 'tanh'")
    return output


def _element_by_element(output: Callable[[Any], Any]) -> bool:
    pair = np.array([-0.75, 0.5])
    try:
        together, alone = output(pair), [output(pair[:1]), output(pair[1:])]
    except Exception:  # of any gate's own code
        return False
    return np.shape(together) == (2,) and np.array_equal(together, np.concatenate(alone), equal_nan=True)


def _slope(gate: Gate, attributes: dict[str, Any]) -> Callable[[Any], Any]:
    """Return the local gradient as a function of x: the gate's own rule, sent an upstream gradient of 1."""
    output, others = _output(gate, attributes), LEARNED.get(gate.name, ())

    def slope(x: Any) -> Any:
        x = np.atleast_1d(x)
        inputs = [x, *others]
        needs = (True,) + (False,) * len(others)
        sent = gradient_of(gate, np.ones_like(x), output(x), inputs, gate.attributes | attributes, needs)[0]
        if sent is None:
            raise TextbookError(f"activation: {gate.name} has no gradient rule of its own to draw a slope from")
        return np.broadcast_to(sent, x.shape)

    return slope


def _stretches(holds: Callable[[Any], Any], x: Any) -> tuple[tuple[float, float], ...]:
    """Return where a condition holds on the axis, its ends found by halving; infinite at the ends of `x`."""
    inside = np.atleast_1d(holds(x)).tolist()
    found = []
    for state, group in itertools.groupby(range(len(x)), key=inside.__getitem__):
        places = list(group)
        if state:
            first, last = places[0], places[-1]
            low = -math.inf if first == 0 else _border(holds, x[first], x[first - 1])
            high = math.inf if last == len(x) - 1 else _border(holds, x[last], x[last + 1])
            found.append((low, high))
    return tuple(found)


def _border(holds: Callable[[Any], Any], inside: float, outside: float) -> float:
    """Return where a condition ends between a place where it holds and one where it does not."""
    for _ in range(60):
        middle = (inside + outside) / 2
        if np.all(holds(np.array([middle]))):
            inside = middle
        else:
            outside = middle
    return round(float(outside), 9) + 0.0


def _kinks(gate: Gate, attributes: dict[str, Any], x: Any) -> tuple[Kink, ...]:
    """Return where the gate changes its branch and its output or slope jumps: ELU with α = 1 has no kink."""
    if gate.branches is None:
        return ()
    others, settings = LEARNED.get(gate.name, ()), gate.attributes | attributes
    output, slope, branches = _output(gate, attributes), _slope(gate, attributes), gate.branches
    places = []
    for left, right in itertools.pairwise(x.tolist()):
        before, after = (branches(np.array([at]), *others, **settings)[0] for at in (left, right))
        if before != after:
            places.append(_border(functools.partial(_on_branch, branches, before, others, settings), left, right))
    return tuple(kink for at in dict.fromkeys(places) if (kink := _kink(output, slope, at)) is not None)


def _on_branch(branches: Any, wanted: Any, others: Any, settings: Any, at: Any) -> bool:
    return bool(np.all(branches(at, *others, **settings) == wanted))


def _kink(output: Callable[[Any], Any], slope: Callable[[Any], Any], at: float) -> Kink | None:
    """Return what happens at a place, or None where neither the output nor the slope jumps."""
    around = np.array([at - BESIDE, at, at + BESIDE])
    heights, slopes = output(around).tolist(), slope(around).tolist()
    jumps = any(abs(numbers[2] - numbers[0]) > 1e3 * BESIDE for numbers in (heights, slopes))
    return Kink(at, heights[1], slopes[0], slopes[1], slopes[2]) if jumps else None
