"""Charts: plain data over two axes, drawn as SVG without Graphviz or any other library."""

from autograd_cnn.suggestions import suggest_names as _suggest_names
from viz.charts.areas import Band, Bars, Field, Zone
from viz.charts.charting import chart
from viz.charts.data import Axis, ChartData, Panel
from viz.charts.lines import Line, Points, Rule

__all__ = ["Axis", "Band", "Bars", "ChartData", "Field", "Line", "Panel", "Points", "Rule", "Zone", "chart"]

_suggest_names(__name__)
