"""Sources of random numbers: no inputs, no gradient, the same numbers for the same seed."""

import numpy as np
from hypothesis import strategies as st

from tests.gates.domains.calls import SEEDS, SHAPES, Call


@st.composite
def source(draw, name):
    attributes = {"shape": draw(SHAPES), "dtype": draw(st.sampled_from([np.float32, np.float64])), "seed": draw(SEEDS)}
    if name == "keep_mask":
        attributes |= {"p": draw(st.floats(0, 1)), "scale": draw(st.floats(0.5, 2))}
    else:
        attributes["std"] = draw(st.floats(0, 2))
    return Call((), attributes, ())


DOMAINS = {
    "keep_mask": source("keep_mask"),
    "gaussian_noise": source("gaussian_noise"),
}
