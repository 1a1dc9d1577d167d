"""Checkpointing: keep what a function took and gave, and compute what lies between once more when needed."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from autograd_cnn.errors import ArgumentError, GradientError
from autograd_cnn.graph import Node, Scalar, describe, made_by, topological_order
from autograd_cnn.live import Log, is_recording
from autograd_cnn.random import Noted, noted
from autograd_cnn.reaching import reachable
from autograd_cnn.recording import recorded, recording
from autograd_cnn.registry import Gate

_MOST_OBJECTS = 1000
"""So many objects that a function holds are looked at, at every call, to find its generators."""


@dataclass(frozen=True, eq=False)
class _First:
    """The call whose output is kept.

    Attributes
    ----------
    inputs : tuple
        The values that the function was called with.
    output : float or ndarray
        What came out.
    random : Noted
        Where its random numbers came from.
    drawn : tuple of int
        Seeds that were drawn for it beforehand, when a compiled function was called once more.
    """

    inputs: tuple[Any, ...]
    output: Any
    random: Noted
    drawn: tuple[int, ...]


def _forward(*inputs: Any, function: Any, given: int, first: _First) -> Any:
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
        Takes nodes, returns one node. It is called twice. The second call draws the random numbers
        of the first, and leaves all generators as it found them: the default one, those that layers
        draw from, and those that are found in what the function holds. Running statistics are
        updated once. Other side effects happen twice.
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
    GradientError
        In the backward pass, when the second call does not give what the first one gave, to the
        bit: it drew from a generator that could not be found, or read what has changed since.

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
    log = recording().log
    drawn = () if log is None else tuple(log.drawn)
    with noted(reachable(function, np.random.Generator, most=_MOST_OBJECTS)) as random:
        output = function(*inputs)
    if not isinstance(output, Node):
        raise ArgumentError(f"checkpoint: the function returned {type(output).__name__}, expected one node")
    if output.gate is None or not output.requires_grad or output.serial < start:
        return output
    first = _First(_values(inputs), output._value, random, drawn)
    attributes = {"function": function, "given": len(inputs), "first": first}
    return made_by(_CHECKPOINT, (*inputs, *_captured(output, inputs, start)), attributes, output._value)


@_CHECKPOINT.expansion
def _again(*inputs: Any, function: Any, given: int, first: _First) -> Any:
    """Call the function once more, with the random numbers of the first time and without its effects."""
    log = recording().log if is_recording() else Log(drawn=deque(first.drawn), muted=True)
    with first.random.again(), recorded(log=log):
        output = function(*inputs[:given])
    is_same_call = all([a is b for a, b in zip(_values(inputs), first.inputs, strict=False)])
    if is_same_call:  # and not of the function's expansion on other values
        _check_output(function, output, first.output)
    return output


def _check_output(function: Any, output: Any, before: Any) -> None:
    """Raise unless a function gave what it gave before."""
    now: Any = output._value if isinstance(output, Node) else None
    if type(now) is type(before) and np.shape(now) == np.shape(before):
        differ = np.asarray(now != before)
        if not differ.any() or not (differ := differ & ((now == now) | (before == before))).any():  # NaN is no change
            return
        place = tuple(np.argwhere(differ)[0].tolist())
        change = f"element {place} was" if place else "its value was"
        change += f" {np.asarray(before)[place]:.6g} and is now {np.asarray(now)[place]:.6g}"
    else:
        change = f"now it is {describe(output) if isinstance(output, Node) else type(output).__name__}"
    name = getattr(function, "__name__", type(function).__name__)
    raise GradientError(
        f"checkpoint: {name}, called again for its gradients, gave another output: {change}; expected the same to the "
        "bit. Let the function hold the generator that it draws from, and change nothing that it reads before backward"
    )


def _values(inputs: tuple[Any, ...]) -> tuple[Any, ...]:
    return tuple([x._value if isinstance(x, Node) else x for x in inputs])


def _captured(output: Node, inputs: tuple[Any, ...], start: int) -> list[Node]:
    """Return the nodes older than `start` that the function used without taking them: its parameters."""
    used = [x for node in topological_order(output, where=lambda node: node.serial > start) for x in node.inputs or ()]
    older = [x for x in used if isinstance(x, Node) and x.serial < start and x.requires_grad]
    return [x for x in dict.fromkeys(older) if x not in inputs]
