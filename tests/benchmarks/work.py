"""What a row of the benchmarks is: the same work, done by us and by every installed peer, and its target."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

OURS = "autograd_cnn"
DISTRIBUTIONS = {
    "PyTorch": "torch",
    "micrograd": "micrograd",
    "MyGrad": "mygrad",
    "HIPS autograd": "autograd",
    "CasADi": "casadi",
}
"""The module that each peer is imported as."""

Step = Callable[[], Any]
Steps = dict[str, Step]
"""One step of the work for each library that can do it, by its name."""


@dataclass(frozen=True)
class Measured:
    """What a step returns that times itself, in a process of its own.

    Attributes
    ----------
    wall, process : float
        Seconds by the clock on the wall, and of the processor's time.
    """

    wall: float
    process: float


@dataclass(frozen=True)
class Work:
    """One row: what is done, and how long it may take.

    Attributes
    ----------
    steps : callable
        Prepares the work, and returns the step of each library that is installed. Steps of one row return the
        same numbers, which a test compares.
    targets : mapping of str to float
        At most so many times the seconds of a peer; for `OURS`, at most so many seconds.
    peers : tuple of str
        All that may take part.
    rounds : int
        No more rounds than this.
    """

    steps: Callable[[], Steps]
    targets: Mapping[str, float] = field(default_factory=dict)
    peers: tuple[str, ...] = ("PyTorch",)
    rounds: int = 1000


def has(peer: str) -> bool:
    """Whether a peer is installed."""
    return importlib.util.find_spec(DISTRIBUTIONS[peer]) is not None


def installed(steps: Mapping[str, Callable[[], Step]]) -> Steps:
    """Return the steps of those peers that are installed, each made now."""
    return {peer: made() for peer, made in steps.items() if peer not in DISTRIBUTIONS or has(peer)}
