"""What covers an area of the plot: zones, fields, bands between two curves, bars."""

from __future__ import annotations

from dataclasses import dataclass

from viz.charts.words import HATCHES, INKS, RAMPS, numbers, one_of, rising
from viz.errors import ChartError


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
        one_of("Zone", self.name, "ink", self.ink, INKS)
        one_of("Zone", self.name, "hatch", self.hatch, HATCHES)


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
        numbers(self, "x")
        numbers(self, "y")
        object.__setattr__(self, "heights", tuple(tuple(float(h) for h in row) for row in self.heights))
        if len(self.heights) != len(self.y) or any(len(row) != len(self.x) for row in self.heights):
            rows = sorted({len(row) for row in self.heights})
            raise ChartError(
                f"Field {self.name!r}: {len(self.heights)} rows of {rows} heights, "
                f"expected {len(self.y)} of {len(self.x)}: one row for each y"
            )
        if min(len(self.x), len(self.y)) < 2 or not (rising(self.x) and rising(self.y)):
            raise ChartError(f"Field {self.name!r}: x and y must each be at least two rising, finite numbers")
        if not rising(self.levels):
            raise ChartError(f"Field {self.name!r}: levels={self.levels}, expected rising, finite numbers")
        one_of("Field", self.name, "ramp", self.ramp, RAMPS)


@dataclass(frozen=True)
class Band:
    """The area between two curves: the spread of several runs. It breaks where a number is not finite.

    Attributes
    ----------
    name : str
        For the legend.
    x, low, high : tuple of float
        Its lower and its upper edge, point by point.
    ink : str
        One of `INKS`.
    """

    name: str
    x: tuple[float, ...]
    low: tuple[float, ...]
    high: tuple[float, ...]
    ink: str = "value"

    def __post_init__(self) -> None:
        numbers(self, "x", "low")
        numbers(self, "x", "high")
        one_of("Band", self.name, "ink", self.ink, INKS)


@dataclass(frozen=True)
class Bars:
    """Bars that stand on 0, side by side: a histogram, or one number for each category.

    Attributes
    ----------
    name : str
        For the legend.
    edges : tuple of float
        Where one bar ends and the next begins, rising; one more than there are bars.
    heights : tuple of float
    ink : str
        One of `INKS`.
    hatch : str
        One of `HATCHES`, where bars of several kinds lie over each other.
    gap : float
        Share of a bar's room that is left free, from 0 to below 1.
    """

    name: str
    edges: tuple[float, ...]
    heights: tuple[float, ...]
    ink: str = "value"
    hatch: str = "none"
    gap: float = 0.0

    def __post_init__(self) -> None:
        numbers(self, "edges")
        numbers(self, "heights")
        if len(self.edges) != len(self.heights) + 1 or not rising(self.edges):
            raise ChartError(
                f"Bars {self.name!r}: {len(self.edges)} edges for {len(self.heights)} heights, "
                "expected rising, finite edges, one more than heights"
            )
        if not 0 <= self.gap < 1:
            raise ChartError(f"Bars {self.name!r}: gap={self.gap}, expected a share from 0 to below 1")
        one_of("Bars", self.name, "ink", self.ink, INKS)
        one_of("Bars", self.name, "hatch", self.hatch, HATCHES)
