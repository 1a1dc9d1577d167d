"""A whole chart as plain data: panels of lines, points and areas over two named axes."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TypeAlias

from viz.charts.areas import Band, Bars, Field, Zone
from viz.charts.lines import Line, Points, Rule
from viz.errors import ChartError


@dataclass(frozen=True)
class Axis:
    """One axis of a panel.

    Attributes
    ----------
    label : str
        What it measures, with its unit if it has one.
    low, high : float, optional
        Its ends; by default they hold all data.
    log : bool
        Whether equal steps are equal factors.
    ticks : tuple of (float, str), optional
        Where to write what, instead of round numbers: the names of rows or categories.
    """

    label: str
    low: float | None = None
    high: float | None = None
    log: bool = False
    ticks: tuple[tuple[float, str], ...] = ()

    def __post_init__(self) -> None:
        if not self.label.strip():
            raise ChartError("Axis: the label is empty; say what the axis measures, and in which unit")
        ends = [end for end in (self.low, self.high) if end is not None]
        if any(not math.isfinite(end) or (self.log and end <= 0) for end in ends):
            wanted = "positive and finite on a log axis" if self.log else "finite"
            raise ChartError(
                f"Axis {self.label!r}: goes from {self.low} to {self.high}, expected ends that are {wanted}"
            )
        if len(ends) == 2 and ends[0] >= ends[1]:
            raise ChartError(f"Axis {self.label!r}: low={self.low} is not below high={self.high}")


Layer: TypeAlias = Field | Zone | Band | Bars | Rule | Line | Points
"""What a panel can hold, in the order in which it is drawn, lowest first."""


@dataclass(frozen=True)
class Panel:
    """One pair of axes and what stands over them.

    Attributes
    ----------
    x, y : Axis
    layers : tuple of Field, Zone, Band, Bars, Rule, Line or Points
    title : str
        Above the panel; needed only where there are several.
    notes : tuple of str
        Lines of text below it.
    """

    x: Axis
    y: Axis
    layers: tuple[Layer, ...]
    title: str = ""
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class ChartData:
    """A whole chart: panels under one title, with one legend.

    Attributes
    ----------
    title : str
    panels : tuple of Panel
    subtitle : str
        One line below the title.
    facts : tuple of str
        Small lines below the legend: seeds, sizes, thresholds.
    columns : int
        Panels side by side.
    size : (float, float)
        Of one panel's plot, in points.
    """

    title: str
    panels: tuple[Panel, ...]
    subtitle: str = ""
    facts: tuple[str, ...] = ()
    columns: int = 1
    size: tuple[float, float] = (420.0, 240.0)

    def __post_init__(self) -> None:
        if not self.panels:
            raise ChartError(f"chart {self.title!r}: there are no panels; give at least one")
        if self.columns < 1 or not all(40 <= side <= 4000 for side in self.size):
            raise ChartError(
                f"chart {self.title!r}: columns={self.columns}, size={self.size}; "
                "expected at least one column, and sides of 40 to 4,000 points"
            )
