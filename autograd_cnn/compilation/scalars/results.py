"""What a compiled function of Scalars returns: a Scalar made by a gate of its own, from all that the function reads."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from autograd_cnn.backward import add_gradients, backward, check_usable
from autograd_cnn.compilation.arguments import Structure, rebuilt
from autograd_cnn.compilation.scalars.taping import Floats, Taped
from autograd_cnn.errors import ArgumentError
from autograd_cnn.graph import Scalar, describe
from autograd_cnn.recording import recording
from autograd_cnn.registry import Gate


@dataclass(frozen=True, eq=False)
class TapeReplay:
    """One replay of a tape, and what its first rows held."""

    taped: Taped
    leaves: Floats


class Replayed(Scalar):
    """What a compiled function returns: a Scalar made by the gate `compiled` from all that the function reads.

    It does what any Scalar does; only its own `backward` takes a shorter way.
    """

    __slots__ = ()

    def __init__(self, gate: Gate, inputs: tuple[Any, ...], replay: TapeReplay) -> None:
        value = replay.taped.value(replay.leaves)
        self._become_leaf(value, replay.taped.requires_grad, None)
        self.gate, self.inputs, self.attributes = gate, inputs, {"replay": replay}

    def detach(self) -> Scalar:  # type: ignore[override]
        """Return a leaf with the same value that no gradient flows through."""
        return Scalar(self.value, requires_grad=False)

    def __reduce_ex__(self, protocol: Any) -> Any:
        """Refuse to be copied or pickled: the gate belongs to one compiled function."""
        raise ArgumentError(f"copy: {describe(self)} cannot be copied or pickled; call the function itself for that")

    def backward(self, seed: Any = None, *, retain: str = "all") -> None:
        """Fill the gradients of the leaves, as `Scalar.backward` does."""
        if seed is not None or not self.requires_grad or retain not in ("all", "leaves") or not recording().plain:
            backward(self, seed, retain=retain)
            return
        check_usable(self)
        replay: TapeReplay = self.attributes["replay"]
        found, inputs = replay.taped, self.inputs or ()
        receivers = [*(inputs[i] for i in found.reached if i < found.arguments), *found.receivers]
        if any([x.gate is not None for x in receivers]):
            backward(self, seed, retain=retain)
            return
        add_gradients(zip(receivers, found.gradients_of(replay.leaves, 1.0), strict=True))
        if retain == "all":
            self.grad = 1.0
        else:
            self.inputs, self.attributes = None, {}


def gate_of(found: Taped, function: Callable[..., Any], structure: Structure) -> Gate:
    """Return the gate that one recording is: replayed forward and back, and expanded by the function itself."""

    def compiled(*values: float) -> Any:
        leaves = found.leaves(())
        leaves[: found.inputs] = values
        return found.value(leaves), TapeReplay(found, leaves)

    def rule(upstream: float, output: float, *inputs: Any, replay: TapeReplay, needs: Any) -> tuple[Any, ...]:
        parts: list[float | None] = [None] * len(inputs)
        for i, part in zip(found.reached, found.gradients_of(replay.leaves, upstream), strict=True):
            parts[i] = part
        return tuple(parts)

    def expansion(*inputs: Any) -> Any:
        positional, named = rebuilt(structure, iter(inputs))
        return function(*positional, **named)

    options: Mapping[str, Any] = {"broadcasts": False, "scalar": None, "saturates": None, "dead_side": False}
    gate = Gate(compiled, "compiled", saves=("replay",), **options)
    gate.vjp(rule, differentiable=False)
    gate.expansion(expansion)
    return gate
