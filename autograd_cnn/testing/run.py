"""One run of a function, and one walk back through it: what is kept of them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from autograd_cnn.graph import Node, describe, topological_order
from autograd_cnn.testing.branches import Branches

Vector = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Run:
    """One run of the function at one point.

    Attributes
    ----------
    outputs : tuple of Node
        What it returned.
    value : ndarray
        All elements of all outputs, in float64.
    branches : Branches
        Which side of every kink was taken.
    settings : tuple
        Every leaf that was set, with the value it had during the run.
    """

    outputs: tuple[Node, ...]
    value: Vector
    branches: Branches
    settings: tuple[tuple[Node, Any], ...]

    @property
    def finite(self) -> bool:
        """Whether every element of the output is a number."""
        return bool(np.isfinite(self.value).all())

    @property
    def narrow(self) -> str:
        """The first node on a gradient's way that is narrower than float64, in words; else empty."""
        with self.as_it_was():
            for output in self.outputs:
                for node in topological_order(output, where=lambda node: node.requires_grad):
                    if node.requires_grad and node.dtype.itemsize < 8:
                        return describe(node)
        return ""

    @contextmanager
    def as_it_was(self) -> Iterator[None]:
        """Give the leaves the values of this run inside the ``with`` block: rules read them."""
        with holding(self.settings):
            yield


@dataclass(frozen=True, eq=False)
class Backward:
    """What the backward pass of a run gave.

    Attributes
    ----------
    gradient : ndarray
        With respect to every coordinate, flat, in float64.
    magnitude : ndarray
        Sum of the sizes of what the edges carried to each coordinate: what rounding is relative to.
    noise : float
        How uncertain the output is by rounding: every value in the graph times its gradient, times epsilon.
    energy : float
        Every value in the graph times its gradient, added up as errors add that know nothing of each other: the
        root of the sum of squares.
    """

    gradient: Vector
    magnitude: Vector
    noise: float
    energy: float


@contextmanager
def holding(settings: Sequence[tuple[Node, Any]]) -> Iterator[None]:
    """Give leaves other values inside the ``with`` block, of other dtypes too; `grad` and `serial` stay."""
    before = [(leaf, leaf._value) for leaf, _ in settings]
    try:
        for leaf, value in settings:
            leaf._value = value
        yield
    finally:
        for leaf, value in before:
            leaf._value = value
