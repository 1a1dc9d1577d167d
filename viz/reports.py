"""Reports: one page with a network's health, its gradient flow, and what to do about it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from autograd_cnn.graph import Node
from autograd_cnn.health.monitor import Monitor
from autograd_cnn.health.report import Layer, Report
from autograd_cnn.health.timeline import Timeline
from autograd_cnn.health.verdicts import verdict
from autograd_cnn.health.wording import brief, counted, decades, extent, number, share, tiny
from viz import predictions_page
from viz.classifier import Predictions
from viz.course_charts import Curve, charts_of, curves_of
from viz.errors import LayoutError, RendererNotFound, UndrawableError
from viz.flow_legend import threshold_words
from viz.ledger import ledger_of
from viz.page import Page, filled_page, page_part, text_of
from viz.report_findings import cards_of, findings_list, headline, link_to
from viz.style import FONT, LIGHT, MARKS, Theme
from viz.timelines import Course, course_data, course_of, drawn_courses, findings_over_time
from viz.unit_bars import unit_counts
from viz.unit_lives import lives_data, lives_words

HEADS = ("layer", "verdict", "units", "parameters", "activation", "gradient", "attenuation", "update")
_FIGURES = frozenset({"parameters", "activation", "gradient", "attenuation", "update"})


@dataclass(frozen=True)
class Health:
    """What a report page is made from.

    Attributes
    ----------
    title : str
        The heading.
    timeline : Timeline
        The training; of one step where a single report was given.
    reports : tuple of Report
        Those that were given, where no training was watched.
    curves : dict
        Per quantity and split, (step, number) pairs.
    predictions : Predictions or None
        What the network does with images.
    """

    title: str
    timeline: Timeline
    reports: tuple[Report, ...]
    curves: dict[str, dict[str, tuple[tuple[int, float], ...]]]
    predictions: Predictions | None = None


def report(
    report_or_history: Timeline | Monitor | Report | Node | Iterable[Report],
    *,
    title: str | None = None,
    loss_curve: Curve | None = None,
    accuracy: Curve | None = None,
    predictions: Page | None = None,
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
    predictions : Page, optional
        Of `viz.predictions`: filters, activation maps, confusions and mistakes then follow on the same page.

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
    curves = {
        quantity: {split: tuple(points) for split, points in lines.items()}
        for quantity, lines in curves_of(course, loss_curve, accuracy).items()
    }
    watched = isinstance(report_or_history, Timeline | Monitor)
    reports = () if watched else course.reports
    title = title if title is not None else "Health of a network"
    seen = None if predictions is None else predictions.data
    if not isinstance(seen, Predictions | None):
        raise UndrawableError("report: predictions= is another page; expected viz.predictions(model, images, labels)")
    return drawn(Health(title, course.timeline, reports, curves, seen))


def drawn(health: Health, theme: Theme = LIGHT) -> Page:
    """Return the page of a training or a report; its reader chooses the theme."""
    course, curves, predictions = course_of(health.reports or health.timeline), health.curves, health.predictions
    found, shown = course.last, course.drawn[-1]
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
        "sections": "" if predictions is None else predictions_page.section(),
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
        "first": course.timeline.records.steps[0],
        "last": found.step,
        "font": FONT,
    }
    assets = ["charts", "timeline", "units"]
    if predictions is not None:
        data["predictions"] = predictions_page.page_data(predictions)
        assets.append("predictions")
    return filled_page(
        "report",
        data,
        title=health.title,
        status=headline(found),
        assets=assets,
        kind="report",
        made_from=health,
        **parts,
    )


def tiles(found: Report, curves: Mapping[str, Mapping[str, Sequence[tuple[int, float]]]]) -> list[tuple[str, str, str]]:
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
            part = f"{share(count / total)}, {counted(found.samples, 'sample')}"
            made.append((f"{state} units", f"{count:,} of {total:,}", part))
    learned = sum(layer.parameters for layer in found.layers)
    made.append(("parameters", f"{learned:,}", f"in {counted(len(found.layers), 'layer')}"))
    return made


def _tile(name: str, words: str, note: str) -> str:
    broken = any(sign in words for sign in ("NaN", "∞"))
    value = f'<span class="not-finite">{words}</span>' if broken else text_of(words)
    return f"<div><dt>{text_of(name)}</dt><dd>{value}<small>{text_of(note)}</small></dd></div>"


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
    name = f"{link_to(layer.name, cards)}<small>{text_of(f'{layer.kind} · {extent(layer.output_shape)}')}</small>"
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
        "dead": f"a unit whose local gradient was exactly 0 on every one of {counted(found.samples, 'sample')}",
        "saturated": f"a unit with a slope under {share(limits.saturated_slope)} of the largest on at least "
        f"{share(limits.saturated_samples)} of the samples",
        "silent": "dead on the last batch only; no alarm",
        "starved": "active, yet without gradient on every sample; judged as dead",
        "attenuation": "log10 of the gradient's L2 norm at a layer's input over its output; 1 decade = factor 10",
        "update": "‖Δw‖/‖w‖ of a step; outside of the healthy band it is a finding only while the loss does not fall",
        "first layer against last": f"of the weight gradients; vanishing below {tiny(limits.vanishing[0])} ! "
        f"{tiny(limits.vanishing[1])} ✕, exploding above {tiny(limits.exploding[0])} ! {tiny(limits.exploding[1])} ✕",
        "thresholds": "; ".join(threshold_words(limits, {"units", "update"})),
    }
    return "\n".join(f"<dt>{name}</dt><dd>{text_of(words)}</dd>" for name, words in lines.items())
