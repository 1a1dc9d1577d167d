"""A neuron as a linear classifier: its decision line, its margin, and where the gradient pushes the line."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

import autograd_cnn as ag
from autograd_cnn import functional, nn
from autograd_cnn.random import generator
from viz.charts import Axis, ChartData, Field, Line, Panel, Points, chart
from viz.charts.data import Layer
from viz.errors import TextbookError
from viz.picture import Picture
from viz.style import number

_GRID = 41
_MARGIN = 0.15
"""Share of the points' spread that the picture goes beyond them."""


@dataclass(frozen=True)
class Decision:
    """What a neuron says of points in the plane.

    Attributes
    ----------
    weights : (w0, w1, b)
        The score of a point is w0·x0 + w1·x1 + b; its sign is the decision.
    scores : tuple of float
        Of the points.
    wrong : tuple of int
        Points on the wrong side of the line.
    loss : float
        Mean hinge loss, max(0, 1 − score · class).
    gradient : (float, float, float)
        Of the loss, with respect to the weights.
    """

    weights: tuple[float, float, float]
    scores: tuple[float, ...]
    wrong: tuple[int, ...]
    loss: float
    gradient: tuple[float, float, float]


def decision_line(
    neuron: Any,
    points: Any,
    labels: Any,
    *,
    push: float = 0.0,
    title: str = "A neuron's decision line",
    theme: str = "light",
) -> Picture:
    """Draw the line on which a neuron of two inputs cannot decide, with the points it should tell apart.

    Parameters
    ----------
    neuron : Neuron, or (w0, w1, b)
        An `autograd_cnn.nn.Neuron` of two inputs, or its weights. Its activation moves no line.
    points : (N, 2) array_like
    labels : (N,) array_like
        Their classes: −1 and 1, or 0 and 1.
    push : float
        A learning rate: draw also the line after one step against the gradient of the mean hinge loss.
    title : str
    theme : {"light", "dark"}

    Raises
    ------
    TextbookError
        When the neuron has not two inputs, or points and classes do not fit.
    """
    points, classes = checked_points("decision_line", points, labels)
    weights = weights_of(neuron)
    found = decide(weights, points, classes)
    low, high = frame_of(points)
    layers = [_regions(weights, low, high), *_line(weights, low, high, "decision line: score 0", "ink", "solid", 2.4)]
    for score in (-1.0, 1.0):
        layers += _line((*weights[:2], weights[2] - score), low, high, "margin: score −1 and 1", "ink", "dashed", 1.2)
    words = ""
    if push:
        moved = _moved(found, push)
        layers += _line(moved, low, high, f"after one step of rate {number(push)}", "critical", "dash-dot", 2.4)
        words = f" Step of rate {number(push)}: loss {number(decide(moved, points, classes).loss)}."
    layers += _classes(points, classes, found)
    panel = Panel(Axis("x0", low[0], high[0]), Axis("x1", low[1], high[1]), tuple(layers))
    w0, w1, b = map(number, weights)
    facts = (
        f"score = {w0}·x0 + {w1}·x1 + {b}; {len(found.wrong)} of {len(points)} points on the wrong side; "
        f"mean hinge loss {number(found.loss)}, its gradient ({', '.join(map(number, found.gradient))}).{words}",
    )
    return chart(ChartData(title, (panel,), facts=facts, size=(360.0, 300.0)), theme=theme)


def decide(weights: Sequence[float], points: Any, labels: Any) -> Decision:
    """Return scores, wrong points, loss and gradient of a neuron, all from the engine.

    Parameters
    ----------
    weights : (w0, w1, b)
    points, labels
        As for `decision_line`.
    """
    points, classes = checked_points("decision_line", points, labels)
    w0, w1, b = (float(w) for w in weights)
    weight, bias = ag.Parameter([w0, w1]), ag.Parameter([b])
    scores = points @ weight + bias
    loss = functional.relu(1 - scores * classes).mean()
    to_weight, to_bias = ag.grad(loss, [weight, bias])
    wrong = np.flatnonzero(scores.value * classes <= 0)
    gradient = (float(to_weight[0]), float(to_weight[1]), float(to_bias[0]))
    return Decision((w0, w1, b), tuple(scores.value.tolist()), tuple(wrong.tolist()), loss.item(), gradient)


def weights_of(neuron: Any) -> tuple[float, float, float]:
    """Return (w0, w1, b) of a `Neuron` of two inputs, or of what stands for one."""
    if isinstance(neuron, nn.Neuron):
        found = [float(p.item()) for p in neuron.parameters()]
    elif isinstance(neuron, nn.Module) or not np.iterable(neuron):
        raise TextbookError(
            f"decision_line: got {type(neuron).__name__}, expected a Neuron, or its weights (w0, w1, b)"
        )
    else:
        found = [float(w) for w in neuron]
    if len(found) != 3 or not np.all(np.isfinite(found)):
        raise TextbookError(f"decision_line: weights {found}, expected a neuron of two inputs: three finite numbers")
    return found[0], found[1], found[2]


