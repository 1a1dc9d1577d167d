"""What is kept of a function while it is recorded, beside its gates."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from autograd_cnn.graph import Array, Node
from autograd_cnn.recording import recording

if TYPE_CHECKING:
    from autograd_cnn.live.data import Data


@dataclass(frozen=True, eq=False)
class Source:
    """An array from outside: what stands for it when the function begins, how to read it, and what it is known by."""

    made: Data
    read: Callable[[], Array]
    key: Hashable


@dataclass(frozen=True, eq=False)
class Held:
    """What stands for an array from outside at this point of a function, and how to read the array itself."""

    now: Any
    read: Callable[[], Array]


@dataclass(eq=False)
class Log:
    """What one recording of a function saw, beside gates; or, muted, what a second run of it must not do again.

    Attributes
    ----------
    guards : list of (Data, bool or int)
        What the function decided by, and how.
    effects : list of (callable, operands)
        What it did, such as writing into running statistics.
    draws : list of (callable, Drawn)
        Which random numbers it drew, and how to draw the next ones.
    sources : list of Source
        Arrays from outside that are read anew.
    held : dict
        What stands for them now that some were written into, by their keys.
    outdated : dict
        By identity, the contents of arrays from outside before they were written into, and the serial number of that.
    attributes : dict
        By identity, arrays that became attributes of gates, and the live array each is a copy of.
    modules : dict
        The modules it called, and the attributes they had.
    drawn : deque of int
        Random numbers to be used, before new ones are drawn.
    muted : bool
        Whether effects are left out.
    """

    guards: list[tuple[Data, int]] = field(default_factory=list)
    effects: list[tuple[Callable[..., None], tuple[Any, ...]]] = field(default_factory=list)
    draws: list[tuple[Callable[[], int], Drawn]] = field(default_factory=list)
    sources: list[Source] = field(default_factory=list)
    held: dict[Hashable, Held] = field(default_factory=dict)
    outdated: dict[int, tuple[Array, int]] = field(default_factory=dict)
    attributes: dict[int, tuple[Array, Node]] = field(default_factory=dict)
    modules: dict[Any, dict[str, Any]] = field(default_factory=dict)
    drawn: deque[int] = field(default_factory=deque)
    muted: bool = False


class Drawn(int):
    """A seed that was drawn: a replay draws another one in its place."""


def is_recording() -> bool:
    """Whether `ag.compile` records a function here and now."""
    return recording().compiling_from is not None
