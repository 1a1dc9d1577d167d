"""The pictures of a zoom page: the network's layers, and the tensor gates of each."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from autograd_cnn.graph import Node
from autograd_cnn.health.report import Report
from viz.circuits import circuit_diagram
from viz.dot import document as circuit_document
from viz.errors import LayoutError, TooLargeError
from viz.flows import document as flow_document
from viz.flows import summary
from viz.page import PAGE_THEME, text_of, with_variables
from viz.picture import Picture
from viz.zooms.data import Section
from viz.zooms.excerpts import excerpt
from viz.zooms.sections import Giver, Part


def network_picture(report: Report) -> str:
    """Return the cards of all layers as SVG; card i has the id ``network-layer<i>``."""
    source = flow_document(report, PAGE_THEME, subtitle=summary(report))
    return with_variables(Picture(source).svg("network-"))


def with_gates(section: Section, part: Part, number: int, givers: Mapping[Node, Giver]) -> tuple[Section, str]:
    """Return the section with its picture of tensor gates, or with the reason why there is none; and the HTML."""
    if part.of_scalars and part.layer is not None:
        return replace(section, gates_note="Its gates are Scalars: choose a unit, then its element."), ""
    entering = {node: _origin(node, givers) for node in part.entering}
    own = excerpt(part.output, set(part.nodes), entering)
    title = f"Tensor gates of {section.name}" if part.layer is not None else "Gates of the loss"
    try:
        drawn = gates_picture(own, frozenset(entering.values()), f"gates{number}-")
    except (TooLargeError, LayoutError) as error:
        return replace(section, gates_note=str(error).splitlines()[0]), ""
    identifier = f"gates{number}"
    frame = f'<div class="gates" id="{identifier}" hidden><div class="stage" aria-label="{text_of(title)}">'
    return replace(section, gates=identifier), f"{frame}{drawn}</div></div>"


def gates_picture(output: Node, inputs: frozenset[str], prefix: str) -> str:
    """Return a circuit as SVG; leaves called as one of `inputs` are data, though they require a gradient."""
    diagram = circuit_diagram(output, title="")
    boxes = tuple(
        replace(box, role="input") if box.role == "parameter" and box.words in inputs else box for box in diagram.boxes
    )
    roles = {box.role for box in boxes}
    facts = ("slanted box: what comes from outside the layer",) if "input" in roles else ()
    legend = tuple(key for key in diagram.legend if key != "input" and (key != "parameter" or key in roles))
    shown = replace(diagram, boxes=boxes, legend=legend, facts=(*diagram.facts, *facts))
    return with_variables(Picture(circuit_document(shown, PAGE_THEME)).svg(prefix))


def _origin(node: Node, givers: Mapping[Node, Giver]) -> str:
    """Return what to call a node that enters a section."""
    if node in givers:
        return f"from {givers[node].key}"
    return node.name or ("labels" if node.dtype.kind in "iu" else "input")
