"""How far each step moves the weights: copies from before the step, against what stands there after it."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from autograd_cnn.graph import Node
from autograd_cnn.health.measures import distance


class _Weights(NamedTuple):
    """A layer's weights as they were before a step; `size` is their L2 norm then."""

    parameters: list[Node]
    versions: list[int]
    copies: list[Any]
    size: float


class Updates:
    """Remembers the weights of each layer from `observe` to the step that follows it."""

    def __init__(self) -> None:
        self._before: dict[str, _Weights] = {}
        self._spare: dict[str, list[Any]] = {}

    def forget(self) -> None:
        """Make room for the next step."""
        self._spare |= {layer: before.copies for layer, before in self._before.items()}
        self._before = {}

    def remember(self, layer: str, weights: list[Node], size: float) -> None:
        """Copy a layer's weights as they are before the step; their L2 norm is known."""
        values = [p._value for p in weights]
        copies = self._spare.get(layer)
        if copies is not None and [np.shape(x) for x in copies] == [np.shape(x) for x in values]:
            copies = [_copied_into(copy, x) for copy, x in zip(copies, values, strict=True)]
        else:
            copies = [np.array(x) for x in values]
        self._before[layer] = _Weights(weights, [p.serial for p in weights], copies, size)

    def ratios(self, stepped: bool) -> dict[str, float]:
        """Return ‖Δw‖/‖w‖ per layer.

        Parameters
        ----------
        stepped : bool
            Whether the step was surely made; otherwise layers that did not move are left out, as theirs may come.
        """
        found = {}
        for layer, before in self._before.items():
            if not stepped and [p.serial for p in before.parameters] == before.versions:
                continue
            if before.size > 0:
                found[layer] = distance([p._value for p in before.parameters], before.copies) / before.size
        return found


def _copied_into(copy: Any, value: Any) -> Any:
    """Return a copy of a value, in the memory of an older one of its shape."""
    if copy.dtype != np.asarray(value).dtype:
        return np.array(value)
    np.copyto(copy, value)
    return copy
