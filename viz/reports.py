"""Reports: one page with a network's health, its gradient flow, and what to do about it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from autograd_cnn.graph import Node
from autograd_cnn.health.monitor import Monitor
from autograd_cnn.health.report import Layer, Report
from autograd_cnn.health.timeline import Timeline
from autograd_cnn.health.wording import brief, decades, extent, number, share, tiny
from viz import classifier
from viz.cards import unit_counts, verdict
from viz.classifier import Predictions
from viz.course_charts import Curve, charts_of, curves_of
from viz.errors import LayoutError, RendererNotFound
from viz.flow_legend import threshold_words
from viz.ledger import ledger_of
from viz.page import Page, filled_page, page_part, text_of
from viz.style import FONT, MARKS
from viz.timelines import Course, Told, course_data, course_of, drawn_courses, findings_over_time
from viz.unit_lives import lives_data, lives_words

HEADS = ("layer", "verdict", "units", "parameters", "activation", "gradient", "attenuation", "update")
_FIGURES = frozenset({"parameters", "activation", "gradient", "attenuation", "update"})
_MOST_UNITS = 24


def report(
    report_or_history: Timeline | Monitor | Report | Node | Iterable[Report],
    *,
    title: str | None = None,
    loss_curve: Curve | None = None,
    accuracy: Curve | None = None,
    predictions: Predictions | None = None,
) -> Page:
    """Make one self-contained page of a network's health, or of a whole training.

    It holds the headline numbers, the findings with their likely cause and a remedy, the gradient
    flow, the curves, when each unit died, and a table of layers. Of a training a slider shows every
    step on one layout. It needs no server and fetches nothing.

    Parameters
    ----------
    report_or_history : Timeline, Monitor, Report, Node, or iterable of Report
        A training: the monitor that watched it, its ``timeline()``, or reports of several steps. Or one
        report, or a loss after ``backward()``.
    title : str, optional
        The heading.
    loss_curve, accuracy : sequence or mapping, optional
        Values per step, or (step, value) pairs; a mapping names several curves, such as
        ``{"training": ..., "validation": ...}``. What ``monitor.note(...)`` was told is drawn without them.
    predictions : Predictions, optional
        What `viz.classifier.predictions_of` found: filters, activation maps, confusions and mistakes then
        follow on the same page.

    Returns
    -------
    Page
        With ``.save("report.html")`` and ``.html``; notebooks show it.

    Raises
    ------
    UndrawableError
        For anything but a training, a report or a loss, or for a curve that holds no numbers.
    """
    course = course_of(report_or_history)
    found, shown = course.last, course.drawn[-1]
    title = title if title is not None else "Health of a network"
    curves = curves_of(course, loss_curve, accuracy)
    told, held = findings_over_time(course)
    cards, single = cards_of(found, shown), len(course.reports) == 1
    lives = lives_words(course)
    parts = {
        "numbers": "\n".join(_tile(*tile) for tile in tiles(found, curves)),
        "findings": findings_list(told, cards, course),
        "timeline": "" if single else page_part("slider"),
        "flow": _flow(course),
        "no_ledger": "" if ledger_of(shown) or not single else " hidden",
        "no_curves": "" if curves or not single else " hidden",
        "no_units": "" if lives or not single else " hidden",
        "lives": lives,
        "sections": "" if predictions is None else classifier.section(),
        "heads": "".join(f'<th scope="col"{_figure_class(head)}>{head}</th>' for head in HEADS),
        "rows": "\n".join(_row(layer, cards) for layer in found.layers),
        "legend": legend(found),
    }
    data = {
        "curves": curves,
        "charts": charts_of(course, curves),
        "sides": [course_data(course, "flow-", held)],
        "lives": [] if single else lives_data(course),
        "epochs": course.timeline.epochs,
        "first": course.timeline.steps[0].step,
        "last": found.step,
        "font": FONT,
    }
    assets = ["charts", "timeline", "units"]
    if predictions is not None:
        data["predictions"] = classifier.page_data(predictions)
        assets.append("predictions")
    return filled_page("report", data, title=title, status=headline(found), assets=assets, **parts)


def headline(found: Report) -> str:
    """Return the judgement in one line."""
    counts = {s: sum(f.severity == s for f in found.findings) for s in ("critical", "warning")}
    if not found.findings:
        return f'<p class="verdict ok">{MARKS["ok"]} healthy: no finding</p>'
    said = [f'<span class="badge {s}">{MARKS[s]} {n} {s}</span>' for s, n in counts.items() if n]
    return f'<p class="verdict">{" ".join(said)}</p>'


def tiles(found: Report, curves: Mapping[str, Mapping[str, list[tuple[int, float]]]]) -> list[tuple[str, str, str]]:
    """Return the headline numbers as (name, number, note)."""
    made = [("loss", number(found.loss), f"at step {found.step}, batch {found.batch}")]
    for name, pairs in curves.get("accuracy", {}).items():
        value = pairs[-1][1]
        made.append(
            (
                name if name == "accuracy" else f"{name} accuracy",
                f"{value:.1%}" if 0 <= value <= 1 else number(value),
                f"at step {pairs[-1][0]}",
            )
        )
    if found.first_to_last is not None:
        made.append(
            ("first layer against last", f"{decades(found.first_to_last)} dec", "decades of the weight gradients")
        )
    units = [layer.units for layer in found.layers if layer.units is not None]
    total = sum(u.count for u in units)
    for state in ("dead", "saturated"):
        count = sum(len(getattr(u, state)) for u in units)
        if total:
            made.append(
                (f"{state} units", f"{count:,} of {total:,}", f"{share(count / total)}, {found.samples:,} samples")
            )
    made.append(
        ("parameters", f"{sum(layer.parameters for layer in found.layers):,}", f"in {len(found.layers)} layers")
    )
    return made


def _tile(name: str, words: str, note: str) -> str:
    broken = any(sign in words for sign in ("NaN", "∞"))
    value = f'<span class="not-finite">{words}</span>' if broken else text_of(words)
    return f"<div><dt>{text_of(name)}</dt><dd>{value}<small>{text_of(note)}</small></dd></div>"


def cards_of(found: Report, shown: Report) -> dict[str, str]:
    """Return the id of the card that shows each layer: its own, or that of the layer it was merged into."""
    ids = {layer.name: f"flow-layer{i}" for i, layer in enumerate(shown.layers)}
    feeders = {wire.target: wire.source for wire in found.connections}
    for layer in found.layers:
        ids.setdefault(layer.name, ids.get(feeders.get(layer.name, ""), ""))
    return ids


def _link(layer: str, cards: Mapping[str, str]) -> str:
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
        words = f"{len(past)} finding{'s' * (len(past) > 1)} of earlier steps, over by the end"
        parts += [f"<details><summary>{words}</summary>", '<ol class="findings">', *past, "</ol></details>"]
    if len(course.reports) > 1:
        parts.append('<p class="note">A dotted border: not found at the step that the slider shows.</p>')
    return "\n".join(parts)


def _finding(told: Told, cards: Mapping[str, str], course: Course) -> str:
    finding, severity = told.finding, told.finding.severity
    badge = f'<span class="badge {severity}">{MARKS[severity]} {severity}</span>'
    words = f"{badge}{_link(finding.layer, cards)}: {text_of(finding.words)}"
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


def _flow(course: Course) -> str:
    """Return the picture in the page's colours, without the title that the page has; or why there is none."""
    try:
        return drawn_courses([course], ["flow-"])[0]
    except (LayoutError, RendererNotFound) as error:
        return f"<p>! The picture could not be drawn: {text_of(error)}</p>"


