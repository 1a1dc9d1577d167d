"""A whole training as plain data: every step, full reports now and then, and the lives of the units."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np

from autograd_cnn.health.findings import Facts, judged, worst_first
from autograd_cnn.health.history import StepRecord
from autograd_cnn.health.lives import STATES, Spell, units_at
from autograd_cnn.health.numbers import connections_with, judged_by_numbers, layer_with
from autograd_cnn.health.onset import onset, onset_of_units
from autograd_cnn.health.records import Records
from autograd_cnn.health.report import Layer, Report, Units

MOST_FRAMES = 200

_BY_NUMBERS = {*STATES, "vanishing", "exploding", "zero", "update", "unchanged"}
REPLAYED = frozenset({*_BY_NUMBERS, "non-finite", "accumulated", "disconnected"})
"""Kinds of findings that are known of every step; others are those of the last full report."""


@dataclass(frozen=True)
class Timeline:
    """What a training leaves behind; plain data that can be written down and read again.

    Attributes
    ----------
    steps : sequence of StepRecord
        The numbers of every step looked at.
    frames : tuple of Report
        Full reports, with histograms, of some of the steps; the last one is that of the last step.
    spells : dict
        Per layer, which units were dead, starved or saturated, and when.
    curves : dict
        What the training loop noted: per quantity and split, (step, number) pairs.
    epochs : tuple of int
        The first step of each epoch, where the training loop told.
    """

    steps: Sequence[StepRecord]
    frames: tuple[Report, ...]
    spells: dict[str, tuple[Spell, ...]] = field(default_factory=dict)
    curves: dict[str, dict[str, tuple[tuple[int, float], ...]]] = field(default_factory=dict)
    epochs: tuple[int, ...] = ()

    @property
    def last(self) -> Report:
        """The report of the last step."""
        return self.frames[-1]

    def epoch(self, step: int) -> int | None:
        """Return the epoch of a step, counted from 1; None where nobody told of epochs."""
        begun = sum(first <= step for first in self.epochs)
        return begun or None

    def frame(self, step: int) -> Report:
        """Return the last full report up to a step; the first one, where there is none."""
        return next((frame for frame in reversed(self.frames) if frame.step <= step), self.frames[0])

    def at(self, step: int) -> Report:
        """Return the report of any step: its own numbers, units and findings, in the last full report before it.

        Histograms, the share of single wires where a layer's output fans out, and findings that need more than the
        numbers of the steps are those of that full report.

        Raises
        ------
        KeyError
            For a step that was not watched.
        """
        if step == self.last.step:
            return self.last
        place = self._places[step]
        record, frame = self.records[place], self.frame(step)
        layers = tuple(self._layer(layer, record) for layer in frame.layers)
        replayed, ratio = judged(self._facts(layers, place), frame.thresholds)
        carried = tuple(finding for finding in frame.findings if finding.kind not in REPLAYED)
        findings = worst_first((*replayed, *carried))
        return replace(
            frame,
            layers=tuple(layer.with_findings(findings) for layer in layers),
            step=step,
            loss=record.loss,
            samples=record.samples,
            findings=findings,
            first_to_last=ratio,
            connections=connections_with(frame, record),
        )

    @cached_property
    def _places(self) -> dict[int, int]:
        return {step: place for place, step in enumerate(self.records.steps)}

    @cached_property
    def records(self) -> Records:
        """The numbers of every step looked at, as columns."""
        return self.steps if isinstance(self.steps, Records) else Records(self.steps)

    def _layer(self, layer: Layer, record: StepRecord) -> Layer:
        return layer_with(
            layer, record, None if layer.units is None else self._units(layer.units.count, layer.name, record)
        )

    def _units(self, count: int, name: str, record: StepRecord) -> Units:
        found = units_at(self.spells.get(name, ()), count, record.step)
        return replace(found, silent=record.silent_units.get(name, ()))

    def _facts(self, layers: tuple[Layer, ...], place: int) -> Facts:
        record, told = self.records[place], self.last.findings
        ratios = {}
        for layer in layers:
            places, known = self.records.known("update_ratios", layer.name)
            ratios[layer.name] = known[places <= place].tolist()
        return Facts(
            tuple(map(judged_by_numbers, layers)),
            non_finite=next((f for f in told if f.kind == "non-finite" and f.since <= record.step), None),
            accumulated=next((f for f in told if f.kind == "accumulated" and f.since <= record.step), None),
            disconnected=tuple(f.words.removesuffix(" disconnected") for f in told if f.kind == "disconnected"),
            samples=record.samples,
            update_ratios=ratios,
            onset=lambda kind, layer: self._onset(place, kind, layer),
        )

    def _onset(self, place: int, kind: str, layer: str) -> int:
        units = next((each.units for each in self.last.layers if each.name == layer), None)
        if kind not in STATES or units is None:
            return onset(self.records, kind, layer, self.last.thresholds, place)
        step, since = self.records[place].step, np.full(units.count, -1)
        for spell in self.spells.get(layer, ()):
            if spell.state == kind and spell.holds(step):
                since[spell.unit] = spell.since
        return onset_of_units(since, kind, self.last.thresholds, step)


@dataclass
class Frames:
    """Keeps some of the full reports: those of the first steps, doubling, then every so many, thinned when many.

    Where steps are looked at so far `apart`, looks are counted: a report costs as much as many a step.
    """

    every: int
    apart: int = 1
    kept: list[Report] = field(default_factory=list)

    def wants(self, step: int) -> bool:
        """Whether the report of a step is to be kept: of those looked at, it is the first of a span."""
        return not self.kept or self._span(step) != self._span(self.kept[-1].step)

    def keep(self, report: Report) -> None:
        """Keep a report; when there are too many, every second of those that are evenly spaced goes."""
        self.kept.append(report)
        if len(self.kept) > MOST_FRAMES:
            self.every *= 2
            kept, self.kept = self.kept, []
            for each in kept:
                if self.wants(each.step):
                    self.kept.append(each)

    def _span(self, step: int) -> tuple[bool, int]:
        """Return in which span a step lies: 0, 1, 2 to 3, 4 to 7 ..., then equally long ones; counted in looks."""
        look = step // self.apart
        return (False, look.bit_length()) if look < self.every else (True, look // self.every)


def is_early(step: int, end: int) -> bool:
    """Whether a step is one of 0, 1, 2, 4, 8 ... before some step."""
    return step < end and step & (step - 1) == 0
