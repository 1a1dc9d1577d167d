"""Activations with arguments checked, and those that are plain compositions of gates."""

from __future__ import annotations

import math
from typing import Any

from autograd_cnn.errors import ArgumentError, ShapeError
from autograd_cnn.functional.affine import linear
from autograd_cnn.functional.arguments import same_dtype, shape_of
from autograd_cnn.gates import activation, rectifier
from autograd_cnn.gates.comparison import where
from autograd_cnn.gates.reduction import max as maximum_of
from autograd_cnn.gates.shape import reshape
from autograd_cnn.registry import Value
from autograd_cnn.settings import number


def threshold(x: Value, threshold: float, value: float) -> Value:
    """Keep what is larger than the threshold and put `value` for the rest, which receives no gradient.

    The notes' threshold activation, 0 or 1, is the gate `step`.
    """
    limit, value = number("threshold", "threshold", threshold), number("threshold", "value", value)
    return where(x <= limit, value, x)


def leaky_relu(x: Value, negative_slope: float = 0.01) -> Value:
    """max(αx, x) with a small slope α on the negative side (and at 0), so that no unit dies.

    The notes write α = 0.01; a lecture of the same course 0.1.
    """
    return rectifier.leaky_relu(x, negative_slope=number("leaky_relu", "negative_slope", negative_slope))


def prelu(x: Value, weight: Value) -> Value:
    """Leaky ReLU with a learned slope (He et al., 2015, "Delving deep into rectifiers").

    Parameters
    ----------
    x : (N, C, ...) array or node
        Inputs.
    weight : (1,) or (C,) array or node
        One slope for all, or one per channel (axis 1; fewer than two axes are one channel).

    Raises
    ------
    ShapeError
        When there are other than 1 or C slopes.
    """
    shape, slopes = shape_of("prelu", x), shape_of("prelu", weight)
    channels = shape[1] if len(shape) > 1 else 1
    if slopes not in ((1,), (channels,)):
        raise ShapeError(f"prelu: weight of shape {slopes} for input {shape}, expected (1,) or ({channels},)")
    same_dtype("prelu", x, weight)
    weight = reshape(weight, shape=slopes + (1,) * (len(shape) - 2) if shape else ())
    return rectifier.prelu(x, weight)


def elu(x: Value, alpha: float = 1.0) -> Value:
    """ReLU with a smooth left side α(eˣ − 1) (Clevert et al., 2015)."""
    return rectifier.elu(x, alpha=number("elu", "alpha", alpha))


def gelu(x: Value, approximate: str = "none") -> Value:
    """x·Φ(x), with the normal distribution's cumulative share Φ (Hendrycks and Gimpel, 2016).

    Parameters
    ----------
    x : array or node
        Inputs.
    approximate : {"none", "tanh"}
        "tanh" takes ½(1 + tanh z) for Φ, with z = √(2/π)(x + 0.044715x³). As tanh z = 2σ(2z) − 1, that is
        σ(2z), which is how it is computed: it does not cancel to 0 on the left.

    Raises
    ------
    ArgumentError
        For another approximation.
    """
    if approximate == "none":
        return rectifier.gelu(x)
    if approximate != "tanh":
        raise ArgumentError(f"gelu: approximate={approximate!r}, expected 'none' or 'tanh'")
    return x * activation.sigmoid(math.sqrt(8 / math.pi) * (x * (1 + 0.044715 * (x * x))))


def hardtanh(x: Value, min_val: float = -1.0, max_val: float = 1.0) -> Value:
    """Clip to [min_val, max_val]; no gradient on the bounds and outside them, as in torch."""
    low, high = bounds("hardtanh", min_val, max_val)
    return activation.hardtanh(x, min_val=low, max_val=high)


def softplus(x: Value, beta: float = 1.0) -> Value:
    """Smooth ReLU log(1 + exp βx)/β, exact at any size; torch jumps to x itself where βx > 20."""
    return rectifier.softplus(x, beta=not_zero("softplus", "beta", beta))


def maxout(x: Value, weight: Value, bias: Value | None = None) -> Value:
    """Largest of k linear pieces per unit: max over j of wⱼ·x + bⱼ (Goodfellow et al., 2013).

    ReLU (pieces 0 and x) and leaky ReLU (pieces αx and x) are special cases; at a tie the first piece takes
    the gradient.

    Parameters
    ----------
    x : (..., in) array or node
        Inputs.
    weight : (k, out, in) array or node
        One matrix per piece.
    bias : (k, out) array or node, optional
        One number per piece and unit.

    Returns
    -------
    (..., out) array or node

    Raises
    ------
    ShapeError, DtypeError
        When shapes or dtypes do not fit.

    Examples
    --------
    >>> import numpy as np
    >>> from autograd_cnn import functional as F
    >>> x = np.array([[-2.0], [3.0]])
    >>> F.maxout(x, np.array([[[0.0]], [[1.0]]])).ravel()  # max(0·x, 1·x): the ReLU
    array([0., 3.])
    """
    shape = shape_of("maxout", x)
    if len(weight.shape) != 3 or not shape or shape[-1] != weight.shape[-1] or 0 in weight.shape[:1]:
        raise ShapeError(
            f"maxout: input {shape} and weight {weight.shape} do not fit; expected (..., in) and (pieces, out, in)"
        )
    if bias is not None and bias.shape != weight.shape[:2]:
        raise ShapeError(f"maxout: bias of shape {bias.shape}, expected {weight.shape[:2]}")
    pieces, units, features = weight.shape
    flat_bias = None if bias is None else reshape(bias, shape=(pieces * units,))
    sums = linear(x, reshape(weight, shape=(pieces * units, features)), flat_bias)
    return maximum_of(reshape(sums, shape=(*shape[:-1], pieces, units)), axis=-2)


def not_zero(name: str, argument: str, value: Any) -> float:
    """Return a Python float other than 0."""
    found = number(name, argument, value)
    if found == 0:
        raise ArgumentError(f"{name}: {argument}=0, expected another number")
    return found


def bounds(name: str, low: Any, high: Any) -> tuple[float, float]:
    """Return two Python floats in order."""
    low, high = number(name, "min_val", low), number(name, "max_val", high)
    if low > high:
        raise ArgumentError(f"{name}: min_val={low} is larger than max_val={high}")
    return low, high
