"""Newton's step, for problems with few parameters: the curvature says how far to go."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from autograd_cnn.backward import grad
from autograd_cnn.errors import ArgumentError, AutogradError
from autograd_cnn.graph import Node
from autograd_cnn.optim.conjugate_gradients import conjugate_gradients
from autograd_cnn.optim.flat import Flat, Vector
from autograd_cnn.optim.groups import Leaf, number
from autograd_cnn.settings import count

SOLVERS = ("exact", "conjugate gradients")


class CurvatureError(AutogradError, ArithmeticError):
    """A matrix of curvature that cannot be solved with."""


class SecondOrder:
    """Base of the steps that know the curvature: the parameters in one vector, and how the step is solved for.

    Parameters are those of `Newton`.
    """

    def __init__(
        self,
        params: Any,
        lr: float = 1.0,
        damping: float = 0.0,
        solver: str = "exact",
        *,
        iterations: int = 100,
        tolerance: float = 1e-10,
    ) -> None:
        kind = type(self).__name__
        if solver not in SOLVERS:
            raise ArgumentError(f"{kind}: solver={solver!r}, expected {' or '.join(map(repr, SOLVERS))}")
        self._flat, self.solver = Flat(kind, params), solver
        self.lr, self.damping = number(kind, "lr", lr), number(kind, "damping", damping)
        self.iterations, self.tolerance = count(kind, "iterations", iterations), number(kind, "tolerance", tolerance)

    @property
    def parameters(self) -> list[Leaf]:
        """What is moved."""
        return self._flat.leaves


class Newton(SecondOrder):
    """Go to where the gradient would be 0 if the loss were the parabola that it looks like from here.

    CS231n, neural networks part 3, "Second order methods". Near a minimum each step about doubles the number of
    right digits; near a saddle point or a maximum it goes there as readily, unless there is damping.

    Parameters
    ----------
    params : iterable of Parameter or Scalar
        What to move. Their gradients are not touched.
    lr : float
        Share of the step that is taken.
    damping : float
        λ, added to the Hessian's diagonal: large ones make the step that of gradient descent with rate 1/λ.
    solver : {"exact", "conjugate gradients"}
        Whether to build the Hessian of n parameters, at the cost of n backward passes and n³ operations, or to solve
        with its products alone, a backward pass each.
    iterations : int
        How many of them at most.
    tolerance : float
        They end when the residual is at most this share of the gradient.

    Raises
    ------
    ArgumentError
        When something is no trainable leaf, or a setting cannot be.

    Notes
    -----
    w ← w − lr·(H + λI)⁻¹·g with the gradient g and the Hessian H.

    Examples
    --------
    >>> import autograd_cnn as ag
    >>> from autograd_cnn import optim
    >>> x = ag.Scalar(5.0)
    >>> optimizer = optim.Newton([x])
    >>> optimizer.step(lambda: 3 * (x - 1) ** 2 + 7), x.value
    (55.0, 1.0)
    """

    def step(self, closure: Callable[[], Node]) -> float:
        """Move the parameters, and return the loss where they were.

        Parameters
        ----------
        closure : callable
            Returns the loss of the parameters as they are, as a node that can go backward twice.

        Raises
        ------
        ArgumentError
            When the closure returns something else.
        CurvatureError
            When the Hessian is singular or not finite.
        """
        loss = differentiable("Newton", closure())
        if loss.size != 1:
            raise ArgumentError(f"Newton: the closure returned shape {loss.shape}, expected one number: the loss")
        flat = self._flat
        gradients = grad(loss, flat.leaves, create_graph=True, allow_unused=True)
        slope = flat.joined([g.value if isinstance(g, Node) else g for g in gradients])

        def product(vector: Vector) -> Vector:
            total = flat.dot(gradients, vector)
            if total is None or not total.requires_grad:
                return self.damping * vector
            return flat.joined(grad(total, flat.leaves, allow_unused=True)) + self.damping * vector

        check_finite("Newton", "the gradient", slope)
        with np.errstate(all="ignore"):  # what is not finite raises below
            if self.solver == "exact":
                direction = _solved("Newton", np.stack([product(unit) for unit in np.eye(len(slope))]), slope)
            else:
                direction = conjugate_gradients(product, slope, self.iterations, self.tolerance)
        check_finite("Newton", "the Hessian", direction)
        flat.assign(flat.values() - self.lr * direction)
        return float(loss.item())


def differentiable(kind: str, returned: Any) -> Node:
    """Return what a closure returned; raise ArgumentError when nothing can be differentiated there."""
    if not isinstance(returned, Node) or not returned.requires_grad:
        what = repr(returned) if isinstance(returned, Node) else type(returned).__name__
        raise ArgumentError(f"{kind}: the closure returned {what}, expected a node that depends on the parameters")
    return returned


def _solved(kind: str, matrix: Vector, right: Vector) -> Vector:
    check_finite(kind, "the Hessian", matrix)
    try:
        return np.asarray(np.linalg.solve(matrix, right), np.float64)
    except np.linalg.LinAlgError:
        raise CurvatureError(f"{kind}: the Hessian is singular; give damping, such as 1e-3") from None


def check_finite(kind: str, what: str, numbers: Vector) -> None:
    """Raise CurvatureError when a number is NaN or infinite."""
    if not np.isfinite(numbers).all():
        raise CurvatureError(f"{kind}: {what} is not finite; start elsewhere")
