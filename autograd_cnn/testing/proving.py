"""Proving a gradient, element by element, to a given number of digits: what the tests of gates ask for."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from autograd_cnn.testing.checking import WrongGradientError, assert_gradients
from autograd_cnn.testing.report import Report, Verdict

WIDEST_BAR = 1e-8
"""How wide an error bar may be, as part of the largest gradient: a derivative is proved to eight digits of that."""

_NEGLIGIBLE = 1e-3
"""... or of this, where all gradients are smaller, times the size of what is differentiated, where that is above 1."""


def assert_proved(f: Callable[..., Any], *inputs: Any, within: float = WIDEST_BAR, **options: Any) -> Report:
    """Raise unless every element of the gradients of a function is proved right, and closely.

    `assert_gradients` lets pass what nothing is wrong with; here nothing may stay open, and an error bar that is
    wide proves nothing.

    Parameters
    ----------
    f : callable
        Takes nodes, returns a node or a tuple of nodes.
    *inputs : Node, float, array or anything
        What it is called with.
    within : float
        How wide an error bar may be, as part of the largest gradient of its order, or of 1e-3 where that is smaller.
        Second order differentiates the gradient in random directions, which is as large as the gradient's norm: where
        that is above 1, second-order gradients below 1e-3 of it are proved to that.
    **options
        Those of `check`.

    Returns
    -------
    Report
        What was found.

    Raises
    ------
    WrongGradientError
        With the report, and the coordinate that was left open.

    Examples
    --------
    >>> import autograd_cnn as ag
    >>> from autograd_cnn.testing import assert_proved
    >>> assert_proved(lambda x: ag.sin(x) * x, 0.5, order=2).ok
    True
    """
    report = assert_gradients(f, *inputs, **options)
    size = 1.0
    for order in (1, 2):
        found = [c for c in report.coordinates if c.order == order]
        scale = max([_NEGLIGIBLE * size, *(abs(c.numeric) for c in found)])
        size = max(size, math.hypot(*(c.numeric for c in found)))
        for c in found:
            if c.verdict is not Verdict.OK or c.bar > within * scale:
                note = f"not proved to {within:.0e} of the largest gradient: {c}"
                raise WrongGradientError(replace(report, verdict=Verdict.ILL_CONDITIONED, notes=(*report.notes, note)))
    return report
