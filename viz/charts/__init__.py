"""Charts: plain data over two axes, drawn as SVG without Graphviz or any other library."""

from viz.charts.charting import chart
from viz.charts.data import Axis, ChartData, Field, Line, Panel, Points, Rule, Zone

__all__ = ["Axis", "ChartData", "Field", "Line", "Panel", "Points", "Rule", "Zone", "chart"]
