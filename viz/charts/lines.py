"""What has no area: curves, single points and straight reference lines."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from viz.charts.words import DASHES, INKS, MARKS, numbers, one_of


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
        numbers(self, "x", "y")
        one_of("Line", self.name, "ink", self.ink, INKS)
        one_of("Line", self.name, "dash", self.dash, DASHES)
        one_of("Line", self.name, "mark", self.mark, (*MARKS, ""))


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
        numbers(self, "x", "y")
        one_of("Points", self.name, "ink", self.ink, INKS)
        one_of("Points", self.name, "mark", self.mark, MARKS)


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
        one_of("Rule", self.name, "axis", self.axis, ("x", "y"))
        one_of("Rule", self.name, "ink", self.ink, INKS)
        one_of("Rule", self.name, "dash", self.dash, DASHES)
