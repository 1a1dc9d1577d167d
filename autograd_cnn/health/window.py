"""The window: over how many of the last batches that were looked at units are counted."""

from __future__ import annotations

from collections import deque

ENOUGH_SAMPLES = 1000


class Window:
    """Holds the sizes of the last batches.

    Parameters
    ----------
    batches : int or None
        How many; by default as many as hold 1,000 samples.
    """

    def __init__(self, batches: int | None) -> None:
        self._most = batches
        self._sizes: deque[int] = deque()

    @property
    def batches(self) -> int:
        """How many batches there are."""
        return len(self._sizes)

    @property
    def last(self) -> int:
        """How many samples the last batch holds."""
        return self._sizes[-1]

    @property
    def samples(self) -> int:
        """How many samples they hold."""
        return sum(self._sizes)

    def take(self, size: int) -> None:
        """Take in a batch; those before the window are forgotten."""
        self._sizes.append(size)
        while self._is_too_long():
            self._sizes.popleft()

    def _is_too_long(self) -> bool:
        if self._most is not None:
            return len(self._sizes) > self._most
        return self.samples - self._sizes[0] >= ENOUGH_SAMPLES
