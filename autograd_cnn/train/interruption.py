"""Ctrl-C that waits for the step to end, so that no half-made update is left behind."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

_heard = 0


def times_heard() -> int:
    """Return how often Ctrl-C was kept for later, for whoever has several trainings run."""
    return _heard


class Interruption:
    """Whether Ctrl-C was pressed."""

    def __init__(self) -> None:
        self.wanted = False

    def __bool__(self) -> bool:
        return self.wanted


@contextmanager
def interruptible() -> Iterator[Interruption]:
    """Turn the first Ctrl-C into a wish to stop; a second one raises KeyboardInterrupt at once, as ever.

    Only the main thread hears of Ctrl-C; in another one, and where it is ignored, everything stays as it is.
    """
    found = Interruption()
    before = signal.getsignal(signal.SIGINT)
    if threading.current_thread() is not threading.main_thread() or before in (signal.SIG_IGN, None):
        yield found
        return

    def heard(number: int, frame: Any) -> None:
        global _heard
        _heard += 1
        found.wanted = True
        signal.signal(signal.SIGINT, before)

    signal.signal(signal.SIGINT, heard)
    try:
        yield found
    finally:
        signal.signal(signal.SIGINT, before)
