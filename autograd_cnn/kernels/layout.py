"""Bringing arrays of any strides, byte order and writability into the one form kernels compile for."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from autograd_cnn.errors import DtypeError

Floats = NDArray[Any]


def floating_dtype(kernel: str, *arrays: Floats) -> np.dtype[Any]:
    """Return the dtype a kernel computes in: float32 or float64, the widest of its inputs.

    Raises
    ------
    DtypeError
        If an input is neither float32 nor float64.
    """
    for array in arrays:
        if array.dtype.kind != "f" or array.dtype.itemsize not in (4, 8):
            raise DtypeError(f"{kernel} got {array.dtype}; give float32 or float64 arrays, see .astype")
    return np.result_type(*arrays)


def readable(array: Floats, dtype: np.dtype[Any] | type) -> Floats:
    """Return ``array`` as C-contiguous, aligned, native and read-only; without copying if it can.

    numba compiles a kernel anew for every layout and for read-only arrays. Inputs are always
    handed over in this one form, so that one variant per dtype serves all.
    """
    flags = array.flags
    if array.dtype != dtype or not (flags.c_contiguous and flags.aligned):
        array = np.require(array, dtype=dtype, requirements=("C", "A"))  # slow even where there is nothing to do
    view = array.view()
    view.flags.writeable = False
    return view


class Reader:
    """`readable` for an instruction that reads the same array again and again: looked at once while it comes."""

    def __init__(self, dtype: np.dtype[Any] | type) -> None:
        self._dtype = dtype
        self._array: Floats | None = None

    def __call__(self, array: Floats) -> Floats:
        """Return what `readable` does."""
        if array is not self._array:
            self._view = readable(array, self._dtype)
            self._array = array if np.may_share_memory(array, self._view) else None  # a copy holds old numbers
        return self._view


def delivered(result: Floats, out: Floats | None) -> Floats:
    """Return a result, in the memory that was given for it, if any."""
    if out is None:
        return result
    out[...] = result
    return out
