"""Adam and AdamW: steps scaled, element by element, by how large past gradients were."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from autograd_cnn.errors import ArgumentError
from autograd_cnn.optim.groups import Params, flag, number
from autograd_cnn.optim.optimizer import Optimizer


class Adam(Optimizer):
    """Momentum for the direction, root mean square of past gradients for the length of each step.

    Kingma & Ba 2015, algorithm 1; CS231n, neural networks part 3, "Per-parameter adaptive learning
    rate methods".

    Parameters
    ----------
    params : iterable of Parameter or Scalar, or list of groups
        What to train; see `Optimizer`.
    lr : float
        Learning rate: about the size of each step.
    betas : (float, float)
        How much of the mean gradient and of the mean squared gradient is kept from step to step.
    eps : float
        Added to the root so that nothing is divided by 0.
    weight_decay : float
        Strength λ of the L2 penalty ½λ‖w‖²: its gradient λw is added before everything else, and is scaled
        like the rest of the gradient; `AdamW` keeps it apart.
    amsgrad : bool
        Divide by the root of the largest mean squared gradient so far, so that steps cannot grow again
        (Reddi et al. 2018).
    bias_correction : bool
        Whether the means make up for having started at 0; False is the simplified form of the notes.

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

    Without bias correction, as in the notes, w ← w − lr · m / (√s + eps).

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

    def __init__(
        self,
        params: Params,
        lr: float = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0.0,
        amsgrad: bool = False,
        *,
        bias_correction: bool = True,
    ) -> None:
        settings = {"lr": lr, "betas": betas, "eps": eps, "weight_decay": weight_decay, "amsgrad": amsgrad}
        super().__init__(params, settings | {"bias_correction": bias_correction})

    def checked(self, settings: dict[str, Any]) -> dict[str, Any]:
        """Return the settings of a group; see `Optimizer.checked`."""
        return _checked("Adam", settings)

    def update(
        self, value: NDArray[Any], gradient: NDArray[Any], state: dict[str, Any], group: Mapping[str, Any]
    ) -> None:
        """Write the new value of one parameter; see `Optimizer.update`."""
        _move(self, value, self.decayed(value, gradient, group["weight_decay"]), state, group)


class AdamW(Optimizer):
    """Adam whose weight decay is kept apart from the gradient: every step first shrinks w by lr·λ·w.

    Loshchilov & Hutter 2019, "Decoupled Weight Decay Regularization", algorithm 2. An L2 penalty in the loss,
    as `Adam` has it, would shrink those weights less that have large gradients.

    Parameters
    ----------
    params, lr, betas, eps, amsgrad, bias_correction
        As of `Adam`.
    weight_decay : float
        Strength λ of the decay: w ← w·(1 − lr·λ) before Adam's step.

    Raises
    ------
    ArgumentError
        As `Adam`.

    Examples
    --------
    >>> import numpy as np
    >>> import autograd_cnn as ag
    >>> from autograd_cnn import optim
    >>> w = ag.Parameter([1.0, -2.0])
    >>> w.grad = np.zeros(2)
    >>> optim.AdamW([w], lr=0.5, weight_decay=0.1).step()
    >>> w.value
    array([ 0.95, -1.9 ])
    """

    def __init__(
        self,
        params: Params,
        lr: float = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 1e-2,
        amsgrad: bool = False,
        *,
        bias_correction: bool = True,
    ) -> None:
        settings = {"lr": lr, "betas": betas, "eps": eps, "weight_decay": weight_decay, "amsgrad": amsgrad}
        super().__init__(params, settings | {"bias_correction": bias_correction})

    def checked(self, settings: dict[str, Any]) -> dict[str, Any]:
        """Return the settings of a group; see `Optimizer.checked`."""
        return _checked("AdamW", settings)

    def update(
        self, value: NDArray[Any], gradient: NDArray[Any], state: dict[str, Any], group: Mapping[str, Any]
    ) -> None:
        """Write the new value of one parameter; see `Optimizer.update`."""
        if group["weight_decay"]:
            np.multiply(value, 1 - group["lr"] * group["weight_decay"], out=value)
        _move(self, value, gradient, state, group)


def _checked(kind: str, settings: Mapping[str, Any]) -> dict[str, Any]:
    betas = settings["betas"]
    if not isinstance(betas, tuple | list) or len(betas) != 2:
        raise ArgumentError(f"{kind}: betas={betas!r}, expected two numbers such as (0.9, 0.999)")
    return {
        "lr": number(kind, "lr", settings["lr"]),
        "betas": tuple([number(kind, f"betas[{i}]", beta, below=1) for i, beta in enumerate(betas)]),
        "eps": number(kind, "eps", settings["eps"]),
        "weight_decay": number(kind, "weight_decay", settings["weight_decay"]),
        "amsgrad": flag(kind, "amsgrad", settings["amsgrad"]),
        "bias_correction": flag(kind, "bias_correction", settings["bias_correction"]),
    }


def _move(
    optimizer: Optimizer,
    value: NDArray[Any],
    gradient: NDArray[Any],
    state: dict[str, Any],
    group: Mapping[str, Any],
) -> None:
    """Take Adam's step; every intermediate result is written into the optimizer's scratch."""
    state["steps"] = state.get("steps", 0) + 1
    mean = optimizer.remembered(state, "mean", value)
    mean_square = optimizer.remembered(state, "mean_square", value)
    work = optimizer.scratch(value)

    first, second = group["betas"]
    new, kept, new_square, least = optimizer.factors(value.dtype, 1 - first, second, 1 - second, group["eps"])
    np.subtract(gradient, mean, out=work)
    mean += np.multiply(work, new, out=work)
    np.multiply(mean_square, kept, out=mean_square)
    np.multiply(gradient, gradient, out=work)
    mean_square += np.multiply(work, new_square, out=work)
    if group["amsgrad"]:
        largest = optimizer.remembered(state, "largest_mean_square", value)
        mean_square = np.maximum(largest, mean_square, out=largest)

    np.sqrt(mean_square, out=work)
    rate: float = group["lr"]
    if group["bias_correction"]:
        np.divide(work, math.sqrt(1 - second ** state["steps"]), out=work)
        rate = rate / (1 - first ** state["steps"])
    np.add(work, least, out=work)
    np.divide(mean, work, out=work)
    value -= np.multiply(work, rate, out=work)
