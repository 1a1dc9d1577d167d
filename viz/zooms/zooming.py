"""The zoom page: choose what goes in, check that it can, write it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import prod
from typing import Any

from autograd_cnn.errors import OutOfRangeError, UnknownNameError, suggestion
from autograd_cnn.graph import Node, describe, topological_order
from autograd_cnn.health import inspect
from autograd_cnn.health.network import Network, read_network
from autograd_cnn.health.parameters import named_parameters
from autograd_cnn.health.report import Report
from autograd_cnn.settings import is_whole
from viz.errors import TooLargeError, UndrawableError
from viz.flows import shown_report
from viz.page import Page
from viz.zooms.assembling import Choice, sections, with_history
from viz.zooms.data import Zoom
from viz.zooms.elements import term_counts
from viz.zooms.excerpts import has_row
from viz.zooms.gates import all_gates
from viz.zooms.sections import Part, chosen_sample, parts_of
from viz.zooms.writing import drawn

MOST_TERMS = 250_000
"""Terms of single elements that a page keeps; beyond, elements with a small gradient are left out first."""
MOST_LAYERS = 200
"""Layers whose gates a page can hold; each is laid out by itself."""
MOST_NUMBERS = 1_000_000
"""Weights, and elements of one sample, that a page holds."""


def zoom(
    loss: Node,
    *,
    model: Any = None,
    report: Report | None = None,
    sample: int | None = None,
    layers: Sequence[str] | None = None,
    title: str | None = None,
    most_terms: int = MOST_TERMS,
) -> Page:
    """Make one self-contained page that goes from the layers of a network down to single scalar gates.

    A layer opens into its tensor gates and units, a unit into its weights, their gradients and its numbers
    over the batch, and each output element of the chosen sample into the scalar gates that made it. Every
    number is the engine's: of the recorded arrays, and of `autograd_cnn.expand`.

    Parameters
    ----------
    loss : Node
        A loss on which ``backward()`` was called.
    model : object with ``parameters()`` or ``named_parameters()``, or iterable of Parameter, optional
        Tells trained Scalars from inputs, as in `autograd_cnn.health.inspect`.
    report : Report, optional
        What a Monitor found over the training: then units and findings are those of many batches, not of this one.
    sample : int, optional
        Whose elements to show; by default the sample on which the loss has the largest gradient.
    layers : sequence of str, optional
        The layers to open; by default all. It keeps the page of a large network small.
    title : str, optional
        The heading.
    most_terms : int
        How many terms of single elements to keep; small layers are served first.

    Returns
    -------
    Page
        With ``.save("zoom.html")`` and ``.html``; notebooks show it.

    Raises
    ------
    UndrawableError
        For anything but a loss after ``backward()``; when its graph was freed, or parameters were written since.
    TooLargeError
        When the page would hold too many numbers; the message says how it holds fewer.
    OutOfRangeError
        For a sample that the batch has not.
    UnknownNameError
        For a layer that the network has not.
    """
    title = title if title is not None else "Zoom"
    return drawn(zoom_data(loss, model, report, sample, layers, title, most_terms))


def zoom_data(
    loss: Node,
    model: Any = None,
    report: Report | None = None,
    sample: int | None = None,
    layers: Sequence[str] | None = None,
    title: str = "",
    most_terms: int = MOST_TERMS,
) -> Zoom:
    """Return what `zoom` shows as plain data; parameters and errors are the same."""
    check_loss(loss)
    network = read_network(loss, set(named_parameters(model).values()) if model is not None else None)
    if not _has_layers(network):
        return Zoom(title, None, (), all_gates(loss), 0, 1)
    _check_written(network)
    whole = with_history(inspect(loss, model=model), report)
    shown = shown_report(whole, merge_activations=True)
    parts = parts_of(network, whole, shown)
    samples = network.batch
    keys = _keys(layers, parts)
    opened = [part for part in parts if part.key in keys]
    _check_size(opened, samples)
    shares = _shares({part.key: prod(term_counts(part, samples)) for part in opened}, most_terms)
    choice = Choice(_sample(sample, parts, samples), samples, shares)
    return Zoom(title, shown, sections(parts, shown, choice), None, choice.sample, samples)


def check_loss(loss: Any) -> None:
    """Raise UndrawableError for what no page can be made of."""
    if not isinstance(loss, Node):
        raise UndrawableError(f"zoom: got {type(loss).__name__}, expected a loss after loss.backward()")
    if loss.gate is None or loss.size != 1:
        raise UndrawableError(f"zoom: got {describe(loss)}; expected the loss: a node of one element that a gate made")
    freed = next((node for node in topological_order(loss) if node.inputs is None), None)
    if freed is not None:
        raise UndrawableError(
            f"zoom: {describe(freed)} was freed by backward(retain='leaves'); run the forward pass again and call "
            "backward() without retain"
        )
    if loss.grad is None:
        raise UndrawableError(f"zoom: {describe(loss)} has no gradients yet; call loss.backward() first")


def _check_written(network: Network) -> None:
    written = network.written()
    if written:
        raise UndrawableError(
            f"zoom: {describe(written[0])} was assigned a new value after the forward pass; zoom before "
            "optimizer.step(), or run forward and backward again"
        )


def _has_layers(network: Network) -> bool:
    """Whether there is anything to zoom through: a scope, or a parameter that is an array."""
    gates = [node for node in network.order if node.gate is not None]
    arrays = any(p.ndim > 1 for parameters in network.parameters.values() for p in parameters)
    return arrays or any(node.scope for node in gates)


def _sample(sample: int | None, parts: Sequence[Part], samples: int) -> int:
    if sample is None:
        return chosen_sample(parts, samples)
    if not is_whole(sample, 0, samples - 1):
        raise OutOfRangeError(f"zoom: sample={sample!r}, but the batch has samples 0 to {samples - 1}")
    return int(sample)


def _keys(layers: Sequence[str] | None, parts: Sequence[Part]) -> frozenset[str]:
    """Return the keys of the layers to open, given by name."""
    names = {part.layer.name: part.key for part in parts if part.layer is not None}
    if layers is None:
        return frozenset(names.values())
    wanted = (layers,) if isinstance(layers, str) else tuple(layers)
    for name in wanted:
        if name not in names:
            raise UnknownNameError(
                f"zoom: the network has no layer {name!r}; it has {', '.join(names)}{suggestion(str(name), names)}"
            )
    return frozenset(names[name] for name in wanted)


def _check_size(parts: Sequence[Part], samples: int) -> None:
    if len(parts) > MOST_LAYERS:
        raise TooLargeError(
            f"zoom: {len(parts):,} layers to open, each with its gates; at most {MOST_LAYERS}: open some only, such as "
            f"layers=[{parts[-2].key!r}, {parts[-1].key!r}]"
        )
    sizes = {part.key: _size(part, samples) for part in parts}
    if sum(sizes.values()) > MOST_NUMBERS:
        trained = {part.key: sizes[part.key] for part in parts if part.parameters}
        small = min(trained or sizes, key=sizes.__getitem__)
        raise TooLargeError(
            f"zoom: the page would hold {sum(sizes.values()):,} weights and outputs, more than {MOST_NUMBERS:,}; "
            f"open some layers only, such as layers=[{small!r}]"
        )


def _size(part: Part, samples: int) -> int:
    """Return how many numbers a page holds of a section: weights, one sample's output and what it was made from."""
    nodes = [node for node in (*part.entering, part.output) if not part.of_scalars]
    return sum(p.size for p in part.parameters) + sum(prod(x.shape[has_row(x, samples) :]) for x in nodes)


def _shares(wanted: Mapping[str, int], most: int) -> dict[str, int]:
    """Share out `most` terms: who wants less than an equal part gets all, the others divide the rest."""
    shares = {}
    for i, (key, count) in enumerate(sorted(wanted.items(), key=lambda item: item[1])):
        shares[key] = min(count, most // (len(wanted) - i))
        most -= shares[key]
    return shares
