"""Rewrite a graph: compound gates into tensor gates, and tensor gates into Scalars."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Any, TypeAlias

import numpy as np

from autograd_cnn.backward import check_usable
from autograd_cnn.errors import ArgumentError, GradientError, OutOfRangeError
from autograd_cnn.expansion.probing import structure_of
from autograd_cnn.expansion.structure import Cells, Mask, Structure
from autograd_cnn.graph import Node, Scalar, describe, topological_order
from autograd_cnn.recording import recorded
from autograd_cnn.settings import written

Place: TypeAlias = tuple[int, ...]

_MOST_ROUNDS = 20
_HOPELESS = 100


def in_tensor_gates(output: Node, until: Collection[Node] = ()) -> Node:
    """Return the same computation without compound gates; nodes that do not depend on one stay themselves."""
    for node in topological_order(output, until=until):
        if node not in until:
            check_usable(node)
    for _ in range(_MOST_ROUNDS):
        order = topological_order(output, until=until)
        if not any(_is_compound(node) for node in order if node not in until):
            return output
        made: dict[Node, Any] = {}
        for node in order:
            if node.gate is not None and node not in until:
                _rewrite(node, made)
        output = made.get(output, output)
    raise GradientError(f"expand: {describe(output)} still holds compound gates after {_MOST_ROUNDS} rounds")


def _is_compound(node: Node) -> bool:
    return node.gate is not None and node.gate.expand is not None


def _rewrite(node: Node, made: dict[Node, Any]) -> None:
    """Enter in `made` what stands for `node`: its expansion, or its gate on rewritten inputs."""
    assert node.gate is not None
    inputs = tuple(made.get(x, x) if isinstance(x, Node) else x for x in node.inputs or ())
    use = node.gate.expand if node.gate.expand is not None else node.gate
    if use is node.gate and all(x is y for x, y in zip(inputs, node.inputs or (), strict=True)):
        return
    with recorded(active=True, scope=node.scope):
        made[node] = use(*inputs, **_attributes(node))
    if node.name and isinstance(made[node], Node) and made[node].gate is not None and made[node].name is None:
        made[node].name = node.name


def _attributes(node: Node) -> dict[str, Any]:
    """Return the attributes of the call, without what forward saved for the rule."""
    assert node.gate is not None
    return {name: value for name, value in node.attributes.items() if name not in node.gate.saves}


def in_scalars(
    output: Node,
    until: Collection[Node] = (),
    index: Any = None,
    limit: int = 50_000,
    only: tuple[Node, Place] | None = None,
) -> tuple[Cells, dict[tuple[Node, Place], Scalar]]:
    """Return the cells of `output`, and the Scalars of the leaves they are made from.

    Parameters
    ----------
    only : (Node, tuple of int), optional
        The one element that shall be a Scalar; all others are numbers.
    """
    _refuse_beyond(
        limit, sum(n.size for n in topological_order(output, until=until) if _is_compound(n) and index is None)
    )
    root = in_tensor_gates(output, until)
    order = topological_order(root, until=until)
    varying = _varying(order, until, only)
    needed = {root: _element(output, index)}
    structures: dict[Node, Structure] = {}
    cost = 0
    for node in reversed(order):
        mask = needed.get(node)
        if mask is None or not mask.any() or node not in varying:
            continue
        if node.gate is None or node in until:
            cost += int(mask.sum())
            continue
        structures[node] = structure = _structure(node, varying)
        cost += structure.cost(mask)
        if cost > _HOPELESS * limit:  # do not even work out which inputs so many elements come from
            _refuse_beyond(limit, cost)
        for x, part in zip(node.inputs or (), structure.sources(mask), strict=True):
            if isinstance(x, Node):
                needed[x] = needed[x] | part if x in needed else part
    _refuse_beyond(limit, cost)
    scalars: dict[tuple[Node, Place], Scalar] = {}
    cells: dict[Node, Cells] = {}
    for node in order:
        if node in needed:
            cells[node] = _cells(node, needed[node], structures.get(node), cells, scalars, only, node in varying)
    return cells[root], scalars


def _varying(order: list[Node], until: Collection[Node], only: Any) -> set[Node]:
    """Return the nodes with a Scalar in them: floating leaves (or only one of them), and what depends on them."""
    found: set[Node] = set()
    for node in order:
        if node.gate is None or node in until:
            if node is only[0] if only is not None else node.dtype.kind == "f":
                found.add(node)
        elif any(x in found for x in node.inputs or () if isinstance(x, Node)):
            found.add(node)
    return found


def _element(node: Node, index: Any) -> Mask:
    """Return a mask of the wanted elements: one, or all."""
    mask = np.full(node.shape, index is None)
    if index is not None:
        try:
            single = np.ndim(mask[index]) == 0
        except (IndexError, OverflowError):
            single = False
        if not single:
            raise OutOfRangeError(f"expand: index={written(index)} names no single element of {describe(node)}")
        mask[index] = True
    return mask


def _structure(node: Node, varying: set[Node]) -> Structure:
    assert node.gate is not None
    inputs = node.inputs or ()
    values = [np.asarray(x._value if isinstance(x, Node) else x) for x in inputs]
    values = [v.astype(np.float64) if v.dtype.kind == "f" else v for v in values]
    return structure_of(node.gate, _attributes(node), values, [isinstance(x, Node) and x in varying for x in inputs])


def _cells(
    node: Node,
    needed: Mask,
    structure: Structure | None,
    cells: dict[Node, Cells],
    scalars: dict[tuple[Node, Place], Scalar],
    only: Any,
    varies: bool,
) -> Cells:
    """Return the cells of one node: a leaf's new Scalars, a constant's numbers, else what its structure builds."""
    if not varies:
        return np.asarray(node._value).astype(object)
    if structure is None:
        return _leaf_cells(node, needed, scalars, only)
    inputs = [_of_input(x, cells, part) for x, part in zip(node.inputs or (), structure.sources(needed), strict=True)]
    if isinstance(node, Scalar) and all(
        c[()] is x or c[()] == x for c, x in zip(inputs, node.inputs or (), strict=True)
    ):
        return _one(node)
    with recorded(active=True, scope=node.scope):
        made = structure.build(inputs, needed)
    if node.name:
        for at, name in _names(node, needed):
            if isinstance(made[at], Node) and made[at].gate is not None and made[at].name is None:
                made[at].name = name
    return made


def _of_input(x: Any, cells: dict[Node, Cells], needed: Mask) -> Cells:
    """Return the cells of an input; a number is one."""
    if isinstance(x, Node):
        return cells[x] if x in cells else np.full(needed.shape, None, object)
    return _one(x)


def _one(cell: Any) -> Cells:
    made = np.empty((), object)
    made[()] = cell
    return made


def _leaf_cells(leaf: Node, needed: Mask, scalars: dict[tuple[Node, Place], Scalar], only: Any) -> Cells:
    made = np.full(leaf.shape, None, object)
    for at, name in _names(leaf, needed):
        if only is not None and at != only[1]:
            made[at] = float(np.asarray(leaf._value)[at])
        elif isinstance(leaf, Scalar):
            made[at] = scalars[leaf, at] = leaf
        else:
            with recorded(scope=leaf.scope):
                scalar = Scalar(np.asarray(leaf._value)[at], requires_grad=leaf.requires_grad, name=name)
            made[at] = scalars[leaf, at] = scalar
    return made


def _names(node: Node, needed: Mask) -> Iterator[tuple[tuple[int, ...], str | None]]:
    """Yield the needed places, each with a name such as ``w[0,1]`` if the node has one."""
    for place in np.argwhere(needed):
        at = tuple(int(i) for i in place)
        inside = ",".join(map(str, at))
        yield at, (f"{node.name}[{inside}]" if inside else node.name) if node.name else None


def _refuse_beyond(limit: int, count: int) -> None:
    if count > limit:
        raise ArgumentError(
            f"expand: it would take at least {count:,} Scalars, more than limit={limit:,}; expand one element with "
            "index=, stop at inner nodes with inputs=, or raise limit="
        )