def _row(layer: Layer, cards: Mapping[str, str]) -> str:
    said = verdict(layer)
    gradient = layer.gradient.rms if layer.gradient else None
    cells = {
        "units": _units(layer),
        "parameters": f"{layer.parameters:,}" if layer.parameters else "",
        "activation": brief(layer.activation.rms),
        "gradient": tiny(gradient),
        "attenuation": decades(layer.attenuation),
        "update": "" if layer.update_ratio is None and not layer.parameters else tiny(layer.update_ratio),
    }
    made = "".join(f"<td{_figure_class(head)}>{text_of(words)}</td>" for head, words in cells.items())
    words = f"{MARKS[said.status]} {text_of(', '.join((said.words, *said.also)))}"
    if said.status != "ok":
        words = f'<span class="badge {said.status}">{words}</span>'
    name = f"{_link(layer.name, cards)}<small>{text_of(f'{layer.kind} · {extent(layer.output_shape)}')}</small>"
    return f'<tr><th scope="row">{name}</th><td class="verdict">{words}</td>{made}</tr>'


def _figure_class(head: str) -> str:
    colour = {"activation": " value", "gradient": " gradient"}.get(head, "")
    return f' class="figure{colour}"' if head in _FIGURES else ""


def _units(layer: Layer) -> str:
    if layer.units is None:
        return ""
    counts = unit_counts(layer.units)
    return f"{counts['dead']}/{counts['saturated']}/{counts['silent']} of {layer.units.count}"


def legend(found: Report) -> str:
    """Return what the words of the page mean, with the thresholds that the findings follow."""
    limits = found.thresholds
    lines = {
        "dead": f"a unit whose local gradient was exactly 0 on every one of {found.samples:,} samples",
        "saturated": f"a unit with a slope under {share(limits.saturated_slope)} of the largest on at least "
        f"{share(limits.saturated_samples)} of the samples",
        "silent": "dead on the last batch only; no alarm",
        "starved": "active, yet without gradient on every sample; judged as dead",
        "attenuation": "log10 of the gradient's L2 norm at a layer's input over its output; 1 decade = factor 10",
        "update": "‖Δw‖/‖w‖ of a step",
        "first layer against last": f"of the weight gradients; vanishing below {tiny(limits.vanishing[0])} ! "
        f"{tiny(limits.vanishing[1])} ✕, exploding above {tiny(limits.exploding[0])} ! {tiny(limits.exploding[1])} ✕",
        "thresholds": "; ".join(threshold_words(limits, {"units", "update"})),
    }
    return "\n".join(f"<dt>{name}</dt><dd>{text_of(words)}</dd>" for name, words in lines.items())
