"""What the settings of steps and datasets have to be: real numbers between limits, whole numbers."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from autograd_cnn.errors import ArgumentError


def is_number(given: Any) -> bool:
    """Tell whether this is a real number of Python or NumPy, and no truth value."""
    return isinstance(given, int | float | np.integer | np.floating) and not isinstance(given, bool)


def is_whole(given: Any, least: int, most: float = math.inf) -> bool:
    """Tell whether this is a whole number between two limits."""
    return not isinstance(given, bool) and hasattr(given, "__index__") and least <= given <= most


def check_number(name: str, setting: str, given: Any, low: float, high: float, wanted: str) -> None:
    """Raise for what is no number from `low` to `high`.

    Raises
    ------
    ArgumentError
        It says what is wanted.
    """
    if not is_number(given) or not low <= given <= high:
        raise ArgumentError(f"{name}: {setting}={given!r}, expected {wanted}")


def check_finite(name: str, setting: str, given: Any) -> None:
    """Raise for what is no finite number of at least 0.

    Raises
    ------
    ArgumentError
        It says what was given.
    """
    check_number(name, setting, given, 0, float(np.finfo(float).max), "a finite number of at least 0")


def check_count(name: str, setting: str, given: Any, least: int) -> None:
    """Raise for what is no whole number of at least `least`.

    Raises
    ------
    ArgumentError
        It says what was given.
    """
    if not is_whole(given, least):
        raise ArgumentError(f"{name}: {setting}={given!r}, expected an integer of at least {least}")
