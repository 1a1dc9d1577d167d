"""Serial numbers: every node gets one, in the order in which nodes are made."""

from __future__ import annotations

import operator
from itertools import chain, count, cycle, repeat

PAGE = 256
"""Serial numbers on a page. Python keeps the integers up to 256 once and for all, so counting within pages, instead of
on and on, spares every node an integer of its own."""

_left_out = [0]
_pages = map(operator.add, count(), map(operator.getitem, repeat(_left_out), repeat(0)))

numbers = zip(chain.from_iterable(map(repeat, _pages, repeat(PAGE))), cycle(range(PAGE)), strict=False)
"""(page, index) after (page, index), rising. Taking one is a single step for Python's threads."""


def begin_after(page: int) -> None:
    """Let the next nodes come after all those of a page."""
    current, _ = next(numbers)
    if page >= current:
        _left_out[0] += page - current
        while current <= page:
            current, _ = next(numbers)
