"""How far each step moves the weights: copies from before the step, against what stands there after it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from autograd_cnn.graph import Node
from autograd_cnn.health.measures import norm


class _Weights(NamedTuple):
    """A layer's weights as they were before a step."""

    parameters: list[Node]
    versions: list[int]
    copies: list[Any]
    size: float


class Updates:
    """Remembers the weights of each layer from `observe` to the step that follows it."""

    def __init__(self) -> None:
        self._before: dict[str, _Weights] = {}

    def forget(self) -> None:
        """Make room for the next step."""
        self._before = {}

    def remember(self, layer: str, weights: Sequence[Node]) -> None:
        """Copy a layer's weights as they are before the step."""
        copies = [np.array(p.value) for p in weights]
        self._before[layer] = _Weights(list(weights), [p.serial for p in weights], copies, norm(copies))

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
                moved = [p.value - copy for p, copy in zip(before.parameters, before.copies, strict=True)]
                found[layer] = norm(moved) / before.size
        return found
