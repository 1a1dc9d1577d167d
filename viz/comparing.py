"""Two trainings side by side on one layout, moved by one slider."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from autograd_cnn.graph import Node
from autograd_cnn.health.monitor import Monitor
from autograd_cnn.health.report import Layer, Report
from autograd_cnn.health.timeline import Timeline
from autograd_cnn.health.verdicts import verdict
from autograd_cnn.health.wording import decades, tiny
from viz.course_charts import curve_chart, curves_of
from viz.differences import Pair, differences, pairs_of
from viz.errors import LayoutError, RendererNotFound, UndrawableError
from viz.page import Page, filled_page, page_part, text_of
from viz.style import FONT, LIGHT, MARKS, Theme
from viz.timelines import Course, course_data, course_of, drawn_courses, findings_over_time
from viz.unit_bars import unit_counts

_PREFIXES = ("a-", "b-")


@dataclass(frozen=True)
class Side:
    """One of two trainings: what `viz.report` was given for it."""

    name: str
    timeline: Timeline
    reports: tuple[Report, ...]


@dataclass(frozen=True)
class Comparison:
    """What a comparison is made from."""

    title: str
    sides: tuple[Side, Side]


def compare(
    a: Timeline | Monitor | Report | Node | Iterable[Report],
    b: Timeline | Monitor | Report | Node | Iterable[Report],
    *,
    names: Sequence[str] = ("first", "second"),
    title: str | None = None,
) -> Page:
    """Make one self-contained page of two trainings or reports side by side, and say what tells them apart.

    Layers are matched by name, activations drawn as part of the layer that feeds them; networks of the
    same layers get the same layout. One slider moves both; the charts share their axes.

    Parameters
    ----------
    a, b : Timeline, Monitor, Report, Node, or iterable of Report
        What `viz.report` takes.
    names : pair of str
        What to call them, such as ``("sigmoid", "relu")``.
    title : str, optional
        The heading.

    Returns
    -------
    Page
        With ``.save("compare.html")`` and ``.html``; notebooks show it.

    Raises
    ------
    UndrawableError
        For anything but trainings, reports or losses, or for names that are not two different ones.
    """
    names = tuple(map(str, names))
    if len(names) != 2 or names[0] == names[1]:
        raise UndrawableError(f"compare: names={names!r}; expected two different names, such as ('sigmoid', 'relu')")
    courses = [course_of(given, merge_activations=True) for given in (a, b)]
    kept = [
        () if isinstance(given, Timeline | Monitor) else course.reports
        for given, course in zip((a, b), courses, strict=True)
    ]
    first, second = (Side(name, course.timeline, own) for name, course, own in zip(names, courses, kept, strict=True))
    return drawn(Comparison(title if title is not None else f"{names[0]} and {names[1]}", (first, second)))


def drawn(comparison: Comparison, theme: Theme = LIGHT) -> Page:
    """Return the page of a comparison; its reader chooses the theme."""
    names = tuple(side.name for side in comparison.sides)
    courses = [course_of(side.reports or side.timeline, merge_activations=True) for side in comparison.sides]
    first, second = courses
    heads = [(name, course.last) for name, course in zip(names, courses, strict=True)]
    pairs = pairs_of(first, second)
    parts = {
        "words": "\n".join(f"<li>{text_of(words)}</li>" for words in differences(first, second, names)),
        "timeline": page_part("slider"),
        "pictures": "\n".join(_picture(*each) for each in zip(names, _PREFIXES, _drawings(courses), strict=True)),
        "names": "".join(f'<th scope="colgroup" colspan="4">{text_of(name)}</th>' for name in names),
        "rows": "\n".join(map(_row, pairs)),
        "findings": "\n".join(_findings(name, course) for name, course in zip(names, courses, strict=True)),
    }
    sides = [
        course_data(course, prefix, findings_over_time(course)[1])
        for course, prefix in zip(courses, _PREFIXES, strict=True)
    ]
    data = {"sides": sides, "charts": _charts(courses, names, pairs), "font": FONT}
    status = "".join(f'<p class="verdict">{text_of(name)}: {_status(report)}</p>' for name, report in heads)
    return filled_page(
        "compare",
        data,
        title=comparison.title,
        status=status,
        assets=("charts", "timeline"),
        kind="compare",
        made_from=comparison,
        **parts,
    )


def _drawings(courses: Sequence[Course]) -> list[str]:
    try:
        return drawn_courses(courses, _PREFIXES)
    except (LayoutError, RendererNotFound) as error:
        return [f"<p>! The picture could not be drawn: {text_of(error)}</p>"] * 2


def _picture(name: str, prefix: str, drawing: str) -> str:
    title = f'<h3 id="{prefix}title">{text_of(name)}</h3>'
    said = f'<p class="note" id="{prefix}moment"></p>'
    group = f'<div class="picture" role="group" aria-labelledby="{prefix}title" tabindex="0">'
    return f"<div>{title}{said}{group}\n{drawing}\n</div></div>"


def _status(report: Report) -> str:
    counts = {s: sum(f.severity == s for f in report.findings) for s in ("critical", "warning")}
    said = [f'<span class="badge {s}">{MARKS[s]} {n} {s}</span>' for s, n in counts.items() if n]
    return " ".join(said) or f'<span class="badge ok">{MARKS["ok"]} healthy: no finding</span>'


def _row(pair: Pair) -> str:
    cells = "".join(
        f"<td>{_verdict(layer)}</td><td>{text_of(_units(layer))}</td>"
        f'<td class="figure gradient">{text_of(tiny(layer.gradient.rms if layer.gradient else None))}</td>'
        f'<td class="figure">{text_of(_speed(layer, speed))}</td>'
        for layer, speed in zip(pair.layers, pair.speeds, strict=True)
    )
    return f'<tr><th scope="row">{text_of(pair.name)}</th>{cells}</tr>'


def _verdict(layer: Layer) -> str:
    said = verdict(layer)
    words = f"{MARKS[said.status]} {text_of(said.words)}"
    return words if said.status == "ok" else f'<span class="badge {said.status}">{words}</span>'


def _units(layer: Layer) -> str:
    if layer.units is None:
        return ""
    return ", ".join(f"{n} {state}" for state, n in unit_counts(layer.units).items() if n)


def _speed(layer: Layer, speed: float | None) -> str:
    return tiny(speed) if layer.parameters else decades(layer.attenuation) + " dec"


def _findings(name: str, course: Course) -> str:
    """Return the findings of one side's last step as a list."""
    items = [
        f'<li><span class="badge {f.severity}">{MARKS[f.severity]} {f.severity}</span> '
        f"{text_of(f.layer or 'whole network')}: {text_of(f.words)}, since {text_of(course.when(f.since))}. "
        f'<span class="note">{text_of(f.evidence)}. {text_of(f.remedy)}.</span></li>'
        for f in course.last.findings
    ]
    inner = f"<ul>{''.join(items)}</ul>" if items else f'<p class="verdict ok">{MARKS["ok"]} no finding</p>'
    return f"<div><h3>{text_of(name)}</h3>{inner}</div>"


