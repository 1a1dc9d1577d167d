"""From a graph of Scalars to a tape: instructions for every node, sorted into runs."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from autograd_cnn.compilation.tracing import Plain, attributes_of, forward_in_gates, has_instruction, plain_form
from autograd_cnn.graph import Node
from autograd_cnn.kernels.opcodes import CALL, OPCODES
from autograd_cnn.kernels.tape import Tape

_LEAF = -1


@dataclass(frozen=True)
class Call:
    """A row that Python makes: `function` of other rows."""

    row: int
    function: Plain
    operands: tuple[int, ...]


@dataclass(frozen=True)
class Lowered:
    """A tape, and where things stand on it.

    Attributes
    ----------
    tape : Tape
        Its first rows are the leaves.
    leaves : ndarray of float64
        (leaves,): what they held when recorded; constants hold it for ever.
    forward_runs : int
        How many runs make the wanted rows of the first phase.
    calls : dict of int to Call
        The runs that are done by Python, one row each, in order.
    rows : tuple of list of int
        Per phase, the rows of the wanted nodes.
    """

    tape: Tape
    leaves: np.ndarray[Any, np.dtype[np.float64]]
    forward_runs: int
    calls: dict[int, Call]
    rows: tuple[list[int], ...]


class Draft:
    """Instructions in the order in which they were written; the same one twice stands there once."""

    def __init__(self) -> None:
        self.instructions: list[tuple[int, tuple[int, ...]]] = []
        self.levels: list[tuple[int, int]] = []
        self.numbers: list[float] = []
        self.functions: dict[int, Plain] = {}
        self.phase = 0
        self._known: dict[Any, int] = {}

    def leaf(self, value: float) -> int:
        """Add a row that holds a number."""
        self.numbers.append(value)
        return self._append(_LEAF, (), 0)

    def constant(self, value: float) -> int:
        """Return the row of a number that never changes; equal in all bits, equal row."""
        value = float(value)
        key = value.hex()
        if key not in self._known:
            self._known[key] = self.leaf(value)
        return self._known[key]

    def write(self, opcode: int, operands: tuple[int, ...]) -> int:
        """Return the row that an instruction makes."""
        key = (opcode, operands)
        if key not in self._known:
            self._known[key] = self._append(opcode, operands, self._above(operands))
        return self._known[key]

    def call(self, function: Plain, operands: tuple[int, ...]) -> int:
        """Add a row that Python makes."""
        row = self._append(CALL, operands, self._above(operands))
        self.functions[row] = function
        return row

    def _above(self, operands: tuple[int, ...]) -> int:
        return 1 + max((self.levels[x][1] for x in operands), default=0)

    def _append(self, opcode: int, operands: tuple[int, ...], level: int) -> int:
        self.instructions.append((opcode, operands))
        self.levels.append((self.phase if level else 0, level))
        return len(self.levels) - 1

    def write_graph(self, wanted: Iterable[Any], rows: dict[Node, int]) -> list[int]:
        """Write what the wanted nodes and numbers are made from, as far as `rows` does not say where it stands."""
        wanted = list(wanted)
        for node in _in_order([x for x in wanted if isinstance(x, Node)], rows):
            rows[node] = self._row_of_node(node, [self._row(x, rows) for x in node.inputs or ()])
        return [self._row(x, rows) for x in wanted]

    def _row(self, x: Any, rows: dict[Node, int]) -> int:
        return rows[x] if isinstance(x, Node) else self.constant(x)

    def _row_of_node(self, node: Node, operands: Sequence[int]) -> int:
        """Write one node: by an instruction, in other gates, or as a call of its plain form."""
        gate = node.gate
        if gate is None:
            return self.constant(node._value)
        if has_instruction(gate):
            return self.write(OPCODES[gate.name], tuple(operands))
        if gate.name == "identity":
            return operands[0]
        traced = forward_in_gates(node)
        if traced is None:
            return self.call(plain_form(gate, attributes_of(node)), tuple(operands))
        stand_ins, made = traced
        inner = {x: row for x, row in zip(stand_ins, operands, strict=True) if isinstance(x, Node)}
        return self.write_graph([made], inner)[0]

    def finished(self, *phases: list[int]) -> Lowered:
        """Sort the instructions by phase, level and opcode, leaves first, and cut them into runs."""
        codes = np.array([code for code, _ in self.instructions], np.int8)
        phase, level = np.array(self.levels).reshape(-1, 2).T
        order = np.lexsort((codes, level, phase, codes != _LEAF))
        place = np.empty(len(order), np.uint32)
        place[order] = np.arange(len(order), dtype=np.uint32)
        operands = np.zeros((3, len(order)), np.uint32)
        calls = {}
        for row, (code, inputs) in enumerate(self.instructions):
            if code == CALL:
                at = int(place[row])
                calls[at] = Call(at, self.functions[row], tuple(int(place[x]) for x in inputs))
            else:
                for k, x in enumerate(inputs):
                    operands[k, place[row]] = place[x]
        firsts, lasts = _cut(codes[order], level[order], phase[order])
        runs_of = {int(first): run for run, first in enumerate(firsts)}
        return Lowered(
            Tape(codes[order][firsts], firsts, lasts, *operands),
            np.array([value for value in self.numbers]),
            int(np.sum(phase[order][firsts] == 0)),
            {runs_of[at]: calls[at] for at in sorted(calls)},
            tuple([int(place[row]) for row in rows] for rows in phases),
        )


def _cut(codes: Any, level: Any, phase: Any) -> tuple[Any, Any]:
    """Return where runs begin and end: rows alike and next to each other; a call is a run of its own."""
    rows = np.arange(len(codes))
    new = np.ones(len(codes), bool)
    same = (codes[1:] == codes[:-1]) & (level[1:] == level[:-1]) & (phase[1:] == phase[:-1])
    new[1:] = ~same | (codes[1:] == CALL)
    firsts = rows[new & (codes != _LEAF)]
    lasts = np.append(firsts[1:], len(codes)) if len(firsts) else firsts
    return firsts.astype(np.uint32), lasts.astype(np.uint32)


def _in_order(roots: Sequence[Node], known: Collection[Node]) -> list[Node]:
    """Return what the roots are made from and is not known yet, inputs before their users."""
    found, seen = [], set(known)
    stack = list(roots)
    while stack:
        node = stack.pop()
        if node not in seen:
            seen.add(node)
            found.append(node)
            stack.extend(x for x in node.inputs or () if isinstance(x, Node))
    return sorted(found, key=lambda node: (node.gate is not None, node.serial))
