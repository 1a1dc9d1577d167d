"""How large the values and gradients on the nodes of one graph are; each is measured once."""

from __future__ import annotations

import math
from collections.abc import Sequence

from autograd_cnn.graph import Node
from autograd_cnn.health.census import Census
from autograd_cnn.health.measures import rms

Places = tuple[int, ...]


class Sizes:
    """RMS and norms by places: what leaves one layer enters the next, and a gradient is told of either.

    Parameters
    ----------
    order : sequence of Node
        The graph, inputs before users; places are positions in it.
    census : Census
        What was counted of it already.
    """

    def __init__(self, order: Sequence[Node], census: Census) -> None:
        self.order = order
        self._values: dict[Places, float] = _rms(census.values, census.counts)
        self._gradients: dict[Places, float | None] = {**_rms(census.gradients, census.counts)}
        self._counts = census.counts
        self._norms: dict[Places, float | None] = {}

    def value(self, places: Places) -> float:
        """Return the RMS of the values of some nodes."""
        if places not in self._values:
            self._values[places] = rms([self.order[i].value for i in places])
        return self._values[places]

    def gradient(self, places: Places) -> float | None:
        """Return the RMS of the gradients on some nodes; None where none flows."""
        if places not in self._gradients:
            received = [self.order[i].grad for i in places]
            received = [gradient for gradient in received if gradient is not None]
            self._gradients[places] = rms(received) if received else None
        return self._gradients[places]

    def gradient_norm(self, places: Places) -> float | None:
        """Return the L2 norm of the gradients on some nodes; None where one is missing."""
        if places not in self._norms:
            size = self.gradient(places)
            if len(places) > 1 and any([self.order[i].grad is None for i in places]):
                size = None
            self._norms[places] = None if size is None else size * math.sqrt(self._count(places))
        return self._norms[places]

    def _count(self, places: Places) -> int:
        known = self._counts
        return sum([known[i] if i in known else self.order[i].size for i in places])


def _rms(totals: dict[int, float], counts: dict[int, int]) -> dict[Places, float]:
    """Return the roots of the mean squares."""
    return {(place,): math.sqrt(total / counts[place]) for place, total in totals.items()}
