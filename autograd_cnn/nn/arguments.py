"""Checks of what layers are made with, and how it is written in their repr."""

from __future__ import annotations

import math
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


def image(layer: str, shape: Shape, channels: int | None = None) -> tuple[int, tuple[int, int]]:
    """Return (channels, (height, width)) of one image's shape; raise ShapeError for anything else."""
    if len(shape) != 3:
        raise ShapeError(f"{layer}: output_shape of {tuple(shape)}, expected (C, H, W) without the batch axis")
    if channels not in (None, shape[0]):
        raise ShapeError(f"{layer}: output_shape of {tuple(shape)}, expected {channels} channels")
    return shape[0], (shape[1], shape[2])


def sequence(layer: str, shape: Shape, channels: int | None = None) -> tuple[int, tuple[int, int]]:
    """Return (channels, (1, length)) of one sequence's shape; raise ShapeError for anything else."""
    if len(shape) != 2:
        raise ShapeError(f"{layer}: output_shape of {tuple(shape)}, expected (C, L) without the batch axis")
    return image(layer, (shape[0], 1, shape[1]), channels)


def features(layer: str, shape: Shape, inputs: int, outputs: int) -> Shape:
    """Return (..., outputs) for the shape (..., inputs) of one sample; raise ShapeError for anything else."""
    if not shape or shape[-1] != inputs:
        hint = "; put nn.Flatten() before it" if math.prod(shape) == inputs else ""
        raise ShapeError(f"{layer}: output_shape of {tuple(shape)}, expected (..., {inputs}){hint}")
    return (*shape[:-1], outputs)


def plain(setting: Any) -> Any:
    """Return the padding ((1, 1), (0, 0)) as (1, 0); one that differs from side to side, and all else, as it is."""
    if not isinstance(setting, tuple) or not isinstance(setting[0], tuple):
        return setting
    return tuple(low for low, _ in setting) if all(low == high for low, high in setting) else setting


def short(setting: Any) -> str:
    """Write (2, 2) as 2."""
    return str(setting[0] if isinstance(setting, tuple) and setting[0] == setting[1] else setting)
