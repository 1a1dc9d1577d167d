"""What a chart shows, as plain data: panels of lines, points, zones, rules and fields over two named axes."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

from autograd_cnn.errors import suggestion
from viz.errors import ChartError

INKS = ("value", "gradient", "ok_text", "saturated", "critical", "ink", "muted", "wire", "dead")
"""The colours of a theme that lines and points may have: blue for values, orange for gradients, and the others."""
DASHES: dict[str, str] = {"solid": "", "dashed": "7 3", "dotted": "1.5 3", "dash-dot": "9 3 2 3", "long": "14 4"}
MARKS = ("circle", "square", "triangle", "diamond", "cross", "plus", "ring")
HATCHES = ("rising", "falling", "dots", "none")
RAMPS = ("value", "gradient", "signed")


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


@dataclass(frozen=True)
class Line:
    """A curve, or several pieces of one: it breaks where a number is not finite.

    Attributes
    ----------
    name : str
        For the legend; the same name and style in several panels is one entry.
    x, y : tuple of float
        Its points, in order.
    ink, dash : str
        One of `INKS`, and of `DASHES`, so that lines differ on grey paper too.
    width : float
        In points.
    mark : str
        One of `MARKS` on every point, or "".
    """

    name: str
    x: tuple[float, ...]
    y: tuple[float, ...]
    ink: str = "value"
    dash: str = "solid"
    width: float = 1.8
    mark: str = ""

    def __post_init__(self) -> None:
        _numbers(self, "x", "y")
        _one_of("Line", self.name, "ink", self.ink, INKS)
        _one_of("Line", self.name, "dash", self.dash, DASHES)
        _one_of("Line", self.name, "mark", self.mark, (*MARKS, ""))


@dataclass(frozen=True)
class Points:
    """Single points with one mark: samples of a class, or places on a curve.

    Attributes
    ----------
    name, x, y, ink
        As of a `Line`.
    mark : str
        One of `MARKS`.
    size : float
        Of the mark, in points.
    """

    name: str
    x: tuple[float, ...]
    y: tuple[float, ...]
    ink: str = "value"
    mark: str = "circle"
    size: float = 6.0

    def __post_init__(self) -> None:
        _numbers(self, "x", "y")
        _one_of("Points", self.name, "ink", self.ink, INKS)
        _one_of("Points", self.name, "mark", self.mark, MARKS)


@dataclass(frozen=True)
class Zone:
    """A stretch of the x axis with a meaning, shaded from top to bottom.

    Attributes
    ----------
    name : str
        For the legend.
    low, high : float
        Where it begins and ends; infinite for the end of the axis.
    ink, hatch : str
        One of `INKS`, and of `HATCHES`.
    """

    name: str
    low: float
    high: float
    ink: str = "saturated"
    hatch: str = "rising"

    def __post_init__(self) -> None:
        if not self.low <= self.high:
            raise ChartError(f"Zone {self.name!r}: low={self.low} is above high={self.high}")
        _one_of("Zone", self.name, "ink", self.ink, INKS)
        _one_of("Zone", self.name, "hatch", self.hatch, HATCHES)


@dataclass(frozen=True)
class Rule:
    """A straight reference line across the panel, at one number of one axis.

    Attributes
    ----------
    name : str
        For the legend.
    at : float
        The number.
    axis : {"x", "y"}
        On which axis.
    ink, dash : str
        As of a `Line`.
    """

    name: str
    at: float
    axis: Literal["x", "y"] = "y"
    ink: str = "muted"
    dash: str = "dashed"

    def __post_init__(self) -> None:
        _one_of("Rule", self.name, "axis", self.axis, ("x", "y"))
        _one_of("Rule", self.name, "ink", self.ink, INKS)
        _one_of("Rule", self.name, "dash", self.dash, DASHES)


@dataclass(frozen=True)
class Field:
    """Heights over a grid, as bands of colour with contours between them.

    Attributes
    ----------
    name : str
        What the heights are.
    x, y : tuple of float
        The grid's columns and rows, both rising.
    heights : tuple of tuple of float
        One row for each y, one number for each x.
    levels : tuple of float
        Where one band ends and the next begins, rising; by default round numbers.
    ramp : {"value", "gradient", "signed"}
        A ramp of the theme.
    strength : float
        Opacity: 1, or less to leave room for points on top.
    """

    name: str
    x: tuple[float, ...]
    y: tuple[float, ...]
    heights: tuple[tuple[float, ...], ...]
    levels: tuple[float, ...] = ()
    ramp: str = "value"
    strength: float = 1.0

    def __post_init__(self) -> None:
        _numbers(self, "x")
        _numbers(self, "y")
        object.__setattr__(self, "heights", tuple(tuple(float(h) for h in row) for row in self.heights))
        if len(self.heights) != len(self.y) or any(len(row) != len(self.x) for row in self.heights):
            rows = sorted({len(row) for row in self.heights})
            raise ChartError(
                f"Field {self.name!r}: {len(self.heights)} rows of {rows} heights, "
                f"expected {len(self.y)} of {len(self.x)}: one row for each y"
            )
        if min(len(self.x), len(self.y)) < 2 or not (_rising(self.x) and _rising(self.y)):
            raise ChartError(f"Field {self.name!r}: x and y must each be at least two rising, finite numbers")
        if not _rising(self.levels):
            raise ChartError(f"Field {self.name!r}: levels={self.levels}, expected rising, finite numbers")
        _one_of("Field", self.name, "ramp", self.ramp, RAMPS)


Layer: TypeAlias = Field | Zone | Rule | Line | Points
"""What a panel can hold, in the order in which it is drawn, lowest first."""


@dataclass(frozen=True)
class Panel:
    """One pair of axes and what stands over them.

    Attributes
    ----------
    x, y : Axis
    layers : tuple of Field, Zone, Rule, Line or Points
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


def _numbers(layer: Any, first: str, same_as: str | None = None) -> None:
    """Make the numbers of a layer plain floats, and check that there are as many of both."""
    for name in filter(None, (first, same_as)):
        object.__setattr__(layer, name, tuple(float(n) for n in getattr(layer, name)))
    if same_as is not None and len(getattr(layer, first)) != len(getattr(layer, same_as)):
        counts = f"{len(getattr(layer, first))} {first} and {len(getattr(layer, same_as))} {same_as}"
        raise ChartError(f"{type(layer).__name__} {layer.name!r}: {counts}, expected as many of both")


def _rising(numbers: Sequence[float]) -> bool:
    return all(map(math.isfinite, numbers)) and all(one < other for one, other in itertools.pairwise(numbers))


def _one_of(kind: str, name: str, setting: str, given: str, known: Any) -> None:
    if given not in known:
        choices = ", ".join(map(repr, known))
        raise ChartError(
            f"{kind} {name!r}: {setting}={given!r} is unknown; known: {choices}{suggestion(str(given), tuple(known))}"
        )
