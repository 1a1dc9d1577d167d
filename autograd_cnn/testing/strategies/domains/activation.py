"""Activations and softmax."""

from __future__ import annotations

import numpy as np
from hypothesis import strategies as st

from autograd_cnn.testing.call import Call
from autograd_cnn.testing.strategies.domains.drawing import SEEDS, SIZES, binary, spread, unary


@st.composite
def _softmax(draw: st.DrawFn) -> Call:
    rng = np.random.default_rng(draw(SEEDS))
    shape = draw(st.lists(SIZES, min_size=1, max_size=3).map(tuple))
    return Call((spread(rng, shape, -3, 3),), {"axis": draw(st.integers(-len(shape), len(shape) - 1))})


@st.composite
def _with_number(draw: st.DrawFn, name: str, low: float, high: float) -> Call:
    """Draw a unary call and one attribute, none so small that differences cannot see what it does."""
    call = draw(unary())
    return Call(call.inputs, {name: draw(st.floats(low, high, allow_subnormal=False))})


@st.composite
def _hardtanh(draw: st.DrawFn) -> Call:
    """Bounds that stand at least 0.02 from every element."""
    call = draw(unary())
    bounds = st.floats(-1.5, 1.5).filter(lambda bound: (np.abs(call.inputs[0] - bound) > 0.02).all())
    low, high = draw(bounds), draw(bounds)
    return Call(call.inputs, {"min_val": min(low, high), "max_val": max(low, high)})


DOMAINS = {
    "identity": unary(),
    "step": unary(),
    "tanh": unary(),
    "sigmoid": unary(-4.0, 4.0),
    "logsigmoid": unary(-4.0, 4.0),
    "hardtanh": _hardtanh(),
    "softsign": unary(),
    "relu": unary(),
    "leaky_relu": _with_number("negative_slope", -0.5, 1.5),
    "prelu": binary(),
    "elu": _with_number("alpha", 0.25, 2.0),
    "selu": unary(),
    "softplus": _with_number("beta", 0.25, 4.0),
    "silu": unary(-4.0, 4.0),
    "normal_cdf": unary(),
    "gelu": unary(),
    "softmax": _softmax(),
    "log_softmax": _softmax(),
}

#: Gates that Scalars use: each is tested on floats against arrays.
ON_FLOATS = (
    *("identity", "step", "tanh", "sigmoid", "logsigmoid", "hardtanh", "softsign", "relu", "leaky_relu"),
    *("prelu", "elu", "selu", "softplus", "silu", "normal_cdf", "gelu"),
)
