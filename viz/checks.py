"""Gradient checks: the circuit of what was checked, every node in the notes' band, the first wrong gate in red."""

from __future__ import annotations

from dataclasses import replace

from autograd_cnn.graph import Node, topological_order
from autograd_cnn.testing import Blame, Report
from autograd_cnn.testing.survey import Finding, Survey, surveyed
from viz.circuits import MOST_GATES, drawn
from viz.diagram import Box, Diagram, Status, signs_used
from viz.errors import TooLargeError, UndrawableError
from viz.folding import selection
from viz.picture import Picture
from viz.selected import Drawn, Operand, Selection
from viz.style import CHECK_MARKS, LEGEND, Theme, number, theme_named
from viz.wiring import Drawing


def gradient_check(
    report: Report,
    *,
    title: str | None = None,
    theme: str | Theme = "light",
    limit: int = MOST_GATES,
) -> Picture:
    """Draw the graph that a gradient check looked at, with the relative error of every gate's own rule.

    Each gate carries the notes' relative error between its rule and differences of its forward, at the values of
    the checked run; each leaf that of its whole gradient. The first wrong gate, from the output backwards, is red
    and says what its rule sends and what differences say.

    Parameters
    ----------
    report : Report
        From `autograd_cnn.testing.check`, or the ``report`` of a `WrongGradientError`.
    title : str, optional
        The header; by default the verdict.
    theme : {"light", "dark"}
        The colours.
    limit : int
        Most gates to draw.

    Returns
    -------
    Picture
        With ``.save``, ``.svg`` and ``.source``; notebooks show it.

    Raises
    ------
    UndrawableError
        When `report` is no report of a gradient check.
    ArgumentError
        When it holds no graph: it was made by hand.
    TooLargeError
        When more than `limit` gates would be drawn.
    UnknownThemeError
        For a theme that does not exist.

    Examples
    --------
    >>> import autograd_cnn as ag
    >>> from autograd_cnn.testing import check
    >>> gradient_check(check(lambda x, y: ag.sin(x) * y, 0.5, 2.0)).title
    'Gradient check: OK'
    """
    colours = theme if isinstance(theme, Theme) else theme_named(theme)
    diagram = check_diagram(report, title=title, limit=limit)
    return drawn(diagram, colours)


def check_diagram(report: Report, *, title: str | None = None, limit: int = MOST_GATES) -> Diagram:
    """Return what `gradient_check` draws as plain data; parameters and errors are the same."""
    if not isinstance(report, Report):
        raise UndrawableError(
            f"gradient_check: got {type(report).__name__}, expected the report of autograd_cnn.testing.check"
        )
    with surveyed(report) as survey:
        return _diagram(report, survey, f"Gradient check: {report.verdict}" if title is None else title, limit)


def _diagram(report: Report, survey: Survey, title: str, limit: int) -> Diagram:
    chosen = _selection(survey.output, limit)
    gates = sum(d.node.gate is not None for d in chosen.drawn)
    if gates > limit:
        raise TooLargeError(
            f"gradient_check: {gates} gates to draw, readable up to {limit}; check a part of the function, or pass "
            f"limit={gates}"
        )
    drawing = Drawing(chosen, explain=False)
    drawing.draw()
    nodes = {f"n{i}": drawn.node for i, drawn in enumerate(chosen.drawn)}
    boxes = tuple(_judged(box, nodes.get(box.name), survey) for box in drawing.boxes)
    used = {*signs_used(boxes, tuple(drawing.wires)), "numbers"}
    used |= {"tensor"} if any(d.node.size > 1 for d in chosen.drawn) else set()
    used |= {"kink"} if any(any(line.startswith("∧") for line in box.lines) for box in boxes) else set()
    return Diagram(
        title=title,
        subtitle=_subtitle(report, survey),
        boxes=boxes,
        wires=tuple(drawing.wires),
        legend=tuple(key for key in LEGEND if key in used),
        facts=() if survey.blame is None else (survey.blame.message,),
    )


def _selection(output: Node, limit: int) -> Selection:
    """Return every node, so that each has its own error; where that were too many, long sums fold."""
    order = topological_order(output)
    folded = selection(output)
    if sum(node.gate is not None for node in order) > limit:
        return folded
    drawn = [
        Drawn(node, tuple(Operand(x, node, i) for i, x in enumerate(node.inputs or ()) if isinstance(x, Node)))
        for node in order
    ]
    return Selection(tuple(drawn), folded.uses)


def _subtitle(report: Report, survey: Survey) -> str:
    counts = ", ".join(f"{n} {verdict}" for verdict, n in report.counts.items()) or "no coordinate was judged"
    words = f"{counts} · largest relative error {number(report.relative_error, '.1e')} · oracle {report.oracle}"
    return words + (f" · one of {survey.outputs} outputs" if survey.outputs > 1 else "")


def _judged(box: Box, node: Node | None, survey: Survey) -> Box:
    """Return a box with what was found of its node."""
    if node is None or box.role not in ("gate", "rule", "sum", "parameter", "input", "constant"):
        return box
    if node is survey.culprit and survey.blame is not None:
        return replace(box, status="culprit", lines=tuple(_numbers(survey.blame)))
    found = survey.findings.get(node)
    if found is None:
        return box
    words = found.input if node.gate is None and not node.name and found.input else box.words
    status, lines = _verdict(found)
    return replace(box, words=words, status=status, lines=lines)


def _verdict(found: Finding) -> tuple[Status, tuple[str, ...]]:
    kink = ("∧ kink",) if found.kink else ()
    if found.relative_error is None:
        return "unknown", kink or (CHECK_MARKS["unknown"],)
    status = status_of(found.relative_error)
    words = number(found.relative_error, ".0e") if found.relative_error else "0"
    return status, (f"{CHECK_MARKS[status]} {words}", *kink)


def status_of(error: float) -> Status:
    """Return the band of the notes that a relative error lies in."""
    if not error <= 1e-2:
        return "wrong"
    return "uncomfortable" if error > 1e-4 else "kinks" if error > 1e-7 else "happy"


def _numbers(blame: Blame) -> list[str]:
    """Return what stands in the wrong gate."""
    if blame.slot is None:
        return [f"{CHECK_MARKS['culprit']} {blame.message.rpartition('; ')[2]}"]
    element = f"[{', '.join(map(str, blame.index))}]" if blame.index else ""
    return [
        f"{CHECK_MARKS['culprit']} to input {blame.slot}{element}",
        f"rule {number(blame.analytic, '.6g')}",
        f"differences {number(blame.numeric, '.6g')}",
    ]
