"""Where a backward pass begins: the gradient on the output, and what must hold for a node to be used."""

from __future__ import annotations

from typing import Any

import numpy as np

from autograd_cnn.errors import DtypeError, GradientError, ShapeError
from autograd_cnn.graph import Node, Scalar, Tensor, changed_since_use, check_node, describe
from autograd_cnn.recording import recording
from autograd_cnn.settings import written


def seed_of(output: Node, seed: Any, create_graph: bool) -> Any:
    """Return the gradient on the output: a float, an array of its shape and dtype, or a node."""
    check_node(output, "backward_steps")
    if not output.requires_grad:
        if output.gate is not None and not output.gate.has_gradient:
            raise GradientError(
                f"backward: {describe(output)} does not require a gradient: this gate has no rule. "
                f"A gate of your own gets one with @{output.gate.name}.vjp"
            )
        raise GradientError(
            f"backward: {describe(output)} does not require a gradient: no input was a Scalar, a Parameter "
            "or Tensor(..., requires_grad=True), or it was made under no_grad()"
        )
    if isinstance(seed, Node):
        plain, seed = seed._value, seed if create_graph else seed._value
    else:
        plain = seed
    if plain is not None and not _is_of_numbers(plain):
        raise DtypeError(f"backward: seed is {written(plain)}, expected a number or an array of them")
    if isinstance(output, Scalar):
        if plain is not None and np.shape(plain) != ():
            raise ShapeError(f"backward: seed of shape {np.shape(plain)}, expected one number")
        value: Any = 1.0 if plain is None else float(plain)
        return seed if isinstance(seed, Node) else Scalar(value, requires_grad=False) if create_graph else value
    if plain is None:
        if output.size != 1:
            raise GradientError(
                f"backward: {describe(output)} has {output.size} elements, so it needs a seed: pass an "
                "array of its shape, or reduce it first with .sum() or .mean()"
            )
        plain = np.ones(output.shape, output.dtype)
    if np.shape(plain) != output.shape:
        raise ShapeError(f"backward: seed of shape {np.shape(plain)}, expected {output.shape}")
    if isinstance(seed, Node):
        return seed
    array = np.asarray(plain, output.dtype)
    return Tensor(array) if create_graph else array


def _is_of_numbers(plain: Any) -> bool:
    try:
        return np.asarray(plain).dtype.kind in "biuf"
    except ValueError:  # of lists of different lengths
        return False


def refuse_while_compiling() -> None:
    """Raise inside a function that `ag.compile` records."""
    if recording().compiling_from is not None:
        raise GradientError(
            "backward: called inside a compiled function, which a replay would not do; "
            "return the node and call backward() on what the compiled function returns"
        )


def check_usable(node: Node) -> None:
    """Raise when a backward pass through `node` would use values that are gone or changed."""
    if node.inputs is None:
        raise GradientError(
            f"backward: {describe(node)} was freed by backward(retain='leaves'); "
            "run the forward pass again, or call backward() without retain to keep the graph"
        )
    for x in changed_since_use([node]):
        raise GradientError(
            f"backward: {describe(x)} was assigned a new value after {describe(node)} used it; "
            "run the forward pass again"
        )
