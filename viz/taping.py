"""Take down a graph's forward and backward pass step by step, for the wires of its picture."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from autograd_cnn.backward import Step, backward_steps, downstream_gradients
from autograd_cnn.explanation.equations import expression, short_names
from autograd_cnn.gates.facts import fact, lesson, title
from autograd_cnn.graph import Node, Scalar
from autograd_cnn.health.wording import counted
from viz.arrivals import Arrival, arrivals
from viz.blocks import range_words
from viz.captions import one_number, strength
from viz.labels import plain
from viz.selected import Drawn, Fold, Operand, Through
from viz.style import number, shortened
from viz.tape import Kind, Leaf, Mark, Quantity, Sent, Tape, Track, Turn, mark, quantity
from viz.wiring import Drawing

_MOST_TERMS = 6
"""Terms of a sum, or branches of a gradient, that are written out."""


class Taping:
    """One graph's passes, written down step by step.

    Parameters
    ----------
    drawing : Drawing
        What is drawn of the graph; the wires and boxes that the steps speak of are its own.
    seed : float or array_like, optional
        Gradient on the output; 1 for an output of one element.

    Attributes
    ----------
    node_of : dict
        The node of each box that stands for one.
    names : dict
        What every drawn node is called in the equations.

    Raises
    ------
    GradientError
        As `autograd_cnn.backward_steps` does; no ``grad`` is written.
    """

    def __init__(self, drawing: Drawing, seed: Any = None) -> None:
        self.drawing = drawing
        self.drawn = drawing.chosen.drawn
        self.output = self.drawn[-1].node
        self.back: dict[Node, Step] = {step.node: step for step in backward_steps(self.output, seed)}
        names = short_names([d.node for d in self.drawn], [(self.output, "f")])
        self.names = _told_apart(names, drawing.chosen.uses)
        self.node_of = {f"n{i}": d.node for i, d in enumerate(self.drawn)}
        self._box_of = {node: box for box, node in self.node_of.items()}
        self._arrivals = arrivals(drawing, self.back)
        gates = [i for i, d in enumerate(self.drawn) if d.node.gate is not None]
        self._forward = {i: step for step, i in enumerate(gates, 1)}
        self._seeding = len(gates) + 1
        reached = [i for i in reversed(gates) if self.drawn[i].node in self.back]
        self._backward = {i: step for step, i in enumerate(reached, self._seeding + 1)}

    def tape(self) -> Tape:
        """Return all steps, every wire's way through them, and the leaves at the end."""
        turns = [Turn("leaves"), *map(self._forward_turn, self._forward), self._seed_turn()]
        turns += [*map(self._backward_turn, self._backward), Turn("end")]
        return Tape(self.names[self.output], tuple(turns), tuple(self._tracks()), tuple(self._leaves()))

    def _forward_turn(self, i: int) -> Turn:
        d = self.drawn[i]
        written, operands = _expression(d, self.names), [x.node for x in d.operands if isinstance(x, Operand)]
        numbers = {x: _factor(number(x.item())) for x in operands if x.size == 1}
        alone = len(numbers) == len(set(operands)) and d.node.size == 1 and not _block(d)
        filled_in = _expression(d, numbers) if alone else ""
        return self._turn(d, "forward", expression=written, numbers=filled_in, asked=_asked(d.node.value))

    def _turn(self, d: Drawn, kind: Kind, **parts: Any) -> Turn:
        """Return a step of a gate, with what its docstring teaches."""
        gate = d.node.gate
        assert gate is not None
        parts |= {"box": self._box_of[d.node], "name": self.names[d.node], "value": quantity(d.node.value)}
        parts |= {"scope": plain(d.scope)}
        if block := _block(d):
            return Turn(kind, title=block, **parts)
        parts |= {"lesson": lesson(gate), "rule": fact(gate, "Local gradient")}
        if d.terms:
            return Turn(kind, title=f"Σ sum of {d.terms:,} terms", formula="the sum of all terms", **parts)
        return Turn(kind, title=title(gate), formula=fact(gate, "Formula"), **parts)

    def _seed_turn(self) -> Turn:
        upstream = quantity(self.back[self.output].upstream)
        box, name = self._box_of[self.output], self.names[self.output]
        return Turn("seed", box=box, name=name, value=quantity(self.output.value), upstream=upstream)

    def _backward_turn(self, i: int) -> Turn:
        d = self.drawn[i]
        sent = tuple(self._sent(d, arrival) for arrival in self._arrivals.get(i, ()))
        return self._turn(d, "backward", upstream=quantity(self.back[d.node].upstream), sent=sent)

    def _sent(self, d: Drawn, a: Arrival) -> Sent:
        f, u = self.names[self.output], self.names[d.node]
        edge, direct = a.edges[0], len(a.edges) == 1 and (a.edges[0].user is d.node or d.terms > 0)
        if a.target is None:
            alike = len(set(a.amount)) == 1
            words = f"each {number(a.amount[0])}" if alike else range_words(a.amount)
            numbers = self._in_numbers(d, edge) if alike else ""
            note = f"for each of {len(a.edges):,} folded terms"
            return Sent(a.wire, f"∂{f}/∂term", f"∂{f}/∂{u} · ∂{u}/∂term", numbers, Quantity(words), note)
        x, several = self.names[a.target], a.branches > 1
        return Sent(
            wire=a.wire,
            target=f"∂{f}/∂{x}",
            symbols=f"∂{f}/∂{u} · ∂{u}/∂{x}" if direct or _block(d) else "",
            numbers=self._in_numbers(d, edge) if direct else "",
            amount=quantity(a.amount),
            note=_note(d, a),
            before=None if a.before is None else quantity(a.before),
            after=quantity(a.after) if several else None,
            asked=_asked(a.amount) if direct else None,
        )

    def _in_numbers(self, d: Drawn, edge: Operand) -> str:
        """Return upstream · local of one edge between single numbers; nothing for others."""
        if edge.user.size != 1 or edge.node.size != 1:
            return ""
        one = 1.0 if isinstance(edge.user, Scalar) else np.ones(edge.user.shape, edge.user.dtype)
        local = one_number(downstream_gradients(edge.user, one)[edge.slot])
        return f"{_factor(number(one_number(self.back[d.node].upstream)))} · {_factor(number(local))}"

    def _tracks(self) -> Iterator[Track]:
        """Yield every wire's way through the steps."""
        feeds = {wire.head: wire.tail for wire in self.drawing.wires}
        place = {self._box_of[d.node]: i for i, d in enumerate(self.drawn)}
        marks = self._marks()
        for index, (wire, edges) in enumerate(zip(self.drawing.wires, self.drawing.edges_of, strict=True)):
            source = wire.tail if wire.tail in place else feeds.get(wire.tail, wire.tail)
            step = self._forward.get(place[source], 0) if source in place else 0
            if source not in place and any(edge.node.gate is not None for edge in edges):
                step = self._forward[place[wire.head]]  # the terms of a fold are computed with their sum
            shown = tuple(marks.get(index, ()))
            yield Track(source, wire.tail, wire.head, wire.value, wire.value_finite, step, shown)

    def _marks(self) -> dict[int, list[Mark]]:
        """Return what each wire shows of its gradient: what came along it, on a trunk the sum of the branches."""
        trunks: dict[Node | None, int] = {}
        marks: dict[int, list[Mark]] = {}
        for index, (wire, edges) in enumerate(zip(self.drawing.wires, self.drawing.edges_of, strict=True)):
            if wire.head == "out":
                marks[index] = [_mark(self._seeding, self.back[self.output].upstream)]
            elif not edges:
                trunks[self.node_of[wire.tail]] = index
        for i, step in self._backward.items():
            for a in self._arrivals.get(i, ()):
                marks.setdefault(a.wire, []).append(_mark(step, a.amount if a.target is None else a.along))
                if a.target in trunks:
                    marks.setdefault(trunks[a.target], []).append(_mark(step, a.after))
        return marks

    def _leaves(self) -> Iterator[Leaf]:
        parts: dict[Node, list[Any]] = {}
        for i in self._backward:
            for a in self._arrivals.get(i, ()):
                if a.target is not None:
                    parts.setdefault(a.target, []).append(a.amount)
        for d in self.drawn:
            if d.node.gate is None:
                gradient = self.back[d.node].upstream if d.node in self.back else None
                shown = None if gradient is None else quantity(gradient)
                branches = _sum_words(parts.get(d.node, []))
                yield Leaf(self.names[d.node], self._box_of[d.node], quantity(d.node.value), shown, branches)


