"""What a compiled function is called with: the values in it, and the structure that they stand in."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, TypeAlias

import numpy as np

from autograd_cnn.errors import ArgumentError, DtypeError
from autograd_cnn.graph import Node, Scalar, Tensor

Structure: TypeAlias = Any
"""Equal for calls that one recording serves: where values stand, their shapes and dtypes, and all that is no value."""

_NUMBER = "number"
ONE_NODE: Structure = (Tensor, None)
"""The structure of a result that is one node."""
_LEAVES = frozenset({Scalar, Tensor, np.ndarray})


def structure_of(what: str, x: Any, leaves: list[Any]) -> Structure:
    """Return the structure of an argument, and append its numbers, arrays and nodes to `leaves`.

    Raises
    ------
    DtypeError
        For an array of anything but real numbers.
    ArgumentError
        For anything that is no number, array, node, bool, str or None, or list, tuple or dict of these.
    """
    kind = type(x)
    if kind is np.ndarray:
        if x.dtype.kind not in "biuf":
            raise DtypeError(f"{what}: dtype {x.dtype} is not supported; expected real numbers")
        leaves.append(x)
        return np.ndarray, x.shape, x.dtype
    if kind is float or kind is int or isinstance(x, np.floating | np.integer):
        leaves.append(float(x))
        return _NUMBER
    if isinstance(x, np.ndarray):
        return structure_of(what, np.asarray(x), leaves)
    if isinstance(x, Scalar):
        leaves.append(x)
        return Scalar, x.requires_grad
    if isinstance(x, Tensor):
        leaves.append(x)
        return Tensor, x.requires_grad, x._value.shape, x._value.dtype, x._value.strides
    if kind is list or kind is tuple:
        return kind, tuple([structure_of(what, part, leaves) for part in x])
    if kind is dict:
        return kind, tuple([(name, structure_of(what, part, leaves)) for name, part in x.items()])
    if x is None or kind in (bool, str):
        return None, kind, x
    raise ArgumentError(
        f"{what}: got {kind.__name__}, expected numbers, arrays, nodes, bool, str or None, or lists, tuples and dicts "
        "of them"
    )


def rebuilt(structure: Structure, leaves: Iterator[Any]) -> Any:
    """Return an argument of this structure with other numbers, arrays and nodes."""
    if structure == _NUMBER or structure[0] in _LEAVES:
        return next(leaves)
    kind, parts, *constant = structure
    if kind is None:
        return constant[0]
    if kind is dict:
        return {name: rebuilt(part, leaves) for name, part in parts}
    return kind([rebuilt(part, leaves) for part in parts])


def results_of(name: str, x: Any, leaves: list[Node]) -> Structure:
    """Return the structure of what a function returned, and append its nodes to `leaves`.

    Raises
    ------
    ArgumentError
        For anything but nodes, and lists, tuples and dicts of them.
    """
    if isinstance(x, Node):
        leaves.append(x)
        return ONE_NODE
    if type(x) in (list, tuple) and x:
        return type(x), tuple([results_of(name, part, leaves) for part in x])
    if type(x) is dict and x:
        return dict, tuple([(key, results_of(name, part, leaves)) for key, part in x.items()])
    raise ArgumentError(
        f"compile: {name} returned {type(x).__name__}, expected a Scalar or Tensor, or a tuple, list or dict of them"
    )
