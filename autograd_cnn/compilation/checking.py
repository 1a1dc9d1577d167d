"""Whether a replay agrees with the function itself: ``check=True``."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from autograd_cnn.backward import grad
from autograd_cnn.compilation.arguments import results_of
from autograd_cnn.compilation.program import Replay
from autograd_cnn.compilation.scalars.taping import Floats, Taped
from autograd_cnn.errors import ReplayMismatch
from autograd_cnn.graph import Node, Scalar, describe
from autograd_cnn.recording import recorded


def compare(
    name: str, found: Taped, leaves: Floats, inputs: Sequence[Any], value: float, function: Callable[[], Any]
) -> None:
    """Raise when the function itself, called now, has another value or other gradients.

    Parameters
    ----------
    name : str
        What to call it.
    found, leaves
        What is replayed, on what.
    inputs : sequence
        The arguments, and the closed nodes.
    value : float
        What the replay came to.
    function : callable
        Calls the function itself, on the same arguments.
    """
    with recorded(active=True):
        eager = function()
    pairs = [("value", value, eager._value if isinstance(eager, Node) else eager)]
    if found.requires_grad and isinstance(eager, Node) and eager.requires_grad:
        reached = [inputs[i] for i in found.reached]
        ours = found.gradients_of(leaves, 1.0)
        theirs = grad(eager, reached, allow_unused=True)
        pairs += [
            (f"gradient of {describe(x)}", a, 0.0 if b is None else b)
            for x, a, b in zip(reached, ours, theirs, strict=True)
        ]
    for what, a, b in pairs:
        if not np.isclose(a, b, rtol=1e-9, atol=1e-12, equal_nan=True):
            raise _mismatch(name, what, a, b)


def compare_results(name: str, replay: Replay, leaves: Sequence[Any]) -> None:
    """Raise when the function itself, called now on the same arguments, has other values or gradients.

    Parameters
    ----------
    name : str
        What to call it.
    replay : Replay
        What was replayed.
    leaves : sequence
        The numbers, arrays and nodes among the arguments.
    """
    inputs = [*leaves, *replay.program.traced.closed]
    eager: list[Node] = []
    results_of(name, replay.again(*inputs), eager)
    for which, (output, again) in enumerate(zip(replay.held().outputs, eager, strict=True)):
        _compare_arrays(name, "value", output._value, again._value)
        if not again.requires_grad:
            continue
        one = np.ones(again.shape, again.dtype) if again.shape else 1.0
        seed = one if isinstance(again, Scalar) else np.asarray(one, again.dtype)
        replay.held().backward(which, seed)
        found = [sink.taken() for sink in replay.held().sinks]
        reached = [i for i, part in enumerate(found) if part is not None and isinstance(inputs[i], Node)]
        theirs = grad(again, [inputs[i] for i in reached], seed, allow_unused=True)
        for i, part in zip(reached, theirs, strict=True):
            expected = np.zeros(inputs[i].shape) if part is None else part
            _compare_arrays(name, f"gradient of {describe(inputs[i])}", found[i], expected)


def _compare_arrays(name: str, what: str, a: Any, b: Any) -> None:
    """Raise unless two arrays agree to a part of their largest element: sums may be added up in another order."""
    a, b = np.asarray(a), np.asarray(b)
    tolerance = 1e-9 if b.dtype == np.float64 else 1e-4
    largest = float(np.max(np.abs(b), initial=0.0, where=np.isfinite(b)))
    if a.shape != b.shape or not np.allclose(a, b, rtol=tolerance, atol=tolerance * largest + 1e-30, equal_nan=True):
        raise _mismatch(name, what, *(x.item() if x.size == 1 else x for x in (a, b)))


def _mismatch(name: str, what: str, a: Any, b: Any) -> ReplayMismatch:
    return ReplayMismatch(
        f"compile: {name} replays to a {what} of {a!r}, called itself it has {b!r}; "
        "what it reads from outside must be an argument, a registered buffer, a Parameter or a Scalar to be seen again"
    )
