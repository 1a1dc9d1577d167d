"""Variance, standard deviation, norms and log-sum-exp over axes."""

from __future__ import annotations

import builtins
import math
from typing import Any

import numpy as np

from autograd_cnn.errors import ArgumentError
from autograd_cnn.gates.arithmetic import square
from autograd_cnn.gates.axes import Axes, kept_shape, reduced_axes, shape_of
from autograd_cnn.gates.comparison import abs, equal, where
from autograd_cnn.gates.exponential import exp, log
from autograd_cnn.gates.reduction import count_over, max, mean, spread, sum
from autograd_cnn.gates.shape import reshape
from autograd_cnn.registry import Value, composition, gate
from autograd_cnn.settings import number, real


@composition(method=True)
def var(
    x: Value, axis: Axes = None, *, ddof: float = 0, keepdims: bool = False, correction: float | None = None
) -> Value:
    """Variance: the mean square of what is left when the mean is subtracted.

    Parameters
    ----------
    x : array or node
        Numbers.
    axis : int, tuple of int or None
        Over which axes; None for all.
    ddof : float
        The sum of n squares is divided by n − ddof; 1 gives the unbiased variance, torch's default. Where nothing or
        less is left to divide by, the result is NaN or inf with a RuntimeWarning, as NumPy's.
    keepdims : bool
        Leave the axes with length 1.
    correction : float, optional
        torch's name of `ddof`.

    Examples
    --------
    >>> import autograd_cnn as ag
    >>> ag.var(ag.Tensor([1.0, 2.0, 3.0]), ddof=1).item()
    1.0
    """
    squares = sum(square(x - mean(x, axis=axis, keepdims=True)), axis=axis, keepdims=keepdims)
    return squares / _degrees_of_freedom("var", x, axis, ddof, correction)


@composition(method=True)
def std(
    x: Value, axis: Axes = None, *, ddof: float = 0, keepdims: bool = False, correction: float | None = None
) -> Value:
    """Standard deviation: the length of x − mean over √(n − ddof); of equal numbers it is 0, and so is its gradient.

    Parameters are those of `var`.

    Examples
    --------
    >>> import autograd_cnn as ag
    >>> x = ag.Tensor([2.0, 2.0], requires_grad=True)
    >>> ag.std(x).backward()
    >>> x.grad
    array([0., 0.])
    """
    length = euclidean_norm(x - mean(x, axis=axis, keepdims=True), axis=axis, keepdims=keepdims)
    return length / math.sqrt(_degrees_of_freedom("std", x, axis, ddof, correction))


def _degrees_of_freedom(name: str, x: Value, axis: Axes, ddof: float, correction: float | None) -> float:
    number(name, "ddof", ddof)
    if correction is not None and ddof:
        raise ArgumentError(f"{name}: ddof={ddof} and correction={correction} mean the same; give one of them")
    ddof = ddof if correction is None else correction
    number(name, "correction", ddof)
    return builtins.max(count_over(shape_of(x), axis) - ddof, 0)


@composition()
def norm(x: Value, ord: float = 2, axis: Axes = None, keepdims: bool = False) -> Value:
    """Length of vectors: 2 the Euclidean one, 1 the sum of absolute values, ``math.inf`` the largest of them.

    Parameters
    ----------
    x : array or node
        Numbers; also a matrix is taken as one long vector, as in np.linalg.vector_norm.
    ord : {2, 1, inf}
        Which norm. The gradient at 0 is 0; ``inf`` gives all of it to the first of the largest.
    axis : int, tuple of int or None
        Over which axes; None for all.
    keepdims : bool
        Leave the axes with length 1.

    Raises
    ------
    ArgumentError
        For another `ord`.

    Examples
    --------
    >>> import autograd_cnn as ag
    >>> x = ag.Tensor([[3.0, -4.0], [0.0, 0.0]], requires_grad=True)
    >>> lengths = ag.norm(x, axis=1)
    >>> lengths.value
    array([5., 0.])
    >>> ag.grad(lengths.sum(), x)[0]
    array([[ 0.6, -0.8],
           [ 0. ,  0. ]])
    """
    degree = real(ord)
    if degree == 2:
        return euclidean_norm(x, axis=axis, keepdims=keepdims)
    if degree not in (1, math.inf):
        raise ArgumentError(f"norm: ord={ord!r}, expected 1, 2 or math.inf")
    sizes = abs(x)
    return sum(sizes, axis=axis, keepdims=keepdims) if degree == 1 else max(sizes, axis=axis, keepdims=keepdims)


@gate("‖x‖")
def euclidean_norm(x: Value, *, axis: Axes = None, keepdims: bool = False) -> Value:
    """Length √Σx²: the upstream gradient flows along x/‖x‖, the direction of x; 0 at 0, which has no direction.

    Formula: √Σx²
    Local gradient: x/‖x‖
    Kink: x = 0: gives 0, as torch
    """
    return np.sqrt(np.sum(np.multiply(x, x), axis=axis, keepdims=keepdims))


@euclidean_norm.vjp
def _(upstream: Value, output: Value, x: Value, *, axis: Axes, keepdims: bool) -> Value:
    shape = shape_of(x)
    length = spread(output, shape, axis)
    none = equal(length, 0)
    return where(none, 0, spread(upstream, shape, axis) * (x / where(none, 1, length)))


@gate("log Σ exp")
def logsumexp(x: Value, *, axis: Axes = None, keepdims: bool = False) -> Value:
    """Smooth maximum log Σ exp x, stable: the upstream gradient is shared out as softmax, in parts exp(x − output).

    A row of −inf, or of nothing, gives −inf and receives no gradient.

    Formula: log Σ eˣ
    Local gradient: softmax(x)
    """
    x = np.asarray(x) + 0.0
    top = _finite_top(np.max(x, axis=axis, keepdims=True, initial=-np.inf))
    with np.errstate(divide="ignore"):  # log 0 = −inf is meant
        result = np.log(np.sum(np.exp(x - top), axis=axis, keepdims=True)) + top
    return result.reshape(kept_shape(x.shape, reduced_axes("logsumexp", axis, x.ndim), keepdims))


@logsumexp.vjp
def _(upstream: Value, output: Value, x: Value, *, axis: Axes, keepdims: bool) -> Value:
    shape = shape_of(x)
    total = where(equal(output, -math.inf), 0, output)
    return spread(upstream, shape, axis) * exp(x - spread(total, shape, axis))


@logsumexp.expansion
def _(x: Value, *, axis: Axes, keepdims: bool) -> Value:
    """Subtract the maximum, then the logarithm of the sum of exponentials, and add the maximum again."""
    top = _finite_top(max(x, axis=axis, keepdims=True))
    result = log(sum(exp(x - top), axis=axis, keepdims=True)) + top
    shape = shape_of(x)
    return reshape(result, shape=kept_shape(shape, reduced_axes("logsumexp", axis, len(shape)), keepdims))


def _finite_top(top: Any) -> Value:
    return where(equal(abs(top), math.inf), 0, top)
