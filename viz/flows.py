"""Flows: one card per layer from the input down to the loss, joined by wires as wide as their gradient."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from autograd_cnn.graph import Node
from autograd_cnn.health.report import Report
from autograd_cnn.health.wording import decades, number
from viz import layers as layering
from viz.errors import UndrawableError, speaking_as
from viz.flow_drawing import document
from viz.flow_legend import SEPARATOR
from viz.flow_pages import flow_page, has_blocks
from viz.layer_blocks import check_scopes, with_folded_blocks
from viz.page import PAGE_THEME, Page
from viz.picture import Content, Picture
from viz.running import run
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
    what: Report | Node | Callable[..., Any],
    *inputs: Any,
    loss: Callable[[Any], Any] | None = None,
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
    what : Report, Node or callable
        What `autograd_cnn.health` found, or a loss on which ``backward()`` was called. Or a model to run: its
        gradients are worked out on the side, and no ``grad`` is written.
    *inputs : array_like or Node
        What to run a model with.
    loss : callable, optional
        Makes one number of what the model returns, such as ``lambda scores: F.cross_entropy(scores, labels)``.
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
        For anything but a report, a loss or a model that gives one number, a report whose connections name no
        layer of it, or an unknown scope to expand.
    UnknownThemeError
        For a theme that does not exist.

    Examples
    --------
    >>> import numpy as np
    >>> from autograd_cnn import nn, functional as F
    >>> model = nn.Sequential(fc1=nn.Linear(4, 8), relu=nn.ReLU(), fc2=nn.Linear(8, 3))
    >>> images, labels = np.ones((5, 4), np.float32), [0, 1, 2, 0, 1]
    >>> picture = flow(model, images, loss=lambda scores: F.cross_entropy(scores, labels))
    >>> picture.save("flow.dot").name
    'flow.dot'
    """
    colours = theme_named(theme)
    if callable(what) and not isinstance(what, Report | Node):
        what = _inspected(what, inputs, loss)
    elif inputs or loss is not None:
        raise UndrawableError(f"flow: got {type(what).__name__} and more; inputs and loss= go with a model")
    report = shown_report(what, merge_activations)
    title = title if title is not None else "Gradient flow"
    words = SEPARATOR.join(filter(None, (summary(report), subtitle)))
    opened = (expand,) if isinstance(expand, str) else tuple(expand)
    check_scopes(report, opened)
    return drawn(Flow(report, title, words, tuple(facts), fold, opened), colours)


def _inspected(model: Callable[..., Any], inputs: tuple[Any, ...], loss: Callable[[Any], Any] | None) -> Report:
    """Run a model and look at its health."""
    from autograd_cnn.health import inspect

    output = run(model, inputs, loss, "flow").output
    if output.size != 1:
        raise UndrawableError(
            f"flow: the model returned {output.shape}, expected one number to go back from; make it with loss=, "
            "such as loss=lambda scores: F.cross_entropy(scores, labels)"
        )
    with speaking_as("flow"):
        return inspect(output, model=model if hasattr(model, "parameters") else None)


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
    layering.checked(shown.report)  # it may come from a file
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

        with speaking_as("flow"):
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
        words.append(f"weight gradients, first layer against last {decades(report.first_to_last)} dec")
    return SEPARATOR.join(words)
