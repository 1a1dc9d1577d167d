"""The recorded graph for other tools: a networkx MultiDiGraph, and GraphML."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from autograd_cnn.backward import downstream_gradients
from autograd_cnn.graph import Node, topological_order
from viz.captions import one_number, role_of
from viz.errors import UndrawableError, speaking_as
from viz.files import suffix_of, write_atomically
from viz.labels import plain

if TYPE_CHECKING:
    import networkx


@speaking_as("to_networkx")
def to_networkx(output: Node) -> networkx.MultiDiGraph:
    """Return the graph that `output` was made from as a networkx MultiDiGraph.

    There is one edge per input slot, so ``a * a`` has two edges. Plain numbers are part of the
    ``inputs`` of their gate, not nodes.

    Parameters
    ----------
    output : Node
        Where to start.

    Returns
    -------
    networkx.MultiDiGraph
        Nodes are numbered in topological order and carry ``node`` itself, ``name``, ``role`` (gate, parameter,
        input or constant), ``gate``, ``symbol``, ``attributes`` (stride, axis ...), ``scope``, ``shape``, ``dtype``,
        ``requires_grad``, ``value`` and ``grad``. Edges carry ``slot``, their position among the inputs of their
        head, and ``gradient``, what they carry back; None before ``backward()``.

    Raises
    ------
    UndrawableError
        When `output` is no node.

    Examples
    --------
    >>> import autograd_cnn as ag
    >>> a = ag.Scalar(3.0, name="a")
    >>> square = a * a
    >>> square.backward()
    >>> graph = to_networkx(square)
    >>> list(graph.edges(data="slot"))
    [(0, 1, 0), (0, 1, 1)]
    >>> list(graph.edges(data="gradient"))
    [(0, 1, 3.0), (0, 1, 3.0)]
    """
    import networkx

    if not isinstance(output, Node):
        raise UndrawableError(f"to_networkx: got {type(output).__name__}, expected a Scalar or Tensor, such as a loss")
    number_of = {node: i for i, node in enumerate(topological_order(output))}
    graph: Any = networkx.MultiDiGraph()
    for node, i in number_of.items():
        graph.add_node(i, **_node_attributes(node))
    for node, i in number_of.items():
        inputs = node.inputs or ()
        sent = (None,) * len(inputs) if node.grad is None else downstream_gradients(node, node.grad)
        for slot, x in enumerate(inputs):
            if isinstance(x, Node):
                graph.add_edge(number_of[x], i, slot=slot, gradient=sent[slot])
    return graph


def _node_attributes(node: Node) -> dict[str, Any]:
    return {
        "node": node,
        "name": node.name,
        "role": role_of(node),
        "gate": node.gate.name if node.gate else None,
        "symbol": node.gate.symbol if node.gate else None,
        "attributes": dict(node.attributes),
        "scope": node.scope,
        "shape": node.shape,
        "dtype": str(node.dtype),
        "requires_grad": node.requires_grad,
        "value": node.value,
        "grad": node.grad,
    }


def write_graphml(output: Node, path: str | os.PathLike[str]) -> Path:
    """Write the graph that `output` was made from as GraphML, for Gephi, yEd, igraph and their kin.

    Nodes and edges carry what `to_networkx` gives them, as far as GraphML can hold it: words and numbers. Of a
    tensor ``value`` and ``grad`` are its root mean square; what there is none of is left out.

    Parameters
    ----------
    output : Node
        Where to start.
    path : path
        A file that ends in .graphml.

    Returns
    -------
    Path
        Where it is now; the file is complete or not there.

    Raises
    ------
    FormatError
        For another suffix.
    SaveError
        When the file cannot be written.
    UndrawableError
        When `output` is no node.
    """
    import networkx

    path = Path(path)
    suffix_of("write_graphml", path, (".graphml",), "expected .graphml")
    full = to_networkx(output)
    bare: Any = networkx.MultiDiGraph()
    for i, data in full.nodes(data=True):
        bare.add_node(i, **_words_and_numbers(data))
    for tail, head, data in full.edges(data=True):
        bare.add_edge(tail, head, **_words_and_numbers(data))
    write_atomically(path, "\n".join(networkx.generate_graphml(bare, named_key_ids=True)).encode() + b"\n")
    return path


def _words_and_numbers(data: dict[str, Any]) -> dict[str, Any]:
    """Return the attributes that GraphML can hold: one number for an array, one line for the rest."""
    kept: dict[str, Any] = {}
    for name, x in data.items():
        if name in ("value", "grad", "gradient"):
            kept[name] = one_number(x)
        elif name == "shape":
            kept[name] = "×".join(map(str, x))
        elif name == "attributes":
            kept[name] = plain(", ".join(f"{key}={value}" for key, value in x.items()))
        elif name != "node":
            kept[name] = plain(x) if isinstance(x, str) else x
    return {name: x for name, x in kept.items() if x is not None and x != ""}
