"""What to say about a value that is NaN or infinite, and about what it was made from."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from autograd_cnn.errors import GradientError


def check_finite(subject: str, value: Any, sources: Iterable[tuple[str, Any]]) -> None:
    """Raise when `value` holds NaN or inf; name it, count them, and give the ranges of its sources.

    Parameters
    ----------
    subject : str
        What the value is, in a few words.
    value : number, array or node
        What to look at.
    sources : iterable of (str, number, array or node)
        What it was made from, each in a few words.

    Raises
    ------
    GradientError
        When an element is NaN or infinite.
    """
    array = _array(value)
    if np.isfinite(array).all():
        return
    ranges = "; ".join(f"{words}: {value_range(source)}" for words, source in sources)
    raise GradientError(
        f"detect_anomaly: {subject} is not finite: {_counts(array)}" + (f"\nfrom {ranges}" if ranges else "")
    )


def value_range(value: Any) -> str:
    """Return ``"−1 to 4"`` over the finite elements, and how many others there are.

    Examples
    --------
    >>> value_range([1.0, -2.0, float("nan")])
    '−2 to 1, 1 of 3 NaN'
    """
    array = _array(value)
    finite = array[np.isfinite(array)]
    words = []
    if finite.size:
        low, high = finite.min(), finite.max()
        words.append(_number(low) if low == high else f"{_number(low)} to {_number(high)}")
    if finite.size < array.size:
        words.append(_counts(array))
    return ", ".join(words) or "empty"


def _array(value: Any) -> Any:
    return np.asarray(getattr(value, "value", value))


def _counts(array: Any) -> str:
    """Return how many elements are NaN, +inf and −inf, such as ``"2 of 10 NaN, 1 of 10 +inf"``."""
    kinds = (("NaN", np.isnan(array)), ("+inf", array == np.inf), ("−inf", array == -np.inf))
    return ", ".join(f"{np.count_nonzero(found)} of {array.size} {kind}" for kind, found in kinds if found.any())


def _number(value: Any) -> str:
    return f"{value:.6g}".replace("-", "−")
