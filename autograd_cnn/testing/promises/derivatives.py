"""What a rule promises about derivatives: differences in float64 say the same, to first and second order, along a line.

A rule breaks such a promise outside of the oracle's own error bar; a bar that is wide proves nothing, so it breaks
the promise too.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from autograd_cnn.differentiation import jvp
from autograd_cnn.graph import Tensor
from autograd_cnn.testing.branches import branches_taken
from autograd_cnn.testing.checking import WrongGradientError, check
from autograd_cnn.testing.oracles import directional_difference
from autograd_cnn.testing.proving import WIDEST_BAR, assert_proved
from autograd_cnn.testing.trial import Array, Trial

_NEGLIGIBLE = 1e-3
_STEPS = tuple(2.0**-n for n in (5, 8, 11, 14, 17))
_UNSEEN = 1e-12
"""What rounding makes of a sum whose terms cancel, which no error bar of the sum knows of."""


def is_differentiable(trial: Trial) -> bool:
    """Whether an input receives a gradient."""
    return bool(trial.slots)


def gradient_is_the_derivative(trial: Trial) -> str:
    """Check every element of every gradient.

    Raises
    ------
    WrongGradientError
        With the report.
    """
    assert_proved(trial.at, *trial.points, seed=trial.seed)
    return ""


def second_order_is_the_derivative(trial: Trial) -> str:
    """Check every element of the gradient of ⟨gradient, random directions⟩ too.

    Raises
    ------
    WrongGradientError
        With the report.
    """
    assert_proved(trial.at, *trial.points, order=2, seed=trial.seed)
    return ""


def narrow_gradient_is_the_derivative(trial: Trial) -> str:
    """Check the backward pass in float32 along random directions, by differences in float64.

    Raises
    ------
    WrongGradientError
        With the report. What rounding in float32 leaves open is no failure.
    """
    narrow = [x.astype(np.float32) for x in trial.points]
    report = check(trial.at, *narrow, mode="directions", seed=trial.seed)
    if report.wrong:
        raise WrongGradientError(report)
    return ""


def is_smooth_along_a_line(trial: Trial) -> bool:
    """Whether an input receives a gradient, and some step along the line of the trial crosses no kink."""
    return bool(trial.slots) and _step(trial) is not None


def jvp_is_the_directional_derivative(trial: Trial) -> str:
    """Compare ⟨jvp, weights⟩ with differences along one line: a jvp derived from the vjp is no oracle for it."""
    step, direction = _step(trial), _direction(trial)
    _, found = jvp(trial.at, trial.points, direction)
    weights = trial.upstream(found)
    analytic = float(np.sum(found * weights))
    flat, v = (np.concatenate([np.ravel(x) for x in parts]) for parts in (trial.points, direction))

    def along(x: Array) -> float:
        return float(np.sum(np.asarray(trial.at(*_pieces(trial, x))) * weights))

    numeric, bar, _ = directional_difference(along, flat, v, step or _STEPS[0])
    bar += _UNSEEN * float(np.sum(np.abs(found * weights)))
    if abs(analytic - numeric) <= bar <= WIDEST_BAR * max(abs(numeric), _NEGLIGIBLE):
        return ""
    return f"⟨jvp, weights⟩ is {analytic!r}, differences say {numeric!r} ± {bar:.1e}"


def _direction(trial: Trial) -> list[Array]:
    rng = np.random.default_rng((trial.seed, 1))
    return [rng.uniform(-1, 1, x.shape) for x in trial.points]


def _pieces(trial: Trial, flat: Array) -> list[Array]:
    ends = np.cumsum([x.size for x in trial.points])[:-1]
    return [part.reshape(x.shape) for part, x in zip(np.split(flat, ends), trial.points, strict=True)]


def _step(trial: Trial) -> float | None:
    """Return the largest step along the line whose ends are on the branches of the point."""

    def branches(t: float) -> Any:
        moved = [x + t * v for x, v in zip(trial.points, _direction(trial), strict=True)]
        return branches_taken(trial.at(*(Tensor(x, requires_grad=True) for x in moved)))

    here = branches(0.0)
    agree = (h for h in _STEPS if all(here.first_difference(branches(t)) is None for t in (h, -h)))
    return next(agree, None)
