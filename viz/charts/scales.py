"""From numbers to places on paper: linear and logarithmic scales, and the round numbers written along them."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from viz.charts.areas import Band, Bars, Field, Zone
from viz.charts.data import Axis, Layer, Panel
from viz.charts.lines import Line, Points, Rule
from viz.style import number

MARGIN = 0.04
"""Share of its length that an axis goes beyond the data, so that no mark sits on the frame."""


@dataclass(frozen=True)
class Scale:
    """The numbers from `low` to `high`, laid out from `start` to `end` in points."""

    low: float
    high: float
    start: float
    end: float
    log: bool = False

    def place(self, value: float) -> float:
        """Return where a number stands; not finite where it has no place."""
        if self.log:
            if not value > 0:
                return math.nan
            share = (math.log(value) - math.log(self.low)) / (math.log(self.high) - math.log(self.low))
        else:
            share = value / (self.high - self.low) - self.low / (self.high - self.low)  # no overflow of value − low
        return self.start + share * (self.end - self.start)

    def inside(self, value: float) -> float:
        """Return where a number stands, or the nearer end of the axis for one beyond it."""
        return self.place(min(max(value, self.low), self.high))


def scale(axis: Axis, data: Iterable[float], start: float, end: float, margin: float = MARGIN) -> Scale:
    """Return the scale of an axis that holds `data` and a margin, unless the axis names its ends itself."""
    low, high = _ends(axis, [n for n in data if math.isfinite(n) and (n > 0 or not axis.log)], margin)
    return Scale(low, high, start, end, axis.log)


def _ends(axis: Axis, data: list[float], margin: float) -> tuple[float, float]:
    data = data or [end for end in (axis.low, axis.high) if end is not None] or [1.0 if axis.log else 0.0]
    low, high = min(data), max(data)
    if low == high:
        low, high = (low / 3, high * 3) if axis.log else (low - (abs(low) / 10 or 1.0), high + (abs(high) / 10 or 1.0))
    elif axis.log:
        factor = math.exp(margin * (math.log(high) - math.log(low)))
        low, high = low / factor, high * factor
    else:
        beyond = margin * (high / 2 - low / 2) * 2
        low, high = low - beyond, high + beyond
    low = max(low, 5e-324 if axis.log else -8e307) if axis.low is None else axis.low
    high = min(high, 1.7e308 if axis.log else 8e307) if axis.high is None else axis.high
    if low < high:
        return low, high
    if axis.low is not None:  # all data lies outside of what the axis was asked to show
        return low, 10 * low if axis.log else low + max(1.0, abs(low))
    return (high / 10 if axis.log else high - max(1.0, abs(high))), high


def ticks(axis: Axis, laid: Scale, most: int) -> list[tuple[float, str]]:
    """Return at most `most` numbers of a scale with their words: the axis's own, or round ones."""
    if axis.ticks:
        return [(at, words) for at, words in axis.ticks if laid.low <= at <= laid.high]
    steps = _decades(laid, most) if axis.log else []
    return [(n, number(n)) for n in steps or round_numbers(laid.low, laid.high, most)]


def round_numbers(low: float, high: float, most: int) -> list[float]:
    """Return at most `most` multiples of 1, 2 or 5 times a power of ten between two numbers.

    Examples
    --------
    >>> round_numbers(-0.3, 1.02, 5)
    [0.0, 0.5, 1.0]
    """
    wanted = max(most, 1)
    exponent = math.floor(math.log10((high - low) / wanted or 5e-324)) - 1
    for power in range(exponent, exponent + 4):
        for factor in (1, 2, 5):
            step = float(f"{factor}e{power}")
            first = math.ceil(low / step) if step > 0 else 0
            last = math.floor(high / step) if step > 0 else wanted
            if last - first < wanted:
                found = [_multiple(k, factor, power) for k in range(first, last + 1)]
                return [n for n in found if low <= n <= high]
    return []


def _multiple(count: int, factor: int, power: int) -> float:
    return float(f"{count * factor}e{power}")  # exactly what is written: 0.3, not 0.30000000000000004


def _decades(laid: Scale, most: int) -> list[float]:
    """Return powers of ten on a scale, every k-th where there are too many; with 2 and 5 between where there are few.

    None where not even two of these fit: then the scale is short enough for steps of one size.
    """
    first, last = math.floor(math.log10(laid.low)), math.ceil(math.log10(laid.high))
    for mantissas in ((1, 2, 5), (1,)):
        found = [float(f"{m}e{power}") for power in range(first, last + 1) for m in mantissas]
        found = [n for n in found if laid.low <= n <= laid.high]
        if len(found) <= most:
            return found if len(found) > 1 else []
    return found[:: -(-len(found) // max(most, 1))]


def numbers_of(panel: Panel, axis: str) -> Iterator[float]:
    """Yield every number that one axis of a panel should hold."""
    for layer in panel.layers:
        yield from _of_layer(layer, axis)
    yield from (at for at, _ in getattr(panel, axis).ticks)


def _of_layer(layer: Layer, axis: str) -> Iterable[float]:
    match layer:
        case Zone():
            return (layer.low, layer.high) if axis == "x" else ()
        case Rule():
            return (layer.at,) if axis == layer.axis else ()
        case Band():
            return layer.x if axis == "x" else layer.low + layer.high
        case Bars():
            return layer.edges if axis == "x" else (0.0, *layer.heights)
        case Field() | Line() | Points():
            numbers: tuple[float, ...] = layer.x if axis == "x" else layer.y
            return numbers