def _charts(courses: Sequence[Course], names: Sequence[str], pairs: Sequence[Pair]) -> list[dict[str, Any]]:
    """Return charts that hold both trainings on the same axes."""
    curves = [curves_of(course) for course in courses]
    charts: list[dict[str, Any]] = []
    for quantity in dict.fromkeys(quantity for lines in curves for quantity in lines):
        lines = {
            name if split == quantity else f"{name} {split}": points
            for name, own in zip(names, curves, strict=True)
            for split, points in own.get(quantity, {}).items()
        }
        charts.append(curve_chart(quantity, lines))
    trained = [pair.name for pair in pairs if pair.layers[0].parameters and pair.layers[1].parameters]
    for name in dict.fromkeys([*trained[:1], *trained[-1:]]):
        lines = {side: _updates(course, name) for side, course in zip(names, courses, strict=True)}
        note, band = "‖Δw‖/‖w‖ of each step; the band is healthy", list(courses[0].last.thresholds.update_ratio)
        charts.append({"title": f"update ratio of {name}", "lines": lines, "log": True, "band": band, "note": note})
    for state in ("dead", "saturated"):
        lines = {side: _share(course, state) for side, course in zip(names, courses, strict=True)}
        if any(x for points in lines.values() for _, x in points):
            charts.append({"title": f"share of units that are {state}", "lines": lines})
    kept = ({**chart, "lines": {k: v for k, v in chart["lines"].items() if v}} for chart in charts)
    return [chart for chart in kept if chart["lines"]]


def _updates(course: Course, name: str) -> list[tuple[int, float]]:
    records = course.timeline.records
    steps, (places, ratios) = records.steps, records.known("update_ratios", name)
    return [(steps[i], ratio) for i, ratio in zip(places, ratios.tolist(), strict=True)] if len(steps) > 1 else []


def _share(course: Course, state: str) -> list[tuple[int, float]]:
    total = sum(layer.units.count for layer in course.last.layers if layer.units is not None)
    records = course.timeline.records
    return [(step, n / total) for step, n in zip(records.steps, records.totals(state), strict=True)] if total else []
