"""Flows: one card per layer from the input down to the loss, joined by wires as wide as their gradient."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from autograd_cnn.graph import Node
from autograd_cnn.health.report import Report
from autograd_cnn.health.wording import decades, number
from viz import layers as layering
from viz.errors import UndrawableError
from viz.flow_drawing import document
from viz.flow_legend import SEPARATOR
from viz.flow_pages import flow_page, has_blocks
from viz.layer_blocks import check_scopes, with_folded_blocks
from viz.page import PAGE_THEME, Page
from viz.picture import Content, Picture
from viz.style import Theme, theme_named

__all__ = ["Flow", "document", "drawn", "flow", "shown_report", "summary"]


@dataclass(frozen=True)
class Flow:
    """What a flow shows.

    Attributes
    ----------
    report : Report
        The layers, before blocks are folded.
    title, subtitle : str
        The first two lines of the header.
    facts : tuple of str
        Its further lines.
    fold : bool or "auto"
        Whether blocks are drawn as one card; "auto" as many as a reader needs.
    expand : tuple of str
        Blocks that are not.
    """

    report: Report
    title: str = ""
    subtitle: str = ""
    facts: tuple[str, ...] = ()
    fold: bool | str = "auto"
    expand: tuple[str, ...] = ()


def flow(
    report_or_loss: Report | Node,
    *,
    title: str | None = None,
    subtitle: str | None = None,
    facts: Sequence[str] = (),
    theme: str = "light",
    merge_activations: bool | str = "auto",
    fold: bool | str = "auto",
    expand: str | Sequence[str] = (),
) -> Picture:
    """Draw how gradients flow through the layers of a network, and which layers are unwell.

    Parameters
    ----------
    report_or_loss : Report or Node
        What `autograd_cnn.health` found, or a loss on which ``backward()`` was called.
    title : str, optional
        The heading.
    subtitle : str, optional
        What stands behind step, batch and loss, such as an accuracy.
    facts : sequence of str
        Further lines of the header, such as the optimizer and its learning rate.
    theme : {"light", "dark"}
        The colours.
    merge_activations : bool or "auto"
        Draw each activation as part of the layer that feeds it; "auto" does so in deep networks.
    fold : bool or "auto"
        Draw blocks, scopes of several layers, as one card each; "auto" folds the innermost, and those that
        repeat, until about forty cards are left.
    expand : str or sequence of str
        Scopes to keep unfolded, such as ``"features/block3"``.

    Returns
    -------
    Picture
        With ``.save``, ``.svg`` and ``.source``; notebooks show it.

    Raises
    ------
    UndrawableError
        For anything but a report or a loss, a report whose connections name no layer of it, or an unknown scope
        to expand.
    UnknownThemeError
        For a theme that does not exist.
    """
    colours = theme_named(theme)
    report = shown_report(report_or_loss, merge_activations)
    title = title if title is not None else "Gradient flow"
    words = SEPARATOR.join(filter(None, (summary(report), subtitle)))
    opened = (expand,) if isinstance(expand, str) else tuple(expand)
    check_scopes(report, opened)
    return drawn(Flow(report, title, words, tuple(facts), fold, opened), colours)


class FlowPicture(Picture):
    """The picture of a flow; on its page folded blocks open."""

    def page(self) -> Page:
        """Return the picture as a page of its own, in both themes; a folded block opens when it is clicked."""
        shown: Flow = self._content("page").data
        report = _drawn_report(shown)
        if not has_blocks(report):
            return super().page()
        drawing = Picture(_source(shown, PAGE_THEME), time_limit=self.time_limit).svg("picture-")
        return flow_page(drawing, self.title, shown.report, report)


def drawn(shown: Flow, theme: Theme) -> Picture:
    """Return the picture of a flow."""
    return FlowPicture.of(Content("flow", shown, _source), theme, shown.title)


def _drawn_report(shown: Flow) -> Report:
    return with_folded_blocks(shown.report, shown.fold, shown.expand)


def _source(shown: Flow, theme: Theme) -> str:
    return document(_drawn_report(shown), theme, title=shown.title, subtitle=shown.subtitle, facts=shown.facts)


def shown_report(report_or_loss: Report | Node, merge_activations: bool | str = "auto") -> Report:
    """Return the report to draw: of a loss, or the one given; activations merged as asked."""
    if merge_activations not in (True, False, "auto"):
        raise UndrawableError(f"flow: merge_activations={merge_activations!r}; expected True, False or 'auto'")
    if isinstance(report_or_loss, Node):
        from autograd_cnn.health import inspect

        report_or_loss = inspect(report_or_loss)
    if not isinstance(report_or_loss, Report):
        given = type(report_or_loss).__name__
        raise UndrawableError(f"flow: got {given}, expected a health Report, or a loss after loss.backward()")
    report = layering.checked(report_or_loss)
    deep = len(report.layers) > layering.MANY_LAYERS
    merge = deep if merge_activations == "auto" else merge_activations
    return layering.with_merged_activations(report) if merge else report


def summary(report: Report) -> str:
    """Return when, on how much, how well."""
    words = [f"step {report.step}", f"batch {report.batch}", f"loss {number(report.loss)}"]
    if report.first_to_last is not None:
        words.append(f"first layer against last {decades(report.first_to_last)} decades")
    return SEPARATOR.join(words)
