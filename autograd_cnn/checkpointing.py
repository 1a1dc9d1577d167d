"""Checkpointing: keep what a function took and gave, and compute what lies between once more when needed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from autograd_cnn.errors import ArgumentError
from autograd_cnn.graph import Node, Scalar, made_by, topological_order
from autograd_cnn.live import is_recording
from autograd_cnn.random import generator
from autograd_cnn.registry import Gate


def _forward(*inputs: Any, function: Any, given: int, random_state: Any) -> Any:
    """Compute a function now, and once more in the backward pass, instead of keeping what lies between."""
    raise ArgumentError("checkpoint: call ag.checkpoint(function, *inputs)")


_CHECKPOINT = Gate(_forward, "checkpoint", broadcasts=False, scalar=None, saves=(), saturates=None, dead_side=False)
_CHECKPOINT.name = "checkpoint"


def checkpoint(function: Callable[..., Node], *inputs: Any) -> Any:
    """Return ``function(*inputs)`` without storing what lies between: the backward pass computes it again.

    Values and gradients are those of a plain call, also of parameters that the function uses
    without taking them as arguments, and second derivatives too. Memory holds the inputs and the
    output; time grows by one more forward pass. Inside of `ag.compile` it is a plain call.

    Parameters
    ----------
    function : callable
        Takes nodes, returns one node. It is called twice: its random draws are repeated as long as
        they come from the default generator (not from one given as ``rng=``), other side effects
        happen twice.
    *inputs : Node or number
        What to call it with.

    Returns
    -------
    Node
        One node of the gate ``checkpoint``; `autograd_cnn.expand` shows what is inside.

    Raises
    ------
    ArgumentError
        When the function does not return a node.

    Examples
    --------
    >>> import autograd_cnn as ag
    >>> x = ag.Scalar(2.0)
    >>> y = ag.checkpoint(lambda x: x * x * x, x)
    >>> y.backward()
    >>> y.value, x.grad, len(ag.nodes(y))
    (8.0, 12.0, 2)
    """
    if is_recording():  # a compiled function keeps its memory from call to call
        return function(*inputs)
    start = Scalar(0.0).serial
    state = generator().bit_generator.state
    output = function(*inputs)
    if not isinstance(output, Node):
        raise ArgumentError(f"checkpoint: the function returned {type(output).__name__}, expected one node")
    if output.gate is None or not output.requires_grad or output.serial < start:
        return output
    attributes = {"function": function, "given": len(inputs), "random_state": state}
    return made_by(_CHECKPOINT, (*inputs, *_captured(output, inputs, start)), attributes, output._value)


@_CHECKPOINT.expansion
def _again(*inputs: Any, function: Any, given: int, random_state: Any) -> Any:
    """Call the function once more, with the random numbers of the first time."""
    bits = generator().bit_generator
    now = bits.state
    bits.state = random_state
    try:
        return function(*inputs[:given])
    finally:
        bits.state = now


def _captured(output: Node, inputs: tuple[Any, ...], start: int) -> list[Node]:
    """Return the nodes older than `start` that the function used without taking them: its parameters."""
    used = [x for node in topological_order(output, where=lambda node: node.serial > start) for x in node.inputs or ()]
    older = [x for x in used if isinstance(x, Node) and x.serial < start and x.requires_grad]
    return [x for x in dict.fromkeys(older) if x not in inputs]
