"""Clipping of gradients between ``backward()`` and ``step()``, under torch.nn.utils' names."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from autograd_cnn.errors import GradientError
from autograd_cnn.graph import Parameter, Scalar
from autograd_cnn.optim.groups import Leaf, number, trainable
from autograd_cnn.settings import positive


def clip_grad_norm_(
    parameters: Leaf | Iterable[Leaf], max_norm: float, norm_type: float = 2.0, error_if_nonfinite: bool = False
) -> float:
    """Scale all gradients by one factor where their norm together is above a bound; return the norm that they had.

    Pascanu, Mikolov & Bengio 2013, "On the difficulty of training recurrent neural networks": the direction stays,
    and one step over a cliff of the loss does not throw the parameters far away.

    Parameters
    ----------
    parameters : Parameter or Scalar, or iterable of them
        Whose gradients; those without one are skipped.
    max_norm : float
        The bound.
    norm_type : float
        Which norm of all elements: 2, 1, another positive number, or ``math.inf`` for the largest magnitude.
    error_if_nonfinite : bool
        Raise when the norm is NaN or infinite; otherwise the gradients become NaN or 0 by it, as in torch.

    Returns
    -------
    float
        The norm before clipping, added up in float64; 0 where there are no gradients.

    Raises
    ------
    ArgumentError
        When the bound is negative, the norm's type is not positive, or something is no parameter.
    GradientError
        When the norm is not finite and ``error_if_nonfinite``.

    Notes
    -----
    The factor is min(1, max_norm/(norm + 1e-6)), as in torch.

    Examples
    --------
    >>> import numpy as np
    >>> import autograd_cnn as ag
    >>> from autograd_cnn import optim
    >>> w = ag.Parameter([0.0, 0.0])
    >>> w.grad = np.array([30.0, 40.0])
    >>> optim.clip_grad_norm_([w], max_norm=1.0), w.grad.round(3)
    (50.0, array([0.6, 0.8]))
    """
    bound = number("clip_grad_norm_", "max_norm", max_norm)
    norm_type = positive("clip_grad_norm_", "norm_type", norm_type, "a positive number, or math.inf")
    found = _with_gradients("clip_grad_norm_", parameters)
    total = _norm(np.array([_norm(np.asarray(leaf.grad), norm_type) for leaf in found]), norm_type)
    if error_if_nonfinite and not math.isfinite(total):
        raise GradientError(
            f"clip_grad_norm_: the gradients have norm {total}; ag.detect_anomaly() finds where that begins"
        )
    factor = np.minimum(bound / (total + 1e-6), 1.0)  # NaN stays NaN
    with np.errstate(invalid="ignore"):
        _change(found, lambda gradient: gradient * gradient.dtype.type(factor))
    return total


def clip_grad_value_(parameters: Leaf | Iterable[Leaf], clip_value: float) -> None:
    """Bring every element of the gradients between −clip_value and clip_value.

    Parameters
    ----------
    parameters : Parameter or Scalar, or iterable of them
        Whose gradients; those without one are skipped.
    clip_value : float
        The largest magnitude.

    Raises
    ------
    ArgumentError
        When it is negative, or something is no parameter.

    Examples
    --------
    >>> import autograd_cnn as ag
    >>> from autograd_cnn import optim
    >>> x = ag.Scalar(0.0)
    >>> x.grad = -7.0
    >>> optim.clip_grad_value_(x, 0.5)
    >>> x.grad
    -0.5
    """
    bound = number("clip_grad_value_", "clip_value", clip_value)
    found = _with_gradients("clip_grad_value_", parameters)
    _change(found, lambda gradient: np.clip(gradient, gradient.dtype.type(-bound), gradient.dtype.type(bound)))


def _with_gradients(kind: str, parameters: Leaf | Iterable[Leaf]) -> list[Leaf]:
    listed = [parameters] if isinstance(parameters, Parameter | Scalar) else parameters
    return [leaf for leaf in trainable(kind, listed) if leaf.grad is not None]


def _norm(numbers: NDArray[Any], order: float) -> float:
    """Return a norm in float64; numbers are scaled first, so that no square overflows."""
    sizes = np.abs(numbers.astype(np.float64))
    largest = float(sizes.max(initial=0.0))
    if order == math.inf or largest == 0 or not math.isfinite(largest):
        return largest
    if order == 2:
        return largest * math.sqrt(float(np.sum(np.square(sizes / largest))))
    return largest * math.pow(float(np.sum((sizes / largest) ** order)), 1 / order)


def _change(leaves: list[Leaf], clipped: Callable[[NDArray[Any]], NDArray[Any]]) -> None:
    """Give every leaf a new gradient: two leaves may have been given the same array."""
    for leaf in leaves:
        new = clipped(np.asarray(leaf.grad))
        leaf.grad = new.item() if isinstance(leaf, Scalar) else new
