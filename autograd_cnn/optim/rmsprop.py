"""RMSprop: steps divided by the root of a mean of past squared gradients."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from autograd_cnn.optim.groups import Params, flag, number
from autograd_cnn.optim.optimizer import Optimizer


class RMSprop(Optimizer):
    """Adagrad that forgets: a leaky mean of squared gradients instead of their sum, so that steps do not die out.

    Tieleman & Hinton 2012, lecture 6e; CS231n, neural networks part 3, "Per-parameter adaptive learning rate methods".

    Parameters
    ----------
    params : iterable of Parameter or Scalar, or list of groups
        What to train; see `Optimizer`.
    lr : float
        Learning rate.
    alpha : float
        How much of the mean squared gradient is kept from step to step: the notes' ``decay_rate``.
    eps : float
        Added to the root so that nothing is divided by 0.
    weight_decay : float
        Strength λ of the L2 penalty ½λ‖w‖²: its gradient λw is added.
    momentum : float
        How much of the velocity is kept from step to step; 0 for none.
    centered : bool
        Divide by the root of the variance of gradients, instead of that of their mean square (Graves 2013).

    Raises
    ------
    ArgumentError
        For negative or NaN settings, or an alpha that is not below 1.

    Notes
    -----
    As in torch, and without momentum in the notes, whose ``cache`` is s; all start at 0::

        g ← g + weight_decay·w
        s ← alpha·s + (1 − alpha)·g²
        m ← alpha·m + (1 − alpha)·g         if centered, else m = 0
        v ← momentum·v + g / (√(s − m²) + eps)
        w ← w − lr·v

    Examples
    --------
    >>> import autograd_cnn as ag
    >>> from autograd_cnn import optim
    >>> x = ag.Scalar(3.0)
    >>> optimizer = optim.RMSprop([x], lr=0.5, alpha=0.75)
    >>> (x * 1000).backward()
    >>> optimizer.step()
    >>> round(x.value, 6)  # the first step has length lr/√(1 − alpha)
    2.0
    """

    def __init__(
        self,
        params: Params,
        lr: float = 1e-2,
        alpha: float = 0.99,
        eps: float = 1e-8,
        weight_decay: float = 0.0,
        momentum: float = 0.0,
        centered: bool = False,
    ) -> None:
        settings = {"lr": lr, "alpha": alpha, "eps": eps, "weight_decay": weight_decay, "momentum": momentum}
        super().__init__(params, settings | {"centered": centered})

    def checked(self, settings: dict[str, Any]) -> dict[str, Any]:
        """Return the settings of a group; see `Optimizer.checked`."""
        numbers = {name: number("RMSprop", name, value) for name, value in settings.items() if name != "centered"}
        number("RMSprop", "alpha", settings["alpha"], below=1)
        return {**numbers, "centered": flag("RMSprop", "centered", settings["centered"])}

    def update(
        self, value: NDArray[Any], gradient: NDArray[Any], state: dict[str, Any], group: Mapping[str, Any]
    ) -> None:
        """Write the new value of one parameter; see `Optimizer.update`."""
        alpha = group["alpha"]
        rate, kept, new, least = self.factors(value.dtype, group["lr"], alpha, 1 - alpha, group["eps"])
        gradient = self.decayed(value, gradient, group["weight_decay"])
        work = self.scratch(value)
        mean_square = self.remembered(state, "mean_square", value)
        np.multiply(mean_square, kept, out=mean_square)
        np.multiply(gradient, gradient, out=work)
        mean_square += np.multiply(work, new, out=work)
        if group["centered"]:
            mean_square = self._variance(gradient, state, new)
        np.add(np.sqrt(mean_square, out=work), least, out=work)
        direction = np.divide(gradient, work, out=work)
        if group["momentum"]:
            velocity = self.remembered(state, "velocity", value)
            velocity *= group["momentum"]
            direction = np.add(velocity, direction, out=velocity)
        value -= np.multiply(direction, rate, out=work)

    def _variance(self, gradient: NDArray[Any], state: dict[str, Any], new: NDArray[Any]) -> NDArray[Any]:
        """Take the gradient into its mean, and return the mean square less the squared mean, in scratch."""
        mean, work = self.remembered(state, "mean", gradient), self.scratch(gradient, 2)
        np.subtract(gradient, mean, out=work)
        mean += np.multiply(work, new, out=work)
        np.multiply(mean, mean, out=work)
        np.subtract(state["mean_square"], work, out=work)
        np.maximum(work, 0, out=work)  # rounding may leave it below 0, where torch's root is NaN; NaN itself stays
        return work
