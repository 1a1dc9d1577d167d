"""A short form of `python -m tests.soak`: after 2,000 steps memory does not grow. Time is for the long one to show."""

import pytest

from tests.soak import MADE, grown, soaked


@pytest.mark.parametrize("name", MADE)
def test_memory_does_not_grow(name: str) -> None:
    step = MADE[name]()
    rounds = soaked(step, 1200, rounds=3)
    per_step = 100 if name == "monitored" else 16  # which keeps the numbers of every hundredth step
    assert grown(step) < 200 * per_step
    assert rounds[-1].resident - rounds[0].resident < 2**21


def test_what_grows_is_seen() -> None:
    kept: list[list[int]] = []
    assert grown(lambda: kept.append([])) > 200 * 50
