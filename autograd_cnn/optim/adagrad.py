"""Adagrad: steps divided by the root of all squared gradients so far."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from autograd_cnn.optim.groups import Params, number
from autograd_cnn.optim.optimizer import Optimizer


class Adagrad(Optimizer):
    """Small steps where gradients were large, large steps where they were small; all of them shrink with time.

    Duchi, Hazan & Singer 2011; CS231n, neural networks part 3, "Per-parameter adaptive learning rate methods".

    Parameters
    ----------
    params : iterable of Parameter or Scalar, or list of groups
        What to train; see `Optimizer`.
    lr : float
        Learning rate: the length of the first step.
    lr_decay : float
        The learning rate is divided by 1 + lr_decay·(t − 1) at step t.
    weight_decay : float
        Strength λ of the L2 penalty ½λ‖w‖²: its gradient λw is added.
    initial_accumulator_value : float
        What the sum of squared gradients starts at.
    eps : float
        Added to the root so that nothing is divided by 0.

    Raises
    ------
    ArgumentError
        For negative or NaN settings.

    Notes
    -----
    As in torch, and in the notes, whose ``cache`` is s::

        g ← g + weight_decay·w
        s ← s + g²
        w ← w − lr/(1 + lr_decay·(t − 1)) · g / (√s + eps)

    Examples
    --------
    Under a constant gradient the steps are lr/√1, lr/√2, lr/√3, …:

    >>> import autograd_cnn as ag
    >>> from autograd_cnn import optim
    >>> x = ag.Scalar(0.0)
    >>> optimizer = optim.Adagrad([x], lr=1.0)
    >>> for _ in range(4):
    ...     before = x.value
    ...     optimizer.zero_grad()
    ...     (x * 5).backward()
    ...     optimizer.step()
    >>> round(before - x.value, 6)
    0.5
    """

    def __init__(
        self,
        params: Params,
        lr: float = 1e-2,
        lr_decay: float = 0.0,
        weight_decay: float = 0.0,
        initial_accumulator_value: float = 0.0,
        eps: float = 1e-10,
    ) -> None:
        settings = {"lr": lr, "lr_decay": lr_decay, "weight_decay": weight_decay}
        super().__init__(params, settings | {"initial_accumulator_value": initial_accumulator_value, "eps": eps})

    def checked(self, settings: dict[str, Any]) -> dict[str, Any]:
        """Return the settings of a group; see `Optimizer.checked`."""
        return {name: number("Adagrad", name, value) for name, value in settings.items()}

    def update(
        self, value: NDArray[Any], gradient: NDArray[Any], state: dict[str, Any], group: Mapping[str, Any]
    ) -> None:
        """Write the new value of one parameter; see `Optimizer.update`."""
        gradient = self.decayed(value, gradient, group["weight_decay"])
        steps = state.get("steps", 0)
        rate, least = self.factors(value.dtype, group["lr"] / (1 + steps * group["lr_decay"]), group["eps"])
        state["steps"] = steps + 1
        total = self.remembered(state, "sum_of_squares", value, group["initial_accumulator_value"])
        work = self.scratch(value)
        total += np.multiply(gradient, gradient, out=work)
        np.add(np.sqrt(total, out=work), least, out=work)
        np.divide(gradient, work, out=work)
        value -= np.multiply(work, rate, out=work)
