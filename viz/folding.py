"""Which nodes of a graph a circuit draws: long sums become one gate, and many terms alike one block."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from itertools import groupby
from numbers import Real
from typing import Any

from autograd_cnn.graph import Node, topological_order
from viz.captions import role_of

SUM_FROM = 7
"""Terms from which on a chain of additions is drawn as one Σ."""
FOLD_FROM = 7
"""Operands alike, one after another, from which on only the first two and the last are drawn."""


@dataclass(frozen=True)
class Operand:
    """One recorded edge: `node` stands in input `slot` of `user`."""

    node: Node
    user: Node
    slot: int


@dataclass(frozen=True)
class Fold:
    """Operands alike that are drawn as one block."""

    members: tuple[Operand, ...]


@dataclass(frozen=True)
class Drawn:
    """A node that is drawn, with what is drawn as its operands, in written order.

    ``terms`` is how many terms a chain of additions has that is drawn as one Σ, else 0; ``constant``
    is the sum of the plain numbers among them.
    """

    node: Node
    operands: tuple[Operand | Fold, ...]
    terms: int = 0
    constant: float = 0.0


@dataclass(frozen=True)
class Selection:
    """What is drawn of a graph.

    Attributes
    ----------
    drawn : tuple of Drawn
        Inputs before their users.
    uses : dict
        For every recorded node, drawn or not, the edges that lead out of it.
    """

    drawn: tuple[Drawn, ...]
    uses: dict[Node, list[Operand]]

    @cached_property
    def shown(self) -> frozenset[Operand | Fold]:
        """The edges and folds that are drawn."""
        return frozenset(x for d in self.drawn for x in d.operands)

    def undrawn_uses(self, node: Node) -> list[Operand]:
        """Return the edges that lead out of `node` into what is not drawn."""
        return [edge for edge in self.uses[node] if edge not in self.shown]


def selection(output: Node) -> Selection:
    """Return which nodes a circuit of `output` draws."""
    order = topological_order(output)
    uses: dict[Node, list[Operand]] = {node: [] for node in order}
    for node in order:
        for slot, x in enumerate(node.inputs or ()):
            if isinstance(x, Node):
                uses[x].append(Operand(x, node, slot))
    found: dict[Node, Drawn] = {}
    waiting = [output]
    while waiting:
        node = waiting.pop()
        if node not in found:
            found[node] = _drawn(node, uses)
            waiting += [x.node for x in found[node].operands if isinstance(x, Operand)]
    return Selection(tuple(found[node] for node in order if node in found), uses)


def _drawn(node: Node, uses: dict[Node, list[Operand]]) -> Drawn:
    terms, constant = _terms(node, uses)
    if len(terms) >= SUM_FROM:
        return Drawn(node, _folded(terms), len(terms), constant)
    operands = [Operand(x, node, i) for i, x in enumerate(node.inputs or ()) if isinstance(x, Node)]
    return Drawn(node, _folded(operands))


def _terms(total: Node, uses: dict[Node, list[Operand]]) -> tuple[list[Operand], float]:
    """Return the terms of the additions that end in `total`, and the sum of the plain numbers among them.

    An addition inside the chain has one user, no name, and the shape of the total: then each term
    receives the gradient of the total and nothing is lost by drawing one gate.
    """
    terms: list[Operand] = []
    constant = 0.0
    waiting: list[Any] = [Operand(total, total, -1)]
    while waiting:
        edge = waiting.pop()
        x = edge.node
        inside = x is total or (len(uses[x]) == 1 and not x.name and x.shape == total.shape)
        if not (inside and x.gate is not None and x.gate.name == "add"):
            terms.append(edge)
            continue
        constant += sum(float(part) for part in x.inputs or () if isinstance(part, Real))
        edges = [Operand(part, x, i) for i, part in enumerate(x.inputs or ()) if isinstance(part, Node)]
        waiting += reversed(edges)
    return terms, constant


def _folded(operands: list[Operand]) -> tuple[Operand | Fold, ...]:
    """Replace the middle of every long run of operands alike by a fold."""
    kept: list[Operand | Fold] = []
    for _, run in groupby(operands, key=lambda operand: _kind(operand.node)):
        alike = list(run)
        if len(alike) < FOLD_FROM:
            kept += alike
        else:
            kept += [*alike[:2], Fold(tuple(alike[2:-1])), alike[-1]]
    return tuple(kept)


def _kind(node: Node, depth: int = 2) -> tuple[Any, ...]:
    """Return what makes operands alike: gate and shape, the same of their inputs; the role of leaves."""
    if node.gate is None:
        return role_of(node), node.shape
    inner = [_kind(x, depth - 1) if isinstance(x, Node) else x for x in node.inputs or ()] if depth else []
    return node.gate.name, node.shape, *inner
