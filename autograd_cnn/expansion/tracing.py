"""Run a forward on tracers, which stand for single elements and write down what is done to them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from autograd_cnn.gates.arithmetic import add, divide, multiply, negative, power, subtract
from autograd_cnn.gates.comparison import abs as absolute
from autograd_cnn.gates.exponential import exp, log, sqrt
from autograd_cnn.registry import Gate


class Tracer:
    """Stands for one element while a forward runs on it: arithmetic is recorded, asking for its value fails.

    Attributes
    ----------
    cell : Scalar or float
        What it stands for.
    steps : list of int
        One number, shared by all tracers of a run: how many gates were applied.
    """

    __slots__ = ("cell", "steps")

    def __init__(self, cell: Any, steps: list[int]) -> None:
        self.cell = cell
        self.steps = steps

    def _apply(self, gate: Gate, *cells: Any) -> Tracer:
        self.steps[0] += 1
        return Tracer(gate(*(x.cell if isinstance(x, Tracer) else x for x in cells)), self.steps)

    def __add__(self, other: Any) -> Tracer:
        return self if not isinstance(other, Tracer) and other == 0 else self._apply(add, self, other)

    __radd__ = __add__

    def __sub__(self, other: Any) -> Tracer:
        return self._apply(subtract, self, other)

    def __rsub__(self, other: Any) -> Tracer:
        return self._apply(subtract, other, self)

    def __mul__(self, other: Any) -> Tracer:
        return self if not isinstance(other, Tracer) and other == 1 else self._apply(multiply, self, other)

    __rmul__ = __mul__

    def __truediv__(self, other: Any) -> Tracer:
        return self._apply(divide, self, other)

    def __rtruediv__(self, other: Any) -> Tracer:
        return self._apply(divide, other, self)

    def __pow__(self, other: Any) -> Tracer:
        return self._apply(power, self, other)

    def __neg__(self) -> Tracer:
        return self._apply(negative, self)

    def __abs__(self) -> Tracer:
        return self._apply(absolute, self)

    def exp(self) -> Tracer:
        """Exponential: what np.exp calls."""
        return self._apply(exp, self)

    def log(self) -> Tracer:
        """Logarithm: what np.log calls."""
        return self._apply(log, self)

    def sqrt(self) -> Tracer:
        """Square root: what np.sqrt calls."""
        return self._apply(sqrt, self)

    def __bool__(self) -> bool:
        raise TypeError("a tracer has no value: this forward decides by values")


def run_on_tracers(gate: Gate, attributes: dict[str, Any], inputs: Sequence[Any]) -> tuple[Any, int]:
    """Run a forward on arrays of tracers; return the cells it made, and in how many steps."""
    steps = [0]
    traced = []
    for x in inputs:
        wrapped = np.full(np.shape(x), None, object)
        for at in np.ndindex(wrapped.shape):
            wrapped[at] = Tracer(np.asarray(x)[at], steps)
        traced.append(wrapped)
    output = gate.forward(*traced, **gate.attributes | attributes)
    output = np.asarray(output[0] if gate.saves else output)
    cells = np.full(output.shape, None, object)
    for at in np.ndindex(output.shape):
        cell = output[at]
        cells[at] = cell.cell if isinstance(cell, Tracer) else float(cell)
    return cells, steps[0]
