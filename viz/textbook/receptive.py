"""The receptive field of one output, layer upon layer: which inputs it depends on, read off the expanded network."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

import autograd_cnn as ag
from autograd_cnn import functional
from autograd_cnn.errors import AutogradError
from autograd_cnn.health.wording import counted
from viz.charts import ChartData, Line, Panel, Points, chart
from viz.errors import TextbookError
from viz.picture import Picture
from viz.textbook.wiring import Wiring, rows_panel, wires_path, wiring


@dataclass(frozen=True)
class Cone:
    """What the middle output of a stack of convolutions depends on.

    Attributes
    ----------
    layers : tuple of Wiring
        All connections, the lowest layer first.
    seen : tuple of tuple of int
        In each row of units, the inputs first, those that the output depends on.
    """

    layers: tuple[Wiring, ...]
    seen: tuple[tuple[int, ...], ...]


def receptive_field(
    inputs: int = 11, kernel: int = 3, *, layers: int = 2, stride: int = 1, theme: str = "light"
) -> Picture:
    """Draw how the receptive field of the middle output grows with every convolution.

    Parameters
    ----------
    inputs, kernel : int
        Length of the row of inputs, and of each filter.
    layers : int
        Convolutions on top of each other; there is one panel for each number of them.
    stride : int
        Of each convolution.
    theme : {"light", "dark"}

    The margin of zeros on each side, half a filter, keeps rows as long as they are at stride 1.

    Raises
    ------
    TextbookError
        When the filters do not fit, or there is nothing to draw.
    """
    if not (1 <= layers <= 5 and 1 <= kernel <= inputs <= 40 and stride >= 1):
        raise TextbookError(
            f"receptive_field: inputs={inputs}, kernel={kernel}, layers={layers}, stride={stride}; "
            "expected up to 40 inputs, a filter no longer than they are, and 1 to 5 layers"
        )
    cones = [cone(inputs, kernel, layers=count, stride=stride) for count in range(1, layers + 1)]
    panels = tuple(_panel(each) for each in cones)
    facts = (
        f"Filters of {kernel} weights, stride {stride}, a margin of {(kernel - 1) // 2} zeros. "
        "Counted in the expanded network.",
    )
    title = "The receptive field grows with every layer"
    return chart(ChartData(title, panels, facts=facts, columns=min(2, layers), size=(330.0, 190.0)), theme=theme)


def cone(inputs: int, kernel: int, *, layers: int, stride: int = 1) -> Cone:
    """Return what the middle output of a stack of convolutions depends on; see `receptive_field`."""
    x: Any = ag.Tensor(np.ones((1, 1, inputs)), requires_grad=True)
    below, wirings = x, []
    for _ in range(layers):
        weight = ag.Parameter(np.ones((1, 1, kernel)))
        try:
            above = functional.conv1d(below, weight, stride=stride, padding=(kernel - 1) // 2)
        except AutogradError as error:
            raise TextbookError(f"receptive_field: {error}") from None
        wirings.append(wiring(above, below, weight))
        below = above
    seen: list[tuple[int, ...]] = [(below.shape[-1] // 2,)]
    for layer in reversed(wirings):
        seen.insert(0, tuple(sorted({i for i, o, _ in layer.wires if o in seen[0]})))
    return Cone(tuple(wirings), tuple(seen))


def _panel(found: Cone) -> Panel:
    sizes = [len(found.layers[0].inputs), *(len(layer.outputs) for layer in found.layers)]
    inside, outside = [], []
    for k, layer in enumerate(found.layers):
        wires = [(i, o) for i, o, _ in layer.wires]
        inside.append(wires_path([wire for wire in wires if wire[1] in found.seen[k + 1]], float(k)))
        outside.append(wires_path([wire for wire in wires if wire[1] not in found.seen[k + 1]], float(k)))
    x, y = _rows(found.seen)
    layers = (
        Line("other wires", *_joined(outside), "wire", "dotted", 0.9),
        Line("wires that end in the chosen output", *_joined(inside), "value", "solid", 2.0),
    )
    chosen = Points("units that the chosen output depends on, and itself", x, y, "value", "square", 12.0)
    reached, count = len(found.seen[0]), len(found.layers)
    panel = rows_panel(sizes, layers, f"{counted(count, 'layer')}: {reached} of {sizes[0]} inputs")
    return Panel(panel.x, panel.y, (*panel.layers, chosen), panel.title)


def _rows(seen: Sequence[Sequence[int]]) -> tuple[tuple[float, ...], tuple[float, ...]]:
    units = [(float(i), float(k)) for k, row in enumerate(seen) for i in row]
    return tuple(i for i, _ in units), tuple(k for _, k in units)


def _joined(
    paths: Sequence[tuple[tuple[float, ...], tuple[float, ...]]],
) -> tuple[tuple[float, ...], tuple[float, ...]]:
    return tuple(itertools.chain(*(x for x, _ in paths))), tuple(itertools.chain(*(y for _, y in paths)))
