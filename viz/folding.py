"""Which nodes of a graph a circuit draws: long sums become one gate, terms alike and blocks in a row one block."""

from __future__ import annotations

from collections.abc import Container
from itertools import groupby
from numbers import Real
from typing import Any

from autograd_cnn.graph import Node, topological_order
from viz.captions import role_of
from viz.chains import chains
from viz.selected import FOLD_FROM, Drawn, Fold, Operand, Selection

SUM_FROM = 7
"""Terms from which on a chain of additions is drawn as one Σ."""


def selection(output: Node, keep: Container[Node] = ()) -> Selection:
    """Return which nodes a circuit of `output` draws; operands in `keep` are not folded away."""
    order = topological_order(output)
    uses: dict[Node, list[Operand]] = {node: [] for node in order}
    for node in order:
        for slot, x in enumerate(node.inputs or ()):
            if isinstance(x, Node):
                uses[x].append(Operand(x, node, slot))
    found = _reached(output, uses, {}, keep)
    standing_in = chains([found[node] for node in order if node in found], uses)
    if standing_in:
        found = _reached(output, uses, standing_in, keep)
    return Selection(tuple(found[node] for node in order if node in found), uses)


def _reached(
    output: Node, uses: dict[Node, list[Operand]], standing_in: dict[Node, Drawn], keep: Container[Node]
) -> dict[Node, Drawn]:
    """Return what is drawn for each node that is met on the way back from `output`."""
    found: dict[Node, Drawn] = {}
    waiting = [output]
    while waiting:
        node = waiting.pop()
        if node not in found:
            found[node] = standing_in.get(node) or _drawn(node, uses, keep)
            waiting += found[node].sources
    return found


def _drawn(node: Node, uses: dict[Node, list[Operand]], keep: Container[Node]) -> Drawn:
    terms, constant = _terms(node, uses) if node.gate is not None and node.gate.name == "add" else ([], 0.0)
    if len(terms) >= SUM_FROM:
        return Drawn(node, _folded(terms, keep), len(terms), constant)
    operands = [Operand(x, node, i) for i, x in enumerate(node.inputs or ()) if isinstance(x, Node)]
    return Drawn(node, _folded(operands, keep))


def _terms(total: Node, uses: dict[Node, list[Operand]]) -> tuple[list[Operand], float]:
    """Return the terms of the additions that end in `total`, and the sum of the plain numbers among them.

    An addition inside the chain has one user, no name, and the shape and scope of the total: then each
    term receives the gradient of the total and nothing is lost by drawing one gate.
    """
    terms: list[Operand] = []
    constant = 0.0
    waiting: list[Any] = [Operand(total, total, -1)]
    while waiting:
        edge = waiting.pop()
        x = edge.node
        inside = x is total or (len(uses[x]) == 1 and not x.name and x.shape == total.shape and x.scope == total.scope)
        if not (inside and x.gate is not None and x.gate.name == "add"):
            terms.append(edge)
            continue
        constant += sum(float(part) for part in x.inputs or () if isinstance(part, Real))
        edges = [Operand(part, x, i) for i, part in enumerate(x.inputs or ()) if isinstance(part, Node)]
        waiting += reversed(edges)
    return terms, constant


def _folded(operands: list[Operand], keep: Container[Node]) -> tuple[Operand | Fold, ...]:
    """Replace the middle of every long run of operands alike by a fold."""
    if len(operands) < FOLD_FROM:
        return tuple(operands)
    kept: list[Operand | Fold] = []
    for _, run in groupby(operands, key=lambda operand: (operand.node in keep, kind(operand.node))):
        alike = list(run)
        if len(alike) < FOLD_FROM or alike[0].node in keep:
            kept += alike
        else:
            kept += [*alike[:2], Fold(tuple(alike[2:-1]), len(alike)), alike[-1]]
    return tuple(kept)


def kind(node: Node, depth: int = 2) -> tuple[Any, ...]:
    """Return what makes operands alike: gate and shape, the same of their inputs; the role of leaves.

    Plain numbers do not count, so the terms of a polynomial are alike.
    """
    if node.gate is None:
        return role_of(node), node.shape
    inner = [kind(x, depth - 1) if isinstance(x, Node) else None for x in node.inputs or ()] if depth else []
    return node.gate.name, node.shape, *inner
