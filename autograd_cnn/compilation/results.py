"""What a compiled function of Tensors returns: nodes made by the gate `compiled` from all that the function reads."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from autograd_cnn.backward import add_gradients, backward, check_usable
from autograd_cnn.compilation.arguments import ONE_NODE, rebuilt, results_of
from autograd_cnn.compilation.program import Replay, copied
from autograd_cnn.errors import ArgumentError
from autograd_cnn.graph import Node, Scalar, Tensor, describe
from autograd_cnn.graph.origin import Origin
from autograd_cnn.recording import recording
from autograd_cnn.registry import Gate


def _forward(*inputs: Any, replay: Any, which: int) -> Any:
    """Replay a compiled function."""
    raise ArgumentError("compiled: call ag.compile(function), and what it returns")


COMPILED = Gate(_forward, "compiled", broadcasts=False, scalar=None, saves=(), saturates=None, dead_side=False)
COMPILED.name = "compiled"


def _gradients(upstream: Any, output: Any, *inputs: Any, replay: Replay, which: int, needs: Any) -> tuple[Any, ...]:
    state = replay.held()
    state.backward(which, upstream)
    return tuple([sink.taken() if need else None for sink, need in zip(state.sinks, needs, strict=True)])


COMPILED.vjp(_gradients, differentiable=False)


@COMPILED.expansion
def _again(*inputs: Any, replay: Replay, which: int) -> Any:
    """Call the function itself."""
    outputs: list[Node] = []
    results_of("again", replay.again(*inputs), outputs)
    return outputs[which]


def go_backward(self: Any, seed: Any = None, *, retain: str = "all") -> None:
    """Fill the gradients of the leaves, as any node's ``backward`` does."""
    inputs = self.inputs or ()
    if (
        seed is not None
        or self.inputs is None
        or not self.requires_grad
        or retain not in ("all", "leaves")
        or not recording().plain
        or recording().compiling_from is not None
        or self.size != 1
        or not self.attributes["replay"].reaches_leaves(inputs)
    ):
        backward(self, seed, retain=retain)
        return
    check_usable(self)
    replay: Replay = self.attributes["replay"]
    given = inputs[: len(replay.program.traced.stand_ins)]
    state = replay.program.prepare(replay, given)
    one = 1.0 if isinstance(self, Scalar) else np.ones(self.shape, self.dtype)
    state.backward(self.attributes["which"], one)
    add_gradients((leaf, sink.taken()) for leaf, sink in zip(inputs, state.sinks, strict=True) if sink.grad is not None)
    replay.program.observe(state, self.attributes["which"], given, one)
    if retain == "all":
        if isinstance(one, np.ndarray):
            one.flags.writeable = False
        self.grad = one
        replay.program.is_spent(replay)
    else:
        self.inputs, self.attributes = None, {}


def _refuse_copies(self: Node, protocol: Any) -> Any:
    """Refuse to be copied or pickled: the memory belongs to one compiled function."""
    raise ArgumentError(f"copy: {describe(self)} cannot be copied or pickled; call the function itself for that")


def _detached_scalar(self: Scalar) -> Scalar:
    """Return a leaf with the same value that no gradient flows through."""
    return Scalar(self.value, requires_grad=False)


def _detached_tensor(self: Tensor) -> Tensor:
    """Return a leaf with the same value that no gradient flows through."""
    return Tensor(self.value)


class ReplayedScalar(Scalar):
    """A Scalar that a compiled function of Tensors returned."""

    __slots__ = ()
    backward = go_backward
    detach = _detached_scalar  # type: ignore[assignment]
    __reduce_ex__ = _refuse_copies


class ReplayedTensor(Tensor):
    """A Tensor that a compiled function returned."""

    __slots__ = ()
    backward = go_backward
    detach = _detached_tensor
    __reduce_ex__ = _refuse_copies


def results(replay: Replay, leaves: Sequence[Any]) -> Any:
    """Return what the function returns, in the structure it returns it in."""
    state, traced = replay.held(), replay.program.traced
    arguments = [
        stand_in if isinstance(x, np.ndarray) else x for stand_in, x in zip(state.stand_ins, leaves, strict=True)
    ]
    inputs = (*arguments, *traced.closed)
    if len(state.outputs) == 1 and traced.structure == ONE_NODE:
        return _result(replay, inputs, 0)
    made = [_result(replay, inputs, which) for which in range(len(state.outputs))]
    return rebuilt(traced.structure, iter(made))


def _result(replay: Replay, inputs: tuple[Any, ...], which: int) -> Node:
    output = replay.held().outputs[which]
    kind: type[Node] = ReplayedScalar if isinstance(output, Scalar) else ReplayedTensor
    node = kind.__new__(kind)
    here = recording()
    node._become_leaf(copied(output._value), output.requires_grad and here.active, None)
    if here.active:
        node._origin = Origin(COMPILED, here.scope, {"replay": replay, "which": which})
        node.inputs = inputs
    return node
