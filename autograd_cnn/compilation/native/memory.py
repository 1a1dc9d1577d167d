"""Memory of instructions: arrays that are written again at every replay, and gradients that the caller may keep."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from autograd_cnn.compilation.instructions import Sink
from autograd_cnn.compilation.look import Look
from autograd_cnn.compilation.native.counting import Tally
from autograd_cnn.graph import Array, Node
from autograd_cnn.kernels.workspace import aligned


class Kept:
    """An array that goes out of the house: written again only when nobody else holds it any more."""

    __slots__ = ("_array",)

    def __init__(self, shape: tuple[int, ...], dtype: Any) -> None:
        self._array = aligned(np.empty, shape, dtype)

    def array(self) -> Array:
        """Return the array, or one like it if the caller still has the last one."""
        if sys.getrefcount(self._array) > 2:  # this object's, and that of the call
            self._array = aligned(np.empty, self._array.shape, self._array.dtype)
        return self._array


@dataclass
class Counting:
    """Whether the instructions of a state count at this call."""

    is_on: bool = False


@dataclass(frozen=True)
class Places:
    """Where the instructions of one state find what they work on.

    Attributes
    ----------
    node : callable
        Returns a recorded node as it stands in the state.
    sink : callable
        Returns where the gradient of a recorded node gathers; None for one that needs none.
    look : Look
        Whether what goes into an activation must be seen from outside, with its gradient, or counted.
    tallies : dict
        What is counted, by node as it stands in the state.
    counting : Counting
        Whether it is, now.
    """

    node: Callable[[Node], Node]
    sink: Callable[[Node], Any]
    look: Look = Look.NOTHING
    tallies: dict[Node, Tally] = field(default_factory=dict)
    counting: Counting = field(default_factory=Counting)

    def seen(self, node: Node) -> Node | None:
        """Return a node inside of a group as it stands in the state, if its gradient must be seen from outside."""
        return self.node(node) if self.look != Look.NOTHING else None

    def tally(self, node: Node) -> Tally:
        """Return where it is counted what the numbers of a node come to."""
        return self.tallies.setdefault(self.node(node), Tally())


def buffer(shape: tuple[int, ...], dtype: Any) -> Array:
    """Return memory for an array of this shape."""
    return aligned(np.empty, shape, dtype)


def send(sink: Any, part: Array) -> None:
    """Add a gradient to those that have gathered; `part` is written into."""
    if sink.grad is not None:
        np.add(sink.grad, part, out=part)
    sink.grad = part


def give(sink: Any, part: Array) -> None:
    """Do the same with the gradient of a parameter, an array that `Kept` gave."""
    send(sink, part)
    if isinstance(sink, Sink):
        sink.kept = part
