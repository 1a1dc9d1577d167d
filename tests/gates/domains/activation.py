"""Activations and softmax."""

import numpy as np
from hypothesis import strategies as st

from tests.gates.domains.calls import SEEDS, SIZES, Call, spread


@st.composite
def softmax(draw):
    rng = np.random.default_rng(draw(SEEDS))
    shape = draw(st.lists(SIZES, min_size=1, max_size=3).map(tuple))
    return Call((spread(rng, shape, -3, 3),), {"axis": draw(st.integers(-len(shape), len(shape) - 1))})


DOMAINS = {
    "softmax": softmax(),
    "log_softmax": softmax(),
}
