"""Standardisation, batch norm and their gradients."""

import numpy as np
from hypothesis import strategies as st

from tests.gates.domains.calls import SEEDS, SIZES, Call, spread

EPS = st.sampled_from([1e-5, 0.1])


@st.composite
def standardize(draw, gradient=False):
    """Over the trailing axes, or over all but the channels."""
    rng = np.random.default_rng(draw(SEEDS))
    shape = draw(st.lists(SIZES, min_size=1, max_size=3).map(tuple))
    trailing = tuple(range(draw(st.integers(0, len(shape))), len(shape)))
    axis = draw(st.sampled_from([trailing, (0, *range(2, len(shape)))]))
    x = spread(rng, shape)
    attributes = {"axis": axis, "eps": draw(EPS)}
    if gradient:
        return Call((rng.uniform(-1, 1, shape), x), attributes, (0, 1))
    return Call((x,), attributes)


@st.composite
def batch_norm(draw, part="forward"):
    rng = np.random.default_rng(draw(SEEDS))
    shape = (draw(SIZES), draw(SIZES), *draw(st.lists(SIZES, max_size=2)))
    x, channels = spread(rng, shape), shape[1]
    attributes = {"eps": draw(EPS)}
    if part == "weight":
        return Call((rng.uniform(-1, 1, shape), x), attributes, (0, 1))
    return Call((x, rng.uniform(-2, 2, channels), rng.uniform(-1, 1, channels)), attributes, (0, 1, 2))


@st.composite
def local_response_norm(draw):
    rng = np.random.default_rng(draw(SEEDS))
    x = rng.uniform(-2, 2, (draw(SIZES), draw(st.integers(1, 5)), *draw(st.lists(SIZES, max_size=2))))
    numbers = {"alpha": draw(st.floats(0, 2)), "beta": draw(st.floats(0.25, 2)), "k": draw(st.floats(0.5, 2))}
    return Call((x,), {"size": draw(st.integers(1, 6))} | numbers)


DOMAINS = {
    "standardize": standardize(),
    "standardize_gradient": standardize(gradient=True),
    "batch_norm": batch_norm(),
    "batch_norm_weight_gradient": batch_norm("weight"),
    "local_response_norm": local_response_norm(),
}
