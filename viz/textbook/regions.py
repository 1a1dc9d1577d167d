"""Which class a network gives to each point of the plane: its decision regions, panel beside panel."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from viz.charts import Axis, ChartData, Field, Panel, Points, chart
from viz.errors import TextbookError
from viz.picture import Picture
from viz.textbook.decision import checked_points, column, frame_of

_GRID = 71


def decision_regions(
    scores: Mapping[str, Callable[[Any], Any]],
    points: Any,
    labels: Any,
    *,
    levels: Sequence[float] = (0.0,),
    title: str = "Decision regions",
    subtitle: str = "",
    facts: Sequence[str] = (),
    columns: int = 3,
    size: tuple[float, float] = (240.0, 200.0),
    theme: str = "light",
) -> Picture:
    """Draw where networks of two inputs say class 1 and where they say the other, with the points they learnt from.

    Parameters
    ----------
    scores : dict of str to function
        By the title of its panel a network, or any function that takes (M, 2) float32 points and returns M scores, as
        nodes or as numbers: above 0 for class 1.
    points : (N, 2) array_like
    labels : (N,) array_like
        Their classes: −1 and 1, or 0 and 1.
    levels : sequence of float
        Scores that part the bands of colour; 0 is the decision, others show how sure it is.
    title, subtitle : str
    facts : sequence of str
        Small lines below the legend.
    columns : int
        Panels side by side.
    size : (float, float)
        Of one panel, in points.
    theme : {"light", "dark"}

    Returns
    -------
    Picture

    Raises
    ------
    TextbookError
        When points and classes do not fit, or a network does not return one score for each point.

    Examples
    --------
    >>> import viz
    >>> points, labels = viz.textbook.two_clouds(20)
    >>> circle = lambda points: (points**2).sum(axis=1) - 1
    >>> viz.textbook.decision_regions({"outside of a circle": circle}, points, labels).title
    'Decision regions'
    """
    points, classes = checked_points("decision_regions", points, labels)
    low, high = frame_of(points)
    x, y = (np.linspace(start, end, _GRID) for start, end in zip(low, high, strict=True))
    grid = np.stack([np.tile(x, _GRID), np.repeat(y, _GRID)], axis=1).astype(np.float32)
    panels = []
    for name, score in scores.items():
        rows = _scored(name, score, grid).reshape(_GRID, _GRID)
        wrong = points[_scored(name, score, points.astype(np.float32)) * classes <= 0]
        ground = Field("score", tuple(x.tolist()), tuple(y.tolist()), rows.tolist(), tuple(levels), "signed", 0.5)
        marks = (
            Points("class 1", *_places(points[classes > 0]), "value", "circle", 5.0),
            Points("the other class", *_places(points[classes < 0]), "gradient", "square", 5.0),
            Points("on the wrong side", *_places(wrong), "ink", "ring", 9.0),
        )
        note = f"{len(wrong)} of {len(points)} points on the wrong side"
        seen = (layer for layer in marks if layer.x)
        panels.append(Panel(Axis("x0", low[0], high[0]), Axis("x1", low[1], high[1]), (ground, *seen), name, (note,)))
    data = ChartData(title, tuple(panels), subtitle, tuple(facts), columns, size)
    return chart(data, theme=theme)


def _scored(name: str, score: Callable[[Any], Any], points: Any) -> Any:
    """Return one score for each point, as float64."""
    found = score(points)
    values = np.asarray(getattr(found, "value", found), dtype=float)
    if values.size != len(points):
        raise TextbookError(
            f"decision_regions: {name!r} returned shape {values.shape} for {len(points)} points; "
            "expected one score for each, such as logits[:, 1] - logits[:, 0]"
        )
    return values.reshape(-1)


def _places(points: Any) -> tuple[tuple[float, ...], tuple[float, ...]]:
    return column(points, 0), column(points, 1)
