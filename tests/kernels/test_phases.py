"""Phases are as large as what their windows touch."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from autograd_cnn.kernels.phases import Phases

PAIRS = st.tuples(st.integers(1, 4), st.integers(1, 4))


@given(PAIRS, PAIRS, PAIRS, PAIRS)
def test_a_phase_ends_with_the_last_pixel_that_a_window_touches(window, stride, dilation, output_size):
    phases = Phases(window, stride, dilation, output_size)
    for a in (0, 1):
        last = (output_size[a] - 1) * stride[a] + (window[a] - 1) * dilation[a]
        assert phases.size[a] == len(np.arange(last + 1)[:: stride[a]])
