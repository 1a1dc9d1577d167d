"""Comparisons (no gradient), and what chooses: where, maximum, minimum, clip, abs.

At a tie the first input takes the whole gradient: CS231n's max gate routes to exactly one. So it does where a NaN
leaves nothing to compare.
"""

from __future__ import annotations

import math

import numpy as np

from autograd_cnn.errors import ArgumentError
from autograd_cnn.graph import Node
from autograd_cnn.kernels import masks
from autograd_cnn.registry import Value, composition, gate
from autograd_cnn.settings import number


@gate(">", broadcasts=True, operator="__gt__")
def greater(a: Value, b: Value) -> Value:
    """1 (True) where a > b; no gradient.

    Formula: a > b
    """
    return a > b


@gate("≥", broadcasts=True, operator="__ge__")
def greater_equal(a: Value, b: Value) -> Value:
    """1 (True) where a ≥ b; no gradient.

    Formula: a ≥ b
    """
    return a >= b


@gate("<", broadcasts=True, operator="__lt__")
def less(a: Value, b: Value) -> Value:
    """1 (True) where a < b; no gradient.

    Formula: a < b
    """
    return a < b


@gate("≤", broadcasts=True, operator="__le__")
def less_equal(a: Value, b: Value) -> Value:
    """1 (True) where a ≤ b; no gradient.

    Formula: a ≤ b
    """
    return a <= b


@gate("=", broadcasts=True)
def equal(a: Value, b: Value) -> Value:
    """1 (True) where a equals b; no gradient. The operator ``==`` compares identity.

    Formula: a = b
    """
    return a == b


@gate("≠", broadcasts=True)
def not_equal(a: Value, b: Value) -> Value:
    """1 (True) where a differs from b; no gradient. The operator ``!=`` compares identity.

    Formula: a ≠ b
    """
    return a != b


@gate("sign")
def sign(a: Value) -> Value:
    """−1, 0 or 1; no gradient.

    Formula: sign a
    """
    return np.sign(a)


@gate("where", broadcasts=True, scalar=lambda condition, a, b: a if condition else b)
def where(condition: Value, a: Value, b: Value) -> Value:
    """Switch: the chosen input receives the upstream gradient, the other one 0.

    Formula: a where the condition holds, else b
    Local gradient: 1 for the chosen, 0 for the other
    Kink: the condition itself has no gradient
    """
    return masks.where(condition, a, b)


@where.vjp
def _(upstream: Value, output: Value, condition: Value, a: Value, b: Value, *, needs: tuple[bool, ...]) -> Value:
    to_a = where(condition, upstream, 0) if needs[1] else None
    to_b = where(condition, 0, upstream) if needs[2] else None
    return None, to_a, to_b


@where.branch
def _(condition: Value, a: Value, b: Value) -> Value:
    return np.where(condition, 1, 0)


@gate("max", broadcasts=True, scalar=lambda a, b: a if a >= b or a != a else b)
def maximum(a: Value, b: Value) -> Value:
    """Router: the larger input receives the upstream gradient, the first one at a tie.

    Formula: max(a, b)
    Local gradient: 1 for the larger, 0 for the other
    Kink: a = b: the first takes all, where torch gives half to each
    """
    return np.maximum(a, b)


@maximum.vjp
def _(upstream: Value, output: Value, a: Value, b: Value, *, needs: tuple[bool, bool]) -> Value:
    second = a < b
    return where(second, 0, upstream) if needs[0] else None, where(second, upstream, 0) if needs[1] else None


@maximum.branch
def _(a: Value, b: Value) -> Value:
    return np.sign(np.subtract(a, b))


@gate("min", broadcasts=True, scalar=lambda a, b: a if a <= b or a != a else b)
def minimum(a: Value, b: Value) -> Value:
    """Router: the smaller input receives the upstream gradient, the first one at a tie.

    Formula: min(a, b)
    Local gradient: 1 for the smaller, 0 for the other
    Kink: a = b: the first takes all, where torch gives half to each
    """
    return np.minimum(a, b)


@minimum.vjp
def _(upstream: Value, output: Value, a: Value, b: Value, *, needs: tuple[bool, bool]) -> Value:
    second = a > b
    return where(second, 0, upstream) if needs[0] else None, where(second, upstream, 0) if needs[1] else None


@minimum.branch
def _(a: Value, b: Value) -> Value:
    return np.sign(np.subtract(a, b))


@composition(method=True)
def clip(x: Value, min: Value | None = None, max: Value | None = None) -> Value:
    """Keep x between bounds: it receives the upstream gradient inside and on the bounds, which receive it outside.

    Parameters
    ----------
    x : array or node
        Numbers.
    min, max : number, array or node, optional
        The bounds; they broadcast. Where an array's ``min > max`` the result is `max`.

    Raises
    ------
    ArgumentError
        When both bounds are missing, one is a number no place lies beside, such as NaN or True, or ``min > max``.

    Examples
    --------
    >>> import autograd_cnn as ag
    >>> x = ag.Tensor([-1.0, 0.0, 0.5, 1.0, 2.0], requires_grad=True)
    >>> ag.clip(x, 0, 1).sum().backward()
    >>> x.grad
    array([0., 1., 1., 1., 0.])
    """
    if min is None and max is None:
        raise ArgumentError("clip: min and max are both None; give at least one bound")
    low, high = _bound("min", min, -math.inf), _bound("max", max, math.inf)
    if low > high:
        raise ArgumentError(f"clip: min={min} is above max={max}")
    if min is not None:
        x = maximum(x, min)
    return x if max is None else minimum(x, max)


_BESIDE_ELEMENTS = Node, np.ndarray, list, tuple


def _bound(setting: str, given: Value | None, none: float) -> float:
    """Return a bound as a float; `none` for no bound, and for arrays and nodes, which stand beside the elements."""
    if given is None or isinstance(given, _BESIDE_ELEMENTS):
        return none
    return number("clip", setting, given)


@gate("|x|", operator="__abs__", method=True)
def abs(a: Value) -> Value:
    """Absolute value: the gradient takes the sign of the input; 0 at 0.

    Formula: |a|
    Local gradient: sign a
    Kink: a = 0: gives 0, as torch
    """
    return np.abs(a)


@abs.vjp
def _(upstream: Value, output: Value, a: Value) -> Value:
    return upstream * sign(a)


@abs.branch
def _(a: Value) -> Value:
    return np.sign(a)
