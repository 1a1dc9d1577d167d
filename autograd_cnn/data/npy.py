"""NumPy's own file format, from bytes that nobody vouches for."""

from __future__ import annotations

import ast
import math
import re
from typing import Any

import numpy as np
from numpy.typing import NDArray

_LENGTH_BYTES = {b"\1\0": 2, b"\2\0": 4}
_LONGEST_HEADER = 4000  # more than 64 dimensions take


def array_from_npy(content: bytes | bytearray, kinds: str = "biufc") -> NDArray[Any]:
    """Return the array that a .npy file holds, free to be written to.

    NumPy's own reader is not asked: it takes as much memory as the header says, and tries headers that Python 2
    wrote in ways that raise whatever they come upon.

    Parameters
    ----------
    content : bytes or bytearray
        The whole file. A bytearray becomes the array's memory where it can.
    kinds : str
        Kinds of dtypes that are taken: letters as of ``dtype.kind``. Objects, which are pickled, never are.

    Raises
    ------
    ValueError
        Unless it is such an array, exactly as long as it says.
    """
    length_bytes = _LENGTH_BYTES.get(bytes(content[6:8]), 0)
    if bytes(content[:6]) != b"\x93NUMPY" or not length_bytes:
        raise ValueError(f"it starts with {bytes(content[:8]).hex(' ') or 'nothing'}, which is no array")
    begin = 8 + length_bytes + int.from_bytes(content[8 : 8 + length_bytes], "little")
    if begin > min(len(content), _LONGEST_HEADER):
        raise ValueError(f"an array's header of {begin:,} bytes")
    dtype, by_columns, shape = _header(content[8 + length_bytes : begin].decode("latin-1"), kinds)
    if math.prod(shape) * dtype.itemsize != len(content) - begin:
        raise ValueError(f"an array {shape} of {dtype} in {len(content) - begin} bytes")
    array: NDArray[Any] = np.ndarray(shape, dtype, content, begin, order="F" if by_columns else "C")
    return array if array.flags.writeable and array.flags.aligned else array.copy("K")


def _header(text: str, kinds: str) -> tuple[np.dtype[Any], bool, tuple[int, ...]]:
    try:
        header = ast.literal_eval(text)
        descr, by_columns, shape = (header[name] for name in ("descr", "fortran_order", "shape"))
    except (ValueError, SyntaxError, TypeError, LookupError, MemoryError, RecursionError) as error:
        raise ValueError("the header of an array is damaged") from error
    if not isinstance(descr, str) or not re.fullmatch(f"[<>|=]?[{kinds}][0-9]+", descr):
        raise ValueError(f"an array of {descr!r}")
    if not isinstance(shape, tuple) or not all(isinstance(n, int) and n >= 0 for n in shape):
        raise ValueError(f"an array of shape {shape!r}")
    try:
        return np.dtype(descr), bool(by_columns), shape
    except TypeError as error:
        raise ValueError(f"an array of {descr!r}") from error
