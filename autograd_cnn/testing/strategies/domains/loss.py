"""Losses."""

from __future__ import annotations

import numpy as np
from hypothesis import strategies as st

from autograd_cnn.testing.call import Call
from autograd_cnn.testing.strategies.domains.drawing import SEEDS, SIZES, binary


@st.composite
def _cross_entropy(draw: st.DrawFn, gradient: bool = False) -> Call:
    rng = np.random.default_rng(draw(SEEDS))
    n, k = draw(SIZES), draw(st.integers(1, 4))
    logits, labels = rng.uniform(-3, 3, (n, k)), rng.integers(0, k, n)
    if gradient:
        return Call((rng.uniform(-1, 1, n), logits, labels), differentiable=(0, 1))
    return Call((logits, labels))


@st.composite
def _binary_cross_entropy(draw: st.DrawFn) -> Call:
    """Probabilities away from 0 and 1, where the logarithms are cut off."""
    call = draw(binary())
    p, y = (0.1 + 0.2 * (x + 2) for x in call.inputs)
    return Call((p, y), differentiable=(0, 1))


@st.composite
def _binary_cross_entropy_with_logits(draw: st.DrawFn) -> Call:
    """Logits, targets that broadcast with them, and one weight per column or for all."""
    call = draw(binary(-4.0, 4.0))
    rng = np.random.default_rng(draw(SEEDS))
    x, y = call.inputs
    shape = draw(st.sampled_from([(), x.shape[-1:]]))
    return Call((x, rng.uniform(0, 1, y.shape), rng.uniform(0.5, 3, shape)), differentiable=(0, 1, 2))


@st.composite
def _multiclass_svm_loss(draw: st.DrawFn) -> Call:
    """Scores near multiples of ¼, so that none stands at a margin of 1.1."""
    rng = np.random.default_rng(draw(SEEDS))
    n, k = draw(SIZES), draw(st.integers(1, 4))
    scores = rng.integers(-8, 9, (n, k)) / 4 + rng.uniform(-0.02, 0.02, (n, k))
    attributes = {"delta": 1.1, "squared": draw(st.booleans())}
    return Call((scores, rng.integers(0, k, n)), attributes)


DOMAINS = {
    "binary_cross_entropy": _binary_cross_entropy(),
    "binary_cross_entropy_with_logits": _binary_cross_entropy_with_logits(),
    "multiclass_svm_loss": _multiclass_svm_loss(),
    "cross_entropy": _cross_entropy(),
    "cross_entropy_gradient": _cross_entropy(gradient=True),
}

#: Gates that Scalars use.
ON_FLOATS = ("binary_cross_entropy", "binary_cross_entropy_with_logits")
