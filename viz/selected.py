"""What a circuit draws of a graph: nodes, and what stands for many of them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from itertools import takewhile
from typing import NamedTuple, TypeAlias

from autograd_cnn.graph import Node

FOLD_FROM = 7
"""How many alike, one after another, from which on only the first two and the last are drawn."""


def common_scope(scopes: Iterable[str]) -> str:
    """Return the innermost layer that holds all of them.

    Examples
    --------
    >>> common_scope(["features/conv1", "features/conv2/bias"])
    'features'
    """
    level = takewhile(lambda parts: len(set(parts)) == 1, zip(*(s.split("/") for s in scopes), strict=False))
    return "/".join(parts[0] for parts in level)


class Operand(NamedTuple):
    """One recorded edge: `node` stands in input `slot` of `user`."""

    node: Node
    user: Node
    slot: int


@dataclass(frozen=True)
class Fold:
    """Operands alike that are drawn as one block; ``of`` is how many there are, with those that are drawn."""

    members: tuple[Operand, ...]
    of: int = 0


@dataclass(frozen=True)
class Chain:
    """Blocks alike in a row that are drawn as one: where the row comes from, and the last gate of each block.

    Attributes
    ----------
    entry : Node
        What goes into the first of them.
    edges : tuple of Operand
        The edges by which it goes in.
    ends : tuple of Node
        What comes out of each, in order.
    block : tuple of Node
        The gates of the first of them.
    next_block : tuple of Node
        Those of the second.
    of : int
        How many blocks there are, with those that are drawn.
    """

    entry: Node
    edges: tuple[Operand, ...]
    ends: tuple[Node, ...]
    block: tuple[Node, ...]
    next_block: tuple[Node, ...]
    of: int


@dataclass(frozen=True)
class Through:
    """All edges by which `node` goes into a layer that is drawn as one block."""

    node: Node
    edges: tuple[Operand, ...]


@dataclass(frozen=True)
class Layer:
    """A layer that is drawn as one block: its path, its gates, and the parameters that only it uses."""

    scope: str
    gates: tuple[Node, ...]
    parameters: tuple[Node, ...]


Drawable: TypeAlias = Operand | Fold | Chain | Through


@dataclass(frozen=True)
class Drawn:
    """A node that is drawn, with what is drawn as its operands, in written order.

    ``terms`` is how many terms a chain of additions has that is drawn as one Σ, else 0; ``constant``
    is the sum of the plain numbers among them. Where the only operand is a `Chain`, the node stands
    for all its blocks; where there is a ``layer``, for that, and its operands are `Through`.
    """

    node: Node
    operands: tuple[Drawable, ...]
    terms: int = 0
    constant: float = 0.0
    layer: Layer | None = None

    @property
    def chain(self) -> Chain | None:
        """The blocks that the node stands for, if it does."""
        return self.operands[0] if self.operands and isinstance(self.operands[0], Chain) else None

    @property
    def scope(self) -> str:
        """The layer that the node was made in; for blocks in a row, or a layer, the one around."""
        if self.layer:
            return self.layer.scope.rpartition("/")[0]
        return common_scope([node.scope for node in self.chain.ends]) if self.chain else self.node.scope

    @property
    def sources(self) -> Iterable[Node]:
        """The nodes that are drawn before it."""
        for x in self.operands:
            if not isinstance(x, Fold):
                yield x.entry if isinstance(x, Chain) else x.node


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
    def shown(self) -> frozenset[Drawable]:
        """The edges, folds and chains that are drawn."""
        return frozenset(self._into_blocks).union(x for d in self.drawn for x in d.operands)

    def branches(self, node: Node) -> int:
        """Return how many wires lead out of a drawn node: a block is one, and so is all that is not drawn."""
        if len(self.uses[node]) < 2:
            return len(self.uses[node])
        ends = {self._into_blocks.get(edge, edge) for edge in self.uses[node] if edge in self.shown}
        return len(ends) + bool(self.undrawn_uses(node))

    @cached_property
    def _into_blocks(self) -> dict[Operand, Node]:
        blocks = ((d.node, x) for d in self.drawn for x in d.operands if isinstance(x, Chain | Through))
        return {edge: node for node, x in blocks for edge in x.edges}

    def undrawn_uses(self, node: Node) -> list[Operand]:
        """Return the edges that lead out of `node` into what is not drawn."""
        return [edge for edge in self.uses[node] if edge not in self.shown]
