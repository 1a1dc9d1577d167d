"""What a picture of layers shows of a report: activations merged, scopes as clusters, the main line."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from autograd_cnn.health.findings import worst_first
from autograd_cnn.health.report import Connection, Layer, Report
from viz.diagram import Cluster
from viz.errors import UndrawableError

MANY_LAYERS = 10
"""Layers above which each activation is drawn as part of the layer that feeds it."""

_ACTIVATIONS: tuple[str, ...] = ("relu", "relu6", "leaky", "prelu", "elu", "selu", "celu", "gelu", "silu", "mish")
_ACTIVATIONS += ("swish", "sigmoid", "logsigmoid", "tanh", "softplus", "softsign")
_ACTIVATIONS += ("hardsigmoid", "hardswish", "hardtanh")


@dataclass(frozen=True)
class Place:
    """Where a card stands: the clusters around it, outermost first, and the name left to write on it."""

    path: tuple[str, ...]
    shown: str


def checked(report: Report) -> Report:
    """Return `report` if every connection joins layers that it has; raise UndrawableError otherwise."""
    known = {layer.name for layer in report.layers} | {""}
    for wire in report.connections:
        for name in (wire.source, wire.target):
            if name not in known:
                raise UndrawableError(
                    f"the report connects {wire.source!r} to {wire.target!r}, but has no layer {name!r}; its layers: "
                    f"{', '.join(sorted(known - {''})) or 'none'}"
                )
    if len(known) <= len(report.layers):
        raise UndrawableError("two layers of the report share one name, or have none; wires could not tell them apart")
    return report


def with_merged_activations(report: Report) -> Report:
    """Return `report` with each activation folded into the layer that feeds it and nothing else.

    The merged layer keeps the name, parameters and update of the first, and shows the output,
    gradient and units of the activation; decades add up.
    """
    layers = {layer.name: layer for layer in report.layers}
    merged_into: dict[str, str] = {}
    for layer in report.layers:
        sources = [wire.source for wire in report.connections if wire.target == layer.name]
        if layer.parameters or not _is_activation(layer.kind) or len(sources) != 1:
            continue
        feeder = merged_into.get(sources[0], sources[0])
        only_use = [wire.target for wire in report.connections if wire.source == sources[0]] == [layer.name]
        if feeder in layers and layers[feeder].parameters and only_use and feeder != layer.name:
            layers[feeder] = _merged(layers[feeder], layers.pop(layer.name))
            merged_into[layer.name] = feeder
    wires = tuple(
        replace(wire, source=merged_into.get(wire.source, wire.source), target=wire.target)
        for wire in report.connections
        if wire.target not in merged_into
    )
    return replace(report, layers=tuple(layers.values()), connections=wires)


def _is_activation(kind: str) -> bool:
    words = kind.replace(",", " ").split()
    return bool(words) and words[0].lower() in _ACTIVATIONS


def _merged(feeder: Layer, activation: Layer) -> Layer:
    parts = feeder.attenuation, activation.attenuation
    return replace(
        feeder,
        kind=f"{feeder.kind} + {activation.kind}",
        output_shape=activation.output_shape,
        activation=activation.activation,
        gradient=activation.gradient,
        attenuation=None if parts[0] is None or parts[1] is None else parts[0] + parts[1],
        units=activation.units or feeder.units,
        findings=worst_first((*feeder.findings, *activation.findings)),
    )


def places(layers: Sequence[Layer]) -> dict[str, Place]:
    """Return where each layer stands: scopes that have siblings and hold several layers become clusters."""
    found: dict[str, Place] = {}
    _place([(tuple(layer.name.split("/")), layer.name) for layer in layers], 0, (), found)
    return found


def _place(members: list[tuple[tuple[str, ...], str]], depth: int, path: tuple[str, ...], to: dict[str, Place]) -> None:
    groups: dict[str, list[tuple[tuple[str, ...], str]]] = {}
    for parts, name in members:
        if len(parts) <= depth:  # this layer is the scope itself: the operations between its inner layers
            to[name] = Place(path, parts[-1])
        else:
            groups.setdefault(parts[depth], []).append((parts, name))
    for key, group in groups.items():
        if len(group) == 1:
            parts, name = group[0]
            to[name] = Place(path, "/".join(parts[depth:]))
        else:
            _place(group, depth + 1, (*path, key) if len(groups) > 1 else path, to)


def clusters(boxes: Iterable[tuple[str, tuple[str, ...]]]) -> Cluster:
    """Return the tree of clusters that holds `boxes`, given with their paths; its root is the page."""
    inside: dict[tuple[str, ...], list[str]] = {(): []}
    for box, path in boxes:
        for depth in range(len(path) + 1):
            inside.setdefault(path[:depth], [])
        inside[path].append(box)
    numbers = {path: i for i, path in enumerate(inside)}

    def tree(path: tuple[str, ...]) -> Cluster:
        inner = tuple(tree(p) for p in inside if len(p) == len(path) + 1 and p[: len(path)] == path)
        return Cluster(str(numbers[path]), path[-1] if path else "", tuple(inside[path]), inner)

    return tree(())


def common_path(paths: Iterable[tuple[str, ...]]) -> tuple[str, ...]:
    """Return the clusters that all `paths` share."""
    shared: list[str] = []
    for keys in zip(*paths, strict=False):
        if len(set(keys)) > 1:
            break
        shared.append(keys[0])
    return tuple(shared)


def main_line(report: Report) -> tuple[str, ...]:
    """Return the layers on the longest way from the input to the loss, which is drawn straight."""
    order = {layer.name: i for i, layer in enumerate(report.layers)}
    length = {"": 0}
    before: dict[str, str] = {}
    end = ""
    for wire in sorted(report.connections, key=lambda wire: order.get(wire.target, len(order))):
        forward = wire.source == "" or order[wire.source] < order.get(wire.target, len(order))
        if not forward or wire.source not in length:
            continue
        steps = length[wire.source] + 1
        if wire.target == "":
            end = max(end, wire.source, key=lambda name: length.get(name, 0))
        elif steps > length.get(wire.target, 0):
            length[wire.target], before[wire.target] = steps, wire.source
    line = []
    while end:
        line.append(end)
        end = before.get(end, "")
    return tuple(reversed(line))


def outgoing(report: Report) -> dict[str, list[Connection]]:
    """Return the connections that leave the input (``""``) and each layer."""
    leaving: dict[str, list[Connection]] = {"": []}
    leaving |= {layer.name: [] for layer in report.layers}
    for wire in report.connections:
        leaving[wire.source].append(wire)
    return leaving
