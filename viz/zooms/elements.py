"""The scalar gates of single elements: a section run again on one sample, expanded by the engine, read as terms."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from autograd_cnn.errors import AutogradError
from autograd_cnn.expansion import expand
from autograd_cnn.graph import Node
from autograd_cnn.health.axes import unit_axis
from viz.labels import plain
from viz.zooms.data import FIRST_CONSTANT, NO_OPERAND, Elements, Form, Source
from viz.zooms.excerpts import has_row, kept, rerun, row
from viz.zooms.sections import Giver, Part, ends_of
from viz.zooms.terms import Reading, read_terms

_MOST_PLACES = 10_000_000
"""Products up to which the engine writes out the structure of a gate in reasonable memory."""
_MIXED = "its gates mix the samples of the batch, or use shapes that count on it, so no sample can be run alone"
_NO_FOLD = "its elements are no sums or maxima of products; see its tensor gates"


@dataclass(frozen=True)
class Cells:
    """The elements of one sample as Scalars.

    Attributes
    ----------
    shape : tuple of int
        Of the sample's output.
    elements : mapping of int to Scalar
        By flat place.
    places : mapping of Scalar to (Node, int)
        For each Scalar that a section begins with: whose element it is, and which.
    padded : bool
        Whether plain numbers among the terms are a window's margin.
    """

    shape: tuple[int, ...]
    elements: Mapping[int, Node]
    places: Mapping[Node, tuple[Node, int]]
    padded: bool


def elements_of(
    part: Part, sample: int, samples: int, givers: Mapping[Node, Giver], most_terms: int
) -> tuple[Elements | None, str]:
    """Return the elements of one sample of a section, and what has to be said about those missing.

    Parameters
    ----------
    givers : mapping of Node to Giver
        The section whose output a node is.
    most_terms : int
        About how many terms may be kept; elements with the largest gradient come first.
    """
    found = _of_scalars(part, sample, samples) if part.of_scalars else _of_tensor(part, sample, samples, most_terms)
    if isinstance(found, str):
        return None, found
    trained = {cell for cell, (node, _) in found.places.items() if node in part.parameters}
    readings = {at: read_terms(cell, found.places, trained) for at, cell in found.elements.items()}
    known = {at: reading for at, reading in readings.items() if reading is not None}
    if len(known) < len(readings) or not known:
        return None, _NO_FOLD
    kept, total = len(known), math.prod(found.shape)
    note = ""
    if kept < total:
        note = f"{kept:,} of {total:,} elements are here, those with the largest gradient; pass most_terms= for more"
    sources = _sources(part, sample, samples, givers, found.places)
    exact = np.dtype(np.float32 if part.output.dtype.itemsize <= 4 else np.float64)
    return _columns(found, known, sources, exact), note


def _of_tensor(part: Part, sample: int, samples: int, most_terms: int) -> Cells | str:
    """Expand the elements of a section that makes Tensors."""
    count, window = term_counts(part, samples)
    if count * window > _MOST_PLACES:
        return f"{count:,} elements of {window:,} terms each are too many to be written out"
    again = rerun(part.nodes, part.entering, part.output, sample, samples)
    if again is None:
        return _MIXED
    output, leaves = again
    shape = output.shape[1:] if has_row(part.output, samples) else output.shape
    kept = min(count, max(1, most_terms // max(window, 1)))
    places = _most_driven(output, kept)
    gradient = output.grad
    flat = output.reshape(-1)[places]
    flat.grad = None if gradient is None else gradient.reshape(-1)[places]
    try:
        expansion = expand(flat, "scalar", inputs=tuple(leaves.values()), limit=4 * kept * (window + 4) + 1000)
        if gradient is not None and flat.requires_grad:
            expansion.backward()
    except AutogradError as error:
        return str(error).removeprefix("expand: ")
    owners = {leaf: node for node, leaf in leaves.items()}
    begins: dict[Node, tuple[Node, int]] = {
        scalar: (owners.get(leaf, leaf), int(np.ravel_multi_index(at, leaf.shape)) if at else 0)
        for (leaf, at), scalar in expansion.scalars.items()
    }
    cells = {int(at): cell for at, cell in zip(places, expansion.output, strict=True) if isinstance(cell, Node)}
    return Cells(shape, cells, begins, padded=True)


def _of_scalars(part: Part, sample: int, samples: int) -> Cells | str:
    """Take the Scalars of a section as they are; each unit has one per sample."""
    if len(part.leaving) % samples:
        return "its Scalars cannot be told apart by sample"
    units = len(part.leaving) // samples
    cells = dict(enumerate(part.leaving[sample * units : (sample + 1) * units]))
    ends = ends_of(cells.values(), part.nodes)
    return Cells((units,), cells, {x: (x, 0) for x in ends}, padded=False)


def term_counts(part: Part, samples: int) -> tuple[int, int]:
    """Return how many elements one sample of a section has, and about how many terms each of them.

    The terms are the weights of one unit, or the elements of one window.
    """
    if part.of_scalars:
        units = max(len(part.leaving) // samples, 1)
        return units, max(len(part.parameters) // units, 1)
    count = math.prod(part.output.shape[has_row(part.output, samples) :])
    units = part.output.shape[unit_axis(part.output)] if part.output.ndim else 1
    weights = [p.size // max(units, 1) for p in part.parameters if p.ndim > 1]
    windows = [x.size // max(part.output.size, 1) for x in part.entering]
    return count, max([*weights, *windows, 1])


def _most_driven(output: Node, count: int) -> NDArray[Any]:
    if count >= output.size or output.grad is None:
        return np.arange(min(count, output.size))
    return np.sort(np.argsort(-np.abs(output.grad.reshape(-1)), kind="stable")[:count])


def _sources(
    part: Part, sample: int, samples: int, givers: Mapping[Node, Giver], places: Mapping[Node, tuple[Node, int]]
) -> dict[Node, Source]:
    """Return the arrays that the elements were made from; of Scalars, each is an array of one number."""
    found = {}
    for node in dict.fromkeys(node for node, _ in places.values()):
        if node in part.parameters:
            found[node] = Source(plain(node.name or "weight"), "parameter", node.shape, kept(node.value))
            continue
        values = kept(row(node.value, node, sample, samples))
        giver = givers.get(node)
        if giver is None:
            role = "input" if node in part.entering or node.requires_grad else "constant"
            found[node] = Source(plain(node.name or role), role, values.shape, values)
        else:
            name = f"{giver.key}[{giver.unit}]" if part.of_scalars else giver.key
            found[node] = Source(name, "input", values.shape, values, giver.key, giver.unit)
    return found


def _columns(
    cells: Cells, readings: Mapping[int, Reading], sources: Mapping[Node, Source], exact: np.dtype[Any]
) -> Elements:
    """Return readings column by column, operands as numbers through all sources; numbers are `exact` enough."""
    numbering = _Numbering(cells.places, sources)
    order = sorted(readings)
    rows = [readings[at] for at in order]
    forms = {Form(r.fold, tuple(step.words for step in r.steps)): None for r in rows}
    index = {form: i for i, form in enumerate(forms)}
    terms = [term for r in rows for term in r.terms]
    most = max(len(form.steps) for form in forms)

    def stepwise(name: str) -> NDArray[Any]:
        table = [[_known(getattr(x, name)) for x in r.steps] + [math.nan] * (most - len(r.steps)) for r in rows]
        return np.array(table, np.float64).reshape(len(rows), most).astype(exact)

    def numbers(values: Iterable[Any]) -> NDArray[Any]:
        return np.array([_known(x) for x in values], exact)

    left, right = ([numbering(getattr(term, side)) for term in terms] for side in ("left", "right"))
    operands = [[numbering(x.operand) for x in r.steps] + [NO_OPERAND] * (most - len(r.steps)) for r in rows]
    return Elements(
        shape=cells.shape,
        places=_integers(order),
        sources=tuple(sources.values()),
        constants=tuple(numbering.constants),
        constant_name="padding" if cells.padded else "number",
        forms=tuple(forms),
        form=_integers([index[Form(r.fold, tuple(step.words for step in r.steps))] for r in rows]),
        starts=_integers(np.cumsum([0, *(len(r.terms) for r in rows)])),
        folded=numbers(r.folded for r in rows),
        folded_gradient=numbers(r.gradient for r in rows),
        left=_integers(left),
        right=_integers(right),
        values=numbers(term.value for term in terms),
        gradients=numbers(term.gradient for term in terms),
        left_gradients=numbers(term.left_gradient for term in terms),
        right_gradients=numbers(term.right_gradient for term in terms),
        step_values=stepwise("value"),
        step_gradients=stepwise("gradient"),
        step_operands=_integers(np.array(operands, np.int64).reshape(len(rows), most)),
        step_operand_gradients=stepwise("operand_gradient"),
        has_gradients=any(r.gradient is not None for r in rows),
    )


class _Numbering:
    """Numbers operands through all sources; plain numbers count downwards."""

    def __init__(self, places: Mapping[Node, tuple[Node, int]], sources: Mapping[Node, Source]) -> None:
        self.places = places
        self.constants: list[float] = []
        ends = np.cumsum([0, *(math.prod(source.shape) for source in sources.values())]).tolist()
        self.offsets = dict(zip(sources, ends, strict=False))

    def __call__(self, operand: Any) -> int:
        if operand is None:
            return NO_OPERAND
        if isinstance(operand, Node):
            node, at = self.places[operand]
            return int(self.offsets[node]) + at
        number = float(operand)
        if number not in self.constants:
            self.constants.append(number)
        return FIRST_CONSTANT - self.constants.index(number)


def _known(x: Any) -> float:
    return math.nan if x is None else float(x)


def _integers(values: Sequence[int] | NDArray[Any]) -> NDArray[Any]:
    """Return integers in the smallest type that holds them."""
    whole = np.asarray(values, np.int64)
    small = whole.size == 0 or (whole.min() >= -(2**15) and whole.max() < 2**15)
    return whole.astype(np.int16 if small else np.int32)