def _told_apart(names: Mapping[Node, str], uses: Mapping[Node, Sequence[Operand]]) -> dict[Node, str]:
    """Return names as they are written; nodes of one name get that of their layer before it, or a number behind it."""
    written = {node: shortened(plain(name)) for node, name in names.items()}
    often = Counter(written.values())
    for node, name in written.items():
        scope = node.scope or next((edge.user.scope for edge in uses[node]), "")
        if often[name] > 1 and scope:
            written[node] = f"{shortened(plain(scope))}/{name}"
    met: Counter[str] = Counter()
    for node, name in written.items():
        met[name] += 1
        if met[name] > 1:
            written[node] = f"{name} ({met[name]})"
    return written


def _block(d: Drawn) -> str:
    """Return what a drawn block stands for; nothing for a gate."""
    if d.chain:
        return f"{len(d.chain.ends):,} blocks alike, in a row"
    return f"layer {shortened(plain(d.layer.scope))}, {counted(len(d.layer.gates), 'gate')}" if d.layer else ""


def _expression(d: Drawn, words: Mapping[Node, str]) -> str:
    """Return what a gate computes, in names or numbers; of many operands the first ones."""
    if d.chain:
        return f"{len(d.chain.ends):,} blocks of {words[d.chain.entry]}"
    if d.layer:
        inputs = ", ".join(words[x.node] for x in d.operands if isinstance(x, Through))
        return f"{shortened(plain(d.layer.scope))}({inputs})"
    if not any(isinstance(x, Fold) for x in d.operands) and not d.terms:
        return expression(d.node, words)
    parts = [
        f"… {len(x.members):,} more …" if isinstance(x, Fold) else words[x.node]
        for x in d.operands
        if isinstance(x, Fold | Operand)
    ]
    parts += [_factor(number(d.constant))] if d.constant else []
    if len(parts) > _MOST_TERMS:
        parts = [*parts[: _MOST_TERMS - 2], "…", parts[-1]]
    assert d.node.gate is not None
    return " + ".join(parts) if d.terms else f"{d.node.gate.name}({', '.join(parts)})"


