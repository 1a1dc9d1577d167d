"""Talk to hypothesis: steer it towards large errors, draw examples outside of a test."""

from __future__ import annotations

import math
from typing import Any, TypeVar

import hypothesis
import numpy as np
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

_Drawn = TypeVar("_Drawn")


def steer(error: Any, label: str = "error") -> float:
    """Steer hypothesis towards larger errors: call it in a test once per label, before the error is judged.

    Parameters
    ----------
    error : float or array_like
        A relative error; of an array the largest counts. NaN and infinite ones do not steer.
    label : str
        Errors of different kinds are steered apart under labels of their own.

    Returns
    -------
    float
        The error, so that it can be judged in the same line.

    Examples
    --------
    >>> from hypothesis import given
    >>> from autograd_cnn.testing import strategies
    >>> @given(strategies.eighths(1, 2))
    ... def test(x):
    ...     assert strategies.steer(abs((x**0.5) ** 2 - x) / x) < 1e-15
    >>> test()
    """
    largest = float(np.max(error, initial=0.0))
    if math.isfinite(largest):
        hypothesis.target(math.log10(max(abs(largest), 1e-300)), label=label)
    return largest


def drawn(strategy: st.SearchStrategy[_Drawn], count: int, seed: int = 0) -> list[_Drawn]:
    """Draw examples outside of a test, the same ones for the same seed.

    Examples
    --------
    >>> from autograd_cnn.testing import strategies
    >>> len(strategies.drawn(strategies.graphs(), 3))
    3
    """
    found: list[_Drawn] = []

    @hypothesis.seed(seed)
    @settings(
        max_examples=count,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(strategy)
    def collect(example: _Drawn) -> None:
        found.append(example)

    collect()
    return found[:count]
