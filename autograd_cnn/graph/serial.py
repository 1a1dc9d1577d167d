"""Serial numbers: every node gets one, in the order in which nodes are made."""

from __future__ import annotations

from itertools import chain, count, cycle, repeat

PAGE = 256
"""Serial numbers on a page. Python keeps the integers up to 256 once and for all, so counting within pages, instead of
on and on, spares every node an integer of its own."""

numbers = zip(chain.from_iterable(map(repeat, count(), repeat(PAGE))), cycle(range(PAGE)), strict=False)
"""(page, index) after (page, index), rising. Taking one is a single step for Python's threads."""
