"""Gates of plain Python, which no tape can express, and what holds for machine code only."""

import math

import numba
import numpy as np
import pytest

import autograd_cnn as ag

to_the_bit = pytest.mark.skipif(
    bool(numba.config.DISABLE_JIT), reason="without JIT the tape uses NumPy's functions, which round differently"
)


@ag.gate("plain bell")
def plain_bell(x):
    """exp(−x²), by a function that wants a float."""
    return math.exp(-x * x) if isinstance(x, float) else np.exp(-(np.asarray(x) ** 2))


@plain_bell.vjp
def _(upstream, output, x):
    return upstream * output * x * -2


@ag.gate("plain hat")
def plain_hat(x, y, *, width=1.0):
    """max(0, width − |x|)·y, whose forward and rule decide by the value: neither can be recorded."""
    return (width - abs(x)) * y if abs(x) < width else 0.0


@plain_hat.vjp
def _(upstream, output, x, y, *, width):
    if abs(x) >= width:
        return 0.0, 0.0
    return (-upstream * y if x > 0 else upstream * y), upstream * (width - abs(x))


@ag.gate("halved")
def halved(p, g):
    """Half of p; it raises at two."""
    if p == 2.0:
        raise RuntimeError("two is too little")
    return p * 0.5


for name in ("plain_bell", "plain_hat", "halved"):
    del ag.GATES[name]  # other tests go through the table
