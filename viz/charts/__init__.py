"""Charts: plain data over two axes, drawn as SVG without Graphviz or any other library."""

from viz.charts.areas import Band, Bars, Field, Zone
from viz.charts.charting import chart
from viz.charts.data import Axis, ChartData, Panel
from viz.charts.lines import Line, Points, Rule

__all__ = ["Axis", "Band", "Bars", "ChartData", "Field", "Line", "Panel", "Points", "Rule", "Zone", "chart"]
