"""The tensor gates of one section, as a circuit that ends where the section does."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from autograd_cnn.graph import Node
from viz.circuits import circuit_diagram
from viz.diagram import Diagram
from viz.errors import TooLargeError
from viz.zooms.data import Section
from viz.zooms.excerpts import excerpt
from viz.zooms.sections import Giver, Part


def with_gates(section: Section, part: Part, givers: Mapping[Node, Giver]) -> Section:
    """Return the section with its tensor gates, or with the reason why there are none."""
    if part.of_scalars and part.layer is not None:
        return replace(section, gates_note="Its gates are Scalars: choose a unit, then its element.")
    entering = {node: _origin(node, givers) for node in part.entering}
    own = excerpt(part.output, set(part.nodes), entering)
    try:
        return replace(section, gates=_with_inputs(circuit_diagram(own, title=""), frozenset(entering.values())))
    except TooLargeError as error:
        return replace(section, gates_note=f"{too_many(error)}; choose a unit.")


def too_many(error: TooLargeError) -> str:
    """Return how many gates were too many, without the ways out that a circuit has."""
    return str(error).removeprefix("circuit: ").partition(";")[0]


def all_gates(loss: Node) -> Diagram:
    """Return the gates of a loss without layers.

    Raises
    ------
    TooLargeError
        When there are more than a reader could follow.
    """
    try:
        return circuit_diagram(loss, title="")
    except TooLargeError as error:
        raise TooLargeError(
            f"zoom: {too_many(error)}, and no layers to choose from; make its parts in ag.scope('...'), or draw one "
            "with viz.circuit"
        ) from None


def _with_inputs(diagram: Diagram, names: frozenset[str]) -> Diagram:
    """Return a diagram in which leaves called as one of `names` are data, though they require a gradient."""
    boxes = tuple(
        replace(box, role="input") if box.role == "parameter" and box.words in names else box for box in diagram.boxes
    )
    roles = {box.role for box in boxes}
    facts = ("slanted box: what comes from outside the layer",) if "input" in roles else ()
    legend = tuple(key for key in diagram.legend if key != "input" and (key != "parameter" or key in roles))
    return replace(diagram, boxes=boxes, legend=legend, facts=(*diagram.facts, *facts))


def _origin(node: Node, givers: Mapping[Node, Giver]) -> str:
    """Return what to call a node that enters a section."""
    if node in givers:
        return f"from {givers[node].key}"
    return node.name or ("labels" if node.dtype.kind in "iu" else "input")
