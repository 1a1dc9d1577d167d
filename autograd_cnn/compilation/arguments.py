"""What a compiled function is called with: the numbers in it, and the structure that they stand in."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, TypeAlias

import numpy as np

from autograd_cnn.errors import ArgumentError, DtypeError, ShapeError
from autograd_cnn.graph import Array, Node, Scalar

Structure: TypeAlias = Any
"""Equal for calls that one recording serves: where numbers and Scalars stand, and all that is neither."""

TENSORS_LATER = "tensors are not compiled yet, only Scalars and Python numbers are; call the function itself"
_NUMBER = "number"


def structure_of(what: str, x: Any, leaves: list[Any]) -> Structure:
    """Return the structure of an argument, and append its numbers and Scalars to `leaves`.

    Raises
    ------
    ArgumentError
        For a Tensor or an array, and for anything else that is no number, Scalar, bool, str or None, or list,
        tuple or dict of these.
    """
    kind = type(x)
    if kind is float or kind is int or (isinstance(x, np.floating | np.integer)):
        leaves.append(float(x))
        return _NUMBER
    if isinstance(x, Scalar):
        leaves.append(x)
        return Scalar, x.requires_grad
    if kind is list or kind is tuple:
        return kind, tuple([structure_of(what, part, leaves) for part in x])
    if kind is dict:
        return kind, tuple([(name, structure_of(what, part, leaves)) for name, part in x.items()])
    if x is None or kind in (bool, str):
        return None, kind, x
    if isinstance(x, Node | np.ndarray):
        raise ArgumentError(f"{what}: got {kind.__name__} of shape {x.shape}; {TENSORS_LATER}")
    raise ArgumentError(
        f"{what}: got {kind.__name__}, expected numbers, Scalars, bool, str or None, or lists, tuples and dicts of them"
    )


def rebuilt(structure: Structure, leaves: Iterator[Any]) -> Any:
    """Return an argument of this structure with other numbers and Scalars."""
    if structure == _NUMBER or structure[0] is Scalar:
        return next(leaves)
    kind, parts, *constant = structure
    if kind is None:
        return constant[0]
    if kind is dict:
        return {name: rebuilt(part, leaves) for name, part in parts}
    return kind([rebuilt(part, leaves) for part in parts])


def columns_of(what: str, x: Any) -> tuple[Any, Array | None]:
    """Return one sample of an argument given for many, and the values of all: (numbers, samples).

    An array of shape (samples,) stands for a number, one of shape (samples, n) for a list of n numbers, and so on;
    what is no array, here without values, is the same for all samples.
    """
    if isinstance(x, Node) and not isinstance(x, Scalar):
        raise ArgumentError(f"{what}: got {type(x).__name__} of shape {x.shape}; {TENSORS_LATER}")
    if not isinstance(x, np.ndarray | list | tuple):
        return x, None
    try:
        array = np.asarray(x)
    except ValueError as error:
        raise ShapeError(f"{what}: {error}; expected numbers in a rectangular array") from None
    if array.dtype.kind not in "biuf":
        raise DtypeError(f"{what}: got {array.dtype}, expected real numbers")
    if array.ndim == 0:
        return float(array), None
    sample = np.zeros(array.shape[1:])
    return sample.tolist(), array.reshape(len(array), sample.size).T.astype(np.float64)
