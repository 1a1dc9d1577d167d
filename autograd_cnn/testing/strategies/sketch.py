"""A graph while it is being drawn: every value is known, so the next gate can keep to its domain."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from autograd_cnn.registry import GATES
from autograd_cnn.testing.strategies.graph import Application, Constant, Graph, away_from_kinks

LARGEST = 16.0
MOST_ELEMENTS = 48
_STEP = 2.0**-20


class Sketch:
    """Leaves and gates so far, with their values; a reference is ``~i`` for leaf i and ``j`` for gate j.

    Leaves may come late, so references become a graph's numbers only in the end.
    """

    def __init__(self, kinks: bool) -> None:
        self.leaves: list[Any] = []
        self.applications: list[Application] = []
        self.made: list[Any] = []
        self.reach: list[float] = []  # how far a value moves, at most, when all leaves move by one
        self.kinks = kinks

    def leaf(self, value: Any) -> int:
        """Add a leaf."""
        self.leaves.append(value)
        return ~(len(self.leaves) - 1)

    def value(self, x: int | Constant) -> Any:
        """Return the value of a reference or a constant."""
        return x.value if isinstance(x, Constant) else self.leaves[~x] if x < 0 else self.made[x]

    def references(self) -> list[int]:
        """Return all references, the latest first: small draws continue the graph, larger ones fan out."""
        return [*range(len(self.made) - 1, -1, -1), *(~i for i in range(len(self.leaves)))]

    def apply(self, gate: str, *inputs: int | Constant, **attributes: Any) -> int:
        """Add a gate."""
        value = GATES[gate](*(self.value(x) for x in inputs), **attributes)
        reaches = [self._reach_through(slot, value, gate, inputs, attributes) for slot in range(len(inputs))]
        self.reach.append(sum(reaches))
        self.applications.append(Application(gate, inputs, attributes))
        self.made.append(value if isinstance(value, float | np.ndarray) else np.asarray(value))
        return len(self.made) - 1

    def _reach_through(self, slot: int, value: Any, gate: str, inputs: Any, attributes: dict[str, Any]) -> float:
        """Return the reach of one input times the gate's slope there."""
        x = inputs[slot]
        if isinstance(x, Constant):
            return 0.0
        values = [self.value(y) for y in inputs]
        values[slot] = values[slot] + _STEP
        slope = float(np.max(np.abs(GATES[gate](*values, **attributes) - value), initial=0.0)) / _STEP
        return slope * (1.0 if x < 0 else self.reach[x])

    def fitting(self, gate: str, *inputs: int | Constant, **attributes: Any) -> int | None:
        """Add a gate if its result is small and, where kinks are unwanted, away from them; else None.

        An input that stands at a kink is shifted by constants of its own for every element first.
        """
        for attempt in range(4):
            values = [self.value(x) for x in inputs]
            result = np.asarray(GATES[gate](*values, **attributes), float)
            if result.size > MOST_ELEMENTS or not np.isfinite(result).all():
                return None
            if self.kinks or away_from_kinks(gate, values, attributes):
                return self.scaled(self.apply(gate, *inputs, **attributes))
            first, *rest = inputs
            inputs = (self.apply("add", first, Constant(_apart(values[0], attempt))), *rest)
        return None

    def scaled(self, x: int) -> int:
        """Bring a large or steep value down by a power of two: a stiff graph has no good step for differences."""
        largest = max(float(np.max(np.abs(self.value(x)), initial=0.0)), self.reach[x])
        if largest <= LARGEST:
            return x
        return self.apply("multiply", x, Constant(2.0 ** -math.ceil(math.log2(largest) - 1)))

    def guarded(self, x: int | Constant, domain: str | None) -> int | Constant:
        """Bring an input into a domain: "positive" (x² + 1/2), "small" (tanh x); where it is there, leave it."""
        value = np.asarray(self.value(x))
        if isinstance(x, Constant):
            return Constant(x.value * x.value + 0.5) if domain == "positive" else x
        if domain == "positive" and np.min(value, initial=1.0) < 0.25:
            return self.apply("add", self.apply("square", x), Constant(0.5))
        if domain == "small" and np.max(np.abs(value), initial=0.0) > 3:
            return self.apply("tanh", x)
        return x

    def loose_ends(self) -> list[int]:
        """Return what no gate uses."""
        used = {x for one in self.applications for x in one.inputs if isinstance(x, int)}
        return [x for x in reversed(self.references()) if x not in used]

    def closed(self) -> Graph:
        """Join all loose ends to one number, each element with a weight of its own, so that none hides another."""
        total: int | None = None
        for x in self.loose_ends():
            value = self.value(x)
            part = self.apply("multiply", x, Constant(_weights(value)))
            if np.ndim(value):
                part = self.apply("sum", part)
            total = part if total is None else self.apply("add", total, part)
        count = len(self.leaves)
        return Graph(
            tuple(self.leaves),
            tuple(
                Application(
                    a.gate,
                    tuple(x if isinstance(x, Constant) else ~x if x < 0 else count + x for x in a.inputs),
                    a.attributes,
                )
                for a in self.applications
            ),
        )


def _apart(value: Any, attempt: int) -> Any:
    """Return small constants that differ from element to element: multiples of 1/32, in a different order each time."""
    if isinstance(value, float):
        return (attempt + 1) / 16
    places = np.arange(np.size(value)).reshape(np.shape(value))
    return ((places * (2 * attempt + 3)) % 17 + 1 + 16 * (attempt % 2)) / 32


def _weights(value: Any) -> Any:
    """Return weights 3/4, 5/4, 7/4, -1/4 ... in eighths, never 0 and no two neighbours alike."""
    if isinstance(value, float):
        return 0.75
    places = np.arange(np.size(value)).reshape(np.shape(value))
    return ((places * 5) % 7 - 2.5) / 2
