"""How far a training is, on a terminal; nothing elsewhere, such as in a log file."""

from __future__ import annotations

import sys
from typing import Any, Self


def bar(title: str, *, total: int, done: int, wanted: bool, unit: str = "step") -> Any:
    """Return a progress bar, to be used in ``with``: it is updated, and shows a text beside it."""
    if not wanted or not getattr(sys.stderr, "isatty", bool)():
        return Silent()  # without tqdm, whose locks a fork would share and a kill would leave locked
    from tqdm import tqdm

    return tqdm(total=total, initial=done, desc=title, unit=unit, leave=False)


class Silent:
    """A bar that shows nothing."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *failure: object) -> None:
        pass

    def update(self) -> None:
        """Count one step."""

    def set_postfix_str(self, text: str) -> None:
        """Show a text."""
