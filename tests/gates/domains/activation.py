"""Activations and softmax."""

import numpy as np
from hypothesis import strategies as st

from tests.gates.domains.calls import SEEDS, SIZES, Call, binary, spread, unary


@st.composite
def softmax(draw):
    rng = np.random.default_rng(draw(SEEDS))
    shape = draw(st.lists(SIZES, min_size=1, max_size=3).map(tuple))
    return Call((spread(rng, shape, -3, 3),), {"axis": draw(st.integers(-len(shape), len(shape) - 1))})


@st.composite
def with_number(draw, name, low, high):
    """A unary call with one attribute drawn."""
    call = draw(unary())
    return Call(call.inputs, {name: draw(st.floats(low, high))})


@st.composite
def hardtanh(draw):
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
    "hardtanh": hardtanh(),
    "softsign": unary(),
    "relu": unary(),
    "leaky_relu": with_number("negative_slope", -0.5, 1.5),
    "prelu": binary(),
    "elu": with_number("alpha", 0.25, 2.0),
    "selu": unary(),
    "softplus": with_number("beta", 0.25, 4.0),
    "silu": unary(-4.0, 4.0),
    "normal_cdf": unary(),
    "gelu": unary(),
    "softmax": softmax(),
    "log_softmax": softmax(),
}

#: Gates that Scalars use: each is tested on floats against arrays.
ON_FLOATS = (
    *("identity", "step", "tanh", "sigmoid", "logsigmoid", "hardtanh", "softsign", "relu", "leaky_relu"),
    *("prelu", "elu", "selu", "softplus", "silu", "normal_cdf", "gelu"),
)
