"""Sine and cosine."""

from __future__ import annotations

import math

import numpy as np

from autograd_cnn.registry import Value, gate


@gate("sin", scalar=math.sin)
def sin(a: Value) -> Value:
    """Sine: local gradient cos a.

    Formula: sin a
    Local gradient: cos a
    """
    return np.sin(a)


@sin.vjp
def _(upstream: Value, output: Value, a: Value) -> Value:
    return upstream * cos(a)


@gate("cos", scalar=math.cos)
def cos(a: Value) -> Value:
    """Cosine: local gradient −sin a.

    Formula: cos a
    Local gradient: −sin a
    """
    return np.cos(a)


@cos.vjp
def _(upstream: Value, output: Value, a: Value) -> Value:
    return -upstream * sin(a)
