"""The notes' picture of a cross-validation: the accuracy of each setting in every fold, with its mean and spread."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from viz.charts import Axis, ChartData, Line, Panel, Points, chart
from viz.style import number

if TYPE_CHECKING:
    from autograd_cnn.models import CrossValidation
    from viz.picture import Picture

_CAP = 1.04
"""Half the width of an error bar's ends, as a factor, since the axis of k is logarithmic."""


def cross_validation(result: CrossValidation, *, title: str = "", theme: str = "light") -> Picture:
    """Draw the accuracy against the number of neighbours, with error bars.

    CS231n, image classification, "Validation sets for hyperparameter tuning": a point for each fold, the curve through
    the means, bars of one standard deviation up and down.

    Parameters
    ----------
    result : models.CrossValidation
        What `models.cross_validate` found.
    title : str
        Of the picture.
    theme : {"light", "dark"}
        Its colours.
    """
    order = sorted(range(len(result.ks)), key=lambda i: result.ks[i])
    ks = tuple(float(result.ks[i]) for i in order)
    means, spreads = (tuple(float(numbers[i]) for i in order) for numbers in (result.mean, result.std))
    rounds = result.accuracies.shape[1]
    everywhere = tuple(k for k in ks for _ in range(rounds))
    best = means[ks.index(result.best)]
    layers = (
        Points("one fold", everywhere, tuple(result.accuracies[order].ravel().tolist()), "muted", "ring", 4.0),
        _error_bars(ks, means, spreads),
        Line("mean of the folds", ks, means, mark="circle"),
        Points(f"best: k = {result.best}", (float(result.best),), (best,), "gradient", "diamond", 9.0),
    )
    axis = Axis("k, number of neighbours", log=True, ticks=tuple((k, number(k)) for k in ks))
    panel = Panel(axis, Axis("accuracy on the validation fold"), layers)
    facts = (f"{rounds} folds; each is the validation data of one round.",)
    return chart(ChartData(title or "Cross-validation of k", (panel,), facts=facts), theme=theme)


def _error_bars(at: tuple[float, ...], middle: tuple[float, ...], spread: tuple[float, ...]) -> Line:
    """Return bars of one standard deviation as pieces of one line, which breaks where a number is missing."""
    x: list[float] = []
    y: list[float] = []
    for k, mean, deviation in zip(at, middle, spread, strict=True):
        low, high = mean - deviation, mean + deviation
        x += [k, k, math.nan, k / _CAP, k * _CAP, math.nan, k / _CAP, k * _CAP, math.nan]
        y += [low, high, math.nan, low, low, math.nan, high, high, math.nan]
    return Line("± one standard deviation", tuple(x), tuple(y), "value", "solid", 1.2)
