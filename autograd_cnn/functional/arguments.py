"""Checks that functions share: each error names the function, what was given, and the way out."""

from __future__ import annotations

from typing import Any

import numpy as np

from autograd_cnn import live
from autograd_cnn.errors import DtypeError, ShapeError
from autograd_cnn.registry import Value
from autograd_cnn.settings import a_kind, written


def shape_of(name: str, x: Value) -> tuple[int, ...]:
    """Return the shape of an array or node; raise DtypeError for a list and the like."""
    if not hasattr(x, "shape") or not hasattr(x, "dtype"):
        raise DtypeError(f"{name}: got {a_kind(x)}, expected an array or node; use np.array(..., np.float32)")
    return tuple(x.shape)


def array_of(name: str, what: str, given: Any) -> Any:
    """Return the array of a node, or of what NumPy takes for one; raise ShapeError for lists of different lengths."""
    try:
        return live.array(given)
    except ValueError:
        raise ShapeError(f"{name}: {what}={written(given)}, expected numbers in a rectangular array") from None


def images(name: str, x: Value) -> None:
    """Raise ShapeError unless `x` has axes (N, C, H, W), DtypeError unless it is floating."""
    shape = shape_of(name, x)
    if len(shape) != 4:
        hint = "; one image is x[None]" if len(shape) == 3 else ""
        raise ShapeError(f"{name}: input of shape {shape}, expected (N, C, H, W){hint}")
    floating(name, x)


def floating(name: str, x: Value) -> None:
    """Raise DtypeError unless `x` is float32 or float64."""
    shape_of(name, x)
    if x.dtype not in (np.float32, np.float64):
        raise DtypeError(f"{name}: input of dtype {x.dtype}, expected float32 or float64; use x.astype(np.float32)")


def same_dtype(name: str, x: Value, weight: Value) -> None:
    """Raise DtypeError when input and weight differ in dtype: nothing widens in silence.

    The input is what has to change, unless layers take its dtype, too: float32 or float64 in the machine's order.
    """
    if x.dtype != weight.dtype:
        other = f", or make the layer with dtype=np.{x.dtype}" if x.dtype in (np.float32, np.float64) else ""
        raise DtypeError(
            f"{name}: input of {x.dtype} but weight of {weight.dtype}; use x.astype(np.{weight.dtype}){other}"
        )
