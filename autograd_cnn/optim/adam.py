"""Adam: steps scaled, element by element, by how large past gradients were."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from autograd_cnn.errors import ArgumentError
from autograd_cnn.graph import Parameter, Scalar
from autograd_cnn.optim.optimizer import Optimizer, number


class Adam(Optimizer):
    """Momentum for the direction, root mean square of past gradients for the length of each step.

    Kingma & Ba 2015, algorithm 1; CS231n, neural networks part 3, "Per-parameter adaptive learning
    rate methods".

    Parameters
    ----------
    params : iterable of Parameter or Scalar
        What to train.
    lr : float
        Learning rate: about the size of each step.
    betas : (float, float)
        How much of the mean gradient and of the mean squared gradient is kept from step to step.
    eps : float
        Added to the root so that nothing is divided by 0.
    weight_decay : float
        Strength λ of the L2 penalty ½λ‖w‖²: its gradient λw is added before everything else.

    Raises
    ------
    ArgumentError
        For negative or NaN settings, or betas that are not two numbers below 1.

    Notes
    -----
    As in torch, at step t = 1, 2, … with gradient g; both means start at 0, which the
    denominators 1 − βᵗ make up for::

        g ← g + weight_decay·w
        m ← β₁m + (1 − β₁)g
        s ← β₂s + (1 − β₂)g²
        w ← w − lr/(1 − β₁ᵗ) · m / (√s/√(1 − β₂ᵗ) + eps)

    Examples
    --------
    The first step has length lr, whatever the gradient is:

    >>> import autograd_cnn as ag
    >>> from autograd_cnn import optim
    >>> x = ag.Scalar(3.0)
    >>> optimizer = optim.Adam([x], lr=0.5)
    >>> (x * 1000).backward()
    >>> optimizer.step()
    >>> round(x.value, 6)
    2.5
    """

    settings = ("lr", "betas", "eps", "weight_decay")

    def __init__(
        self,
        params: Iterable[Parameter | Scalar],
        lr: float = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0.0,
    ) -> None:
        super().__init__(params)
        if not isinstance(betas, tuple | list) or len(betas) != 2:
            raise ArgumentError(f"Adam: betas={betas!r}, expected two numbers such as (0.9, 0.999)")
        self.lr = number("Adam", "lr", lr)
        self.betas = (number("Adam", "betas[0]", betas[0], below=1), number("Adam", "betas[1]", betas[1], below=1))
        self.eps = number("Adam", "eps", eps)
        self.weight_decay = number("Adam", "weight_decay", weight_decay)

    def update(self, value: NDArray[Any], gradient: NDArray[Any], state: dict[str, Any]) -> None:
        """Write the new value of one parameter; see `Optimizer.update`."""
        if not state:
            state.update(steps=0, mean=np.zeros_like(value), mean_square=np.zeros_like(value))
        state["steps"] += 1
        steps, mean, mean_square = state["steps"], state["mean"], state["mean_square"]
        work = self.scratch(value)  # every intermediate result is written into it
        if self.weight_decay:
            gradient = self.decayed(value, gradient)

        first, second = self.betas
        new, kept, new_square, least = self.factors(value.dtype, 1 - first, second, 1 - second, self.eps)
        np.subtract(gradient, mean, out=work)
        mean += np.multiply(work, new, out=work)
        np.multiply(mean_square, kept, out=mean_square)
        np.multiply(gradient, gradient, out=work)
        mean_square += np.multiply(work, new_square, out=work)

        np.sqrt(mean_square, out=work)
        np.divide(work, math.sqrt(1 - second**steps), out=work)
        np.add(work, least, out=work)
        np.divide(mean, work, out=work)
        value -= np.multiply(work, self.lr / (1 - first**steps), out=work)
