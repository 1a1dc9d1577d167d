"""A recorded graph at work: the same nodes at every call, with new values in them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from autograd_cnn.compilation import instructions
from autograd_cnn.compilation.instructions import Run, Sink
from autograd_cnn.compilation.look import Look
from autograd_cnn.compilation.native import Group, memory_for
from autograd_cnn.compilation.native.counting import Tally
from autograd_cnn.compilation.native.memory import Counting, Places
from autograd_cnn.compilation.recording import Traced
from autograd_cnn.graph import Array, Node, Scalar, Tensor
from autograd_cnn.live import Data, Drawn, Plainly
from autograd_cnn.recording import recording


@dataclass(frozen=True)
class Past:
    """What a call that was made already drew, and read from outside."""

    drawn: list[int]
    read: list[Array]


class State:
    """The nodes of one call that is not over yet; `Program` hands it to the next call then.

    Parameters
    ----------
    traced : Traced
        What was recorded.
    groups : dict
        The nodes that are done by native instructions.
    look : Look
        How much a monitor may see of values and gradients.

    Attributes
    ----------
    most : Look
        As given.
    look : Look
        How much it is to see of this call: that, or nothing, which spares the counting.
    stand_ins, outputs : list of Node
        What stands for the arguments, and what the function returns.
    sinks : list of Sink
        Where the gradients of stand-ins and closed nodes gather.
    drawn : list of int
        The random numbers of this call.
    tallies : dict
        By node, what is counted of values and gradients that are not there to be read.
    watches : dict
        By output, where a monitor looks.
    """

    def __init__(self, traced: Traced, groups: dict[Node, Group | None], look: Look = Look.NOTHING) -> None:
        self.most = self._look = look
        self._counting = Counting(look == Look.COUNTS)
        self._copies: dict[Node, Node] = {}
        self._traced = traced
        self.stand_ins = [self._copy(x) for x in traced.stand_ins]
        self._sources = [(self._copy(source.made), source.read) for source in traced.log.sources]
        for made, x in zip(self.stand_ins, traced.stand_ins, strict=True):
            if isinstance(x, Data):
                made._value = memory_for(x, traced)
        inputs = [*traced.stand_ins, *traced.closed]
        self.sinks = [Sink() for _ in inputs]
        self._sink_of: dict[Node, Sink] = dict(zip(inputs, self.sinks, strict=True))
        self._seed_of = {id(seed): i for i, (_, seed) in enumerate(traced.log.draws)}
        self.drawn: list[int] = []
        self.tallies: dict[Node, Tally] = {}
        self.watches: dict[Node, Any] = {}
        self._forward: list[Run] = []
        self._backward: list[Run] = []
        for node in traced.order:
            self._copy(node)
            if node in groups:
                self._add_group(groups[node])
            elif node.gate is not None:
                self._add(node)
        self._backward.reverse()
        self.outputs: list[Node] = [self._of(x) for x in traced.outputs]
        self._effects = [(f, tuple(map(self._of, operands))) for f, operands in traced.log.effects]
        self._waiting = [self._copies[x] for x in traced.order if x.requires_grad]

    @property
    def look(self) -> Look:
        """How much a monitor is to see of this call."""
        return self._look

    @look.setter
    def look(self, look: Look) -> None:
        self._look = look
        self._counting.is_on = look == Look.COUNTS

    @property
    def past(self) -> Past:
        """What the last call drew, and read from outside."""
        return Past(self.drawn, [made._value for made, _ in self._sources])

    def run(self, arguments: Sequence[Any], past: Past | None = None) -> None:
        """Compute all nodes for new arguments, then do what the function does beside.

        With the `past` of a call that was made already, nothing is done beside.
        """
        for stand_in, x in zip(self.stand_ins, arguments, strict=True):
            if isinstance(x, np.ndarray):
                np.copyto(stand_in._value, x)
            else:
                stand_in._value = x._value if isinstance(x, Node) else x
        if past is None:
            past = Past([draw() for draw, _ in self._traced.log.draws], [read().copy() for _, read in self._sources])
            effects = self._effects if recording().log is None else []  # a second run of what is around does none
        else:
            effects = []
        self.drawn = past.drawn
        for (made, _), value in zip(self._sources, past.read, strict=True):
            made._value = value
        for step in self._forward:
            step()
        for function, operands in effects:
            function(*[x._value if isinstance(x, Node) else x for x in operands])

    def backward(self, output: int, seed: Any) -> None:
        """Let the gradients of stand-ins and closed nodes gather in `sinks`."""
        for node in self._waiting:
            node.grad = None
        for sink in self.sinks:
            sink.grad = None
        for tally in self.tallies.values():
            tally.gradients = None
        end = self._traced.outputs[output]
        self._sink_of.get(end, self._of(end)).grad = seed
        for step in self._backward:
            step()

    def _of(self, x: Any) -> Any:
        return self._copies.get(x, x) if isinstance(x, Node) else x

    def _sink(self, x: Any) -> Any:
        """Return where the gradient of a recorded node gathers; None if it needs none."""
        if not isinstance(x, Node) or not x.requires_grad:
            return None
        return self._sink_of[x] if x in self._sink_of else self._copies[x]

    def _copy(self, node: Node) -> Node:
        """Return a node like this one, made by the same gate from the copies of its inputs."""
        made: Node = Scalar.__new__(Scalar) if isinstance(node, Scalar) else Tensor.__new__(Tensor)
        made._become_leaf(node._value, node.requires_grad, node.name)
        made.scope = node.scope
        if node.gate is not None and not isinstance(node.gate, Plainly):
            made.gate, made.attributes = node.gate, dict(node.attributes)
            made.inputs = tuple(map(self._of, node.inputs or ()))
        self._copies[node] = made
        return made

    def _add(self, node: Node) -> None:
        """Add the instructions of one gate."""
        made = self._copies[node]
        if isinstance(node.gate, Plainly):
            inputs = [self._of(x) for x in node.inputs or ()]
            guards = [found for data, found in self._traced.log.guards if data is node]
            self._forward.append(instructions.plain(made, node.gate.function, inputs, guards))
            return
        live = {name: x for name, x in node.attributes.items() if self._is_live(x)}
        refresh = (lambda: {name: self._now(x) for name, x in live.items()}) if live else None
        self._forward.append(instructions.forward(made, refresh))
        if node.requires_grad:
            self._backward.append(instructions.backward(made, [self._sink(x) for x in node.inputs or ()]))

    def _add_group(self, group: Group | None) -> None:
        """Add the instruction of a group, at the place of its last node."""
        if group is not None:
            native = group.build(group.nodes, Places(self._of, self._sink, self.most, self.tallies, self._counting))
            self._forward.append(native.forward)
            self._backward.append(native.backward)

    def _is_live(self, x: Any) -> bool:
        """Whether an attribute, or a part of it, changes from call to call."""
        if isinstance(x, tuple | list):
            return any(map(self._is_live, x))
        return id(x) in self._traced.log.attributes or isinstance(x, Drawn)

    def _now(self, x: Any) -> Any:
        """Return a live attribute as it is at this call."""
        if isinstance(x, tuple | list):
            return type(x)(map(self._now, x))
        if isinstance(x, Drawn):
            return self.drawn[self._seed_of[id(x)]]
        if id(x) in self._traced.log.attributes:
            return self._of(self._traced.log.attributes[id(x)][1])._value
        return x
