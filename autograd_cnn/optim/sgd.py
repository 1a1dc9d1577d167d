"""Stochastic gradient descent, plain, with momentum, and with Nesterov's momentum."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from autograd_cnn.errors import ArgumentError
from autograd_cnn.optim.groups import Params, flag, number
from autograd_cnn.optim.optimizer import Optimizer


class SGD(Optimizer):
    """Step against the gradient, or against a velocity gathered from past gradients.

    CS231n, neural networks part 3, "SGD and bells and whistles"; Sutskever et al. 2013.

    Parameters
    ----------
    params : iterable of Parameter or Scalar, or list of groups
        What to train; see `Optimizer`.
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
    form : {"torch", "notes"}
        Whether the learning rate multiplies the velocity or enters it; see Notes.

    Raises
    ------
    ArgumentError
        For negative or NaN settings, for Nesterov's momentum without momentum or with dampening, and for
        dampening in the notes' form.

    Notes
    -----
    As in torch, with gradient g and velocity v, which starts as the first g::

        g ← g + weight_decay·w
        v ← momentum·v + (1 − dampening)·g
        w ← w − lr·v                        w ← w − lr·(g + momentum·v)  for Nesterov

    The notes let the velocity be a step, which starts at 0::

        v ← momentum·v − lr·g
        w ← w + v                           w ← w − momentum·v_before + (1 + momentum)·v  for Nesterov

    Both go the same path while lr stays constant. When it is lowered, torch's next step is smaller at once; the
    notes' keeps what it gathered at the old rate, and forgets that as fast as the velocity.

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

    def __init__(
        self,
        params: Params,
        lr: float = 1e-3,
        momentum: float = 0.0,
        dampening: float = 0.0,
        weight_decay: float = 0.0,
        nesterov: bool = False,
        *,
        form: str = "torch",
    ) -> None:
        settings = {"lr": lr, "momentum": momentum, "dampening": dampening, "weight_decay": weight_decay}
        super().__init__(params, settings | {"nesterov": nesterov, "form": form})

    def checked(self, settings: dict[str, Any]) -> dict[str, Any]:
        """Return the settings of a group; see `Optimizer.checked`."""
        names = ("lr", "momentum", "dampening", "weight_decay")
        numbers = {name: number("SGD", name, settings[name]) for name in names}
        nesterov, form = flag("SGD", "nesterov", settings["nesterov"]), settings["form"]
        momentum, dampening = numbers["momentum"], numbers["dampening"]
        if not isinstance(form, str) or form not in ("torch", "notes"):
            raise ArgumentError(f"SGD: form={form!r}, expected 'torch' or 'notes'")
        if nesterov and (momentum == 0 or dampening != 0):
            raise ArgumentError(
                f"SGD: nesterov with momentum={momentum!r}, dampening={dampening!r}; "
                "expected momentum above 0 and dampening 0"
            )
        if form == "notes" and dampening:
            raise ArgumentError(f"SGD: dampening={dampening!r} in the notes' form, which has none; use form='torch'")
        return {**numbers, "nesterov": nesterov, "form": form}

    def update(
        self, value: NDArray[Any], gradient: NDArray[Any], state: dict[str, Any], group: Mapping[str, Any]
    ) -> None:
        """Write the new value of one parameter; see `Optimizer.update`."""
        gradient = self.decayed(value, gradient, group["weight_decay"])
        rate, momentum = self.factors(value.dtype, group["lr"], group["momentum"])
        work = self.scratch(value)
        if not group["momentum"]:
            np.subtract(value, np.multiply(gradient, rate, work), value)
        elif group["form"] == "notes":
            self._notes(value, np.multiply(gradient, rate, work), state, group)
        else:
            direction = self._gathered(gradient, momentum, state, group["dampening"], work)
            if group["nesterov"]:
                direction = np.add(gradient, np.multiply(direction, momentum, work), work)
            np.subtract(value, np.multiply(direction, rate, work), value)

    @staticmethod
    def _gathered(
        gradient: NDArray[Any], momentum: NDArray[Any], state: dict[str, Any], dampening: float, work: NDArray[Any]
    ) -> NDArray[Any]:
        """Return torch's velocity, with the gradient in it."""
        velocity: NDArray[Any] | None = state.get("velocity")
        if velocity is None:
            velocity = state["velocity"] = np.array(gradient)
        else:
            np.multiply(velocity, momentum, velocity)
            np.add(velocity, np.multiply(gradient, 1 - dampening, work) if dampening else gradient, velocity)
        return velocity

    def _notes(
        self, value: NDArray[Any], descent: NDArray[Any], state: dict[str, Any], group: Mapping[str, Any]
    ) -> None:
        """Move by the notes' velocity, into which ``descent`` = lr·g enters."""
        velocity = self.remembered(state, "velocity", value)
        momentum, more = self.factors(value.dtype, group["momentum"], 1 + group["momentum"])
        if group["nesterov"]:
            before = self.scratch(value, 2)
            np.subtract(value, np.multiply(velocity, momentum, before), value)
        np.multiply(velocity, momentum, velocity)
        np.subtract(velocity, descent, velocity)
        np.add(value, np.multiply(velocity, more, descent) if group["nesterov"] else velocity, value)