def checked_points(function: str, points: Any, labels: Any) -> tuple[Any, Any]:
    """Return points as (N, 2) floats, and their classes as −1 and 1; raise TextbookError where they do not fit."""
    points, classes = np.asarray(points, dtype=float), np.asarray(labels, dtype=float)
    if points.ndim != 2 or points.shape[1:] != (2,) or classes.shape != points.shape[:1] or not len(points):
        raise TextbookError(
            f"{function}: points of shape {points.shape}, classes of {classes.shape}; expected (N, 2) and (N,)"
        )
    if not np.all(np.isfinite(points)):
        raise TextbookError(f"{function}: a point is not finite")
    if not (set(classes.tolist()) <= {-1.0, 1.0} or set(classes.tolist()) <= {0.0, 1.0}):
        raise TextbookError(f"{function}: classes {sorted(set(classes.tolist()))[:5]}, expected −1 and 1, or 0 and 1")
    return points, np.where(classes > 0, 1.0, -1.0)


def frame_of(points: Any) -> tuple[tuple[float, float], tuple[float, float]]:
    """Return the corners of a picture that holds all points with room around them."""
    low, high = points.min(axis=0), points.max(axis=0)
    beyond = np.maximum(_MARGIN * (high - low), 0.5)
    return tuple((low - beyond).tolist()), tuple((high + beyond).tolist())


def _regions(weights: tuple[float, float, float], low: Sequence[float], high: Sequence[float]) -> Field:
    """Return the score over the plane, in four bands: outside and inside of the margin on both sides."""
    x, y = (np.linspace(start, end, _GRID) for start, end in zip(low, high, strict=True))
    w0, w1, b = weights
    scores = w0 * x[None, :] + w1 * y[:, None] + b
    rows = tuple(map(tuple, scores.tolist()))
    return Field("score", tuple(x.tolist()), tuple(y.tolist()), rows, (-1.0, 0.0, 1.0), "signed", 0.45)


def _line(
    weights: Sequence[float], low: Sequence[float], high: Sequence[float], name: str, ink: str, dash: str, width: float
) -> list[Layer]:
    """Return the piece of w0·x0 + w1·x1 + b = 0 in the frame; nothing where it does not pass."""
    ends = ends_of_line(weights, low, high)
    if len(ends) < 2:
        return []
    return [Line(name, tuple(x for x, _ in ends), tuple(y for _, y in ends), ink, dash, width)]


def ends_of_line(weights: Sequence[float], low: Sequence[float], high: Sequence[float]) -> list[tuple[float, float]]:
    """Return where the line w0·x0 + w1·x1 + b = 0 enters and leaves a rectangle; [] where it passes by.

    Parameters
    ----------
    weights : (w0, w1, b)
    low, high : (x0, x1)
        The rectangle's corners.
    """
    w0, w1, b = weights
    found = []
    if w1:
        found += [(x, -(w0 * x + b) / w1) for x in (low[0], high[0])]
    if w0:
        found += [(-(w1 * y + b) / w0, y) for y in (low[1], high[1])]
    slack = 1e-9 * max(high[0] - low[0], high[1] - low[1])
    inside = [p for p in found if all(low[k] - slack <= p[k] <= high[k] + slack for k in (0, 1))]
    if not inside:
        return []
    first, last = min(inside), max(inside)
    return [first, last] if first != last else []


def _moved(found: Decision, rate: float) -> tuple[float, float, float]:
    w0, w1, b = (w - rate * g for w, g in zip(found.weights, found.gradient, strict=True))
    return w0, w1, b


def _classes(points: Any, classes: Any, found: Decision) -> list[Layer]:
    one, other, wrong = points[classes > 0], points[classes < 0], points[list(found.wrong)]
    marks = (
        Points("class 1", column(one, 0), column(one, 1), "value", "circle", 8.0),
        Points("class −1", column(other, 0), column(other, 1), "gradient", "square", 8.0),
        Points("on the wrong side", column(wrong, 0), column(wrong, 1), "ink", "ring", 15.0),
    )
    return [mark for mark in marks if mark.x]


def column(points: Any, k: int) -> tuple[float, ...]:
    """Return one coordinate of all points."""
    return tuple(points[:, k].tolist())


def two_clouds(points: int = 40, *, rng: np.random.Generator | int | None = None) -> tuple[Any, Any]:
    """Return points around (−1, −1) and (1, 1), half and half, and their classes −1 and 1.

    Parameters
    ----------
    points : int
    rng : numpy.random.Generator or int, optional
        By default the default generator.
    """
    random = generator(rng)
    y = np.where(np.arange(points) % 2, 1.0, -1.0)
    return random.normal(size=(points, 2)) * 0.8 + y[:, None], y
