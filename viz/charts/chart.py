"""The object that a chart function returns: it is saved and shown as every other picture is."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from viz.charts.data import ChartData
from viz.charts.drawing import svg_of
from viz.charts.reading import as_json
from viz.errors import FormatError
from viz.files import write_atomically
from viz.page import PAGE_THEME, filled_page, with_variables
from viz.rendering import converted
from viz.style import DPI, Theme, theme_named
from viz.svg import prefixed

SUFFIXES = (".svg", ".html", ".json", ".png", ".pdf")


class Chart:
    """A chart, kept as plain data and drawn when it is needed; no Graphviz takes part.

    Parameters
    ----------
    data : ChartData
        What it shows.
    theme : {"light", "dark"} or Theme
        Its colours.

    Attributes
    ----------
    data : ChartData
    title : str
    source : str
        The SVG text.

    Examples
    --------
    >>> from viz.charts import Axis, Chart, ChartData, Line, Panel
    >>> curve = Line("loss", x=(0, 1, 2), y=(2.3, 1.1, 0.4))
    >>> Chart(ChartData("Training", (Panel(Axis("epoch"), Axis("loss (nats)"), (curve,)),)))
    <Chart 'Training': 1 panel; .save('x.svg'), .svg(), .data>
    """

    def __init__(self, data: ChartData, theme: str | Theme = "light") -> None:
        self.data = data
        self.title = data.title
        self._theme = theme if isinstance(theme, Theme) else theme_named(theme)

    @property
    def source(self) -> str:
        """The SVG text."""
        return svg_of(self.data, self._theme)

    def svg(self, prefix: str = "") -> str:
        """Return the chart as SVG; `prefix` goes before its ids, so that one page can hold several."""
        return prefixed(self.source.encode(), prefix).decode() if prefix else self.source

    def page_svg(self, prefix: str = "") -> str:
        """Return the chart as SVG for a page of this package, whose theme the reader chooses."""
        return with_variables(Chart(self.data, PAGE_THEME).svg(prefix))

    def save(self, path: str | os.PathLike[str], *, dpi: int = DPI) -> Path:
        """Write the chart to `path`; its suffix says how: .svg, .html, .json, .png or .pdf.

        Parameters
        ----------
        path : path
            Where to; a file that exists is replaced only once the new one is complete.
        dpi : int
            Dots per inch of a PNG.

        Returns
        -------
        Path
            Where it is now.

        Raises
        ------
        FormatError
            For another suffix, or PNG and PDF without the ``png`` extra.
        SaveError
            When the file cannot be written.
        """
        path = Path(path)
        suffix = path.suffix.lower()
        if suffix not in SUFFIXES:
            raise FormatError(f"save: {path.name!r} has suffix {suffix!r}; a chart is saved as {', '.join(SUFFIXES)}")
        write_atomically(path, self._content(suffix, dpi))
        return path

    def _content(self, suffix: str, dpi: int) -> bytes:
        if suffix == ".json":
            return as_json(self.data).encode()
        if suffix == ".html":
            parts = {"picture": self.page_svg()}
            return filled_page("picture", {}, title=self.title, assets=("stage",), **parts).html.encode()
        drawn = self.source.encode()
        return drawn if suffix == ".svg" else converted(drawn, suffix[1:], dpi)

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, str]:
        return {"image/svg+xml": self.source, "text/plain": repr(self)}

    def __repr__(self) -> str:
        panels = len(self.data.panels)
        return f"<Chart {self.title!r}: {panels} panel{'s' * (panels > 1)}; .save('x.svg'), .svg(), .data>"
