"""Parts of a graph as graphs of their own: copied as recorded, or run again on one sample."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from copy import copy
from typing import Any

import numpy as np
from numpy.typing import NDArray

from autograd_cnn.errors import AutogradError
from autograd_cnn.graph import Node, Scalar, Tensor, topological_order
from autograd_cnn.recording import recorded


def excerpt(output: Node, members: Collection[Node], names: Mapping[Node, str]) -> Node:
    """Return a copy of `output` whose graph ends where `members` end: what lies outside becomes a leaf.

    Nothing is computed: values, gradients and attributes are those of the record. Leaves outside that
    `names` names get that name; parameters stay themselves.
    """
    made: dict[Node, Node] = {}
    outside = {x for node in members for x in node.inputs or () if isinstance(x, Node) and x not in members}
    for node in topological_order(output, until=outside):
        if node in members:
            made[node] = copy(node)
            made[node].inputs = tuple(made[x] if isinstance(x, Node) else x for x in node.inputs or ())
        elif node in names or node.gate is not None:
            made[node] = leaf = copy(node)
            leaf.gate, leaf.inputs, leaf.attributes = None, (), {}
            leaf.name = names.get(node, node.name)
        else:
            made[node] = node
    return made[output]


def has_row(node: Node, samples: int) -> bool:
    """Whether the first axis of a node counts samples."""
    return node.ndim > 1 and node.shape[0] == samples


def row(values: Any, node: Node, sample: int, samples: int) -> Any:
    """Return the part of a node's value or gradient that belongs to one sample; all where samples have no axis."""
    return values[sample] if has_row(node, samples) else np.asarray(values)


def kept(values: Any) -> NDArray[Any]:
    """Return numbers in a type that pages read: half precision becomes single, longer ones double."""
    array = np.asarray(values)
    return array.astype(np.float32 if array.dtype.kind == "f" and array.dtype.itemsize <= 4 else np.float64)


def rerun(
    members: Iterable[Node], entering: Iterable[Node], output: Node, sample: int, samples: int
) -> tuple[Node, dict[Node, Node]] | None:
    """Run a part of a graph again on one sample alone.

    Returns
    -------
    (output, leaves) or None
        The output, with its gradient of the record, and for each node that enters the leaf that stands for
        it. None where samples cannot be told apart: a batch norm in training gives other numbers on one sample.
    """

    def alone(node: Node, *, requires_grad: bool = False) -> Node:
        part = node.value[sample : sample + 1] if has_row(node, samples) else node.value
        return Tensor(part, requires_grad=requires_grad, name=node.name)

    leaves = {node: alone(node, requires_grad=node.dtype.kind == "f") for node in entering}
    made: dict[Node, Node] = dict(leaves)
    try:
        for node in sorted(members, key=lambda node: node.serial):
            if isinstance(node, Scalar) or node.gate is None:
                return None
            made[node] = _again(node, made, alone, samples)
    except (AutogradError, ValueError, TypeError, IndexError):  # shapes that count on the batch
        return None
    again, wanted = made[output], output.value[sample : sample + 1] if has_row(output, samples) else output.value
    if again.shape != wanted.shape or not np.allclose(again.value, wanted, rtol=1e-4, atol=1e-6, equal_nan=True):
        return None
    if output.grad is not None:
        again.grad = output.grad[sample : sample + 1] if has_row(output, samples) else output.grad
    return again, leaves


def _again(node: Node, made: dict[Node, Node], alone: Any, samples: int) -> Node:
    """Apply the gate of `node` again; what has no input, such as a dropout mask, is taken as it was."""
    assert node.gate is not None
    nodes = [x for x in node.inputs or () if isinstance(x, Node)]
    if not nodes:
        return alone(node)  # type: ignore[no-any-return]
    for x in nodes:
        if x not in made:
            made[x] = alone(x) if x.gate is None and not x.requires_grad and has_row(x, samples) else x
    settings = {key: value for key, value in node.attributes.items() if key not in node.gate.saves}
    shape = settings.get("shape")
    if isinstance(shape, tuple) and has_row(node, samples) and shape[:1] == (samples,):
        settings["shape"] = (1, *shape[1:])
    with recorded(active=True, scope=node.scope):
        return node.gate(*(made[x] if isinstance(x, Node) else x for x in node.inputs or ()), **settings)  # type: ignore[no-any-return]
