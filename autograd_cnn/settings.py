"""What the settings of gates, layers, optimizers, trainings and datasets have to be: real numbers, whole numbers.

A truth value is neither. What is no number lies between no limits, as NaN does, so that whoever asks for a number
between limits need not ask first whether it is one.
"""

from __future__ import annotations

import math
import operator
from numbers import Real
from typing import Any

import numpy as np

from autograd_cnn.errors import ArgumentError, DtypeError

_LEAST, _LARGEST = math.ulp(0.0), math.nextafter(math.inf, 0)
"""The floats next to 0 and to infinity."""

_TRUTH = bool, np.bool
"""Older versions of NumPy take their truth values as an index, with a warning."""

LEAST_INTEGER, LARGEST_INTEGER = -(2**63), 2**63 - 1
"""What NumPy and the kernels count with, unless a setting allows for more: 64 bits."""


def is_number(given: Any) -> bool:
    """Tell whether this is a real number of Python or NumPy, and no truth value."""
    return isinstance(given, Real) and not isinstance(given, bool)


def is_whole(given: Any, least: float = LEAST_INTEGER, most: float = LARGEST_INTEGER) -> bool:
    """Tell whether this is a whole number between two limits, and no truth value."""
    if isinstance(given, _TRUTH):
        return False
    try:
        return least <= operator.index(given) <= most
    except TypeError:  # also of arrays, which have an __index__ that only works for one integer
        return False


def real(given: Any) -> float:
    """Return a number as a float; NaN for what is none, and for integers beyond all floats."""
    if type(given) is float:
        return given
    try:
        return float(given) if is_number(given) else math.nan
    except OverflowError:
        return math.nan


def number(
    name: str, setting: str, given: Any, least: float = -math.inf, most: float = math.inf, wanted: str = "a number"
) -> float:
    """Return a number from `least` to `most` as a float.

    Raises
    ------
    ArgumentError
        For anything else; it says what is wanted.
    """
    found = real(given)
    if not least <= found <= most:
        raise ArgumentError(f"{name}: {setting}={written(given)}, expected {wanted}")
    return found


def positive(name: str, setting: str, given: Any, wanted: str = "a number above 0") -> float:
    """Return a number above 0, which may be infinite, as a float; raise ArgumentError for anything else."""
    return number(name, setting, given, _LEAST, wanted=wanted)


def finite(name: str, setting: str, given: Any) -> float:
    """Return a finite number as a float; raise ArgumentError for anything else."""
    return number(name, setting, given, -_LARGEST, _LARGEST, "a finite number")


def magnitude(name: str, setting: str, given: Any) -> float:
    """Return a finite number of at least 0 as a float; raise ArgumentError for anything else."""
    return number(name, setting, given, 0, _LARGEST, "a finite number of at least 0")


def whole(
    name: str,
    setting: str,
    given: Any,
    least: float = LEAST_INTEGER,
    most: float = LARGEST_INTEGER,
    wanted: str = "",
) -> int:
    """Return a whole number from `least` to `most` as an int.

    Raises
    ------
    ArgumentError
        For anything else; it says what is wanted.
    """
    if type(given) is int and least <= given <= most:
        return given
    if not is_whole(given, least, most):
        wanted = wanted or ("an integer" if least == LEAST_INTEGER else f"an integer of at least {least}")
        bits = ", in 64 bits" if is_whole(given, -math.inf, math.inf) and not is_whole(given) else ""
        raise ArgumentError(f"{name}: {setting}={written(given)}, expected {wanted}{bits}")
    return operator.index(given)


def count(name: str, setting: str, given: Any) -> int:
    """Return a positive integer; raise ArgumentError for anything else."""
    return whole(name, setting, given, 1, wanted="a positive integer")


def limit(name: str, setting: str, given: Any, usual: Any, least: int) -> Any:
    """Return a limit as a pair, an int or a float, whichever its usual value is; raise ArgumentError below `least`."""
    if isinstance(usual, tuple):
        if not isinstance(given, tuple | list) or len(given) != 2:
            raise ArgumentError(f"{name}: {setting}={written(given)}, expected a pair such as {usual}")
        return tuple([limit(name, setting, x, 0.0, least) for x in given])
    if isinstance(usual, int):
        return whole(name, setting, given, least)
    return number(name, setting, given, least, wanted=f"a number of at least {least}")


def as_float(name: str, given: Any) -> float:
    """Return a real number as a float; raise DtypeError for one beyond all floats, and say how large it is."""
    try:
        return float(given)
    except OverflowError:
        size = math.log10(abs(int(given)))
        raise DtypeError(f"{name}: got a number of about 10^{size:.0f}, beyond the largest float, 1.8e308") from None


def a_kind(given: Any) -> str:
    """Return what an error calls something by its type: ``an int``, ``a list``."""
    name = type(given).__name__
    return f"an {name}" if name.lower().startswith(("a", "e", "i", "o", "nd")) else f"a {name}"


def written(given: Any) -> str:
    """Return what an error shows of a setting: its repr, cut where it is long."""
    try:
        text = repr(given)
    except ValueError:  # of an integer with more digits than Python writes
        return f"{type(given).__name__} of too many digits to write"
    return text if len(text) <= 100 else f"{text[:60]}…{text[-20:]}"
