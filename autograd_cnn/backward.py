"""Reverse-mode backprop: one generator that walks the graph, and the loops over it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np

from autograd_cnn.errors import ArgumentError, GradientError, ShapeError
from autograd_cnn.graph import Node, Scalar, Tensor, describe, no_grad, recording, topological_order
from autograd_cnn.registry import gradient_of


class Step(NamedTuple):
    """One node's turn in a backward pass.

    Attributes
    ----------
    node : Node
        The node.
    upstream : float, ndarray or Node
        Gradient of the output with respect to the node, complete: all its users had their turn.
    downstream : tuple
        What each edge carries back to the input in that slot; None where no gradient flows.
    """

    node: Node
    upstream: Any
    downstream: tuple[Any, ...]


def backward_steps(output: Node, seed: Any = None, *, create_graph: bool = False) -> Iterator[Step]:
    """Walk back from `output`, users before inputs, and yield each node's turn; write nothing.

    Parameters
    ----------
    output : Node
        Where to start.
    seed : float, array_like or Node, optional
        Gradient on the output; 1 for an output of one element.
    create_graph : bool
        Record the gradients as nodes, so that they can be differentiated again.

    Yields
    ------
    Step
        Every node that a gradient reaches, leaves last.

    Raises
    ------
    GradientError
        When the output needs no gradient, the seed is missing, the graph was freed, or a parameter
        was assigned after its use.

    Examples
    --------
    >>> import autograd_cnn as ag
    >>> x = ag.Scalar(3.0, name="x")
    >>> for step in ag.backward_steps(x * x):
    ...     print(step.node, step.upstream, step.downstream)
    <Scalar 9 from multiply> 1.0 (3.0, 3.0)
    <Scalar 'x' 3> 6.0 ()
    """
    gradient = _seed(output, seed, create_graph)
    order = topological_order(output, where=lambda node: node.requires_grad)
    for node in order:
        _check_usable(node)
    pending: dict[Node, Any] = {output: gradient}
    del output  # a consumer that frees nodes as it goes shall find no reference kept here
    while order:
        node = order.pop()
        upstream = pending.pop(node, None)
        if upstream is None:
            continue
        downstream = _rule_applied(node, upstream, create_graph)
        for x, part in zip(node.inputs or (), downstream, strict=False):
            if part is not None:
                pending[x] = pending[x] + part if x in pending else part
        yield Step(node, upstream, downstream)


def downstream_gradients(node: Node, upstream: Any, *, create_graph: bool = False) -> tuple[Any, ...]:
    """Return what each edge of one node carries back: upstream × local gradient.

    Each entry has the shape and dtype of the input in that slot; None where no gradient flows.

    Raises
    ------
    GradientError
        When the gate's rule returns a wrong count, shape or dtype, or the node was freed.
    """
    _check_usable(node)
    return _rule_applied(node, upstream, create_graph)


def _rule_applied(node: Node, upstream: Any, create_graph: bool) -> tuple[Any, ...]:
    if node.gate is None:
        return ()
    inputs: tuple[Any, ...] = node.inputs or ()
    needs = tuple([isinstance(x, Node) and x.requires_grad for x in inputs])
    if create_graph:
        found = gradient_of(node.gate, upstream, node, inputs, node.attributes, needs)
    else:
        values = [x._value if isinstance(x, Node) else x for x in inputs]
        found = gradient_of(node.gate, upstream, node._value, values, node.attributes, needs)
    fitted = tuple(
        [
            None
            if part is None or not need
            else part
            if type(part) is float and type(x) is Scalar
            else _fit(node, x, part)
            for x, part, need in zip(inputs, found, needs, strict=True)
        ]
    )
    if recording().finite_only:
        _check_finite(node, fitted)
    return fitted


def backward(output: Node, seed: Any = None, *, retain: str = "all") -> None:
    """Fill `grad` of every node that a gradient reaches: add to leaves, replace elsewhere.

    Parameters
    ----------
    output : Node
        Usually the loss.
    seed : float or array_like, optional
        Gradient on the output; 1 for an output of one element.
    retain : {"all", "leaves"}
        ``"leaves"`` keeps gradients only of leaves and frees the graph as it goes, which is what
        training wants; the graph cannot be used for another backward pass.

    Raises
    ------
    GradientError
        When the output needs no gradient, the seed is missing, the graph was freed, or a parameter
        was assigned after its use.
    """
    if retain not in ("all", "leaves"):
        raise ArgumentError(f"backward: retain={retain!r}, expected 'all' or 'leaves'")
    for node, upstream, _ in backward_steps(output, seed):
        if node.gate is not None:
            if retain == "all":
                node.grad = upstream
            else:
                node.inputs, node.attributes = None, {}
        elif node.grad is None:
            node.grad = np.array(upstream) if isinstance(upstream, np.ndarray) else upstream
        else:
            node.grad = node.grad + upstream


Node.backward = backward


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
    wanted = (inputs,) if isinstance(inputs, Node) else tuple(inputs)
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


def jvp(f: Callable[..., Node], inputs: Any, tangents: Any) -> tuple[Any, Any]:
    """Return ``(f(*inputs), J·tangents)``: the directional derivative of `f` along `tangents`.

    It is derived from the vjp (the vjp is linear in its seed; differentiating it along the
    tangents gives the jvp), so it proves nothing about the rules it comes from.

    Parameters
    ----------
    f : callable
        Takes nodes, returns a node.
    inputs, tangents : sequence of number, array_like or Node
        Where, and in which direction; of equal shapes.

    Examples
    --------
    >>> import autograd_cnn as ag
    >>> ag.jvp(lambda x, y: x * y, [3.0, 5.0], [1.0, 0.0])
    (15.0, 5.0)
    """
    points = _points(inputs)
    directions = _directions(points, tangents)
    output = f(*points)
    if not output.requires_grad:
        return output.value, output.value * 0
    like = Scalar(0.0) if isinstance(output, Scalar) else Tensor(np.zeros_like(output.value), requires_grad=True)
    gradients = grad(output, points, seed=like, create_graph=True, allow_unused=True)
    total = _dot(gradients, directions)
    if total is None or not total.requires_grad:
        return output.value, output.value * 0
    (tangent,) = grad(total, like, allow_unused=True)
    return output.value, output.value * 0 if tangent is None else tangent


def hvp(f: Callable[..., Node], inputs: Any, vectors: Any) -> tuple[Any, tuple[Any, ...]]:
    """Return ``(f(*inputs), H·vectors)``: the Hessian of a scalar `f` times `vectors`.

    Parameters
    ----------
    f : callable
        Takes nodes, returns a node of one element.
    inputs, vectors : sequence of number, array_like or Node
        Where, and what to multiply with; of equal shapes.

    Examples
    --------
    >>> import autograd_cnn as ag
    >>> ag.hvp(lambda x: x**3, [2.0], [1.0])
    (8.0, (12.0,))
    """
    points = _points(inputs)
    directions = _directions(points, vectors)
    output = f(*points)
    zeros = tuple(x.value * 0 for x in points)
    if not output.requires_grad:
        return output.value, zeros
    total = _dot(grad(output, points, create_graph=True, allow_unused=True), directions)
    if total is None or not total.requires_grad:
        return output.value, zeros
    products = grad(total, points, allow_unused=True)
    return output.value, tuple(z if p is None else p for p, z in zip(products, zeros, strict=True))


def _dot(gradients: tuple[Any, ...], directions: list[Any]) -> Any:
    """Sum of the products of gradients and directions; None when there is no gradient."""
    total = None
    for gradient, direction in zip(gradients, directions, strict=True):
        if isinstance(gradient, Node):
            part = gradient * direction
            part = part if isinstance(part, Scalar) else part.sum()
            total = part if total is None else total + part
    return total


def _points(inputs: Any) -> list[Node]:
    values = [x.value if isinstance(x, Node) else x for x in inputs]
    return [Scalar(v) if np.ndim(v) == 0 else Tensor(v, requires_grad=True) for v in values]


def _directions(points: list[Node], vectors: Any) -> list[Any]:
    values = [v.value if isinstance(v, Node) else v for v in vectors]
    if [np.shape(v) for v in values] != [x.shape for x in points]:
        raise ShapeError(
            f"directions of shapes {[np.shape(v) for v in values]} for inputs of shapes "
            f"{[x.shape for x in points]}; expected the same"
        )
    return [float(v) if isinstance(x, Scalar) else np.asarray(v, x.dtype) for x, v in zip(points, values, strict=True)]


def _seed(output: Node, seed: Any, create_graph: bool) -> Any:
    """Return the gradient on the output: a float, an array of its shape and dtype, or a node."""
    if not output.requires_grad:
        raise GradientError(
            f"backward: {describe(output)} does not require a gradient: no input was a Scalar, a Parameter "
            "or Tensor(..., requires_grad=True), or it was made under no_grad()"
        )
    if isinstance(seed, Node):
        plain, seed = seed._value, seed if create_graph else seed._value
    else:
        plain = seed
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


def _check_usable(node: Node) -> None:
    """Raise when a backward pass through `node` would use values that are gone or changed."""
    if node.inputs is None:
        raise GradientError(
            f"backward: {describe(node)} was freed by backward(retain='leaves'); "
            "run the forward pass again, or call backward() without retain to keep the graph"
        )
    if node.gate is not None:
        for x in node.inputs:
            if isinstance(x, Node) and x.serial > node.serial:
                raise GradientError(
                    f"backward: {describe(x)} was assigned a new value after {describe(node)} used it; "
                    "run the forward pass again"
                )


def _check_finite(node: Node, gradients: tuple[Any, ...]) -> None:
    for i, part in enumerate(gradients):
        if part is not None and not np.isfinite(np.asarray(part)).all():
            raise GradientError(f"detect_anomaly: gradient to input {i} of {describe(node)} is not finite")


def _fit(node: Node, x: Node, gradient: Any) -> Any:
    """Return `gradient` in the shape and dtype of `x`: broadcasting and promotion are undone here, once."""
    gate = node.gate
    assert gate is not None
    if isinstance(x, Scalar):
        if getattr(gradient, "shape", ()) != () and gate.broadcasts:
            gradient = gradient.sum()
        if isinstance(gradient, Node):
            return gradient
        return gradient if type(gradient) is float else float(gradient)
    if not isinstance(gradient, np.ndarray | Node):
        gradient = np.asarray(gradient, x.dtype if type(gradient) is float else None)
    if gradient.shape != x.shape and gate.broadcasts:
        gradient = _unbroadcast(gradient, x.shape)
    if gradient.shape != x.shape:
        raise GradientError(
            f"{gate.name}: its rule returned a gradient of shape {gradient.shape} for an input of shape {x.shape}"
        )
    if gradient.dtype != x.dtype:
        if gradient.dtype != node.dtype:
            raise GradientError(
                f"{gate.name}: its rule returned a gradient of dtype {gradient.dtype} for an input of {x.dtype}"
            )
        gradient = gradient.astype(x.dtype)
    return gradient


def _unbroadcast(gradient: Any, shape: tuple[int, ...]) -> Any:
    """Sum over the axes along which an input of `shape` was repeated."""
    extra = gradient.ndim - len(shape)
    if extra < 0:
        return gradient
    repeated = tuple(range(extra)) + tuple(
        extra + axis for axis, n in enumerate(shape) if n == 1 and gradient.shape[extra + axis] != 1
    )
    if repeated:
        gradient = gradient.sum(axis=repeated, keepdims=True)
    return gradient.reshape(shape) if gradient.shape != shape else gradient


__all__ = ["Step", "backward", "backward_steps", "downstream_gradients", "grad", "hvp", "jvp", "no_grad"]
