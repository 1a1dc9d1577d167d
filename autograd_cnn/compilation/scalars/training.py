"""Whole training steps of a recorded loss, by a recorded update formula."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from autograd_cnn.compilation.scalars.taping import Floats, Taped
from autograd_cnn.errors import GradientError
from autograd_cnn.kernels import tape as kernels
from autograd_cnn.kernels.tape import LANES, ONE

Rows = NDArray[np.uint32]

# So many rows are made between two looks at Ctrl-C: about a tenth of a second.
_ROWS_AT_ONCE = 100_000_000


def train(found: Taped, formula: Taped, leaves: Floats, data: Floats, steps: int) -> Floats:
    """Train the Scalars that the loss closes over; return the mean loss before every step.

    Parameters
    ----------
    found, formula : Taped
        The loss, and the update of one parameter by its gradient.
    leaves : ndarray
        What the rows of the loss begin with.
    data : ndarray
        (arguments, samples).
    """
    places = list(found.trained)
    if not places:
        raise GradientError("train: the function closes over no Scalar leaf that requires a gradient and reaches it")
    trained = np.array([found.reached[k] for k in places], np.uint32)
    wanted = np.array([found.output, *found.gradients[places]], np.uint32)
    leaves = leaves.copy()
    losses = np.empty(steps)
    done = 0
    at_once = max(1, _ROWS_AT_ONCE // (len(found.lowered.tape.a) * data.shape[1]))
    take = _plainly if found.lowered.calls or formula.lowered.calls else _natively
    try:
        while done < steps:
            take(found, formula, leaves, data, trained, wanted, losses[done : done + at_once])
            done += at_once
    finally:
        for row, value in zip(trained.tolist(), leaves[trained].tolist(), strict=True):
            found.closed[row - found.arguments].assign(value)
    return losses


def _natively(
    found: Taped, formula: Taped, leaves: Floats, data: Floats, trained: Rows, wanted: Rows, losses: Floats
) -> None:
    """Fill in `losses`, step by step, in one call of the kernel; write into `leaves`."""
    leaves[found.inputs] = 1.0 / data.shape[1]
    rows = np.array([formula.output], np.uint32)
    start = formula.leaves((0.0, 0.0))
    lanes = ONE if data.shape[1] == 1 else LANES
    kernels.train(found.lowered.tape, leaves, data, trained, wanted, formula.lowered.tape, start, rows, losses, lanes)


def _plainly(
    found: Taped, formula: Taped, leaves: Floats, data: Floats, trained: Rows, wanted: Rows, losses: Floats
) -> None:
    """Do the same where a gate has no native form."""
    of_gradients = [1 + found.reached.index(row) for row in trained]
    for step in range(len(losses)):
        results = found.over_samples(leaves, data, seed=1.0 / data.shape[1])
        losses[step] = results[0].sum() / data.shape[1]
        pairs = np.array([leaves[trained], results[of_gradients].sum(axis=1)])
        leaves[trained] = formula.over_samples(formula.leaves((0.0, 0.0)), pairs, seed=None)[0]
