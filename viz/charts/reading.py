"""Charts as JSON, and back: every number exactly, so that a saved chart can be drawn again offline."""

from __future__ import annotations

import json
import math
from dataclasses import asdict
from typing import Any

from viz.charts.data import Axis, ChartData, Field, Layer, Line, Panel, Points, Rule, Zone
from viz.errors import ChartError

SCHEMA = "autograd-cnn.chart/1"
"""What a saved chart says it is. Its other keys are the attributes of `ChartData`, `Panel`, `Axis` and the
layers, whose ``kind`` is the class's name in lower case. Numbers that are not finite are the words "NaN",
"inf" and "-inf"."""

_KINDS: dict[str, type[Layer]] = {kind.__name__.lower(): kind for kind in (Field, Zone, Rule, Line, Points)}


def as_json(data: ChartData) -> str:
    """Return a chart as JSON, in the form that `SCHEMA` names."""
    panels = [
        asdict(panel) | {"layers": [{"kind": type(layer).__name__.lower()} | asdict(layer) for layer in panel.layers]}
        for panel in data.panels
    ]
    content = {"schema": SCHEMA} | asdict(data) | {"panels": panels}
    return json.dumps(_worded(content), ensure_ascii=False, allow_nan=False) + "\n"


def from_json(text: str | bytes) -> ChartData:
    """Return the chart that `as_json` wrote.

    Raises
    ------
    ChartError
        When the text is no chart, or one of a later version.
    """
    try:
        content = json.loads(text)
        schema = content.pop("schema")
    except (ValueError, KeyError, AttributeError, TypeError):
        raise ChartError(f"this is no saved chart: expected JSON with the key 'schema' = {SCHEMA!r}") from None
    if schema != SCHEMA:
        raise ChartError(f"a chart of schema {schema!r} cannot be read; expected {SCHEMA!r}: install a newer version")
    try:
        panels = tuple(_panel(panel) for panel in content.pop("panels"))
        return ChartData(panels=panels, **_frozen(content))
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        raise ChartError(f"the saved chart is damaged: {error}; save it again") from None


def _panel(content: dict[str, Any]) -> Panel:
    x, y = (Axis(**_frozen(content.pop(name))) for name in ("x", "y"))
    layers = tuple(_KINDS[layer.pop("kind")](**_frozen(layer)) for layer in content.pop("layers"))
    return Panel(x, y, layers, **_frozen(content))


def _worded(content: Any) -> Any:
    if isinstance(content, dict):
        return {key: _worded(value) for key, value in content.items()}
    if isinstance(content, list | tuple):
        return [_worded(value) for value in content]
    if isinstance(content, float) and not math.isfinite(content):
        return str(content).replace("nan", "NaN")
    return content


_NUMBERS = {"low", "high", "at", "x", "y", "heights", "levels", "size", "width"}
"""Attributes that are numbers: only in these is the word "inf" one."""


def _frozen(content: dict[str, Any]) -> dict[str, Any]:
    return {key: _tuples(value, numbers=key in _NUMBERS) for key, value in content.items()}


def _tuples(value: Any, *, numbers: bool) -> Any:
    if isinstance(value, list):
        return tuple(_tuples(each, numbers=numbers) for each in value)
    return float(value) if numbers and value in ("NaN", "inf", "-inf") else value
