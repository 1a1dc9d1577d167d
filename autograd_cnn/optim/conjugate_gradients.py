"""Conjugate gradients: solve A·x = b from products with A alone."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from autograd_cnn.optim.flat import Vector


def conjugate_gradients(
    product: Callable[[Vector], Vector], right: Vector, iterations: int, tolerance: float
) -> Vector:
    """Return an x with A·x ≈ b for a symmetric A; along a direction of negative curvature the search ends.

    Hestenes & Stiefel 1952; for curvature that is not positive Nocedal & Wright, "Numerical Optimization",
    algorithm 7.1: what was found so far is returned, or b itself, which leads downhill in any case.

    Parameters
    ----------
    product : callable
        Takes a vector, returns A times it.
    right : (n,) ndarray
        b.
    iterations : int
        How many products at most; n suffice where nothing is rounded.
    tolerance : float
        Stop when the residual is at most this share of b.
    """
    found = np.zeros_like(right)
    residual, direction = right.copy(), right.copy()
    square = float(residual @ residual)
    enough = tolerance**2 * square
    for i in range(iterations):
        if square <= enough:
            break
        image = product(direction)
        curvature = float(direction @ image)
        if not curvature > 0:
            return found if i else right.copy()
        length = square / curvature
        found += length * direction
        residual -= length * image
        square, before = float(residual @ residual), square
        direction = residual + square / before * direction
    return found
