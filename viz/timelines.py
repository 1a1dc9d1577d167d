"""A training on a frozen layout: which steps are shown, and what every box and wire says at each."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias
from xml.etree import ElementTree

from autograd_cnn.graph import Node
from autograd_cnn.health.history import StepRecord
from autograd_cnn.health.monitor import Monitor
from autograd_cnn.health.report import Finding, Report
from autograd_cnn.health.timeline import Timeline
from autograd_cnn.health.wording import number
from viz.errors import UndrawableError
from viz.flows import shown_report
from viz.frozen import Look, frozen_picture, looks_of
from viz.layer_blocks import with_folded_blocks
from viz.ledger import ledger_of
from viz.page import with_variables
from viz.painting import painted

MOST_MOMENTS = 200
"""Steps that the slider stops at; of a longer training every second, third ... step after the first few."""
_FIRST = 10

Watched: TypeAlias = Timeline | Monitor | Report | Node


@dataclass(frozen=True)
class Course:
    """A training as pages show it: the reports of the steps that the slider stops at.

    Attributes
    ----------
    timeline : Timeline
    reports : tuple of Report
        With all their layers.
    drawn : tuple of Report
        With activations merged and blocks folded, as they are drawn.
    """

    timeline: Timeline
    reports: tuple[Report, ...]
    drawn: tuple[Report, ...]

    @property
    def last(self) -> Report:
        """The report of the last step."""
        return self.reports[-1]

    @property
    def steps(self) -> list[int]:
        """The steps that the slider stops at."""
        return [report.step for report in self.reports]

    def when(self, step: int) -> str:
        """Return a step in words, with its epoch where that is known."""
        epoch = self.timeline.epoch(step)
        return f"step {step}" if epoch is None else f"step {step} (epoch {epoch})"


def course_of(given: Watched | Iterable[Report], *, merge_activations: bool | str = "auto") -> Course:
    """Return the training that was given in one of its forms; activations are drawn as `viz.flow` would.

    Raises
    ------
    UndrawableError
        For anything but a Timeline, a Monitor, a report or reports, or a loss.
    """
    if isinstance(given, Monitor):
        given = given.timeline()
    if isinstance(given, Timeline):
        timeline = given
        reports = [timeline.at(step) for step in chosen(timeline.records.steps)]
    else:
        reports = _reports(given)
        timeline = Timeline(tuple(map(_record, reports)), tuple(reports))
    reports = [shown_report(report, merge_activations=False) for report in reports]
    drawn = tuple(with_folded_blocks(shown_report(report, merge_activations), "auto", ()) for report in reports)
    return Course(timeline, tuple(reports), drawn)


def _reports(given: Any) -> list[Report]:
    if isinstance(given, Report | Node):
        return [shown_report(given, merge_activations=False)]
    reports = list(given) if isinstance(given, Iterable) else []
    if not reports or not all(isinstance(report, Report) for report in reports):
        raise UndrawableError(
            f"report: got {type(given).__name__}, expected a health Report or Monitor or Timeline, several reports, or "
            "a loss after backward()"
        )
    return sorted({report.step: report for report in reports}.values(), key=lambda report: report.step)


def _record(report: Report) -> StepRecord:
    """Return the numbers of a single report as a training of one step would have left them."""
    layers = report.layers
    return StepRecord(
        report.step,
        report.loss,
        {layer.name: None if layer.gradient is None else layer.gradient.rms for layer in layers},
        {layer.name: layer.weight_gradient for layer in layers},
        samples=report.samples,
        activations={layer.name: layer.activation.rms for layer in layers},
        update_ratios={layer.name: x for layer in layers if (x := layer.update_ratio) is not None},
    )


def chosen(steps: Sequence[int]) -> list[int]:
    """Return the steps to show: all when they are few, else the first ones, then evenly spaced, and the last.

    Examples
    --------
    >>> len(chosen(range(200))), chosen(range(1000))[:14], chosen(range(1000))[-2:]
    (200, [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 12, 18, 24, 30], [996, 999])
    """
    if len(steps) <= MOST_MOMENTS:
        return list(steps)
    stride = math.ceil(len(steps) / (MOST_MOMENTS - _FIRST - 1))
    places = {*range(_FIRST), *range(0, len(steps), stride), len(steps) - 1}
    return [steps[place] for place in sorted(places)]


def drawn_courses(courses: Sequence[Course], prefixes: Sequence[str]) -> list[str]:
    """Return the frozen picture of each training, at its last step, as SVG in the page's colours.

    Trainings of the same layers get the same layout, so that they compare box by box.
    """
    names = [tuple(layer.name for layer in course.drawn[-1].layers) for course in courses]
    alike = len(set(names)) == 1
    made = []
    for course, prefix in zip(courses, prefixes, strict=True):
        others = [report for other in courses if alike for report in other.drawn]
        root = painted(frozen_picture([*others, *course.drawn]), looks_of(course.drawn[-1]))
        for element in root.iter():
            if "id" in element.attrib:
                element.set("id", prefix + element.get("id", ""))
        made.append(with_variables(ElementTree.tostring(root, encoding="unicode")))
    return made


def course_data(course: Course, prefix: str, findings: Sequence[Sequence[int]]) -> dict[str, Any]:
    """Return what the page's script needs of one training.

    Parameters
    ----------
    course : Course
    prefix : str
        Before the ids of its picture.
    findings : sequence of sequence of int
        Per step that is shown, which of the page's findings hold.
    """
    looks = [looks_of(report) for report in course.drawn]
    moments = [
        {"step": report.step, "said": _said(course, report), "findings": list(now), "ledger": _ledger(report)}
        for report, now in zip(course.reports, findings, strict=True)
    ]
    return {"prefix": prefix, "moments": moments, "looks": list(_changes(looks))}


def _said(course: Course, report: Report) -> str:
    """Return the step in words."""
    words = [course.when(report.step), f"loss {number(report.loss)}"]
    frame = course.timeline.frame(report.step).step
    if frame != report.step:
        words.append(f"histograms of step {frame}")
    return "  ·  ".join(words)


def _ledger(report: Report) -> list[Any]:
    """Return the ledger in a line, and [name, decades] of each entry."""
    found = ledger_of(report)
    if found is None:
        return ["", []]
    return [found.words(), [[entry.name, round(entry.decades, 3)] for entry in found.entries]]


def _changes(looks: Iterable[dict[str, Look]]) -> Iterable[dict[str, Look]]:
    """Yield the first looks whole, and of each later step what differs from the step before."""
    before: dict[str, Look] = {}
    for now in looks:
        yield {name: changed for name, look in now.items() if (changed := _changed(look, before.get(name, {})))}
        before = now


def _changed(look: Look, before: Look) -> Look:
    """Return what differs; a cell that is not there any more is empty."""
    gone: Look = {key: [] for key, value in before.items() if key not in look and value != []}
    return gone | {key: value for key, value in look.items() if before.get(key) != value}


@dataclass(frozen=True)
class Told:
    """One finding over the training: its latest form, and the runs of shown steps that it held for.

    Attributes
    ----------
    finding : Finding
    runs : tuple of (int, int)
        First and last step of each unbroken run; the first step is that of the finding's own `since`.
    lasting : bool
        Whether it holds at the last step.
    """

    finding: Finding
    runs: tuple[tuple[int, int], ...]
    lasting: bool


def findings_over_time(course: Course) -> tuple[list[Told], list[list[int]]]:
    """Return all findings of a training, those of the last step first, and which of them hold at each shown step."""
    latest: dict[tuple[str, str], Finding] = {}
    runs: dict[tuple[str, str], list[tuple[int, int]]] = {}
    held: list[list[tuple[str, str]]] = []
    for report in course.reports:
        now = {(f.kind, f.layer or f.words): f for f in reversed(report.findings)}
        before = held[-1] if held else []
        for key, finding in now.items():
            if key in before:
                runs[key][-1] = (runs[key][-1][0], report.step)
            else:
                runs.setdefault(key, []).append((min(finding.since, report.step), report.step))
            latest[key] = finding
        held.append(list(now))
    lasting = {(f.kind, f.layer or f.words): i for i, f in enumerate(course.last.findings)}
    order = sorted(
        latest,
        key=lambda key: (key not in lasting, lasting.get(key, 0), latest[key].severity != "critical", runs[key][0][0]),
    )
    place = {key: i for i, key in enumerate(order)}
    told = [Told(latest[key], tuple(runs[key]), key in lasting) for key in order]
    return told, [sorted(place[key] for key in keys) for keys in held]
