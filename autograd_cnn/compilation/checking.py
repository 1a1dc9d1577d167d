"""Whether a replay agrees with the function itself: ``check=True``."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from autograd_cnn.backward import grad
from autograd_cnn.compilation.replaying import Floats, Recorded
from autograd_cnn.errors import ReplayMismatch
from autograd_cnn.graph import Node, describe
from autograd_cnn.recording import recorded


def compare(
    name: str, found: Recorded, leaves: Floats, inputs: Sequence[Any], value: float, function: Callable[[], Any]
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
            raise ReplayMismatch(
                f"compile: {name} replays to a {what} of {a!r}, called itself it has {b!r}; "
                "what it reads from outside must be an argument or a Scalar to be seen again"
            )
