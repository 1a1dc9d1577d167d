"""Boxes and wires of a circuit, with their numbers, from what is drawn of a graph."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from math import isfinite
from typing import Any

from autograd_cnn.backward import downstream_gradients
from autograd_cnn.graph import Node, Scalar
from viz.blocks import chain_block, layer_block, range_words, terms_block
from viz.captions import one_number, role_of, shape_words, strength, tooltip, words_of
from viz.diagram import Box, Wire
from viz.selected import Chain, Drawn, Fold, Operand, Selection, Through
from viz.style import number


class Drawing:
    """Boxes and wires, gathered in one pass over what is drawn.

    Wires of one head are gathered in written order of its operands: that is the order on the page.

    Parameters
    ----------
    chosen : Selection
        What is drawn.
    explain : bool
        Whether wires say how their gradient came about.
    gradients : mapping, optional
        The gradient of each node; by default its ``grad``.

    Attributes
    ----------
    boxes, wires : list
        What was gathered.
    run : bool
        Whether the gradients were given: they are those of a run, not the nodes' own.
    scope_of : dict
        The layer that each box's node was made in.
    edges_of : list of tuple of Operand
        For each wire the recorded edges that it stands for; none for a trunk and for the output's.
    """

    def __init__(self, chosen: Selection, explain: bool, gradients: Mapping[Node, Any] | None = None) -> None:
        self.chosen = chosen
        self.explain = explain
        self.run = gradients is not None
        self.boxes: list[Box] = []
        self.wires: list[Wire] = []
        self.scope_of: dict[str, str] = {}
        self.edges_of: list[tuple[Operand, ...]] = []
        self.gradient: Callable[[Node], Any] = (lambda node: node.grad) if gradients is None else gradients.get
        self._source: dict[Node, str] = {}  # the box where a node's branches start: its own, or a fan-out dot
        self._sent: dict[Node, tuple[Any, ...]] = {}
        self._words: dict[Node, tuple[str, bool, str]] = {}

    def draw(self) -> None:
        """Gather everything; the output comes last."""
        for i, drawn in enumerate(self.chosen.drawn):
            self._draw_node(drawn, f"n{i}")
        output = self.chosen.drawn[-1].node
        gradient = self.gradient(output)
        self.boxes.append(Box("out", "output", output.name or "output", tooltip=tooltip(output, gradient)))
        seed = "seed" if self.explain and gradient is not None else ""
        self._wire(self._source[output], "out", output, gradient, seed)

    def sent(self, edge: Operand) -> Any:
        """Return the gradient that one edge carries back; None where there is none."""
        user = edge.user
        if user not in self._sent:
            upstream = self.gradient(user)
            self._sent[user] = () if upstream is None else downstream_gradients(user, upstream)
        return self._sent[user][edge.slot] if self._sent[user] else None

    def together(self, edges: Sequence[Operand]) -> Any:
        """Return the sum of what several edges carry back, added in the order of the backward pass."""
        total = None
        for edge in sorted(edges, key=lambda edge: (-edge.user.serial, edge.slot)):
            part = self.sent(edge)
            total = part if total is None else total if part is None else total + part
        return total

    def _draw_node(self, drawn: Drawn, name: str) -> None:
        node = drawn.node
        self.scope_of[name] = drawn.scope
        folds = {fold: f"{name}f{i}" for i, fold in enumerate(x for x in drawn.operands if isinstance(x, Fold))}
        self.boxes += [terms_block(fold, block, node, self.sent) for fold, block in folds.items()]
        self.boxes.append(self._box(drawn, name))
        for x in drawn.operands:
            if isinstance(x, Fold):
                self._add(self._bundle(x, folds[x], name), x.members)
            elif isinstance(x, Chain | Through):
                source = x.entry if isinstance(x, Chain) else x.node
                self._wire(self._source[source], name, source, self.together(x.edges), "", x.edges)
            else:
                self._wire(self._source[x.node], name, x.node, self.sent(x), self._explanation(x), (x,))
        self._source[node] = self._fan_out(node, name)

    def _box(self, drawn: Drawn, name: str) -> Box:
        node = drawn.node
        if drawn.chain:
            return chain_block(drawn.chain, name, self.gradient)
        if drawn.layer:
            return layer_block(drawn.layer, name, drawn.scope)
        _, _, words = self._told(node)
        if drawn.terms:
            symbol = f"Σ{number(drawn.constant, '+.4g')}" if drawn.constant else "Σ"
            return Box(name, "sum", symbol, tooltip=f"sum of {drawn.terms} terms · {words}")
        return Box(name, role_of(node), words_of(node), tooltip=words)

    def _fan_out(self, node: Node, name: str) -> str:
        """Add the dot where several branches of `node` part; return the box where branches start."""
        if self.chosen.branches(node) < 2:
            return name
        edges, hidden = self.chosen.uses[node], self.chosen.undrawn_uses(node)
        dot = f"{name}j"
        self.boxes.append(Box(dot, "junction", tooltip=f"used {len(edges)} times"))
        self._wire(name, dot, node, self.together(edges), self._sum_words(edges))
        if hidden:
            self.boxes.append(Box(f"{name}m", "more", f"+ {len(hidden):,} more"))
            wire = self._wire_between(dot, f"{name}m", node, self.together(hidden), "together")
            self._add(replace(wire, many=True), tuple(hidden))
        return dot

    def _wire(
        self, tail: str, head: str, node: Node, gradient: Any, below: str, edges: tuple[Operand, ...] = ()
    ) -> None:
        self._add(self._wire_between(tail, head, node, gradient, below), edges)

    def _add(self, wire: Wire, edges: tuple[Operand, ...]) -> None:
        self.wires.append(wire)
        self.edges_of.append(edges)

    def _wire_between(self, tail: str, head: str, node: Node, gradient: Any, below: str) -> Wire:
        named = node.gate is not None and head != "out" and not tail.endswith("j")  # once, before a fan-out
        value, finite, words = self._told(node)
        return Wire(
            tail=tail,
            head=head,
            value=value,
            gradient=number(one_number(gradient)),
            strength=strength(gradient),
            above=" · ".join(filter(None, (node.name if named else None, shape_words(node)))),
            below=below,
            value_finite=finite,
            tooltip=words,
        )

    def _told(self, node: Node) -> tuple[str, bool, str]:
        """Return what every wire of a node tells: its value, whether that is finite, and all of it in full."""
        if node not in self._words:
            value, size = one_number(node.value), strength(node.value)
            words = tooltip(node, self.gradient(node))
            self._words[node] = number(value) if node.size else "empty", size is not None and isfinite(size), words
        return self._words[node]

    def _explanation(self, edge: Operand) -> str:
        """Return "local × upstream" of one edge; between Tensors how much larger the RMS became, × upstream's RMS."""
        upstream, sent = self.gradient(edge.user), self.sent(edge)
        if not self.explain or sent is None:
            return ""
        if isinstance(edge.user, Scalar) and isinstance(edge.node, Scalar):
            local = one_number(downstream_gradients(edge.user, 1.0)[edge.slot])
            return f"{number(local)} × {number(upstream)}"
        before, after = strength(upstream), strength(sent)
        if before and after is not None and isfinite(before):
            return f"{number(after / before)} × RMS {number(before)}"
        return ""

    def _sum_words(self, edges: list[Operand]) -> str:
        """Return the sum of the branches as the trunk of a fan-out explains it."""
        parts = [self.sent(edge) for edge in edges]
        if not self.explain or any(part is None for part in parts) or any(edge.node.size > 1 for edge in edges):
            return ""
        if len(parts) > 3:
            return f"sum of {len(parts)} branches"
        words = " + ".join(number(one_number(part)) for part in parts)
        return words.replace("+ −", "− ")

    def _bundle(self, fold: Fold, tail: str, head: str) -> Wire:
        """Return the wire of a folded block: ranges over its members."""
        values = [one_number(edge.node.value) for edge in fold.members]
        gradients = [one_number(self.sent(edge)) for edge in fold.members]
        alike = len(set(gradients)) == 1
        known = [g for g in gradients if g is not None]
        return Wire(
            tail=tail,
            head=head,
            value=range_words(values),
            gradient=f"each {number(gradients[0])}" if alike else range_words(gradients),
            strength=strength(known) if known else None,
            many=True,
            value_finite=all(v is not None and isfinite(v) for v in values),
        )
