"""A full report of one step, with the numbers of another."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

from autograd_cnn.health.findings import Facts, judged
from autograd_cnn.health.history import StepRecord
from autograd_cnn.health.past import Past
from autograd_cnn.health.report import Connection, Layer, Report, Units


def layer_with(layer: Layer, record: StepRecord, units: Units | None) -> Layer:
    """Return a layer with the numbers of a step and the state of its units; its histograms stay what they were."""
    name, gradient = layer.name, record.gradients.get(layer.name)
    unwell = () if units is None else (*units.dead, *units.silent)
    proven = tuple([unit for unit in layer.proven if unit in unwell])
    return replace(
        layer,
        activation=replace(layer.activation, rms=record.activations.get(name, layer.activation.rms)),
        gradient=None if gradient is None or layer.gradient is None else replace(layer.gradient, rms=gradient),
        attenuation=record.attenuations.get(name, layer.attenuation),
        update_ratio=record.update_ratios.get(name),
        weight_gradient=record.weight_gradients.get(name),
        units=units,
        proven=proven,
        highest=layer.highest if proven else None,
    )


def judged_by_numbers(layer: Layer) -> Layer:
    """Return a layer whose histogram, which may be older, has no say: all gradients are 0 where their RMS is."""
    if layer.gradient is None:
        return layer
    return replace(layer, gradient=replace(layer.gradient, zeros=float(layer.gradient.rms == 0)))


def connections_with(frame: Report, record: StepRecord) -> tuple[Connection, ...]:
    """Return the wires with the numbers of a step; where an output fans out, a wire keeps its older share."""
    leaving = Counter(wire.source for wire in frame.connections)
    return tuple(
        replace(wire, value=record.activations[wire.source], gradient=record.gradients[wire.source])
        if leaving[wire.source] == 1 and wire.source in record.activations and wire.source in record.gradients
        else wire
        for wire in frame.connections
    )


def renewed(frame: Report, record: StepRecord, past: Past) -> Report:
    """Return a full report with the numbers, units and findings of a later step; histograms stay what they were."""
    units = past.units or {}
    layers = [layer_with(layer, record, units.get(layer.name)) for layer in frame.layers]
    layers = [replace(layer, same_sign=(past.same_sign or {}).get(layer.name)) for layer in layers]
    facts = Facts(
        tuple([judged_by_numbers(layer) for layer in layers]),
        non_finite=past.non_finite,
        accumulated=past.accumulated,
        disconnected=tuple([f.words.removesuffix(" disconnected") for f in frame.findings if f.kind == "disconnected"]),
        samples=past.samples,
        update_ratios=past.updates,
        onset=past.onset or (lambda kind, layer: past.step),
        course=past.course,
        start=past.start,
    )
    findings, ratio = judged(facts, frame.thresholds)
    return replace(
        frame,
        layers=tuple([layer.with_findings(findings) for layer in layers]),
        connections=connections_with(frame, record),
        loss=record.loss,
        step=record.step,
        batch=past.batch,
        samples=past.samples,
        findings=findings,
        first_to_last=ratio,
    )
