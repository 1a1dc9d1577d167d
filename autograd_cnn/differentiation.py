"""Derivatives of functions, built on `grad`: products with Jacobian and Hessian, and the matrices themselves."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from autograd_cnn.backward import grad
from autograd_cnn.errors import ShapeError
from autograd_cnn.graph import Node, Scalar, Tensor, check_node


def jvp(f: Callable[..., Node], inputs: Any, tangents: Any) -> tuple[Any, Any]:
    """Return ``(f(*inputs), J·tangents)``: the directional derivative of `f` along `tangents`.

    It is derived from the vjp (the vjp is linear in its seed; differentiating it along the
    tangents gives the jvp), so it proves nothing about the rules it comes from.

    Parameters
    ----------
    f : callable
        Takes nodes, returns a node.
    inputs, tangents : number, array or Node, or a tuple or list of them
        Where, and in which direction; of equal shapes. A tuple or list is several inputs; one array is one input.

    Examples
    --------
    >>> import autograd_cnn as ag
    >>> ag.jvp(lambda x, y: x * y, [3.0, 5.0], [1.0, 0.0])
    (15.0, 5.0)
    """
    points = _points(inputs)
    directions = _directions(points, tangents)
    output = f(*points)
    check_node(output, "jvp: what the function returned")
    if not output.requires_grad:
        return output.value, output.value * 0
    like = Scalar(0.0) if isinstance(output, Scalar) else Tensor(np.zeros_like(output.value), requires_grad=True)
    gradients = grad(output, points, seed=like, create_graph=True, allow_unused=True)
    total = _dot(gradients, directions)
    if total is None or not total.requires_grad:
        return output.value, output.value * 0
    (tangent,) = grad(total, like, allow_unused=True)
    return output.value, output.value * 0 if tangent is None else tangent


def hvp(f: Callable[..., Node], inputs: Any, vectors: Any) -> tuple[Any, Any]:
    """Return ``(f(*inputs), H·vectors)``: the Hessian of a scalar `f` times `vectors`.

    Parameters
    ----------
    f : callable
        Takes nodes, returns a node of one element.
    inputs, vectors : number, array or Node, or a tuple or list of them
        Where, and what to multiply with; of equal shapes. A tuple or list is several inputs, and the products
        are a tuple; one array is one input.

    Examples
    --------
    >>> import autograd_cnn as ag
    >>> ag.hvp(lambda x: x**3, [2.0], [1.0])
    (8.0, (12.0,))
    """
    points = _points(inputs)
    directions = _directions(points, vectors)
    output = f(*points)
    check_node(output, "hvp: what the function returned")
    products = _products(output, points, directions)
    return output.value, products if isinstance(inputs, tuple | list) else products[0]


def _products(output: Node, points: list[Node], directions: list[Any]) -> tuple[Any, ...]:
    """Return the Hessian of one element times the directions, per point; zeros where there is no path."""
    zeros = tuple(x.value * 0 for x in points)
    if not output.requires_grad:
        return zeros
    total = _dot(grad(output, points, create_graph=True, allow_unused=True), directions)
    if total is None or not total.requires_grad:
        return zeros
    products = grad(total, points, allow_unused=True)
    return tuple(z if p is None else p for p, z in zip(products, zeros, strict=True))


def jacobian(f: Callable[..., Any], inputs: Any) -> Any:
    """Return the Jacobian matrix of `f`: every element of its output with respect to every element of its inputs.

    One backward pass per element of the output.

    Parameters
    ----------
    f : callable
        Takes one node per input, returns a node or a tuple of nodes.
    inputs : number, array or Node, or a tuple or list of them
        Where. A tuple or list is several inputs; one array is one input.

    Returns
    -------
    float or ndarray, or nested tuples of them
        Of the output's shape followed by the input's shape; for several inputs a tuple of one each, for
        several outputs a tuple of those, as in torch.autograd.functional.jacobian. What an output
        does not depend on is 0.

    Examples
    --------
    >>> import numpy as np
    >>> import autograd_cnn as ag
    >>> ag.jacobian(lambda x: x * x, np.array([1.0, 2.0]))
    array([[2., 0.],
           [0., 4.]])
    >>> ag.jacobian(lambda x, y: x * y, (3.0, 5.0))
    (5.0, 3.0)
    """
    several = isinstance(inputs, tuple | list)
    points = _points(inputs)
    outputs = f(*points)
    rows = [_jacobian_of(y, points) for y in (outputs if isinstance(outputs, tuple) else (outputs,))]
    found = [row if several else row[0] for row in rows]
    return tuple(found) if isinstance(outputs, tuple) else found[0]


def hessian(f: Callable[..., Node], inputs: Any) -> Any:
    """Return the Hessian matrix of a scalar `f`: its second derivatives, by pairs of elements.

    Parameters
    ----------
    f : callable
        Takes one node per input, returns a node of one element.
    inputs : number, array or Node, or a tuple or list of them
        Where. A tuple or list is several inputs; one array is one input.

    Returns
    -------
    float or ndarray, or tuple of tuples of them
        Of the input's shape twice; for several inputs entry [i][j] has the shape of input i followed by
        that of input j, as in torch.autograd.functional.hessian.

    Raises
    ------
    ShapeError
        When `f` returns more than one element.

    Examples
    --------
    >>> import numpy as np
    >>> import autograd_cnn as ag
    >>> ag.hessian(lambda x: (x**3).sum(), np.array([1.0, 2.0]))
    array([[ 6.,  0.],
           [ 0., 12.]])
    """
    several = isinstance(inputs, tuple | list)
    points = _points(inputs)
    output = f(*points)
    if isinstance(output, Node) and output.size != 1:
        raise ShapeError(f"hessian: the function returned shape {output.shape}, expected one element; use jacobian")
    gradients: tuple[Any, ...] = (None,) * len(points)
    if isinstance(output, Node) and output.requires_grad:
        gradients = grad(output, points, create_graph=True, allow_unused=True)
    rows = [
        _jacobian_of(g if isinstance(g, Node) else x.value * 0, points) for g, x in zip(gradients, points, strict=True)
    ]
    return tuple(rows) if several else rows[0][0]


def _jacobian_of(output: Any, points: list[Node]) -> tuple[Any, ...]:
    """Return the derivatives of every element of one output, per point; zeros where there is no path."""
    shape = np.shape(output) if not isinstance(output, Node) else output.shape
    found = [np.zeros((*shape, *x.shape), x.dtype) for x in points]
    if isinstance(output, Node) and output.requires_grad:
        for index in np.ndindex(shape):
            seed = np.zeros(shape)
            seed[index] = 1.0
            for block, part in zip(found, grad(output, points, seed, allow_unused=True), strict=True):
                if part is not None:
                    block[index] = part
    return tuple(
        float(block) if block.ndim == 0 and isinstance(x, Scalar) else block
        for block, x in zip(found, points, strict=True)
    )


def _dot(gradients: tuple[Any, ...], directions: list[Any]) -> Any:
    """Sum of the products of gradients and directions; None when there is no gradient."""
    total = None
    for gradient, direction in zip(gradients, directions, strict=True):
        if isinstance(gradient, Node):
            part = gradient * direction
            part = part if isinstance(part, Scalar) else part.sum()
            total = part if total is None else total + part
    return total


def _listed(inputs: Any) -> Any:
    return inputs if isinstance(inputs, tuple | list) else (inputs,)


def _points(inputs: Any) -> list[Node]:
    values = [x.value if isinstance(x, Node) else x for x in _listed(inputs)]
    return [Scalar(v) if np.ndim(v) == 0 else Tensor(v, requires_grad=True) for v in values]


def _directions(points: list[Node], vectors: Any) -> list[Any]:
    values = [v.value if isinstance(v, Node) else v for v in _listed(vectors)]
    if [np.shape(v) for v in values] != [x.shape for x in points]:
        raise ShapeError(
            f"directions of shapes {[np.shape(v) for v in values]} for inputs of shapes "
            f"{[x.shape for x in points]}; expected the same"
        )
    return [float(v) if isinstance(x, Scalar) else np.asarray(v, x.dtype) for x, v in zip(points, values, strict=True)]
