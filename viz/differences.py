"""What tells two trainings apart, in words and numbers; layers are matched by name."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from autograd_cnn.health.report import Layer
from autograd_cnn.health.wording import decades, number, share, tiny
from viz.timelines import Course

_WORTH_TELLING = 3.0
"""How many times faster one of two layers must learn to be told."""
_HARDLY = 1e6
_MOST_LAYERS = 5
_STATES = ("dead", "saturated", "starved")


@dataclass(frozen=True)
class Pair:
    """One layer in both trainings, as of their last steps.

    Attributes
    ----------
    name : str
    layers : pair of Layer
    speeds : pair of float or None
        Median ‖Δw‖/‖w‖ over all steps; None for a layer without weights.
    """

    name: str
    layers: tuple[Layer, Layer]
    speeds: tuple[float | None, float | None]


def pairs_of(a: Course, b: Course) -> list[Pair]:
    """Return the layers that both trainings have, in the order of the first."""
    others = {layer.name: layer for layer in b.drawn[-1].layers}
    return [
        Pair(layer.name, (layer, others[layer.name]), (_speed(a, layer.name), _speed(b, layer.name)))
        for layer in a.drawn[-1].layers
        if layer.name in others
    ]


def unmatched(a: Course, b: Course) -> tuple[list[str], list[str]]:
    """Return the layers that only the first training has, and those that only the second has."""
    first, second = ([layer.name for layer in course.drawn[-1].layers] for course in (a, b))
    return [name for name in first if name not in second], [name for name in second if name not in first]


def differences(a: Course, b: Course, names: Sequence[str]) -> list[str]:
    """Return sentences about what tells two trainings apart, the outcome first."""
    words = [_outcome(a, b, names), *_curves(a, b, names), *_first_to_last(a, b, names)]
    words += [*_speeds(pairs_of(a, b), names, a.last.thresholds.update_ratio[0]), *_units(a, b, names)]
    for own, name in zip(unmatched(a, b), names, strict=True):
        if own:
            shown = ", ".join(own[:8]) + (f" and {len(own) - 8} more" if len(own) > 8 else "")
            words.append(f"only {name} has {shown}")
    return words


def _outcome(a: Course, b: Course, names: Sequence[str]) -> str:
    ends = [
        f"{name} ends at loss {number(c.last.loss)} (step {c.last.step})" for name, c in zip(names, (a, b), strict=True)
    ]
    return ", ".join(ends)


def _curves(a: Course, b: Course, names: Sequence[str]) -> Iterator[str]:
    """Tell the last number of each curve that both loops noted."""
    for quantity, lines in a.timeline.curves.items():
        for split, points in lines.items():
            other = b.timeline.curves.get(quantity, {}).get(split, ())
            if points and other and quantity != "loss":
                said = [_level(quantity, x) for x in (points[-1][1], other[-1][1])]
                yield f"{split} {quantity}: {said[0]} with {names[0]}, {said[1]} with {names[1]}"


def _level(quantity: str, x: float) -> str:
    return f"{x:.1%}" if quantity == "accuracy" and 0 <= x <= 1 else number(x)


def _first_to_last(a: Course, b: Course, names: Sequence[str]) -> Iterator[str]:
    ratios = [course.last.first_to_last for course in (a, b)]
    if ratios[0] is not None and ratios[1] is not None and abs(ratios[0] - ratios[1]) >= 1:
        yield (
            f"gradient of the first layer's weights against the last's: {decades(ratios[0])} decades with {names[0]}, "
            f"{decades(ratios[1])} with {names[1]}"
        )


def _speeds(pairs: Sequence[Pair], names: Sequence[str], healthy: float) -> Iterator[str]:
    """Tell which layers learn much slower in one of the two, in forward order; the first matters most.

    Steps that are merely smaller, and not under the least healthy size, are not called slow.
    """
    told = 0
    for pair in pairs:
        first, second = pair.speeds
        if first is None or second is None or not (math.isfinite(first) and math.isfinite(second)):
            continue
        slow = 0 if first < second else 1
        low, high = min(first, second), max(first, second)
        if not high or (low and high / low < _WORTH_TELLING) or told == _MOST_LAYERS:
            continue
        told += 1
        ends = f"median update {tiny(pair.speeds[slow])} a step, {tiny(pair.speeds[1 - slow])} with {names[1 - slow]}"
        if not low:
            yield f"{pair.name} does not learn with {names[slow]}: {ends}"
        elif high / low >= _HARDLY:
            yield f"{pair.name} hardly learns with {names[slow]}: {ends}"
        elif low < healthy:
            yield f"{pair.name} learns {_times(high / low)} slower with {names[slow]}: {ends}"
        else:
            yield f"{pair.name} takes steps {_times(high / low)} smaller with {names[slow]}: {ends}"


def _times(ratio: float) -> str:
    """Return a ratio as one would say it: two digits, thousands apart."""
    digits = max(0, math.floor(math.log10(ratio)) - 1)
    return f"{round(ratio / 10**digits) * 10**digits:,}×"


def _units(a: Course, b: Course, names: Sequence[str]) -> Iterator[str]:
    for state in _STATES:
        parts = []
        for course in (a, b):
            units = [layer.units for layer in course.last.layers if layer.units is not None]
            count, total = sum(len(getattr(u, state)) for u in units), sum(u.count for u in units)
            parts.append((count, total))
        (first, of_first), (second, of_second) = parts
        if of_first and of_second and abs(first / of_first - second / of_second) >= 0.05:
            yield (
                f"{state} units: {first} of {of_first} ({share(first / of_first)}) with {names[0]}, "
                f"{second} of {of_second} ({share(second / of_second)}) with {names[1]}"
            )


def _speed(course: Course, name: str) -> float | None:
    known: list[float] = sorted(course.timeline.records.known("update_ratios", name)[1].tolist())
    if known:
        return known[len(known) // 2]
    return next((layer.update_ratio for layer in course.drawn[-1].layers if layer.name == name), None)
