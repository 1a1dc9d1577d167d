"""Gauss-Newton steps, for sums of squares with few parameters: no second derivatives."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from autograd_cnn.backward import grad
from autograd_cnn.errors import ArgumentError
from autograd_cnn.graph import Node, Scalar, Tensor
from autograd_cnn.optim.conjugate_gradients import conjugate_gradients
from autograd_cnn.optim.flat import Flat, Vector
from autograd_cnn.optim.groups import Leaf, number
from autograd_cnn.optim.second_order import SecondOrder, check_finite, differentiable
from autograd_cnn.settings import count

LEAST_DAMPING = 1e-12
"""Levenberg and Marquardt's λ falls no further: so it can rise again when that is needed."""


class GaussNewton(SecondOrder):
    """Newton's step for a sum of squares ½Σr², whose residuals r are taken for linear: no second derivatives.

    Parameters
    ----------
    params : iterable of Parameter or Scalar
        What to move. Their gradients are not touched.
    lr : float
        Share of the step that is taken.
    damping : float
        λ, added to the diagonal of JᵀJ.
    solver : {"exact", "conjugate gradients"}
        Whether to build the Jacobian, a backward pass for each residual, or to solve with products alone.
    iterations, tolerance
        As of `Newton`.

    Raises
    ------
    ArgumentError
        When something is no trainable leaf, or a setting cannot be.

    Notes
    -----
    w ← w − lr·(JᵀJ + λI)⁻¹·Jᵀr, the normal equations, with the residuals' Jacobian J; where they have several
    solutions, the exact solver takes the shortest step.

    Examples
    --------
    A line through points is found in one step:

    >>> import numpy as np
    >>> import autograd_cnn as ag
    >>> from autograd_cnn import optim
    >>> x, y = np.array([0.0, 1.0, 2.0]), np.array([1.0, 3.0, 5.0])
    >>> w, b = ag.Scalar(0.0), ag.Scalar(0.0)
    >>> loss = optim.GaussNewton([w, b]).step(lambda: w * ag.Tensor(x) + b - y)
    >>> loss, round(w.value, 9), round(b.value, 9)
    (17.5, 2.0, 1.0)
    """

    def step(self, closure: Callable[[], Node]) -> float:
        """Move the parameters, and return the loss ½Σr² where they were.

        Parameters
        ----------
        closure : callable
            Returns the residuals of the parameters as they are, as a node of any shape.

        Raises
        ------
        ArgumentError
            When the closure returns something else.
        CurvatureError
            When a residual or its derivative is not finite.
        """
        flat, residuals = self._flat, differentiable("GaussNewton", closure())
        if self.solver == "exact":
            jacobian = _jacobian("GaussNewton", flat, residuals)
            direction = _least_squares(jacobian, _errors(residuals), self.damping)
        else:
            slope = flat.joined(grad(residuals, flat.leaves, residuals.value, allow_unused=True))
            check_finite("GaussNewton", "a residual or its derivative", slope)
            product = _squared_jacobian(flat, residuals, self.damping)
            direction = conjugate_gradients(product, slope, self.iterations, self.tolerance)
        flat.assign(flat.values() - self.lr * direction)
        return _half_square(residuals)


