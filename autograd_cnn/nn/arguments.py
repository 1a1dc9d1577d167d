"""Checks of what layers are made with, and how it is written in their repr."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import DTypeLike

from autograd_cnn.errors import ArgumentError, DtypeError, ShapeError
from autograd_cnn.nn.shapes import Shape
from autograd_cnn.settings import is_whole, written


def floating(layer: str, dtype: DTypeLike) -> np.dtype[Any]:
    """Return float32 or float64 as a dtype; raise DtypeError for anything else."""
    try:
        found = np.dtype(dtype)
    except TypeError:
        raise DtypeError(f"{layer}: dtype={dtype!r} is no dtype, expected np.float32 or np.float64") from None
    if found not in (np.float32, np.float64):
        raise DtypeError(f"{layer}: dtype={found}, expected np.float32 or np.float64")
    return found


def fitting(layer: str, fit: str) -> str:
    """Return how windows that do not fit are treated; raise ArgumentError for an unknown way."""
    if fit not in ("exact", "floor", "ceil"):
        raise ArgumentError(f"{layer}: fit={fit!r}, expected 'exact', 'floor' or 'ceil'")
    return fit


def sample(caller: str, shape: Any) -> Shape:
    """Return the shape of one sample as a tuple; raise ArgumentError unless it is made of positive integers."""
    sizes = tuple(shape) if isinstance(shape, tuple | list) else ()
    if not sizes or not all(is_whole(n, 1) for n in sizes):
        raise ArgumentError(
            f"{caller}: input_shape={written(shape)}, expected positive integers such as (3, 32, 32), "
            "without the batch axis"
        )
    return tuple(int(n) for n in sizes)


def image(layer: str, shape: Shape) -> tuple[int, tuple[int, int]]:
    """Return (channels, (height, width)) of one image's shape; raise ShapeError for anything else."""
    if len(shape) != 3:
        raise ShapeError(f"{layer}: output_shape of {tuple(shape)}, expected (C, H, W) without the batch axis")
    return shape[0], (shape[1], shape[2])


def sequence(layer: str, shape: Shape) -> tuple[int, tuple[int, int]]:
    """Return (channels, (1, length)) of one sequence's shape; raise ShapeError for anything else."""
    if len(shape) != 2:
        raise ShapeError(f"{layer}: output_shape of {tuple(shape)}, expected (C, L) without the batch axis")
    return shape[0], (1, shape[1])


def plain(padding: Any) -> Any:
    """Return ((1, 1), (0, 0)) as (1, 0); a padding that differs from side to side stays as it is."""
    return tuple(low for low, _ in padding) if all(low == high for low, high in padding) else padding


def short(pair: Any) -> str:
    """Write (2, 2) as 2."""
    return str(pair[0] if pair[0] == pair[1] else pair)
