"""Losses of real numbers: squared, absolute, and between the two (CS231n, neural networks part 2: regression).

Input and target have one shape: a loss never broadcasts, for (3, 1) against (3,) would compare all
nine pairs. `reduction` is "mean", "sum" or "none".
"""

from __future__ import annotations

from typing import Any

from autograd_cnn.functional.targets import alike, reduced
from autograd_cnn.gates.comparison import abs, minimum
from autograd_cnn.registry import Value
from autograd_cnn.settings import number, positive


def mse_loss(input: Value, target: Any, *, reduction: str = "mean") -> Value:
    """Mean squared error, (x − t)²; the notes' L2 regression loss is its sum.

    Parameters
    ----------
    input : array or node
        Predictions of any shape, float32 or float64.
    target : array_like or node
        What they should be, of the same shape.
    reduction : {"mean", "sum", "none"}
        How the losses of all elements become one.

    Raises
    ------
    ShapeError, DtypeError, ArgumentError
        When the shapes differ, a dtype does not fit, or the reduction is unknown.

    Examples
    --------
    >>> import numpy as np
    >>> from autograd_cnn import functional as F
    >>> float(F.mse_loss(np.array([1.0, 2.0]), [1.0, 4.0]))
    2.0
    """
    error = input - alike("mse_loss", input, target)
    return reduced("mse_loss", error * error, reduction)


def l1_loss(input: Value, target: Any, *, reduction: str = "mean") -> Value:
    """Mean absolute error, ``|x − t|``; its gradient is 0 where they agree. Arguments as in `mse_loss`."""
    return reduced("l1_loss", abs(input - alike("l1_loss", input, target)), reduction)


def huber_loss(input: Value, target: Any, reduction: str = "mean", delta: float = 1.0) -> Value:
    """Half the squared error up to `delta`, and from there on a line (Huber 1964).

    Parameters
    ----------
    input, target, reduction
        As in `mse_loss`.
    delta : float
        Where the parabola ends, above 0: the largest gradient.

    Notes
    -----
    With e = ``|x − t|`` and q = min(e, δ) it is q·(e − q/2): e²/2 inside, δ·(e − δ/2) outside. No branch
    computes a square that could overflow.
    """
    return reduced("huber_loss", _bent("huber_loss", input, target, positive("huber_loss", "delta", delta)), reduction)


def smooth_l1_loss(input: Value, target: Any, reduction: str = "mean", beta: float = 1.0) -> Value:
    """Absolute error with its kink at 0 rounded off within `beta`: Huber's loss divided by `beta`.

    Parameters
    ----------
    input, target, reduction
        As in `mse_loss`.
    beta : float
        Where the parabola ends; 0 makes it `l1_loss`.
    """
    beta = check_beta("smooth_l1_loss", beta)
    if beta == 0:
        return reduced("smooth_l1_loss", abs(input - alike("smooth_l1_loss", input, target)), reduction)
    return reduced("smooth_l1_loss", _bent("smooth_l1_loss", input, target, beta) / beta, reduction)


def check_beta(name: str, beta: Any) -> float:
    """Return where the parabola ends; raise ArgumentError unless it is a number of at least 0."""
    return number(name, "beta", beta, 0, wanted="a number of at least 0")


def _bent(name: str, input: Value, target: Any, bend: float) -> Value:
    error = abs(input - alike(name, input, target))
    inside = minimum(error, bend)
    return inside * (error - inside / 2)
