"""How far each step moves the weights: copies from before the step, against what stands there after it."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from autograd_cnn.graph import Array, Node
from autograd_cnn.health.measures import distance, norm

Layers = list[tuple[str, list[Node]]]


class Updates:
    """Remembers the weights of each layer from `observe` to the step that follows it."""

    def __init__(self) -> None:
        self._layers: Layers = []
        self._parameters: list[Node] = []
        self._versions: dict[Node, int] = {}
        self._copies: dict[Node, Any] = {}
        self._sizes: dict[str, float] = {}
        self._values: list[Any] = []
        self._rows: list[Array] = []
        self._copied_rows: list[Array] = []

    def forget(self) -> None:
        """Remember nothing: no step is measured from here."""
        self._layers = []

    def renew(self, layers: Layers) -> dict[str, float]:
        """Remember the weights of layers as they are; return how far the step moved those remembered before it.

        Parameters
        ----------
        layers : list of (str, list of Node)
            By name; mostly the same as the last time, and then one pass over memory does all.

        Returns
        -------
        dict
            ‖Δw‖/‖w‖ by layer.
        """
        if self._rows and layers == self._layers and self._are_in_place():
            return self._renewed()
        ratios = self.ratios(stepped=True)
        self._remember(layers)
        return ratios

    def ratios(self, stepped: bool) -> dict[str, float]:
        """Return ‖Δw‖/‖w‖ per layer.

        Parameters
        ----------
        stepped : bool
            Whether the step was surely made; otherwise layers that did not move are left out, as theirs may come.
        """
        found = {}
        for layer, parameters in self._layers:
            if not stepped and all([p.serial == self._versions[p] for p in parameters]):
                continue
            if self._sizes[layer] > 0:
                moved = distance([p._value for p in parameters], [self._copies[p] for p in parameters])
                found[layer] = moved / self._sizes[layer]
        return found

    def _are_in_place(self) -> bool:
        return all([p._value is value for p, value in zip(self._parameters, self._values, strict=True)])

    def _remember(self, layers: Layers) -> None:
        """Copy the weights anew, and keep them as rows, if all are arrays of one floating dtype without gaps."""
        self._layers, self._parameters = layers, [p for _, parameters in layers for p in parameters]
        self._values = [p._value for p in self._parameters]
        self._versions = {p: p.serial for p in self._parameters}
        self._copies = {p: np.array(p._value) for p in self._parameters}
        self._sizes = {layer: norm([p._value for p in parameters]) for layer, parameters in layers}
        self._rows, self._copied_rows = [], []
        are_alike = len({np.asarray(x).dtype for x in self._values}) == 1 and all(map(_is_a_row, self._values))
        if are_alike and len(self._copies) == len(self._parameters):  # and no layers share weights
            from autograd_cnn.kernels.counting import row_of

            self._rows = [row_of(x) for x in self._values]
            self._copied_rows = [copy.reshape(-1) for copy in self._copies.values()]
            self._renewed()  # sizes to the same bits as at the steps that follow

    def _renewed(self) -> dict[str, float]:
        """Do as `renew` with the layers that are remembered."""
        from autograd_cnn.kernels.counting import renew

        sums, ratios = iter(renew(self._copied_rows, self._rows)), {}
        for layer, parameters in self._layers:
            squares, moved = zip(*[next(sums) for _ in parameters], strict=True)
            if self._sizes[layer] > 0:
                ratios[layer] = math.sqrt(math.fsum(moved)) / self._sizes[layer]
            self._sizes[layer] = math.sqrt(math.fsum(squares))
        self._versions = {p: p.serial for p in self._parameters}
        return ratios


def _is_a_row(value: Any) -> bool:
    return isinstance(value, np.ndarray) and value.dtype in (np.float32, np.float64) and value.flags.c_contiguous
