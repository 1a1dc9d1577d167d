"""A function of Scalars on many samples at once: what one sample looks like, and the numbers of all."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from autograd_cnn.compilation.arguments import Structure, structure_of
from autograd_cnn.compilation.scalars.taping import Floats
from autograd_cnn.errors import ArgumentError, DtypeError, ShapeError
from autograd_cnn.graph import Array, Node, Scalar


def sampled(what: str, name: str, columns: Sequence[Any]) -> tuple[Structure, list[Any], Floats]:
    """Return the structure of one sample's arguments, their numbers and nodes, and those of all: (arguments, samples).

    Parameters
    ----------
    what : str
        Who asks: ``map``, ``train``.
    name : str
        Of the function.
    columns : sequence
        One per argument.

    Raises
    ------
    ShapeError
        When they have different numbers of samples.
    """
    pairs = [_column(f"{what}: argument {i}", column) for i, column in enumerate(columns)]
    counts = {values.shape[1] for _, values in pairs if values is not None}
    if len(counts) > 1:
        raise ShapeError(f"{what}: the arguments have {' and '.join(map(str, sorted(counts)))} samples")
    samples = counts.pop() if counts else 1
    leaves: list[Any] = []
    rows: list[Floats] = []
    parts = []
    for sample, values in pairs:
        before = len(leaves)
        parts.append(structure_of(f"{what}: {name}", sample, leaves))
        same = [np.full(samples, float(x._value if isinstance(x, Node) else x)) for x in leaves[before:]]
        rows.extend(same if values is None else values)
    structure = (tuple, ((tuple, tuple(parts)), (dict, ())))
    if samples:  # what is recorded sees a sample
        leaves = [x if isinstance(x, Node) else float(row[0]) for x, row in zip(leaves, rows, strict=True)]
    return structure, leaves, np.array(rows).reshape(len(rows), samples)


def _column(what: str, x: Any) -> tuple[Any, Array | None]:
    """Return one sample of an argument given for many, and the values of all: (numbers, samples).

    An array of shape (samples,) stands for a number, one of shape (samples, n) for a list of n numbers, and so on;
    what is no array, here without values, is the same for all samples.
    """
    if isinstance(x, Node) and not isinstance(x, Scalar):
        raise ArgumentError(
            f"{what}: got {type(x).__name__} of shape {x.shape}; samples are told apart in arrays, "
            "and a function of Tensors takes a whole batch when it is called"
        )
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
