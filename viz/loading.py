"""Saved pictures, read again: no graph and no engine is needed for that, only the file."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

from autograd_cnn.errors import FileAccessError, suggestion
from autograd_cnn.files import opened
from viz import exchange
from viz.errors import ExchangeError, PictureError
from viz.page import Page
from viz.picture import Picture
from viz.style import Theme, theme_named

LARGEST = 2**30
"""Most bytes of a file that are read."""


@dataclass(frozen=True)
class Kind:
    """What a kind of picture is made from, and the function that makes it from that; both as ``module:name``."""

    data: str
    drawn: str

    @property
    def data_type(self) -> type:
        """The dataclass."""
        found: type = _named(self.data)
        return found

    def made(self, data: Any, theme: Theme) -> Picture | Page:
        """Return the picture or page."""
        draw: Callable[[Any, Theme], Picture | Page] = _named(self.drawn)
        return draw(data, theme)


KINDS = {
    "chart": Kind("viz.charts.data:ChartData", "viz.charts.charting:drawn"),
    "circuit": Kind("viz.diagram:Diagram", "viz.circuits:drawn"),
    "compare": Kind("viz.comparing:Comparison", "viz.comparing:drawn"),
    "explanation": Kind("viz.explanations:PathDiagram", "viz.explanations:drawn"),
    "flow": Kind("viz.flows:Flow", "viz.flows:drawn"),
    "images": Kind("viz.image_sheets:ImageSheet", "viz.image_sheets:drawn"),
    "player": Kind("viz.tape:Play", "viz.players:drawn"),
    "predictions": Kind("viz.classifier:Predictions", "viz.predictions_page:drawn"),
    "report": Kind("viz.reports:Health", "viz.reports:drawn"),
    "zoom": Kind("viz.zooms.data:Zoom", "viz.zooms.writing:drawn"),
}


def load(path: str | os.PathLike[str]) -> Picture | Page:
    """Read a picture or page that was saved as .json.

    Parameters
    ----------
    path : path
        A file that ``picture.save("x.json")`` wrote.

    Returns
    -------
    Picture or Page
        The same as the one that was saved: it can be shown, and saved in any format.

    Raises
    ------
    ExchangeError
        When the file cannot be read, or does not hold a picture; the message names the place.

    Examples
    --------
    >>> import autograd_cnn as ag
    >>> import viz
    >>> picture = viz.circuit(ag.Scalar(2.0, name="x") * 3)
    >>> path = picture.save("x.json")
    >>> viz.load(path).source == picture.source
    True
    """
    try:
        with opened(path) as file:
            size = os.fstat(file.fileno()).st_size  # read(n) takes n bytes of memory before it looks
            content = file.read(min(size, LARGEST) + 1)
    except FileAccessError as error:
        raise ExchangeError(f"load: {error}") from error
    name = Path(path).name
    if len(content) > LARGEST:
        raise ExchangeError(f"load: {name!r} has more than {LARGEST:,} bytes, which no saved picture has")
    try:
        kind, theme, data = exchange.read(content)
        known = _kind_named(kind)
        return known.made(exchange.decoded(known.data_type, data), theme_named(theme))
    except PictureError as error:
        raise ExchangeError(f"load: {name!r}: {error}") from None
    except (ArithmeticError, AttributeError, LookupError, RecursionError, TypeError, ValueError) as error:
        # each field is of its type, but they do not go together: a wire to a box that is not there
        raise ExchangeError(f"load: {name!r} is damaged: its parts do not fit each other ({error!r})") from error


def json_schema(kind: str) -> dict[str, Any]:
    """Return the JSON Schema (draft 2020-12) of the data that a kind of picture is saved as.

    Parameters
    ----------
    kind : str
        Such as ``"circuit"``; the error for any other name lists all.

    Examples
    --------
    >>> import viz
    >>> sorted(viz.json_schema("circuit")["$defs"])
    ['Box', 'Cluster', 'Diagram', 'Wire']
    """
    return exchange.schema_of(_kind_named(kind).data_type)


def _kind_named(name: str) -> Kind:
    if name not in KINDS:
        shown = name if len(name) <= 40 else name[:39] + "…"
        raise ExchangeError(f"kind {shown!r} is unknown; known: {', '.join(KINDS)}{suggestion(shown, KINDS)}")
    return KINDS[name]


def _named(place: str) -> Any:
    module, name = place.split(":")
    return getattr(import_module(module), name)
