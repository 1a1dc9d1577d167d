"""The picture of a learning-rate range test: the loss over the rate, and what to choose."""

from __future__ import annotations

import math

from autograd_cnn.health.wording import counted
from autograd_cnn.train import RateRange
from viz.charts import Axis, ChartData, Line, Panel, Points, Rule, Zone, chart
from viz.charts.data import Layer
from viz.picture import Picture
from viz.style import number


def rate_range(found: RateRange, *, theme: str = "light") -> Picture:
    """Draw the losses of a learning-rate range test over its rates.

    Parameters
    ----------
    found : train.RateRange
        What `train.rate_range` returned.
    theme : {"light", "dark"}

    Notes
    -----
    The loss axis ends somewhat above the loss at the start: what lies beyond is divergence.
    """
    finite = [loss for loss in (*found.losses, *found.smoothed) if math.isfinite(loss)]
    top = 1.4 * max(found.smoothed[0], *found.losses[:1])
    bottom = min(finite)
    low = min(0.0, bottom) if bottom < top / 3 else bottom - 0.1 * (top - bottom)
    layers: list[Layer] = [
        Points("loss of a batch", found.rates, _inside(found.losses, top), "muted", "circle", 3.5),
        Line("smoothed", found.rates, _inside(found.smoothed, top), "value", width=2.4),
    ]
    facts = [f"{counted(len(found.rates), 'step')}; each loss is that of a batch before its step."]
    if found.suggestion is not None:
        layers.append(Rule(f"suggestion: {number(found.suggestion, '.2g')}", found.suggestion, "x", "ok_text"))
        facts.append("Suggested is where the smoothed loss falls fastest, at most a third of the rate of its minimum.")
    if found.diverged:
        outside = (rate for rate, loss in zip(found.rates, found.smoothed, strict=True) if not loss <= top)
        layers.append(Zone("diverges", next(outside, found.rates[-1]), math.inf, "critical"))
    panel = Panel(Axis("learning rate", log=True), Axis("loss", low, top), tuple(layers))
    return chart(ChartData("Learning-rate range test", (panel,), facts=tuple(facts)), theme=theme)


def _inside(losses: tuple[float, ...], top: float) -> tuple[float, ...]:
    """Return the losses, NaN where they lie above the picture: a curve breaks there."""
    return tuple(loss if loss <= top else math.nan for loss in losses)
