"""One gate at one call, ready to be tried: on nodes, on plain values, as a function of the inputs that move."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, DTypeLike, NDArray

from autograd_cnn.backward import grad
from autograd_cnn.graph import Node, Tensor
from autograd_cnn.registry import Gate
from autograd_cnn.testing.call import Call

Array = NDArray[Any]


@dataclass(frozen=True)
class Trial:
    """A gate at one call.

    Attributes
    ----------
    gate : Gate
        What is tried.
    call : Call
        Where.
    seed : int
        Of the upstream gradients and directions.
    """

    gate: Gate
    call: Call
    seed: int = 0

    @property
    def slots(self) -> tuple[int, ...]:
        """The inputs that receive gradients; none where the gate has no gradient."""
        return self.call.differentiable if self.gate.has_gradient else ()

    @property
    def points(self) -> list[Array]:
        """The values of the inputs that receive gradients."""
        return [np.asarray(self.call.inputs[slot]) for slot in self.slots]

    def nodes(self, dtype: DTypeLike = np.float64) -> list[Tensor]:
        """Return new leaves, one per input; floating ones in the dtype given."""
        arrays = [np.asarray(x) for x in self.call.inputs]
        return [
            Tensor(x.astype(dtype) if x.dtype.kind == "f" else x, requires_grad=slot in self.slots)
            for slot, x in enumerate(arrays)
        ]

    def apply(self, inputs: Sequence[Any]) -> Any:
        """Apply the gate to inputs, with the attributes of the call."""
        return self.gate(*inputs, **self.call.attributes)

    def at(self, *moving: Any) -> Any:
        """Apply the gate where the inputs that receive gradients are these, and the others those of the call."""
        inputs = list(self.call.inputs)
        for slot, x in zip(self.slots, moving, strict=True):
            inputs[slot] = x
        return self.apply(inputs)

    def upstream(self, output: Any, turn: int = 0) -> Array:
        """Return a random upstream gradient for an output: of sizes ½ to 1, of its shape and dtype; one per turn."""
        rng = np.random.default_rng((self.seed, turn))
        found = rng.integers(32, 65, np.shape(output)) / 64 * rng.choice((-1.0, 1.0), np.shape(output))
        return np.asarray(found, getattr(output, "dtype", np.float64))

    def gradients(self, nodes: Sequence[Node], upstream: ArrayLike, **options: Any) -> tuple[Any, ...]:
        """Apply the gate to these nodes and walk back; return what those that receive gradients get."""
        return grad(self.apply(nodes), [nodes[slot] for slot in self.slots], upstream, **options)


def plain(value: Any) -> Any:
    """Return the value of a node, or what is none as it is."""
    return value.value if isinstance(value, Node) else value


def difference(found: Any, expected: Any, relative: float = 0.0, absolute: float = 0.0) -> str:
    """Return the first place where two arrays differ, in words; empty where they agree. NaN agrees with NaN."""
    found, expected = (np.asarray(plain(x), np.float64) for x in (found, expected))
    if found.shape != expected.shape:
        return f"shape {found.shape}, expected {expected.shape}"
    apart = ~np.isclose(found, expected, relative, absolute, equal_nan=True)
    if not apart.any():
        return ""
    index = tuple(int(i) for i in np.argwhere(apart)[0])
    place = f"element {list(index)}: " if index else ""
    return f"{place}{float(found[index])!r}, expected {float(expected[index])!r}"


def first_difference(found: Sequence[Any], expected: Sequence[Any], slots: Sequence[int], **tolerance: float) -> str:
    """Return the first input whose gradients differ, in words; None counts as 0."""
    for slot, x, y in zip(slots, found, expected, strict=True):
        x, y = (np.zeros(np.shape(plain(b))) if a is None else a for a, b in ((x, y), (y, x)))
        if words := difference(x, y, **tolerance):
            return f"input {slot}: {words}"
    return ""
