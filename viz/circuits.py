"""Circuits: every gate of a graph, with the value above and the gradient below each wire."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from math import isfinite, isnan
from typing import Any

from autograd_cnn.backward import downstream_gradients
from autograd_cnn.graph import Node, Scalar, describe
from viz.captions import gate_words, one_number, role_of, shape_words, strength, tooltip, words_of
from viz.diagram import Box, Diagram, Wire, signs_used
from viz.dot import document
from viz.errors import TooLargeError, UndrawableError
from viz.folding import Drawn, Fold, Operand, Selection, selection
from viz.picture import Content, Picture
from viz.style import LEGEND, Theme, number, theme_named

MOST_GATES = 150
"""Drawn gates up to which a reader can follow a circuit."""


def circuit(
    node: Node,
    *,
    title: str | None = None,
    subtitle: str | None = None,
    explain: bool = False,
    theme: str = "light",
    limit: int = MOST_GATES,
) -> Picture:
    """Draw the graph that `node` was made from, gate by gate, left to right.

    Each wire carries the value above and the gradient below; its width shows the gradient's size.
    Where a node is used more than once, the wire splits at a dot and shows what each branch sends
    back. Tensors show their RMS. Sums of many terms become one gate, and terms alike one block.

    Parameters
    ----------
    node : Node
        The output; call ``node.backward()`` first to see gradients.
    title, subtitle : str, optional
        The header; by default the output's name and what was counted.
    explain : bool
        Write "local × upstream" under each gradient of a Scalar.
    theme : {"light", "dark"}
        The colours.
    limit : int
        Most gates to draw.

    Returns
    -------
    Picture
        With ``.save``, ``.svg`` and ``.source``; notebooks show it.

    Raises
    ------
    UndrawableError
        When `node` is no node, or its graph was freed.
    TooLargeError
        When more than `limit` gates would be drawn; the message says how to draw less.
    UnknownThemeError
        For a theme that does not exist.

    Examples
    --------
    >>> import autograd_cnn as ag
    >>> x, y, z = (ag.Scalar(v, name=n) for v, n in ((-2, "x"), (5, "y"), (-4, "z")))
    >>> f = (x + y) * z
    >>> f.backward()
    >>> circuit(f, title="f = (x + y) · z").source.splitlines()[0]
    'digraph picture {'
    """
    colours = theme_named(theme)
    diagram = circuit_diagram(node, title=title, subtitle=subtitle, explain=explain, limit=limit)
    return drawn(diagram, colours)


def drawn(diagram: Diagram, theme: Theme) -> Picture:
    """Return the picture of a diagram."""
    return Picture.of(Content("circuit", diagram, document), theme, diagram.title)


def circuit_diagram(
    node: Node,
    *,
    title: str | None = None,
    subtitle: str | None = None,
    explain: bool = False,
    limit: int = MOST_GATES,
) -> Diagram:
    """Return what `circuit` draws as plain data; parameters and errors are the same."""
    if not isinstance(node, Node):
        raise UndrawableError(f"circuit: got {type(node).__name__}, expected a Scalar or Tensor, such as a loss")
    chosen = selection(node)
    if any(d.node.inputs is None for d in chosen.drawn):
        raise UndrawableError(
            f"circuit: the graph of {describe(node)} was freed by backward(retain='leaves'); "
            "run the forward pass again and call backward() without retain"
        )
    gates = sum(d.node.gate is not None for d in chosen.drawn)
    if gates > limit:
        raise TooLargeError(
            f"circuit: {gates} gates to draw, readable up to {limit}; draw layers with viz.flow(node), one part "
            "with viz.circuit(ag.nodes(node, scope='...')[-1]), or pass limit="
        )
    drawing = Drawing(chosen, explain)
    drawing.draw()
    boxes, wires = tuple(drawing.boxes), tuple(drawing.wires)
    used = {*signs_used(boxes, wires), "numbers"} | ({"explain"} if explain else set())
    used |= {"tensor"} if any(d.node.size > 1 for d in chosen.drawn) else set()
    return Diagram(
        title=title if title is not None else node.name or "circuit",
        subtitle=subtitle if subtitle is not None else counts(chosen),
        boxes=boxes,
        wires=wires,
        legend=tuple(key for key in LEGEND if key in used),
    )


def counts(chosen: Selection) -> str:
    """Return how large the graph is, and how much of it is drawn."""
    gates = sum(node.gate is not None for node in chosen.uses)
    shown = sum(d.node.gate is not None for d in chosen.drawn)
    words = f"{_counted(len(chosen.uses) - gates, 'leaf', 'leaves')}, {_counted(gates, 'gate', 'gates')}"
    words += f", drawn with {_counted(shown, 'gate', 'gates')}" if shown < gates else ""
    blank = all(d.node.grad is None for d in chosen.drawn)
    return words + (" · no gradients yet: call .backward() first" if blank else "")


def _counted(n: int, one: str, several: str) -> str:
    return f"{n:,} {one if n == 1 else several}"


class Drawing:
    """Boxes and wires of a circuit, gathered in one pass over what is drawn.

    Wires of one head are gathered in written order of its operands: that is the order on the page.
    """

    def __init__(self, chosen: Selection, explain: bool) -> None:
        self.chosen = chosen
        self.explain = explain
        self.boxes: list[Box] = []
        self.wires: list[Wire] = []
        self._source: dict[Node, str] = {}  # the box where a node's branches start: its own, or a fan-out dot
        self._sent: dict[Node, tuple[Any, ...]] = {}

    def draw(self) -> None:
        """Gather everything; the output comes last."""
        for i, drawn in enumerate(self.chosen.drawn):
            self._draw_node(drawn, f"n{i}")
        output = self.chosen.drawn[-1].node
        self.boxes.append(Box("out", "output", output.name or "output", tooltip=tooltip(output)))
        seed = "seed" if self.explain and output.grad is not None else ""
        self._wire(self._source[output], "out", output, output.grad, seed)

    def sent(self, edge: Operand) -> Any:
        """Return the gradient that one edge carries back; None where there is none."""
        user = edge.user
        if user not in self._sent:
            self._sent[user] = () if user.grad is None else downstream_gradients(user, user.grad)
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
        folds = [x for x in drawn.operands if isinstance(x, Fold)]
        block_of = {fold: f"{name}f{i}" for i, fold in enumerate(folds)}
        self.boxes += [self._block(fold, block_of[fold], node) for fold in folds]
        if drawn.terms:
            words = f"Σ{number(drawn.constant, '+.4g')}" if drawn.constant else "Σ"
            self.boxes.append(Box(name, "sum", words, tooltip=f"sum of {drawn.terms} terms · {tooltip(node)}"))
        else:
            self.boxes.append(Box(name, role_of(node), words_of(node), tooltip=tooltip(node)))
        for x in drawn.operands:
            if isinstance(x, Fold):
                self.wires.append(self._bundle(x, block_of[x], name))
            else:
                self._wire(self._source[x.node], name, x.node, self.sent(x), self._explanation(x))
        self._source[node] = self._fan_out(node, name)

    def _fan_out(self, node: Node, name: str) -> str:
        """Add the dot where several branches of `node` part; return the box where branches start."""
        edges, hidden = self.chosen.uses[node], self.chosen.undrawn_uses(node)
        if len(edges) < 2:
            return name
        dot = f"{name}j"
        self.boxes.append(Box(dot, "junction", tooltip=f"used {len(edges)} times"))
        self._wire(name, dot, node, self.together(edges), self._sum_words(edges))
        if hidden:
            self.boxes.append(Box(f"{name}m", "more", f"+ {len(hidden)} more"))
            wire = self._wire_between(dot, f"{name}m", node, self.together(hidden), "together")
            self.wires.append(replace(wire, many=True))
        return dot

    def _wire(self, tail: str, head: str, node: Node, gradient: Any, below: str) -> None:
        self.wires.append(self._wire_between(tail, head, node, gradient, below))

    def _wire_between(self, tail: str, head: str, node: Node, gradient: Any, below: str) -> Wire:
        named = node.gate is not None and head != "out" and not tail.endswith("j")  # once, before a fan-out
        value, size = one_number(node.value), strength(node.value)
        return Wire(
            tail=tail,
            head=head,
            value=number(value) if node.size else "empty",
            gradient=number(one_number(gradient)),
            strength=strength(gradient),
            above=" · ".join(filter(None, (node.name if named else None, shape_words(node)))),
            below=below,
            value_finite=size is not None and isfinite(size),
            tooltip=tooltip(node),
        )

    def _explanation(self, edge: Operand) -> str:
        """Return "local × upstream" of one edge between Scalars."""
        if not self.explain or not isinstance(edge.user, Scalar) or self.sent(edge) is None:
            return ""
        local = downstream_gradients(edge.user, 1.0)[edge.slot]
        return f"{number(one_number(local))} × {number(edge.user.grad)}"

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
            value=_range(values),
            gradient=f"each {number(gradients[0])}" if alike else _range(gradients),
            strength=strength(known) if known else None,
            many=True,
            value_finite=all(v is not None and isfinite(v) for v in values),
        )

    def _block(self, fold: Fold, name: str, user: Node) -> Box:
        """Return the block that stands for the members of a fold."""
        nodes = [edge.node for edge in fold.members]
        gate = nodes[0].gate
        kind = "leaves" if gate is None else "products" if gate.name == "multiply" else "terms"
        first, last = (_formula(node) for node in (nodes[0], nodes[-1]))
        lines = [f"{first} … {last}"] if first else []
        if isinstance(user, Scalar):
            lines.append(f"together {number(sum(node.item() for node in nodes))}")
        for slot in range(len(nodes[0].inputs or ())):
            lines += self._slot_line(nodes, slot)
        return Box(name, "folded", f"+ {len(nodes)} more {kind}", tuple(lines))

    def _slot_line(self, nodes: list[Node], slot: int) -> list[str]:
        """Return the range of the gradients of one operand over folded gates, such as that of the weights."""
        found = [self.sent(Operand(node, node, slot)) for node in nodes]
        gradients = [one_number(g) for g in found if g is not None]
        if not gradients:
            return []
        names = [x.name or "" for node in nodes if isinstance(x := (node.inputs or ())[slot], Node)]
        stems = {name.rstrip("0123456789_[].") for name in names}
        stem = stems.pop() if len(stems) == 1 else ""
        return [f"gradient of {stem or f'operand {slot + 1}'}: {_range(gradients)}"]


def _range(numbers: Sequence[float | None]) -> str:
    known = [x for x in numbers if x is not None]
    if not known or any(isnan(x) for x in known):
        return "NaN" if known else "—"
    low, high = number(min(known), ".3g"), number(max(known), ".3g")
    return low if low == high else f"{low} to {high}"


def _formula(node: Node) -> str:
    """Return a leaf's name, or a gate over named leaves such as ``w2·x2``; nothing for more than that."""
    if node.gate is None:
        return node.name or ""
    names = [x.name if isinstance(x, Node) else None for x in node.inputs or ()]
    if not all(names):
        return node.name or ""
    words = [str(name) for name in names]
    return "·".join(words) if node.gate.name == "multiply" else f"{gate_words(node)}({', '.join(words)})"
