"""Which axis of a node counts units: the graph tells, by what weighed last on the way to it.

A convolution makes channels, on axis 1; a product with a matrix features, on the last axis, or on the last but one
where the weights stand on the left. From an activation the way leads back there through gates that work on each number,
those that normalise, pool, slice or join, and those that move the axis. Where it ends without weights the number of
axes decides: axis 1 of four or more, the last one otherwise. Axis 0 is that of samples.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from itertools import pairwise

from autograd_cnn.graph import Node, Parameter


def unit_axis(node: Node) -> int:
    """Return the axis of a node that counts its units; it costs a walk back to the weights."""
    axis = _axis_along(_way_from_weights(node)) if node.ndim > 2 else None  # of two there is no choice
    return axis if axis is not None else 1 if node.ndim >= 4 else node.ndim - 1


def moved_axis(axis: int, source: Node, user: Node) -> int | None:
    """Return where an axis is behind a gate; None where it is gone, or has become that of samples."""
    if _name(user) == "transpose":
        axes = user.attributes["axes"]
        place = source.ndim - 1 - axis if axes is None else [i % source.ndim for i in axes].index(axis)
        return place or None
    if user.ndim == source.ndim and _name(user) != "reshape":
        return axis
    size, before, behind = source.shape[axis], math.prod(source.shape[:axis]), math.prod(source.shape[axis + 1 :])
    for i in range(1, user.ndim):
        around = math.prod(user.shape[:i]), math.prod(user.shape[i + 1 :])
        if user.shape[i] == size and (around[0] == before or around[1] == behind):
            return i
    return None


def other_axes(ndim: int, axis: int) -> tuple[int, ...]:
    """Return all axes but one: those of samples and positions."""
    return tuple([i for i in range(ndim) if i != axis])


def _way_from_weights(node: Node) -> list[Node]:
    """Return the nodes from one that weighs to this one, by inputs of the same shape where there are; else this one.

    No way leads over a single number, which has no axis.
    """
    users: dict[Node, Node] = {}
    waiting = [node]
    while waiting:
        at = waiting.pop()
        if _name(at) in _WEIGHING:
            way = [at]
            while way[-1] is not node:
                way.append(users[way[-1]])
            return way
        computed = [x for x in at.inputs or () if isinstance(x, Node) and x.inputs and x.ndim and x not in users]
        users |= dict.fromkeys(computed, at)
        waiting += sorted(reversed(computed), key=lambda x: x.shape == at.shape)
    return [node]


def _axis_along(way: list[Node]) -> int | None:
    """Return where the axis of weights is at the end; lost in a reshape, it is found where the shape is back."""
    axis = _WEIGHING[_name(way[0])](way[0]) if _name(way[0]) in _WEIGHING else None
    known = (axis, way[0].shape)
    for source, user in pairwise(way):
        axis = None if axis is None else moved_axis(axis, source, user)
        if axis is not None:
            known = (axis, user.shape)
        elif known[1] == user.shape:
            axis = known[0]
    return axis


def _name(node: Node) -> str:
    return "" if node.gate is None else node.gate.name


def _of_product(node: Node) -> int | None:
    """Return the axis of weights, on the right or on the left; None where two that carry samples meet."""
    left, right = node.inputs or ()
    if right.ndim > 1 and not _carries_samples(right, node):
        return node.ndim - 1
    return node.ndim - min(right.ndim, 2) if _is_weight(left) and not _carries_samples(left, node) else None


def _of_contraction(node: Node) -> int | None:
    """Return the axis of the last letter that weights alone have; those without the first letter are no samples."""
    given, output = node.attributes["subscripts"].split("->")
    terms = list(zip(given.split(","), node.inputs or (), strict=True))
    data = {letter for term, _ in terms if output[0] in term for letter in term}
    weights = {letter for term, x in terms if output[0] not in term and _is_weight(x) for letter in term}
    return next((i for i in reversed(range(len(output))) if output[i] in weights - data), None)


def _carries_samples(x: Node, product: Node) -> bool:
    return x.ndim == product.ndim and x.shape[0] == product.shape[0]


def _is_weight(x: Node) -> bool:
    return x.requires_grad or isinstance(x, Parameter)


_WEIGHING: dict[str, Callable[[Node], int | None]] = {
    "conv2d": lambda node: 1,
    "conv2d_input_gradient": lambda node: 1,
    "matmul": _of_product,
    "contraction": _of_contraction,
}
