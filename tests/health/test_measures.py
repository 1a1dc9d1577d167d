"""Numbers about arrays are the same, whichever way they are counted."""

from unittest import mock

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from autograd_cnn.health import measures

ORDERS = st.permutations([0, 1, 2])


@settings(max_examples=20)
@given(st.integers(0, 99), ORDERS, st.sampled_from([np.float32, np.float64]), st.sampled_from([None, np.nan, np.inf]))
@example(0, [2, 0, 1], np.float32, None)
def test_histograms_of_many_numbers_are_those_of_few(seed, order, dtype, wrong):
    rng = np.random.default_rng(seed)
    x = (rng.standard_normal((40, 40, 41)) * 10.0 ** rng.uniform(-12, 2, (40, 40, 41))).astype(dtype)
    x[rng.random(x.shape) < 0.3] = 0
    if wrong is not None:
        x[1, 2, 3] = wrong
    x = x.transpose(order)
    assert x.size >= measures.MANY
    found = []
    for many in (measures.MANY, x.size * 3):
        with mock.patch.object(measures, "MANY", many), np.errstate(all="ignore"):
            both = measures.value_distribution([x, x]), measures.gradient_distribution(x)
            found.append([measures.is_finite(x), measures.rms(x), *both])
    ours, theirs = found
    assert ours[0] == theirs[0] == (wrong is None)
    assert ours[1] == pytest.approx(theirs[1], rel=1e-12, nan_ok=True)
    for a, b in zip(ours[2:], theirs[2:], strict=True):
        assert (a.low, a.high, a.counts, a.zeros) == (b.low, b.high, b.counts, b.zeros)
        assert a.rms == pytest.approx(b.rms, rel=1e-12, nan_ok=True)
