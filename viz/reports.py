"""Reports: one page with a network's health, its gradient flow, and what to do about it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, TypeAlias

from autograd_cnn.graph import Node
from autograd_cnn.health.monitor import Monitor
from autograd_cnn.health.report import Finding, Layer, Report
from autograd_cnn.health.wording import brief, decades, extent, number, share, tiny
from viz.cards import unit_counts, verdict
from viz.errors import LayoutError, RendererNotFound, UndrawableError
from viz.flow_legend import threshold_words
from viz.flows import document, shown_report
from viz.page import PAGE_THEME, Page, filled_page, text_of, with_variables
from viz.picture import Picture
from viz.style import MARKS

Points: TypeAlias = Sequence[float] | Sequence[tuple[int, float]]
Curve: TypeAlias = Points | Mapping[str, Points]

HEADS = ("layer", "verdict", "units", "parameters", "activation", "gradient", "attenuation", "update")
_FIGURES = frozenset({"parameters", "activation", "gradient", "attenuation", "update"})
_MOST_UNITS = 24


def report(
    report_or_history: Report | Monitor | Node | Iterable[Report],
    *,
    title: str | None = None,
    loss_curve: Curve | None = None,
    accuracy: Curve | None = None,
) -> Page:
    """Make one self-contained page of a network's health.

    It holds the headline numbers, the findings with their likely cause and a remedy, the gradient
    flow, the curves and a table of layers. It needs no server and fetches nothing.

    Parameters
    ----------
    report_or_history : Report, Monitor, Node, or iterable of Report
        What `autograd_cnn.health` found, the monitor that watched a training, a loss after
        ``backward()``, or reports of several steps: the last is shown, and their losses are the curve.
    title : str, optional
        The heading.
    loss_curve, accuracy : sequence or mapping, optional
        Values per step, or (step, value) pairs; a mapping names several curves, such as
        ``{"training": ..., "validation": ...}``.

    Returns
    -------
    Page
        With ``.save("report.html")`` and ``.html``; notebooks show it.

    Raises
    ------
    UndrawableError
        For anything but a report, a loss or reports, or for a curve that holds no numbers.
    """
    found, losses = _last(report_or_history)
    title = title if title is not None else "Health of a network"
    curves = {"loss": points_of("loss_curve", losses if loss_curve is None else loss_curve)}
    curves["accuracy"] = points_of("accuracy", {} if accuracy is None else accuracy)
    curves = {name: lines for name, lines in curves.items() if lines}
    shown = shown_report(found)
    parts = {
        "numbers": "\n".join(_tile(*tile) for tile in tiles(found, curves)),
        "findings": findings_list(found, cards_of(found, shown)),
        "flow": _flow(shown),
        "no_curves": "" if curves else " hidden",
        "heads": "".join(f'<th scope="col"{_figure_class(head)}>{head}</th>' for head in HEADS),
        "rows": "\n".join(_row(layer, cards_of(found, shown)) for layer in found.layers),
        "legend": legend(found),
    }
    return filled_page("report", {"curves": curves}, title=title, status=headline(found), assets=("charts",), **parts)


def _last(given: Any) -> tuple[Report, Points]:
    """Return the report to show, and the losses of all reports given."""
    if isinstance(given, Report | Node):
        return shown_report(given, merge_activations=False), []
    if isinstance(given, Monitor):
        losses = [(record.step, record.loss) for record in given.history]
        return shown_report(given.report(), merge_activations=False), losses
    reports = list(given) if isinstance(given, Iterable) else []
    if not reports or not all(isinstance(r, Report) for r in reports):
        raise UndrawableError(
            f"report: got {type(given).__name__}, expected a health Report or Monitor, several reports, or a loss "
            "after backward()"
        )
    losses = [(r.step, r.loss) for r in reports]
    return shown_report(reports[-1], merge_activations=False), losses if len(losses) > 1 else []


def points_of(argument: str, curve: Curve) -> dict[str, list[tuple[int, float]]]:
    """Return every line of a curve as (step, value) pairs; a plain sequence starts at step 0."""
    lines = curve if isinstance(curve, Mapping) else {argument.removesuffix("_curve"): curve}
    found: dict[str, list[tuple[int, float]]] = {}
    for name, points in lines.items():
        try:
            pairs = [p if isinstance(p, tuple | list) else (i, p) for i, p in enumerate(points)]
            found[str(name)] = [(int(step), float(value)) for step, value in pairs]
        except (TypeError, ValueError):
            raise UndrawableError(
                f"report: {argument} {str(name)!r} holds something else than numbers or (step, number) pairs; "
                "for several curves pass {'training': [...], 'validation': [...]}"
            ) from None
    return {name: pairs for name, pairs in found.items() if pairs}


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


def findings_list(found: Report, cards: Mapping[str, str]) -> str:
    """Return the findings as a list, the worst first."""
    if not found.findings:
        return f'<p class="verdict ok">{MARKS["ok"]} Nothing is wrong, judged by the thresholds below.</p>'
    items = "\n".join(_finding(finding, cards) for finding in found.findings)
    return f'<ol class="findings">\n{items}\n</ol>'


def _finding(finding: Finding, cards: Mapping[str, str]) -> str:
    severity = finding.severity
    badge = f'<span class="badge {severity}">{MARKS[severity]} {severity}</span>'
    words = f"{badge}{_link(finding.layer, cards)}: {text_of(finding.words)}"
    head = f'<h3>{words} <span class="since">since step {finding.since}</span></h3>'
    told = [("evidence", finding.evidence), ("likely cause", finding.cause), ("remedy", finding.remedy)]
    if finding.units:
        more = len(finding.units) - _MOST_UNITS
        told.append(
            ("units", ", ".join(map(str, finding.units[:_MOST_UNITS])) + (f" and {more} more" if more > 0 else ""))
        )
    entries = "".join(f"<dt>{name}</dt><dd>{text_of(words)}</dd>" for name, words in told if words)
    return f'<li class="{severity}">{head}<dl>{entries}</dl></li>'


def _flow(shown: Report) -> str:
    """Return the picture in the page's colours, without the title that the page has; or why there is none."""
    try:
        drawn = Picture(document(shown, PAGE_THEME)).svg(prefix="flow-")
    except (LayoutError, RendererNotFound) as error:
        return f"<p>! The picture could not be drawn: {text_of(error)}</p>"
    return with_variables(drawn)


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
