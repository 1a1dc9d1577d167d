"""Stochastic gradient descent, plain, with momentum, and with Nesterov's momentum."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from autograd_cnn.errors import ArgumentError
from autograd_cnn.graph import Parameter, Scalar
from autograd_cnn.optim.optimizer import Optimizer, number


class SGD(Optimizer):
    """Step against the gradient, or against a velocity gathered from past gradients.

    CS231n, neural networks part 3, "SGD and bells and whistles"; Sutskever et al. 2013.

    Parameters
    ----------
    params : iterable of Parameter or Scalar
        What to train.
    lr : float
        Learning rate.
    momentum : float
        How much of the velocity is kept from step to step; 0 for none, typically 0.9.
    dampening : float
        How much of a new gradient does not enter the velocity.
    weight_decay : float
        Strength λ of the L2 penalty ½λ‖w‖²: its gradient λw is added.
    nesterov : bool
        Take the gradient as if the velocity's step had been done already.

    Raises
    ------
    ArgumentError
        For negative or NaN settings, or Nesterov's momentum without momentum or with dampening.

    Notes
    -----
    As in torch, with gradient g and velocity v, which starts as the first g::

        g ← g + weight_decay·w
        v ← momentum·v + (1 − dampening)·g
        w ← w − lr·v                        w ← w − lr·(g + momentum·v)  for Nesterov

    The notes write v ← momentum·v − lr·g, w ← w + v: the same path while lr stays constant.

    Examples
    --------
    >>> import autograd_cnn as ag
    >>> from autograd_cnn import optim
    >>> x = ag.Scalar(1.0)
    >>> optimizer = optim.SGD([x], lr=0.25)
    >>> (x * x).backward()
    >>> optimizer.step()
    >>> x.value
    0.5
    """

    settings = ("lr", "momentum", "dampening", "weight_decay", "nesterov")

    def __init__(
        self,
        params: Iterable[Parameter | Scalar],
        lr: float = 1e-3,
        momentum: float = 0.0,
        dampening: float = 0.0,
        weight_decay: float = 0.0,
        nesterov: bool = False,
    ) -> None:
        super().__init__(params)
        self.lr = number("SGD", "lr", lr)
        self.momentum = number("SGD", "momentum", momentum)
        self.dampening = number("SGD", "dampening", dampening)
        self.weight_decay = number("SGD", "weight_decay", weight_decay)
        self.nesterov = bool(nesterov)
        if nesterov and (momentum == 0 or dampening != 0):
            raise ArgumentError(
                f"SGD: nesterov with momentum={momentum!r}, dampening={dampening!r}; "
                "expected momentum above 0 and dampening 0"
            )

    def update(self, value: NDArray[Any], gradient: NDArray[Any], state: dict[str, Any]) -> None:
        """Write the new value of one parameter; see `Optimizer.update`."""
        work = self.scratch(value)
        rate, momentum = self.factors(value.dtype, self.lr, self.momentum)
        if self.weight_decay:
            gradient = self.decayed(value, gradient)
        direction = gradient
        if self.momentum:
            velocity = state.get("velocity")
            if velocity is None:
                velocity = state["velocity"] = np.array(gradient)
            else:
                np.multiply(velocity, momentum, velocity)
                added = np.multiply(gradient, 1 - self.dampening, out=work) if self.dampening else gradient
                np.add(velocity, added, velocity)
            direction = velocity
            if self.nesterov:
                np.multiply(velocity, momentum, out=work)
                direction = np.add(gradient, work, out=work)
        np.subtract(value, np.multiply(direction, rate, work), value)
