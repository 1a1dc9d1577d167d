"""Look at one graph: measure its layers and wires, and judge them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from autograd_cnn.graph import Node, Scalar
from autograd_cnn.health.findings import Facts, judged
from autograd_cnn.health.grouping import Group, is_activation
from autograd_cnn.health.kinds import kind_of
from autograd_cnn.health.measures import decades, gradient_distribution, norm, rms, value_distribution
from autograd_cnn.health.network import (
    Edge,
    Gradients,
    Network,
    kept_gradients,
    read_network,
    total,
    walked_gradients,
)
from autograd_cnn.health.nonfinite import first_non_finite
from autograd_cnn.health.parameters import disconnected, named_parameters
from autograd_cnn.health.past import Past
from autograd_cnn.health.report import Connection, Layer, Report, Thresholds, Units
from autograd_cnn.health.start import start_of
from autograd_cnn.health.units import combined, read_units, unit_numbers
from autograd_cnn.health.weighing import only_weighing, provably_dead, same_sign

_FAR = 1e300
"""An input at which activations that saturate have done so, and others are as large as it."""


def inspect(
    loss: Node, *, model: Any = None, thresholds: Thresholds | None = None, step: int = 0, initial: bool = False
) -> Report:
    """Look at the health of a network, reading its layers from the graph of `loss`.

    Gradients that ``loss.backward()`` left on the nodes are used; without them they are computed.
    Those of parameters are taken as they are, so zero them before backward(), as in training.
    Nothing is written.

    Parameters
    ----------
    loss : Node
        Output of one element.
    model : object with ``parameters()`` or ``named_parameters()``, or iterable of Parameter, optional
        Lets parameters without a path to the loss be found, and tells trained Scalars from inputs.
    thresholds : Thresholds, optional
        Where findings begin.
    step : int
        Number to show in the report.
    initial : bool
        Whether the weights are as they were initialised: their scale and the loss are then judged too.

    Returns
    -------
    Report
        ``print(report)`` shows it as a table.

    Raises
    ------
    GradientError
        When ``backward(retain="leaves")`` freed the graph, or a parameter was written to since the forward pass
        and no gradients are there.
    ArgumentError
        When `loss` was made by no gate or has several elements.

    Examples
    --------
    >>> import numpy as np
    >>> import autograd_cnn as ag
    >>> from autograd_cnn import functional as F, health
    >>> x, w = ag.Tensor([[1.0, 2.0]]), ag.Parameter([[3.0, 4.0]])
    >>> with ag.scope("fc"):
    ...     score = F.linear(x, w)
    >>> report = health.inspect(score.sum())
    >>> report.layers[0].name, report.layers[0].kind, report.layers[0].activation.rms
    ('fc', 'linear', 11.0)
    """
    names = named_parameters(model)
    network = read_network(loss, set(names.values()) if model is not None else None)
    gradients = walked_gradients(network) if loss.grad is None else kept_gradients(network)
    past = Past(step=step, now=step, start=start_of(network, step) if initial else None)
    return report_of(network, gradients, names, thresholds or Thresholds(), past)


def report_of(
    network: Network, gradients: Gradients, names: Mapping[str, Node], thresholds: Thresholds, past: Past
) -> Report:
    """Measure and judge a network whose gradients are known."""
    layers = [_layer(network, group, gradients, thresholds, past) for group in network.layers]
    facts = Facts(
        tuple(layers),
        non_finite=past.non_finite or first_non_finite(network, gradients, past.now),
        accumulated=past.accumulated,
        disconnected=disconnected(names, network),
        samples=past.samples or network.batch,
        update_ratios=past.updates,
        onset=past.onset or (lambda kind, layer: past.step),
        course=past.course,
        start=past.start,
    )
    findings, ratio = judged(facts, thresholds)
    source = next((edge.source for edge in network.edges if edge.giver is None and edge.taker is not None), None)
    return Report(
        layers=tuple(layer.with_findings(findings) for layer in layers),
        connections=_connections(network, gradients),
        input_shape=_without_batch(source.shape) if source is not None else (),
        loss=network.loss.item(),
        step=past.step,
        batch=network.batch,
        samples=facts.samples,
        thresholds=thresholds,
        findings=findings,
        first_to_last=ratio,
    )


def outputs_of(network: Network, group: Group) -> list[Node]:
    """Return what leaves a layer: its last node, or one Scalar per neuron and sample."""
    output = network.output(group)
    if not isinstance(output, Scalar):
        return [output]
    return list(dict.fromkeys(edge.source for edge in network.leaving(group))) or [output]


def activations_of(group: Group) -> list[Node]:
    """Return the nodes of a layer whose elements are units: Tensors, or Scalars, as the last one is."""
    found = [node for node in group.nodes if is_activation(node)]
    return [node for node in found if isinstance(node, Scalar) == isinstance(found[-1], Scalar)]


def weights_of(parameters: list[Node]) -> list[Node]:
    """Return the trained parameters that speak for a layer: its matrices and filters, or all where it has none."""
    trained = [p for p in parameters if p.requires_grad]
    return [p for p in trained if p.ndim >= 2] or trained


def weight_gradient(weights: list[Node], gradients: Gradients) -> float | None:
    """Return the RMS of the gradients of a layer's weights; None where none is known."""
    known = [gradients.nodes[p] for p in weights if p in gradients.nodes]
    return rms(known) if known else None