def _factor(words: str) -> str:
    """Return a number that may stand after an operator: in parentheses when it is negative."""
    return f"({words})" if words.startswith("−") else words


def _note(d: Drawn, a: Arrival) -> str:
    """Return which way a gradient takes, where there are several."""
    assert a.target is not None
    edge = a.edges[0]
    notes = []
    if d.chain:
        notes.append(f"through all {len(d.chain.ends):,} blocks")
    elif d.layer:
        notes.append("through the layer")
    elif len(a.edges) > 1 or (edge.user is not d.node and not d.terms):
        notes.append("from gates that are folded")
    elif sum(x is a.target for x in edge.user.inputs or ()) > 1:
        notes.append(f"input {edge.slot + 1} of the gate")
    if a.branches > 1:
        notes.append(f"branch {a.branch} of {a.branches}")
    return ", ".join(notes)


def _asked(x: Any) -> float | None:
    """Return the answer of a question: one finite number."""
    answer = one_number(x) if np.size(x) == 1 else None
    return answer if answer is not None and math.isfinite(answer) else None


def _mark(step: int, amount: Any) -> Mark:
    if isinstance(amount, tuple):
        words = f"each {number(amount[0])}" if len(set(amount)) == 1 else range_words(amount)
        return mark(step, words, strength(amount))
    return mark(step, number(one_number(amount)), strength(amount))


def _sum_words(parts: list[Any]) -> str:
    """Return the branches of a gradient as a sum, where there are several single numbers."""
    if len(parts) < 2 or any(np.size(part) != 1 for part in parts):
        return ""
    words = [number(one_number(part)) for part in parts]
    shown = words if len(words) <= _MOST_TERMS else [*words[: _MOST_TERMS - 2], "…", words[-1]]
    return " + ".join(shown).replace("+ −", "− ")
