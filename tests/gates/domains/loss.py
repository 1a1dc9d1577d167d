"""Losses."""

import numpy as np
from hypothesis import strategies as st

from tests.gates.domains.calls import SEEDS, SIZES, Call


@st.composite
def cross_entropy(draw, gradient=False):
    rng = np.random.default_rng(draw(SEEDS))
    n, k = draw(SIZES), draw(st.integers(1, 4))
    logits, labels = rng.uniform(-3, 3, (n, k)), rng.integers(0, k, n)
    if gradient:
        return Call((rng.uniform(-1, 1, n), logits, labels), differentiable=(0, 1))
    return Call((logits, labels))


DOMAINS = {
    "cross_entropy": cross_entropy(),
    "cross_entropy_gradient": cross_entropy(gradient=True),
}
