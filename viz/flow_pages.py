"""The page of a flow with folded blocks: each opens as a picture of its own, with all its layers."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from autograd_cnn.health.report import Report
from viz.flow_drawing import document
from viz.labels import plain
from viz.layer_blocks import Block, with_folded_blocks
from viz.page import PAGE_THEME, Page, filled_page, page_part, text_of, with_variables
from viz.picture import Picture
from viz.style import shortened


def flow_page(picture: str, title: str, whole: Report, shown: Report) -> Page:
    """Return a page of a flow's picture, whose folded blocks open.

    Parameters
    ----------
    picture : str
        The SVG, drawn with `PAGE_THEME` and the prefix ``picture-``.
    title : str
    whole, shown : Report
        Before and after blocks were folded.
    """
    dialogs = "\n".join(
        page_part("block", id=f"block-{card}", title=text_of(block.name), picture=with_variables(drawn))
        for card, block, drawn in _opened(whole, shown)
    )
    return filled_page("flow", {}, title=title, assets=("stage",), picture=with_variables(picture), blocks=dialogs)


def has_blocks(report: Report) -> bool:
    """Return whether anything is folded."""
    return any(isinstance(layer, Block) for layer in report.layers)


def _opened(whole: Report, shown: Report) -> Iterator[tuple[str, Block, str]]:
    """Yield each folded card's id, its block and the picture of what is in it; blocks in blocks too."""
    waiting = [("picture-", whole, shown)]
    while waiting:
        prefix, around, drawn = waiting.pop(0)
        for i, layer in enumerate(drawn.layers):
            if isinstance(layer, Block):
                card = f"{prefix}layer{i}"
                inside, ends = part_of(around, drawn, layer)
                folded = with_folded_blocks(inside)
                waiting.append((f"{card}-", inside, folded))
                source = document(folded, PAGE_THEME, title=layer.name, ends=ends)
                yield card, layer, Picture(source).svg(f"{card}-")


def part_of(whole: Report, drawn: Report, block: Block) -> tuple[Report, tuple[str, str]]:
    """Return the layers of a block as a network of their own, and where its wires come from and go to.

    What comes in shows the share of each branch; what goes out is one wire where `drawn` has one.
    """
    names = {layer.name for layer in block.members}
    inner = [
        replace(wire, source=wire.source if wire.source in names else "")
        for wire in whole.connections
        if wire.target in names
    ]
    leaving = [wire for wire in whole.connections if wire.source in names and wire.target not in names]
    given = {wire.source for wire in leaving}
    outside = [wire for wire in drawn.connections if wire.source == block.name]
    if len(given) == 1:
        leaving = [replace(wire, source=next(iter(given))) for wire in outside]
    wires = dict.fromkeys([*inner, *(replace(wire, target="") for wire in leaving)])
    findings = tuple(finding for finding in whole.findings if finding.layer in names)
    part = replace(whole, layers=block.members, connections=tuple(wires), findings=findings)
    sources = [wire.source or "input" for wire in drawn.connections if wire.target == block.name]
    targets = [wire.target or "loss" for wire in outside]
    return part, (f"from {_listed(sources)}", f"to {_listed(targets)}")


def _listed(names: Sequence[str]) -> str:
    known = list(dict.fromkeys(names))
    return ", ".join(shortened(plain(name)) for name in known[:2]) + (" …" if len(known) > 2 else "")
