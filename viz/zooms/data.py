"""What a zoom page holds, as plain data: sections, their units, and the gates of single elements."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from numpy.typing import NDArray

from autograd_cnn.health.report import Report
from viz.diagram import Diagram

NO_OPERAND = -1
"""Stands in `Elements.left` and `Elements.right` where a term has no such operand."""
FIRST_CONSTANT = -2
"""Operand −2 is constant 0 of `Elements.constants`, −3 is constant 1, and so on: a window's padding, say."""


@dataclass(frozen=True)
class Source:
    """An array that the terms of elements are taken from: what enters a section, or one of its parameters.

    Attributes
    ----------
    name : str
    role : str
        ``"input"``, ``"parameter"``, or ``"constant"`` for an array without gradient, such as a dropout mask.
    shape : tuple of int
        Of one sample, or of the parameter.
    values : ndarray
        The numbers, in C order.
    section : str
        Key of the section whose elements these numbers are; empty where they are none.
    first : int
        Place of the first number in that section's output.
    """

    name: str
    role: str
    shape: tuple[int, ...]
    values: NDArray[Any]
    section: str = ""
    first: int = 0


@dataclass(frozen=True)
class Form:
    """How elements are made: terms folded by one gate, then gates of one operand each.

    Attributes
    ----------
    fold : str
        ``"Σ"``, ``"max"``, or nothing where there is one term.
    steps : tuple of str
        The gates behind the fold, in forward order: ``+``, ``ReLU``, ``÷4``.
    """

    fold: str
    steps: tuple[str, ...]


@dataclass(frozen=True)
class Elements:
    """The scalar gates of one sample's output elements; every number is the engine's.

    Attributes
    ----------
    shape : tuple of int
        Of the section's output for one sample.
    places : ndarray of int
        Flat places of the elements that are here, in rising order.
    sources : tuple of Source
        An operand's number counts through all of them.
    constants : tuple of float
        What `FIRST_CONSTANT` and the numbers below it mean.
    constant_name : str
        What such a number is: ``"padding"`` or ``"number"``.
    forms : tuple of Form
    form, starts : ndarray of int
        Per element its form, and where its terms begin; `starts` has one entry more.
    folded, folded_gradient : ndarray of float
        Per element what the fold gives, and the gradient on it.
    left, right : ndarray of int
        Per term its operands.
    values, gradients, left_gradients, right_gradients : ndarray of float
        Per term its value, the gradient that its wire to the fold carries back, and what it sends to its operands.
    step_values, step_gradients : ndarray of float, (elements, most steps)
        What each gate behind the fold gives, and the gradient on it.
    step_operands : ndarray of int, (elements, most steps)
        Its second operand, such as a bias.
    step_operand_gradients : ndarray of float, (elements, most steps)
    has_gradients : bool
        Whether the backward pass reached the section; else every gradient here is meaningless.
    """

    shape: tuple[int, ...]
    places: NDArray[Any]
    sources: tuple[Source, ...]
    constants: tuple[float, ...]
    constant_name: str
    forms: tuple[Form, ...]
    form: NDArray[Any]
    starts: NDArray[Any]
    folded: NDArray[Any]
    folded_gradient: NDArray[Any]
    left: NDArray[Any]
    right: NDArray[Any]
    values: NDArray[Any]
    gradients: NDArray[Any]
    left_gradients: NDArray[Any]
    right_gradients: NDArray[Any]
    step_values: NDArray[Any]
    step_gradients: NDArray[Any]
    step_operands: NDArray[Any]
    step_operand_gradients: NDArray[Any]
    has_gradients: bool


@dataclass(frozen=True)
class UnitParameter:
    """A parameter of which each unit has its own part: filters, rows of a matrix, biases.

    Attributes
    ----------
    name : str
    value, gradient : ndarray, (units, ...)
        `gradient` is None where none arrived.
    image : tuple of int
        Shape to draw a unit's part in: (channels, height, width).
    """

    name: str
    value: NDArray[Any]
    gradient: NDArray[Any] | None
    image: tuple[int, ...]


@dataclass(frozen=True)
class Extremes:
    """Where a unit's numbers lie over the batch: per unit lowest, highest and mean, and their samples."""

    lowest: NDArray[Any]
    highest: NDArray[Any]
    mean: NDArray[Any]
    lowest_sample: NDArray[Any]
    highest_sample: NDArray[Any]


@dataclass(frozen=True)
class UnitTable:
    """All units of a section, one row each.

    Attributes
    ----------
    axis : int
        Axis of one sample's output that counts the units.
    states : tuple of str
        ``active``, ``dead``, ``silent``, ``starved``, ``saturated``, or nothing without an activation.
    reasons : tuple of str
        Why, in a sentence with numbers.
    activation : str
        Symbol of the gate that makes them units; empty where there is none.
    parameters : tuple of UnitParameter
    before, after : Extremes
        In front of the activation, and behind it.
    ends : ndarray of float, (units, 2)
        Of each histogram's axis.
    histogram : ndarray of int, (units, bins)
        Of the numbers in front of the activation.
    arriving, passing : ndarray, (samples, units), or None
        RMS of the gradient on the unit, and of what it hands on; None where no gradient came.
    """

    axis: int
    states: tuple[str, ...]
    reasons: tuple[str, ...]
    activation: str
    parameters: tuple[UnitParameter, ...]
    before: Extremes
    after: Extremes
    ends: NDArray[Any]
    histogram: NDArray[Any]
    arriving: NDArray[Any] | None
    passing: NDArray[Any] | None


@dataclass(frozen=True)
class Remark:
    """A finding as the page tells it."""

    severity: str
    words: str
    evidence: str
    cause: str
    remedy: str


@dataclass(frozen=True)
class Section:
    """One place to zoom into: a layer with its activation, or the loss.

    Attributes
    ----------
    key : str
        Its name in addresses; unique.
    name, kind : str
    facts : tuple of pair of str
        Health numbers, each with its name.
    status, verdict : str
        ``ok``, ``warning`` or ``critical``, and in words.
    remarks : tuple of Remark
    gates : Diagram or None
        Its tensor gates.
    gates_note : str
        Why there is none.
    value, gradient : ndarray or None
        Output of the chosen sample, and the gradient on it.
    units : UnitTable or None
    elements : Elements or None
    elements_note : str
        Why some or all elements are missing.
    """

    key: str
    name: str
    kind: str
    facts: tuple[tuple[str, str], ...] = ()
    status: str = "ok"
    verdict: str = ""
    remarks: tuple[Remark, ...] = ()
    gates: Diagram | None = None
    gates_note: str = ""
    value: NDArray[Any] | None = None
    gradient: NDArray[Any] | None = None
    units: UnitTable | None = None
    elements: Elements | None = None
    elements_note: str = ""


@dataclass(frozen=True)
class Zoom:
    """Everything that a zoom page shows.

    Attributes
    ----------
    title : str
    report : Report or None
        The layers with their activations merged; None where there are none.
    sections : tuple of Section
        In forward order, as in the report, the loss last.
    gates : Diagram or None
        All gates of a loss without layers.
    sample, samples : int
        The sample whose elements are here, and how many the batch has.
    """

    title: str
    report: Report | None
    sections: tuple[Section, ...]
    gates: Diagram | None
    sample: int
    samples: int
