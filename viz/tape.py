"""What a player plays, as plain data: the steps forward and back through a graph, with their numbers."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

import numpy as np

from viz.captions import strength
from viz.diagram import Diagram
from viz.style import number, whole_points

Kind: TypeAlias = Literal["leaves", "forward", "seed", "backward", "end"]
Look: TypeAlias = Literal["", "none", "zero", "not finite"]

MOST_NUMBERS = 16
"""Numbers of an array up to which all of them are written."""
_SAMPLE_ROWS, _SAMPLE_COLUMNS, _SAMPLE_OF_ONE_ROW = 6, 12, 36


@dataclass(frozen=True)
class Quantity:
    """A value or a gradient as a page shows it.

    Attributes
    ----------
    words : str
        The number, or the RMS of several.
    shape : tuple of int
        Empty for one number.
    numbers : tuple of float
        Row by row: all of them, or a sample evenly spread.
    columns : int
        How many stand in a row; an array of several axes shows its last one.
    whole : bool
        Whether `numbers` are all there are.
    """

    words: str
    shape: tuple[int, ...] = ()
    numbers: tuple[float, ...] = ()
    columns: int = 0
    whole: bool = True


@dataclass(frozen=True)
class Sent:
    """What a gate sends back along one wire, with the chain rule that makes it.

    Attributes
    ----------
    wire : int
        Which one of the picture.
    target : str
        Of what it is the gradient: ``∂f/∂x``, or a part of it.
    symbols : str
        The chain rule: ``∂f/∂q · ∂q/∂x``; empty where many gates have a part in it.
    numbers : str
        The same in numbers: ``(−4) · 1``; empty for tensors.
    amount : Quantity
        What is sent.
    note : str
        Which branch or input it is, or which gates have a part in it.
    before, after : Quantity, optional
        What had come to the same node from other branches, and what that makes together; both None where
        there are no other branches, and `before` for the first of them.
    asked : float, optional
        What an exercise asks for; None where it asks nothing.
    """

    wire: int
    target: str
    symbols: str
    numbers: str
    amount: Quantity
    note: str = ""
    before: Quantity | None = None
    after: Quantity | None = None
    asked: float | None = None


@dataclass(frozen=True)
class Turn:
    """One step.

    Attributes
    ----------
    kind : Kind
        The leaves stand there; a gate computes; the seed is put on the output; a gate sends back; the end.
    box : str
        The gate's box in the picture.
    title : str
        Symbol and name of the gate.
    name : str
        What its output is called.
    scope : str
        The layer that it belongs to.
    lesson, formula, rule : str
        What the gate's docstring teaches: its character, its formula, its local gradient.
    expression, numbers : str
        What is computed, ``x + y``, and with its numbers put in.
    value : Quantity, optional
        What comes out.
    upstream : Quantity, optional
        The gradient that came back to it.
    sent : tuple of Sent
        What it sends back.
    asked : float, optional
        The value that an exercise asks for.
    """

    kind: Kind
    box: str = ""
    title: str = ""
    name: str = ""
    scope: str = ""
    lesson: str = ""
    formula: str = ""
    rule: str = ""
    expression: str = ""
    numbers: str = ""
    value: Quantity | None = None
    upstream: Quantity | None = None
    sent: tuple[Sent, ...] = ()
    asked: float | None = None


@dataclass(frozen=True)
class Mark:
    """What a wire shows of its gradient from one step on: words, width in points, and look."""

    step: int
    words: str
    width: int
    look: Look


@dataclass(frozen=True)
class Track:
    """One wire of the picture through all steps.

    Attributes
    ----------
    source : str
        The box whose value it carries, through a fan-out dot or not.
    tail, head : str
        The boxes it joins.
    value : str
        The words above it.
    finite : bool
        Whether that holds neither NaN nor infinity.
    step : int
        From when on.
    marks : tuple of Mark
        Its gradient, as it arrives and adds up.
    """

    source: str
    tail: str
    head: str
    value: str
    finite: bool
    step: int
    marks: tuple[Mark, ...] = ()


@dataclass(frozen=True)
class Leaf:
    """A leaf at the end: its value, its gradient, and the branches that it is the sum of."""

    name: str
    box: str
    value: Quantity
    gradient: Quantity | None
    branches: str = ""


@dataclass(frozen=True)
class Tape:
    """All steps of a graph.

    Attributes
    ----------
    output : str
        What the output is called in the equations.
    turns : tuple of Turn
        In order.
    tracks : tuple of Track
        One for each wire of the picture.
    leaves : tuple of Leaf
        Those of the picture that a gradient reaches, and the others.
    """

    output: str
    turns: tuple[Turn, ...]
    tracks: tuple[Track, ...]
    leaves: tuple[Leaf, ...]


@dataclass(frozen=True)
class Play:
    """A picture without gradients, and the tape that is played on it."""

    diagram: Diagram
    tape: Tape


def quantity(x: Any) -> Quantity:
    """Return a number or an array as a page shows it."""
    array = np.asarray(x, dtype=np.float64)
    if array.size == 1:
        return Quantity(number(float(array.reshape(-1)[0])), array.shape, (float(array.reshape(-1)[0]),), 1)
    if array.size == 0:
        return Quantity("empty", array.shape)
    words = f"RMS {number(strength(array))}"
    rows = array.reshape(-1, array.shape[-1])
    whole = array.size <= MOST_NUMBERS
    if not whole:
        columns = _SAMPLE_OF_ONE_ROW if len(rows) == 1 else _SAMPLE_COLUMNS
        rows = rows[np.ix_(_spread(rows.shape[0], _SAMPLE_ROWS), _spread(rows.shape[1], columns))]
    numbers = rows.reshape(-1).tolist()
    shown = numbers if whole else [float(f"{v:.3g}") for v in numbers]
    return Quantity(words, array.shape, tuple(shown), rows.shape[1], whole)


def _spread(count: int, most: int) -> Any:
    """Return at most `most` places among `count`, evenly spread, with both ends."""
    return np.unique(np.linspace(0, count - 1, min(count, most)).round().astype(int))


def mark(step: int, words: str, size: float | None) -> Mark:
    """Return how a wire shows a gradient of size `size`, the number or the RMS of several."""
    look: Look = "none" if size is None else "zero" if size == 0 else "" if math.isfinite(size) else "not finite"
    return Mark(step, words, whole_points(size), look)