class LevenbergMarquardt:
    """Gauss-Newton whose damping follows success: less after a step that leads down, more instead of one that does not.

    Levenberg 1944, Marquardt 1963. Far from the minimum it descends in small sure steps, near it it is Gauss-Newton.

    Parameters
    ----------
    params : iterable of Parameter or Scalar
        What to move. Their gradients are not touched.
    damping : float
        λ at the first step, above 0.
    factor : float
        By what λ is divided or multiplied, above 1.
    attempts : int
        How often a step is tried, each time with more damping, before the parameters stay where they are.

    Attributes
    ----------
    damping : float
        λ of the next step.

    Raises
    ------
    ArgumentError
        When something is no trainable leaf, or a setting cannot be.
    """

    def __init__(self, params: Any, damping: float = 1e-3, factor: float = 10.0, attempts: int = 20) -> None:
        kind = "LevenbergMarquardt"
        self._flat = Flat(kind, params)
        self.damping, self.factor = number(kind, "damping", damping), number(kind, "factor", factor)
        self.attempts = count(kind, "attempts", attempts)
        if self.damping == 0 or self.factor <= 1:
            raise ArgumentError(
                f"{kind}: damping={damping!r}, factor={factor!r}; expected a damping above 0 and a factor above 1"
            )

    @property
    def parameters(self) -> list[Leaf]:
        """What is moved."""
        return self._flat.leaves

    def step(self, closure: Callable[[], Node]) -> float:
        """Move the parameters to where ½Σr² is lower, if that is found, and return it where they were.

        Parameters
        ----------
        closure : callable
            Returns the residuals of the parameters as they are, as a node of any shape.

        Raises
        ------
        ArgumentError, CurvatureError
            As `GaussNewton.step`.
        """
        flat, residuals = self._flat, differentiable("LevenbergMarquardt", closure())
        errors, before = _errors(residuals), flat.values()
        jacobian, loss = _jacobian("LevenbergMarquardt", flat, residuals), _half_square(residuals)
        for attempt in range(self.attempts):
            damping = self.damping * self.factor**attempt
            flat.assign(before - _least_squares(jacobian, errors, damping))
            if flat.measured(lambda: _half_square(closure())) < loss:
                self.damping = max(damping / self.factor, LEAST_DAMPING)
                return loss
        flat.assign(before)
        return loss


def _errors(residuals: Node) -> Vector:
    return np.asarray(residuals.value, np.float64).ravel()


def _half_square(residuals: Node) -> float:
    errors = _errors(residuals)
    return float(errors @ errors) / 2


def _least_squares(jacobian: Vector, errors: Vector, damping: float) -> Vector:
    """Return the d that makes ‖J·d − r‖² + λ‖d‖² least, the shortest one if there are several."""
    width = jacobian.shape[1]
    rows = np.concatenate([jacobian, np.sqrt(damping) * np.eye(width)]) if damping else jacobian
    right = np.pad(errors, (0, len(rows) - len(errors)))
    return np.asarray(np.linalg.lstsq(rows, right, rcond=None)[0], np.float64)


def _jacobian(kind: str, flat: Flat, residuals: Node) -> Vector:
    """Return the derivatives of every residual, a row each; raise CurvatureError when one is not finite."""
    check_finite(kind, "a residual", _errors(residuals))
    rows = []
    with np.errstate(all="ignore"):
        for index in np.ndindex(residuals.shape):
            seed = np.zeros(residuals.shape, residuals.dtype)
            seed[index] = 1.0
            row = grad(
                residuals, flat.leaves, seed.item() if isinstance(residuals, Scalar) else seed, allow_unused=True
            )
            rows.append(flat.joined(row))
    jacobian = np.stack(rows)
    check_finite(kind, "a residual's derivative", jacobian)
    return jacobian


def _squared_jacobian(flat: Flat, residuals: Node, damping: float) -> Callable[[Vector], Vector]:
    """Return the product with JᵀJ + λI: the derivative of Jᵀu along v is J·v, and one more pass gives Jᵀ of that."""
    scalar = isinstance(residuals, Scalar)
    seed: Node = Scalar(0.0) if scalar else Tensor(np.zeros(residuals.shape, residuals.dtype), requires_grad=True)
    gradients = grad(residuals, flat.leaves, seed, create_graph=True, allow_unused=True)

    def product(vector: Vector) -> Vector:
        total = flat.dot(gradients, vector)
        assert total is not None, "products are asked for where the slope is not 0"
        (image,) = grad(total, seed)
        return flat.joined(grad(residuals, flat.leaves, image, allow_unused=True)) + damping * vector

    return product
