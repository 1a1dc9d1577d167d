"""How numbers are written."""

import math

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from autograd_cnn.health.wording import brief, counted, decades, extent, number, share, tiny


@pytest.mark.parametrize(
    ("write", "x", "words"),
    [
        *((number, None, "—"), (number, math.nan, "NaN"), (number, math.inf, "∞"), (number, -math.inf, "−∞")),
        *((number, -0.0, "0"), (number, -1.5, "−1.5"), (number, 0.98123456, "0.9812"), (number, 12345.0, "1.234e+04")),
        *((tiny, 0, "0"), (tiny, -0.0, "0"), (tiny, 2.44e-3, "2.4e−03"), (tiny, -1.0, "−1.0e+00"), (tiny, None, "—")),
        *((brief, 0.98123456, "0.9812"), (brief, 0.001234, "0.001234"), (brief, 0.0001234, "1.2e−04")),
        *((brief, -0.01234, "−0.01234"), (brief, -0.001234, "−1.2e−03"), (brief, 0.0, "0"), (brief, None, "—")),
        *((decades, -1.434, "−1.43"), (decades, 0.9056, "+0.91"), (decades, 0.0, "+0.00"), (decades, None, "—")),
        *((share, 0.0, "0%"), (share, 0.0001, "< 1%"), (share, 0.0049, "< 1%"), (share, 0.0051, "1%")),
        *((share, 0.005, "< 1%"), (share, 0.994, "99%"), (share, 0.995, "> 99%"), (share, 0.9999, "> 99%")),
        *((share, 1, "100%"), (share, 1.0, "100%"), (share, 1.5, "150%"), (share, math.nan, "NaN")),
        *((extent, (8, 4, 4), "8×4×4"), (extent, (3,), "3"), (extent, (), "scalar")),
    ],
)
def test_numbers_in_words(write, x, words):
    assert write(x) == words


@given(st.floats(0, 1) | st.integers(0, 1000).map(lambda i: i / 1000))
@example(0.005)
def test_only_nothing_is_0_percent_and_only_all_is_100(x):
    assert (share(x) == "100%") == (x == 1)
    assert (share(x) == "0%") == (x == 0)


def test_counts_in_words():
    words = [counted(n, "unit") for n in (0, 1, 2, 12345)]
    assert words == ["0 units", "1 unit", "2 units", "12,345 units"]
