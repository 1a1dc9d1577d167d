"""The curves of a training as data for its charts."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeAlias

from autograd_cnn.health.report import Layer
from viz.errors import UndrawableError
from viz.timelines import Course

Points: TypeAlias = Sequence[float] | Sequence[tuple[int, float]]
Curve: TypeAlias = Points | Mapping[str, Points]

_MOST_POINTS = 2000
_WIDE = 1e4
"""How many times larger the largest number of a curve is than the smallest, when it is drawn on a log axis."""


def curves_of(
    course: Course, loss: Curve | None = None, accuracy: Curve | None = None
) -> dict[str, dict[str, list[tuple[int, float]]]]:
    """Return the curves of a training by quantity and split: its losses, and what the loop noted; or those given."""
    records = course.timeline.records
    losses = list(zip(records.steps, records.losses, strict=True)) if len(records) > 1 else []
    noted = course.timeline.curves
    own: dict[str, Curve] = {"loss": {"training": losses, **noted["loss"]} if "loss" in noted else losses}
    own["accuracy"] = noted.get("accuracy", {})
    own |= {name: lines for name, lines in noted.items() if name not in own}
    own |= {"loss": loss} if loss is not None else {}
    own |= {"accuracy": accuracy} if accuracy is not None else {}
    arguments = {"loss": "loss_curve"}
    curves = {name: points_of(arguments.get(name, name), lines) for name, lines in own.items()}
    return {name: lines for name, lines in curves.items() if lines}


def charts_of(course: Course, curves: Mapping[str, Mapping[str, Sequence[tuple[int, float]]]]) -> list[dict[str, Any]]:
    """Return the charts of a page: the curves, and of each layer with weights its gradients and updates."""
    charts = [curve_chart(name, lines) for name, lines in curves.items()]
    if len(course.reports) == 1:
        return charts
    low, high = course.last.thresholds.update_ratio
    updates = _by_layer(course, lambda layer: layer.update_ratio)
    gradients = _by_layer(course, lambda layer: layer.weight_gradient)
    if updates:
        words = "‖Δw‖/‖w‖ of each step; the band is healthy"
        charts.append({"title": "update ratio", "lines": updates, "log": True, "band": [low, high], "note": words})
    if gradients:
        words = "root mean square of the gradient of the weights; 0 stands at the bottom"
        charts.append({"title": "gradient of the weights", "lines": gradients, "log": True, "note": words})
    return charts


def curve_chart(name: str, lines: Mapping[str, Sequence[tuple[int, float]]]) -> dict[str, Any]:
    """Return the chart of a curve; on a log axis where a linear one would show its peak alone."""
    chart: dict[str, Any] = {"title": name, "lines": {split: _thinned(points) for split, points in lines.items()}}
    sizes = [x for points in lines.values() for _, x in points if math.isfinite(x)]
    if sizes and min(sizes) > 0 and max(sizes) > _WIDE * min(sizes):
        chart |= {"log": True, "note": "on a log axis"}
    return chart


def _by_layer(course: Course, read: Callable[[Layer], float | None]) -> dict[str, list[tuple[int, float]]]:
    lines: dict[str, list[tuple[int, float]]] = {}
    for report in course.reports:
        for layer in report.layers:
            x = read(layer)
            if x is not None:
                lines.setdefault(layer.name, []).append((report.step, _short(x)))
    order = [layer.name for layer in course.last.layers]
    return {name: lines[name] for name in order if name in lines}


def _short(x: float) -> float:
    return float(f"{x:.4g}") if math.isfinite(x) else x


def _thinned(points: Sequence[tuple[int, float]]) -> list[tuple[int, float]]:
    stride = max(1, math.ceil(len(points) / _MOST_POINTS))
    return [*points[::stride], *(points[-1:] if (len(points) - 1) % stride else ())]


def points_of(argument: str, curve: Curve) -> dict[str, list[tuple[int, float]]]:
    """Return every line of a curve as (step, value) pairs; a plain sequence starts at step 0."""
    lines = curve if isinstance(curve, Mapping) else {argument.removesuffix("_curve"): curve}
    found: dict[str, list[tuple[int, float]]] = {}
    for name, points in lines.items():
        try:
            pairs = [p if isinstance(p, tuple | list) else (i, p) for i, p in enumerate(points)]
            found[str(name)] = [(int(step), float(value)) for step, value in pairs]
        except (TypeError, ValueError):
            raise UndrawableError(
                f"report: {argument} {str(name)!r} holds something else than numbers or (step, number) pairs; "
                "for several curves pass {'training': [...], 'validation': [...]}"
            ) from None
    return {name: pairs for name, pairs in found.items() if pairs}
