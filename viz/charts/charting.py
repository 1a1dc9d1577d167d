"""Charts as pictures: saved, shown and loaded as every other picture is."""

from __future__ import annotations

from viz.charts.data import ChartData
from viz.charts.drawing import svg_of
from viz.picture import Content, Picture
from viz.style import Theme, theme_named


def chart(data: ChartData, *, theme: str = "light") -> Picture:
    """Draw a chart; no Graphviz takes part.

    Parameters
    ----------
    data : ChartData
        What it shows.
    theme : {"light", "dark"}
        Its colours.

    Returns
    -------
    Picture
        Saved as .svg, .html or .json, as .png or .pdf with the ``png`` extra.

    Examples
    --------
    >>> from viz.charts import Axis, ChartData, Line, Panel, chart
    >>> curve = Line("loss", x=(0, 1, 2), y=(2.3, 1.1, 0.4))
    >>> picture = chart(ChartData("Training", (Panel(Axis("epoch"), Axis("loss (nats)"), (curve,)),)))
    >>> picture.title, picture.language
    ('Training', 'svg')
    """
    return drawn(data, theme_named(theme))


def drawn(data: ChartData, theme: Theme) -> Picture:
    """Return the picture of a chart in a theme."""
    return Picture.of(Content("chart", data, svg_of), theme, data.title)
