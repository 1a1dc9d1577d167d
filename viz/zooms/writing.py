"""Write the page of a zoom: from plain data alone, without a node."""

from __future__ import annotations

from dataclasses import replace

from autograd_cnn.health.report import Report
from autograd_cnn.health.wording import counted
from viz.diagram import Diagram
from viz.dot import document as circuit_document
from viz.errors import LayoutError
from viz.exchange import encoded
from viz.flows import document as flow_document
from viz.flows import summary
from viz.page import PAGE_THEME, Page, filled_page, text_of, with_variables
from viz.picture import Picture
from viz.style import LIGHT, Theme
from viz.zooms.data import Section, Zoom


def drawn(shown: Zoom, theme: Theme = LIGHT) -> Page:
    """Return the page that shows `shown`; its reader chooses the theme.

    Raises
    ------
    RendererNotFound, LayoutError, LayoutTimeout
        When the network cannot be drawn; a section whose gates cannot be says so on the page.
    """
    pictures = [_gates(section, i) for i, section in enumerate(shown.sections)]
    data = encoded(replace(shown, report=None, gates=None, sections=tuple(section for section, _ in pictures)))
    for i, section in enumerate(data["sections"]):  # where its pictures are
        section["card"] = (
            f"network-layer{i}" if i < len(shown.report.layers if shown.report else ()) else "network-loss"
        )
        section["picture"] = f"gates{i}" if pictures[i][1] else ""
    return filled_page(
        "zoom",
        data,
        title=shown.title,
        status=f'<p class="note">{text_of(_summary(shown))}</p>',
        assets=("stage", "maps", "element"),
        network=_network(shown),
        gates="\n".join(frame for _, frame in pictures),
        kind="zoom",
        made_from=shown,
    )


def _summary(shown: Zoom) -> str:
    if shown.report is None:
        return "no layers: these are all gates"
    layers = f"{counted(len(shown.report.layers), 'layer')} · batch of {shown.samples}"
    return f"{layers} · single elements are those of sample {shown.sample}"


def _network(shown: Zoom) -> str:
    """Return the picture that one begins with: the cards of all layers, or all gates."""
    if shown.report is not None:
        return _stage("Layers of the network", _cards(shown.report))
    assert shown.gates is not None
    return _stage("Gates of the loss", _circuit(shown.gates, "network-"))


def _gates(section: Section, number: int) -> tuple[Section, str]:
    """Return a section without its tensor gates, and their picture, hidden until it is asked for."""
    bare = replace(section, gates=None)
    if section.gates is None:
        return bare, ""
    try:
        drawn = _stage(f"Tensor gates of {section.name}", _circuit(section.gates, f"gates{number}-"))
    except LayoutError as error:
        return replace(bare, gates_note=str(error).splitlines()[0]), ""
    return bare, f'<div class="gates" id="gates{number}" hidden>{drawn}</div>'


def _stage(words: str, drawn: str) -> str:
    return f'<div class="stage" aria-label="{text_of(words)}">{drawn}</div>'


def _cards(report: Report) -> str:
    """Return the cards of all layers as SVG; card i has the id ``network-layer<i>``."""
    return with_variables(Picture(flow_document(report, PAGE_THEME, subtitle=summary(report))).svg("network-"))


def _circuit(diagram: Diagram, prefix: str) -> str:
    return with_variables(Picture(circuit_document(diagram, PAGE_THEME)).svg(prefix))
