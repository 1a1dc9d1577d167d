"""What a training loop tells its monitor: numbers that it knows, and where epochs begin."""

from __future__ import annotations

from collections.abc import Mapping

from autograd_cnn.errors import ArgumentError


class Notes:
    """Keeps curves, and the first step of each epoch.

    Attributes
    ----------
    epochs : list of int
    """

    def __init__(self) -> None:
        self._curves: dict[str, dict[str, list[tuple[int, float]]]] = {}
        self.epochs: list[int] = []

    def take(self, step: int, split: str, numbers: Mapping[str, float]) -> None:
        """Add numbers to the curves; raises ArgumentError for what is no number."""
        for name, x in numbers.items():
            try:
                number = float(x)
            except (TypeError, ValueError):
                raise ArgumentError(f"Monitor.note: {name} is {type(x).__name__}, expected a number") from None
            self._curves.setdefault(name, {}).setdefault(str(split), []).append((step, number))

    def begin_epoch(self, step: int) -> None:
        """Let an epoch begin with a step; told twice is told once."""
        if step not in self.epochs:
            self.epochs.append(step)

    def curve(self, name: str, split: str) -> list[tuple[int, float]]:
        """Return the (step, number) pairs of one line; empty where nothing was noted."""
        return self._curves.get(name, {}).get(split, [])

    def curves(self) -> dict[str, dict[str, tuple[tuple[int, float], ...]]]:
        """Return all lines, by name and split."""
        return {name: {split: tuple(points) for split, points in lines.items()} for name, lines in self._curves.items()}
