"""Each activation with its curve, its slope from the gate's own rule, and where that slope has died."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from autograd_cnn.gates.facts import fact, lesson
from autograd_cnn.health.report import Thresholds
from autograd_cnn.registry import Gate
from viz.charts import Axis, ChartData, Line, Panel, Points, Rule, Zone, chart
from viz.charts.data import Layer
from viz.picture import Picture
from viz.style import number
from viz.textbook.curves import BESIDE, Curve, curve
from viz.textbook.remarks import REMARKS

_SATURATED = "saturated: |f′| below {:.0%} of the largest slope"
_DEAD = "dead: f′ is exactly 0"


def activation(
    gate: str | Gate, *, low: float = -6.0, high: float = 6.0, theme: str = "light", **attributes: Any
) -> Picture:
    """Draw one activation: curve, slope, saturated stretches, dead side and kinks.

    Parameters
    ----------
    gate : str or Gate
        Such as ``"sigmoid"``, or a gate of your own that works element by element.
    low, high : float
        The range of its input.
    theme : {"light", "dark"}
    **attributes
        Of the gate, such as ``negative_slope=0.2``.

    Raises
    ------
    TextbookError
        When there is no such gate, when it does not work element by element, or for an empty range.

    Examples
    --------
    >>> import viz
    >>> viz.textbook.activation("tanh").title
    'tanh: (eˣ − e⁻ˣ)/(eˣ + e⁻ˣ) = 2σ(2x) − 1'
    """
    found = curve(gate, low, high, **attributes)
    name, formula = found.gate.name, fact(found.gate, "Formula")
    panel = Panel(
        Axis("x, the input"), Axis("output f(x) and local gradient f′(x)"), _layers(found), notes=_notes(found)
    )
    title = f"{name}: {formula}" if formula else name
    data = ChartData(title, (panel,), lesson(found.gate), _facts(attributes), size=(330.0, 200.0))
    return chart(data, theme=theme)


def activations(names: Sequence[str | Gate] = tuple(REMARKS), *, theme: str = "light") -> Picture:
    """Draw all activations as small multiples on the same axes, so that they compare.

    Parameters
    ----------
    names : sequence of str or Gate
        Which; by default all of the package, in the order of the notes.
    theme : {"light", "dark"}
    """
    panels = []
    for each in names:
        found = curve(each, -6.0, 6.0)
        panels.append(Panel(Axis("x", -6, 6), Axis("f(x), f′(x)", -2, 3), _layers(found), title=found.gate.name))
    facts = ("f is cut off where it leaves the frame. Slopes come from each gate's own gradient rule.",)
    data = ChartData("Activations and their slopes", tuple(panels), facts=facts, columns=3, size=(190.0, 120.0))
    return chart(data, theme=theme)


def _layers(found: Curve) -> tuple[Layer, ...]:
    share = Thresholds().saturated_slope
    layers: list[Layer] = [Zone(_SATURATED.format(share), *ends) for ends in found.saturated]
    layers += [Zone(_DEAD, *ends, "dead", "falling") for ends in found.dead]
    layers += [
        Line("output f(x)", found.x, found.y),
        Line("local gradient f′(x)", *_pieces(found), "gradient", "dashed"),
    ]
    layers += [Rule("kink: output or slope jumps", kink.x, "x", "ink", "dotted") for kink in found.kinks]
    if found.kinks:
        at, slopes = tuple(kink.x for kink in found.kinks), tuple(kink.slope for kink in found.kinks)
        layers.append(Points("f′ at the kink, by the rule", at, slopes, "gradient", "circle", 6.0))
    return tuple(layers)


def _pieces(found: Curve) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Return the slope's points, with a gap at every kink: it jumps there and is no steep line."""
    points = dict(zip(found.x, found.slope, strict=True))
    for kink in found.kinks:
        points |= {kink.x - BESIDE: kink.slope_before, kink.x: math.nan, kink.x + BESIDE: kink.slope_after}
    x = tuple(sorted(points))
    return x, tuple(points[at] for at in x)


def _facts(attributes: dict[str, Any]) -> tuple[str, ...]:
    return (", ".join(f"{name} = {value}" for name, value in attributes.items()),) if attributes else ()


def _notes(found: Curve) -> tuple[str, ...]:
    """Return what stands below the curve: the rule in words, what was measured, the notes' remark."""
    gate, steepest = found.gate, max(found.slope, key=abs)
    local, kink = fact(gate, "Local gradient"), fact(gate, "Kink")
    at = f", at x = {number(found.x[found.slope.index(steepest)])}" if found.slope.count(steepest) == 1 else ""
    return tuple(
        line
        for line in (
            f"Local gradient: {local}." if local else "",
            f"Kink: {kink}." if kink else "",
            f"Outputs from {number(min(found.y))} to {number(max(found.y))}; steepest slope {number(steepest)}{at}.",
            f"Slope died away {_places(found.saturated)}." if found.saturated else "",
            f"Slope exactly 0 {_places(found.dead)}." if found.dead else "",
            REMARKS.get(gate.name, ""),
        )
        if line
    )


def _places(stretches: tuple[tuple[float, float], ...]) -> str:
    return " and ".join(_between(*ends) for ends in stretches)


def _between(low: float, high: float) -> str:
    if math.isinf(low):
        return "everywhere" if math.isinf(high) else f"below x = {number(high)}"
    return f"above x = {number(low)}" if math.isinf(high) else f"between x = {number(low)} and {number(high)}"
