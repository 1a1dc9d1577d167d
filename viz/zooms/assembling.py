"""Gather what a zoom page holds from the graph of a loss."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from autograd_cnn.graph import Node
from autograd_cnn.health.report import Layer, Report
from autograd_cnn.health.verdicts import verdict
from autograd_cnn.health.wording import decades, extent, number, tiny
from viz.errors import UndrawableError
from viz.labels import plain
from viz.unit_bars import unit_counts
from viz.zooms.data import Remark, Section
from viz.zooms.elements import elements_of
from viz.zooms.excerpts import kept, row
from viz.zooms.gates import with_gates
from viz.zooms.sections import Giver, Part, givers_of
from viz.zooms.units import unit_table


@dataclass(frozen=True)
class Choice:
    """What of a network is zoomed into.

    Attributes
    ----------
    sample, samples : int
    most_terms : mapping of str to int
        Sections with units and elements, and how many terms these may have.
    """

    sample: int
    samples: int
    most_terms: Mapping[str, int]


def sections(parts: Sequence[Part], report: Report, choice: Choice) -> tuple[Section, ...]:
    """Return every section, those chosen with their units and elements."""
    givers = givers_of(parts, choice.samples)
    return tuple(_section(part, report, choice, givers) for part in parts)


def _section(part: Part, report: Report, choice: Choice, givers: Mapping[Node, Giver]) -> Section:
    if part.layer is None:
        facts = (("value", number(report.loss)), ("batch", str(report.batch)))
        return with_gates(Section(part.key, "loss", "what the layers' output is judged by", facts), part, givers)
    layer = part.layer
    said = verdict(layer)
    section = Section(
        key=part.key,
        name=plain(layer.name),
        kind=layer.kind,
        facts=_facts(layer),
        status=said.status,
        verdict=said.words,
        remarks=tuple(Remark(f.severity, f.words, f.evidence, f.cause, f.remedy) for f in layer.findings),
    )
    if part.key not in choice.most_terms:
        return replace(section, elements_note="this layer was left out by layers=")
    table = unit_table(part, choice.samples, layer.units, report.thresholds, report.samples)
    elements, note = elements_of(part, choice.sample, choice.samples, givers, choice.most_terms[part.key])
    value, gradient = _sample_of(part, choice)
    opened = replace(section, value=value, gradient=gradient, units=table, elements=elements, elements_note=note)
    return with_gates(opened, part, givers)


def _sample_of(part: Part, choice: Choice) -> tuple[Any, Any]:
    """Return the output of the chosen sample and the gradient on it."""
    if part.of_scalars:
        units = len(part.leaving) // choice.samples
        mine = part.leaving[choice.sample * units : (choice.sample + 1) * units]
        known = all(node.grad is not None for node in mine)
        return np.array([x.value for x in mine]), np.array([x.grad for x in mine]) if known else None
    node = part.output
    gradient = None if node.grad is None else kept(row(node.grad, node, choice.sample, choice.samples))
    return kept(row(node.value, node, choice.sample, choice.samples)), gradient


def with_history(own: Report, history: Report | None) -> Report:
    """Return the health of this batch, with units, findings and updates as they were over the training."""
    if history is None:
        return own
    past = {layer.name: layer for layer in history.layers}
    missing = [layer.name for layer in own.layers if layer.name not in past]
    if missing:
        raise UndrawableError(f"zoom: the network has a layer {missing[0]!r}, of which the report does not tell")
    layers = tuple(
        replace(
            layer,
            units=past[layer.name].units,
            findings=past[layer.name].findings,
            update_ratio=past[layer.name].update_ratio,
        )
        for layer in own.layers
    )
    seen = {"samples": history.samples, "thresholds": history.thresholds, "findings": history.findings}
    return replace(own, layers=layers, step=history.step, **seen)  # type: ignore[arg-type]


def _facts(layer: Layer) -> tuple[tuple[str, str], ...]:
    """Return the health numbers of a layer."""
    facts = [
        ("shape", f"{extent(layer.input_shape)} → {extent(layer.output_shape)}"),
        ("parameters", f"{layer.parameters:,}"),
        ("activation RMS", number(layer.activation.rms)),
        ("gradient RMS", tiny(layer.gradient.rms) if layer.gradient else "—"),
        ("attenuation", f"{decades(layer.attenuation)} decades" if layer.attenuation is not None else "—"),
    ]
    if layer.weight_gradient is not None:
        facts.append(("weight gradient RMS", tiny(layer.weight_gradient)))
    if layer.update_ratio is not None:
        facts.append(("update ratio", tiny(layer.update_ratio)))
    if layer.units is not None:
        counted = [f"{n} {state}" for state, n in unit_counts(layer.units).items() if n]
        facts.append(("units", ", ".join(counted)))
    return tuple(facts)
