"""`grad`: the gradients with respect to some nodes, and nothing written."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from autograd_cnn.backward.steps import backward_steps
from autograd_cnn.errors import GradientError
from autograd_cnn.graph import Node, check_node, describe


def grad(
    output: Node,
    inputs: Node | Sequence[Node],
    seed: Any = None,
    *,
    create_graph: bool = False,
    allow_unused: bool = False,
) -> tuple[Any, ...]:
    """Return the gradients of `output` with respect to `inputs`, leaving every `grad` as it is.

    Parameters
    ----------
    output : Node
        What to differentiate.
    inputs : Node or sequence of Node
        With respect to what; nodes that gates made are fine too.
    seed : float or array_like, optional
        Gradient on the output; 1 for an output of one element.
    create_graph : bool
        Return nodes that can be differentiated again, instead of plain values.
    allow_unused : bool
        Return None for an input that `output` does not depend on, instead of raising.

    Returns
    -------
    tuple
        One gradient per input.

    Examples
    --------
    >>> import autograd_cnn as ag
    >>> x = ag.Scalar(2.0)
    >>> (first,) = ag.grad(x**3, x, create_graph=True)
    >>> first.value, ag.grad(first, x)
    (12.0, (12.0,))
    """
    wanted = tuple(inputs) if isinstance(inputs, Iterable) and not isinstance(inputs, Node) else (inputs,)
    check_node(output, "grad: output")
    for i, x in enumerate(wanted):
        check_node(x, f"grad: input {i}")
    found: dict[Node, Any] = {}
    if output.requires_grad or not allow_unused:
        targets = set(wanted)
        for step in backward_steps(output, seed, create_graph=create_graph):
            if step.node in targets:
                found[step.node] = step.upstream
    for i, x in enumerate(wanted):
        if x not in found and not allow_unused:
            raise GradientError(
                f"grad: the output does not depend on input {i} ({describe(x)}), or it does not require "
                "a gradient; pass allow_unused=True to get None"
            )
    return tuple(found.get(x) for x in wanted)
