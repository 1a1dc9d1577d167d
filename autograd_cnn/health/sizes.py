"""How large the values and gradients on the nodes of one graph are; each is measured once."""

from __future__ import annotations

import math
from collections.abc import Mapping

from autograd_cnn.graph import Node
from autograd_cnn.health.measures import rms


class Sizes:
    """RMS and norms by places: what leaves one layer enters the next, and a gradient is told of either.

    Parameters
    ----------
    order : list of Node
        The graph, inputs before users; places are positions in it.
    values, gradients : mapping of int to float
        Sums of squares that are known already, by place.
    """

    def __init__(self, order: list[Node], values: Mapping[int, float], gradients: Mapping[int, float]) -> None:
        self.order = order
        self._values: dict[tuple[int, ...], float] = {
            (place,): math.sqrt(total / order[place].size) for place, total in values.items()
        }
        self._gradients: dict[tuple[int, ...], float | None] = {
            (place,): math.sqrt(total / order[place].size) for place, total in gradients.items()
        }

    def value(self, places: tuple[int, ...]) -> float:
        """Return the RMS of the values of some nodes."""
        if places not in self._values:
            self._values[places] = rms([self.order[i].value for i in places])
        return self._values[places]

    def value_norm(self, places: tuple[int, ...]) -> float:
        """Return the L2 norm of the values of some nodes."""
        return self.value(places) * math.sqrt(sum([self.order[i].size for i in places]))

    def gradient(self, places: tuple[int, ...]) -> float | None:
        """Return the RMS of the gradients on some nodes; None where none flows."""
        if places not in self._gradients:
            received = [self.order[i].grad for i in places]
            received = [gradient for gradient in received if gradient is not None]
            self._gradients[places] = rms(received) if received else None
        return self._gradients[places]

    def gradient_norm(self, places: tuple[int, ...]) -> float | None:
        """Return the L2 norm of the gradients on some nodes; None where one is missing."""
        size = self.gradient(places)
        if size is None or (len(places) > 1 and any([self.order[i].grad is None for i in places])):
            return None
        return size * math.sqrt(sum([self.order[i].size for i in places]))
