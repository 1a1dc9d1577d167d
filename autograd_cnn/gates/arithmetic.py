"""Add, subtract, multiply, divide, negate, square, invert, raise to a power."""

from __future__ import annotations

import math
import operator

from autograd_cnn.gates.comparison import equal, where
from autograd_cnn.gates.exponential import log
from autograd_cnn.registry import Value, distribute, gate, switch


@gate("+", broadcasts=True, operator="__add__", scalar=operator.add)
def add(a: Value, b: Value) -> Value:
    """Distributor: each input receives the upstream gradient unchanged.

    Formula: a + b
    Local gradient: 1 and 1
    """
    return a + b


add.vjp(distribute)


@gate("−", broadcasts=True, operator="__sub__", scalar=operator.sub)
def subtract(a: Value, b: Value) -> Value:
    """Distributor with a sign: the second input receives minus the upstream gradient.

    Formula: a − b
    Local gradient: 1 and −1
    """
    return a - b


@subtract.vjp
def _(upstream: Value, output: Value, a: Value, b: Value) -> Value:
    return upstream, -upstream


@gate("×", broadcasts=True, operator="__mul__", scalar=operator.mul)
def multiply(a: Value, b: Value) -> Value:
    """Switcher: each input receives the upstream gradient times the other input.

    Formula: a·b
    Local gradient: b and a
    """
    return a * b


multiply.vjp(switch)


@gate("÷", broadcasts=True, operator="__truediv__", scalar=operator.truediv)
def divide(a: Value, b: Value) -> Value:
    """Quotient: 1/b for the numerator, −(a/b)/b for the denominator.

    Formula: a/b
    Local gradient: 1/b and −(a/b)/b
    """
    return a / b


@divide.vjp
def _(upstream: Value, output: Value, a: Value, b: Value) -> Value:
    return upstream / b, -upstream * output / b


@gate("×−1", operator="__neg__")
def negative(a: Value) -> Value:
    """Sign change: the gradient changes its sign too.

    Formula: −a
    Local gradient: −1
    """
    return -a


@negative.vjp
def _(upstream: Value, output: Value, a: Value) -> Value:
    return -upstream


@gate("x²")
def square(a: Value) -> Value:
    """Square: local gradient 2a.

    Formula: a²
    Local gradient: 2a
    """
    return a * a


@square.vjp
def _(upstream: Value, output: Value, a: Value) -> Value:
    return upstream * (2 * a)


@gate("1/x")
def reciprocal(a: Value) -> Value:
    """One over a: local gradient −1/a², as in the notes' staged sigmoid circuit.

    Formula: 1/a
    Local gradient: −1/a²
    """
    return 1 / a


@reciprocal.vjp
def _(upstream: Value, output: Value, a: Value) -> Value:
    return -upstream * output * output


@gate("x^y", broadcasts=True, operator="__pow__", scalar=math.pow)
def power(a: Value, b: Value) -> Value:
    """Power: b·a^(b−1) for the base (0 where b = 0, at a = 0 too), a^b·log a for the exponent (0 where a = 0).

    0**0 is 1. The local gradient of 0**b is infinite for b < 1. A negative base with a broken exponent gives NaN.

    Formula: aᵇ
    Local gradient: b·aᵇ⁻¹ and aᵇ·log a
    Kink: a = 0 ≤ b: 0 to the exponent; b = 0: 0 to the base, as torch
    """
    return a**b


@power.vjp
def _(upstream: Value, output: Value, a: Value, b: Value, *, needs: tuple[bool, bool]) -> Value:
    to_base = to_exponent = None
    if needs[0]:
        # 0·0^(−1) would be NaN; where b may vary, only there: 0·a^(−1) has a derivative to b, the mixed one
        flat = where(equal(a, 0), equal(b, 0), False) if needs[1] else equal(b, 0)
        to_base = upstream * (b * power(where(flat, 1, a), b - 1))
    if needs[1]:
        zero = equal(a, 0)
        to_exponent = upstream * (where(zero, 0, output) * log(where(zero, 1, a)))
    return to_base, to_exponent