def _layer(network: Network, group: Group, gradients: Gradients, thresholds: Thresholds, past: Past) -> Layer:
    outputs = outputs_of(network, group)
    received = [gradients.nodes[node] for node in outputs if node in gradients.nodes]
    into, samples = network.inputs(group), network.batch
    parameters = network.parameters[group]
    if past.units is None:
        activations = activations_of(group)
        numbers = unit_numbers(activations, network.data) if activations else None
        upstream = [gradients.nodes.get(node) for node in activations]
        batch = read_units(activations, numbers, upstream, thresholds)
        units = None if batch is None else combined([batch], thresholds)
    else:
        units = past.units.get(group.name)
    proven, highest = _proofs(network, group, units)
    known = past.weight_gradients
    updates = past.updates.get(group.name)
    return Layer(
        name=group.name,
        kind=kind_of(group.nodes, network.data),
        input_shape=_row_shape([edge.source for edge in into], samples),
        output_shape=_row_shape(outputs, samples),
        parameters=sum(p.size for p in parameters if p.requires_grad),
        activation=value_distribution([node.value for node in outputs], _bounds(outputs)),
        gradient=gradient_distribution(received) if received else None,
        attenuation=_attenuation(network, group, gradients),
        update_ratio=updates[-1] if updates else None,
        weight_gradient=weight_gradient(weights_of(parameters), gradients) if known is None else known.get(group.name),
        units=units,
        same_sign=_same_sign(network, group, gradients) if past.same_sign is None else past.same_sign.get(group.name),
        proven=proven,
        highest=highest,
    )


def _proofs(network: Network, group: Group, units: Units | None) -> tuple[tuple[int, ...], float | None]:
    """Return which of the dead and silent units are provably so, and the highest pre-activation they can reach."""
    if units is None or not (units.dead or units.silent):
        return (), None
    proven, highest = provably_dead(network, group)
    still = tuple(unit for unit in proven if unit in units.dead or unit in units.silent)
    return (still, highest) if still else ((), None)


def _same_sign(network: Network, group: Group, gradients: Gradients) -> float | None:
    for found in only_weighing(network, group):  # one, if any
        return same_sign(found.data.value, gradients.nodes.get(found.weight), found.axis)
    return None


def _attenuation(network: Network, group: Group, gradients: Gradients) -> float | None:
    sent = _per_source(network.inputs(group), gradients)
    leaving = network.leaving(group)
    received = _per_source(leaving, gradients) if leaving else [gradients.nodes.get(network.output(group))]
    if any(part is None for part in (*sent, *received)):
        return None
    return decades(norm(sent), norm(received))  # None where nothing enters


def _per_source(edges: list[Edge], gradients: Gradients) -> list[Any]:
    """Add up, per source, what some of its wires carry back; None where one of them is unknown."""
    sources: dict[Node, list[Any]] = {}
    for edge in edges:
        sources.setdefault(edge.source, []).append(gradients.wires.get((edge.user, edge.slot)))
    return [None if any(p is None for p in parts) else total(parts) for parts in sources.values()]


def _connections(network: Network, gradients: Gradients) -> tuple[Connection, ...]:
    bundles: dict[tuple[Group | None, Group | None], list[Edge]] = {}
    for edge in network.edges:
        if edge.giver is not None or edge.taker is not None:
            bundles.setdefault((edge.giver, edge.taker), []).append(edge)
    found = []
    for (giver, taker), edges in bundles.items():
        values = [source.value for source in dict.fromkeys(edge.source for edge in edges)]
        parts = _per_source(edges, gradients)
        gradient = None if any(part is None for part in parts) else rms(parts)
        found.append(Connection(giver.name if giver else "", taker.name if taker else "", rms(values), gradient))
    last = next((group for group in network.layers if network.loss in group.nodes), None)
    if last is not None:  # what a layer gives is itself the loss
        seed = gradients.nodes.get(network.loss)
        found.append(Connection(last.name, "", rms([network.loss.value]), None if seed is None else rms([seed])))
    return tuple(found)


def _row_shape(nodes: list[Node], samples: int) -> tuple[int, ...]:
    """Return the shape of one sample, that of the first Tensor; where all are Scalars, how many there are."""
    tensors = [node for node in nodes if not isinstance(node, Scalar)]
    if tensors:
        return _without_batch(tensors[0].shape)
    count = len(set(nodes))
    return (count // samples if count % samples == 0 else count,) if nodes else ()


def _without_batch(shape: tuple[int, ...]) -> tuple[int, ...]:
    return shape[1:] if len(shape) > 1 else shape


def _bounds(outputs: list[Node]) -> tuple[float, float] | None:
    """Return the range of one activation that saturates on both sides, such as 0 to 1 for the sigmoid."""
    first, *others = outputs
    if first.gate is None or first.gate.saturates is None:
        return None
    if any(other.gate is not first.gate or other.attributes != first.attributes for other in others):
        return None
    low, high = (float(first.gate(x, **first.attributes)) for x in (-_FAR, _FAR))
    return (low, high) if high - low < 0.5 * _FAR else None
