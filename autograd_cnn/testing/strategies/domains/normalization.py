"""Standardisation, batch norm and their gradients."""

from __future__ import annotations

import math

import numpy as np
from hypothesis import strategies as st

from autograd_cnn.testing.call import Call
from autograd_cnn.testing.strategies.domains.drawing import SEEDS, SIZES, spread


def _eps(draw: st.DrawFn, numbers: int) -> float:
    """Two numbers are −1 and 1 when they are standardised, whatever they were: all of their gradient is due to eps."""
    return 0.1 if numbers == 2 else draw(st.sampled_from([1e-5, 0.1]))


@st.composite
def _standardize(draw: st.DrawFn, gradient: bool = False) -> Call:
    """Over the trailing axes, or over all but the channels."""
    rng = np.random.default_rng(draw(SEEDS))
    shape = draw(st.lists(SIZES, min_size=1, max_size=3).map(tuple))
    trailing = tuple(range(draw(st.integers(0, len(shape))), len(shape)))
    axis = draw(st.sampled_from([trailing, (0, *range(2, len(shape)))]))
    x = spread(rng, shape)
    attributes = {"axis": axis, "eps": _eps(draw, math.prod(shape[i] for i in axis))}
    if gradient:
        return Call((rng.uniform(-1, 1, shape), x), attributes, (0, 1))
    return Call((x,), attributes)


@st.composite
def _batch_norm(draw: st.DrawFn, part: str = "forward") -> Call:
    rng = np.random.default_rng(draw(SEEDS))
    shape = (draw(SIZES), draw(SIZES), *draw(st.lists(SIZES, max_size=2)))
    x, channels = spread(rng, shape), shape[1]
    attributes = {"eps": _eps(draw, x.size // channels)}
    if part == "weight":
        return Call((rng.uniform(-1, 1, shape), x), attributes, (0, 1))
    return Call((x, rng.uniform(-2, 2, channels), rng.uniform(-1, 1, channels)), attributes, (0, 1, 2))


@st.composite
def _local_response_norm(draw: st.DrawFn) -> Call:
    rng = np.random.default_rng(draw(SEEDS))
    x = rng.uniform(-2, 2, (draw(SIZES), draw(st.integers(1, 5)), *draw(st.lists(SIZES, max_size=2))))
    numbers = {"alpha": draw(st.floats(0, 2)), "beta": draw(st.floats(0.25, 2)), "k": draw(st.floats(0.5, 2))}
    return Call((x,), {"size": draw(st.integers(1, 6))} | numbers)


DOMAINS = {
    "standardize": _standardize(),
    "standardize_gradient": _standardize(gradient=True),
    "batch_norm": _batch_norm(),
    "batch_norm_weight_gradient": _batch_norm("weight"),
    "local_response_norm": _local_response_norm(),
}
