"""Sources of random numbers: no inputs, no gradient, the same numbers for the same seed."""

from __future__ import annotations

import numpy as np
from hypothesis import strategies as st

from autograd_cnn.testing.call import Call
from autograd_cnn.testing.strategies.domains.drawing import SEEDS, SHAPES


@st.composite
def _source(draw: st.DrawFn, name: str) -> Call:
    attributes = {"shape": draw(SHAPES), "dtype": draw(st.sampled_from([np.float32, np.float64])), "seed": draw(SEEDS)}
    if name == "keep_mask":
        attributes |= {"p": draw(st.floats(0, 1)), "scale": draw(st.floats(0.5, 2))}
    else:
        attributes["std"] = draw(st.floats(0, 2))
    return Call((), attributes, ())


DOMAINS = {
    "keep_mask": _source("keep_mask"),
    "gaussian_noise": _source("gaussian_noise"),
}
