"""One run of a function on stand-ins for its arguments: the graph it made, and what it read and did beside gates."""

from __future__ import annotations

import operator
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from autograd_cnn.compilation.arguments import ONE_NODE, Structure, rebuilt, results_of
from autograd_cnn.compilation.tracing import tracing
from autograd_cnn.graph import Node, Scalar, Tensor, topological_order
from autograd_cnn.live import Data, Log, argument, check_current


@dataclass(frozen=True, eq=False)
class Traced:
    """What `trace` found.

    Attributes
    ----------
    stand_ins : list of Node
        What stood for the numbers, arrays and nodes among the arguments.
    outputs : list of Node
        The nodes returned, in the `structure` of the result.
    closed : list of Node
        The nodes that were there before, and that the outputs are made from.
    order : list of Node
        All nodes of the function's own that have to be computed, inputs before their users.
    log : Log
        What it read and did beside gates.
    """

    stand_ins: list[Node]
    outputs: list[Node]
    structure: Structure
    closed: list[Node]
    order: list[Node]
    log: Log

    @property
    def is_of_scalars(self) -> bool:
        """Whether it is one Scalar made of Scalars by gates alone."""
        nodes = [*self.stand_ins, *self.closed, *self.order]
        return (
            self.structure == ONE_NODE
            and all([isinstance(x, Scalar) and not (x.gate and x.gate.is_source) for x in nodes])
            and isinstance(self.outputs[0], Scalar)
            and not self.log.effects
            and not self.log.draws
            and not self.log.sources
        )


def trace(
    function: Callable[..., Any], name: str, structure: Structure, arguments: Sequence[Any], drawn: Iterable[int] = ()
) -> Traced:
    """Call a function once, on stand-ins for its arguments.

    Parameters
    ----------
    function, name, structure, arguments
        What to call, and with what.
    drawn : iterable of int
        Random numbers that this call has drawn before, in a replay that could not be finished.

    Raises
    ------
    ArgumentError
        When it returns anything but nodes, or reads a buffer by a name that it had before it was written into.
    DataDependentBranch
        When it decides by the value of a node.
    """
    stand_ins = [_stand_in(x) for x in arguments]
    log = Log(drawn=deque(drawn))
    start = Scalar(0.0, requires_grad=False).serial
    with tracing(log):
        positional, named = rebuilt(structure, iter(stand_ins))
        result = function(*positional, **named)
    outputs: list[Node] = []
    of_result = results_of(name, result, outputs)
    own = set(stand_ins) | {source.made for source in log.sources}
    closed: set[Node] = set()
    order: set[Node] = set()
    for end in [*outputs, *live_operands(log)]:
        for node in topological_order(end, until=_Before(start)):
            if node in own or node in closed or node in order:
                continue
            (closed if node.serial < start else order).add(node)
    check_current(log, order)
    by_serial = operator.attrgetter("serial")
    return Traced(stand_ins, outputs, of_result, sorted(closed, key=by_serial), sorted(order, key=by_serial), log)


def live_operands(log: Log) -> list[Node]:
    """Return the nodes that guards, effects and attributes of gates read."""
    of_effects = [x for _, operands in log.effects for x in operands if isinstance(x, Node)]
    return [*(data for data, _ in log.guards), *of_effects, *(node for _, node in log.attributes.values())]


def _stand_in(x: Any) -> Node:
    """Return the node that stands for a number, array or node among the arguments."""
    if isinstance(x, Scalar):
        return Scalar(x._value, x.requires_grad, x.name)
    if isinstance(x, Tensor):
        made = Tensor(0.0, name=x.name)
        made._value, made.requires_grad = x._value, x.requires_grad
        return made
    return argument(np.array(x, order="C")) if isinstance(x, np.ndarray) else Scalar(x, requires_grad=False)


@dataclass(frozen=True)
class _Before:
    """All nodes that were made before a serial number."""

    start: int

    def __contains__(self, node: object) -> bool:
        return isinstance(node, Node) and node.serial < self.start

    def __iter__(self) -> Iterator[Node]:
        raise TypeError("these nodes cannot be listed")

    def __len__(self) -> int:
        raise TypeError("these nodes cannot be counted")


def emptied(traced: Traced) -> Traced:
    """Return the same recording without its values, which would take memory for as long as the function lives."""
    copies: dict[Node, Node] = {}

    def of(x: Any) -> Any:
        return copies.get(x, x) if isinstance(x, Node) else x

    for node in (*traced.stand_ins, *(source.made for source in traced.log.sources), *traced.order):
        copies[node] = _without_value(node)
        copies[node].inputs = tuple(map(of, node.inputs or ()))
    log = traced.log
    return Traced(
        [copies[x] for x in traced.stand_ins],
        [of(x) for x in traced.outputs],
        traced.structure,
        traced.closed,
        [copies[x] for x in traced.order],
        Log(
            guards=[(of(data), truth) for data, truth in log.guards],
            effects=[(function, tuple(map(of, operands))) for function, operands in log.effects],
            draws=log.draws,
            sources=[replace(source, made=of(source.made)) for source in log.sources],
            attributes={key: (array, of(node)) for key, (array, node) in log.attributes.items()},
            modules=log.modules,
        ),
    )


def _no_memory(node: Node) -> Any:
    return np.broadcast_to(np.zeros((), node.dtype), node.shape)


def _without_value(node: Node) -> Node:
    """Return a copy of a node with its shape and dtype, but no memory behind them."""
    made = type(node).__new__(type(node))
    is_constant = node.gate is None and not isinstance(node, Data)
    value = node._value if is_constant or isinstance(node, Scalar) else _no_memory(node)
    made._become_leaf(value, node.requires_grad, node.name)
    made.gate, made.scope, made.serial = node.gate, node.scope, node.serial
    saves = () if node.gate is None else node.gate.saves
    made.attributes = {name: value for name, value in node.attributes.items() if name not in saves}
    return made
