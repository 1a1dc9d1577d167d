"""What domains are made of: shapes, values that keep apart, calls of one and of two inputs."""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import strategies as st
from numpy.typing import NDArray

from autograd_cnn.testing.call import Call

SIZES = st.integers(1, 3)
SHAPES = st.lists(SIZES, min_size=0, max_size=3).map(tuple)
SEEDS = st.integers(0, 2**32 - 1)
"""Seeds of NumPy's generators."""


def spread(rng: np.random.Generator, shape: tuple[int, ...], low: float = -2.0, high: float = 2.0) -> NDArray[Any]:
    """Values at least 0.05 apart from each other and from 0: no tie and no kink within a step."""
    count = int(np.prod(shape))
    gap = max((high - low) / (count + 2), 0.05)
    grid = low + gap * (np.arange(count + 2) + rng.uniform(0.3, 0.4))
    grid = grid[np.abs(grid) > 0.04]
    return rng.permutation(grid)[:count].reshape(shape)


@st.composite
def unary(draw: st.DrawFn, low: float = -2.0, high: float = 2.0) -> Call:
    """One input of any shape."""
    rng = np.random.default_rng(draw(SEEDS))
    return Call((spread(rng, draw(SHAPES), low, high),))


@st.composite
def binary(
    draw: st.DrawFn,
    low: float = -2.0,
    high: float = 2.0,
    low_second: float | None = None,
    differentiable: tuple[int, ...] = (0, 1),
) -> Call:
    """Two inputs that broadcast, none of whose elements tie."""
    rng = np.random.default_rng(draw(SEEDS))
    shape = draw(SHAPES)
    shapes = []
    for _ in range(2):
        mask = draw(st.lists(st.booleans(), min_size=len(shape), max_size=len(shape)))
        own = tuple(1 if m else n for m, n in zip(mask, shape, strict=True))
        shapes.append(own[draw(st.integers(0, len(own))) :] if draw(st.booleans()) else own)
    count = [int(np.prod(s)) for s in shapes]
    values = spread(rng, (sum(count),), low, high)
    a, b = values[: count[0]].reshape(shapes[0]), values[count[0] :].reshape(shapes[1])
    if low_second is not None:
        b = np.abs(b) + low_second
    return Call((a, b), differentiable=differentiable)
