"""Serial numbers: every node gets one, in the order in which nodes are made.

``next(serial.page, None) or serial.turned()`` is (page, index), more than all before. Taking a number from a page is a
single step for Python's threads. Turning it is not: there another thread, Ctrl-C or an object that is freed (whose
``__del__`` may make nodes) can come between, wherever Python collects garbage. So a page begins only when the one
before is used up, all who turn it find the same next one, and who comes late goes on from where the others are.
"""

from __future__ import annotations

from itertools import repeat

PAGE = 256
"""Serial numbers on a page. Python keeps the integers up to 256 once and for all, so counting within pages, instead of
on and on, spares every node an integer of its own."""


class _Page:
    """A page of numbers, which knows the one after it."""

    __slots__ = ("after", "left", "number")

    def __init__(self, number: int) -> None:
        self.number = number
        self.left = zip(repeat(number), range(PAGE), strict=False)
        self.after: dict[str, _Page] = {}  # a dict's setdefault is a single step: the first who asks decides


_here = _Page(0)
page = _here.left
"""The numbers that are left on the page in use, or on an earlier one: then none."""


def turned() -> tuple[int, int]:
    """Return the first number of the next page, or of one that others have turned to meanwhile."""
    global _here, page
    here = _here
    while (found := next(here.left, None)) is None:
        here = here.after.setdefault("page", _Page(here.number + 1))
    _here, page = here, here.left
    return found
