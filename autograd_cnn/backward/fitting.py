"""Give a gradient the shape and dtype of what it is a gradient of: broadcasting and promotion undone."""

from __future__ import annotations

from typing import Any

import numpy as np

from autograd_cnn.errors import GradientError
from autograd_cnn.graph import Node, Scalar


def fitted(node: Node, x: Node | None, gradient: Any) -> Any:
    """Return `gradient` in the shape and dtype of `x`: broadcasting and promotion are undone here, once.

    None where there is no gradient, or no `x` to receive it.
    """
    if x is None or gradient is None:
        return None
    value = x._value
    if type(gradient) is np.ndarray:
        if type(value) is np.ndarray and gradient.dtype is value.dtype and gradient.shape == value.shape:
            return gradient
    elif type(gradient) is float is type(value):
        return gradient
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
