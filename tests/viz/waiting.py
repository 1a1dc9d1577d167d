"""Waiting for what a browser does in its own time, and stopping the time of what passes before one can look."""

import time
from collections.abc import Callable
from typing import Any


def until(holds: Callable[[], bool], seconds: float = 30) -> None:
    """Return once this holds, and fail when it does not in time.

    It must go on holding: what passes is not seen by looking now and then. playwright's ``wait_for_function``
    needs eval, which the pages forbid.
    """
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end, f"not so within {seconds} seconds"
        time.sleep(0.02)


def stopped(page: Any) -> Any:
    """Return the page's clock, stopped: its timers run only as far as ``run_for(milliseconds)`` lets them."""
    page.clock.install(time=0)
    page.clock.pause_at(1)
    return page.clock
