"""The findings of a training in words for its page: the judgement, and a list with cause, remedy and since when."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from autograd_cnn.health.report import Report
from autograd_cnn.health.wording import counted
from viz.page import text_of
from viz.style import MARKS
from viz.timelines import Course, Told

_MOST_UNITS = 24


def headline(found: Report) -> str:
    """Return the judgement in one line."""
    counts = {s: sum(f.severity == s for f in found.findings) for s in ("critical", "warning")}
    if not found.findings:
        return f'<p class="verdict ok">{MARKS["ok"]} healthy: no finding</p>'
    said = [f'<span class="badge {s}">{MARKS[s]} {n} {s}</span>' for s, n in counts.items() if n]
    return f'<p class="verdict">{" ".join(said)}</p>'


def cards_of(found: Report, shown: Report) -> dict[str, str]:
    """Return the id of the card that shows each layer: its own, or that of the layer it was merged into."""
    ids = {layer.name: f"flow-layer{i}" for i, layer in enumerate(shown.layers)}
    feeders = {wire.target: wire.source for wire in found.connections}
    for layer in found.layers:
        ids.setdefault(layer.name, ids.get(feeders.get(layer.name, ""), ""))
    return ids


def link_to(layer: str, cards: Mapping[str, str]) -> str:
    """Return a layer's name as a link to its card; as text where it has none."""
    if not cards.get(layer):
        return text_of(layer or "whole network")
    return f'<a href="#{cards[layer]}">{text_of(layer)}</a>'


def findings_list(told: Sequence[Told], cards: Mapping[str, str], course: Course) -> str:
    """Return the findings of a training as a list: those of the last step first, the worst of them first."""
    lasting = [_finding(each, cards, course) for each in told if each.lasting]
    past = [_finding(each, cards, course) for each in told if not each.lasting]
    parts = [f'<p class="verdict ok">{MARKS["ok"]} Nothing is wrong, judged by the thresholds below.</p>']
    if lasting:
        parts = ['<ol class="findings">', *lasting, "</ol>"]
    if past:
        words = f"{counted(len(past), 'finding')} of earlier steps, over by the end"
        parts += [f"<details><summary>{words}</summary>", '<ol class="findings">', *past, "</ol></details>"]
    if len(course.reports) > 1:
        parts.append('<p class="note">A dotted border: not found at the step that the slider shows.</p>')
    return "\n".join(parts)


def _finding(told: Told, cards: Mapping[str, str], course: Course) -> str:
    finding, severity = told.finding, told.finding.severity
    badge = f'<span class="badge {severity}">{MARKS[severity]} {severity}</span>'
    words = f"{badge}{link_to(finding.layer, cards)}: {text_of(finding.words)}"
    since = finding.since if told.lasting else told.runs[-1][0]
    epoch = course.timeline.epoch(since)
    when = f"since step {since}" + ("" if epoch is None else f" (epoch {epoch})")
    if len(course.reports) > 1:
        card = cards.get(finding.layer, "")
        when = f'<button type="button" class="since" data-step="{since}" data-card="{card}">{when}</button>'
    else:
        when = f'<span class="since">{when}</span>'
    over = "" if told.lasting else f' <span class="over">until step {told.runs[-1][1]}, over by the end</span>'
    entries = "".join(f"<dt>{name}</dt><dd>{text_of(words)}</dd>" for name, words in _entries(told, course) if words)
    return f'<li class="{severity}"><h3>{words} {when}{over}</h3><dl>{entries}</dl></li>'


def _entries(told: Told, course: Course) -> list[tuple[str, str]]:
    finding = told.finding
    entries = [("evidence", finding.evidence), ("likely cause", finding.cause), ("remedy", finding.remedy)]
    if len(told.runs) > 1:
        earlier = [f"{a} to {b}" if a < b else str(a) for a, b in told.runs[:-1]]
        more = f" and {len(earlier) - 6} more times" if len(earlier) > 6 else ""
        entries.append(("also at steps", ", ".join(earlier[-6:]) + more))
    if finding.units:
        more = f" and {len(finding.units) - _MOST_UNITS} more" if len(finding.units) > _MOST_UNITS else ""
        entries.append(("units", ", ".join(map(str, finding.units[:_MOST_UNITS])) + more))
    return entries
