"""Sparse connections and shared weights: which input reaches which output by which weight, read off expanded layers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

import autograd_cnn as ag
from autograd_cnn import functional
from autograd_cnn.errors import AutogradError
from autograd_cnn.health.wording import counted
from autograd_cnn.random import seeded
from viz.charts import Axis, ChartData, Line, Panel, Points, chart
from viz.charts.data import Layer
from viz.errors import TextbookError
from viz.picture import Picture
from viz.style import number

_LOOKS = (
    ("value", "solid"),
    ("gradient", "dashed"),
    ("ok_text", "dotted"),
    ("saturated", "dash-dot"),
    ("ink", "long"),
)
_MOST = 40
"""Inputs of a row that can still be told apart."""


@dataclass(frozen=True)
class Wiring:
    """The connections of one layer, counted in its expansion to single numbers.

    Attributes
    ----------
    inputs, outputs : tuple of float
        The values on both sides.
    weights : tuple of float
        The distinct weights.
    wires : tuple of (int, int, int)
        Input, output and weight of every multiplication.
    """

    inputs: tuple[float, ...]
    outputs: tuple[float, ...]
    weights: tuple[float, ...]
    wires: tuple[tuple[int, int, int], ...]

    @property
    def fan_out(self) -> int:
        """Most outputs that one input reaches."""
        return max(Counter(i for i, _, _ in self.wires).values(), default=0)

    @property
    def fan_in(self) -> int:
        """Most inputs that one output sees."""
        return max(Counter(o for _, o, _ in self.wires).values(), default=0)


def connectivity(
    inputs: Sequence[float] = (1, 2, -1, 1, -3),
    weight: Sequence[float] = (1, 0, -1),
    *,
    stride: int = 1,
    padding: int = 1,
    seed: int = 0,
    theme: str = "light",
) -> Picture:
    """Draw a one-dimensional convolution beside a fully connected layer of the same sizes.

    Parameters
    ----------
    inputs, weight : sequence of float
        The row of inputs, and the filter that all outputs share; by default those of the notes.
    stride, padding : int
        Of the convolution.
    seed : int
        Of the fully connected layer's weights.
    theme : {"light", "dark"}

    Raises
    ------
    TextbookError
        For rows that are too long to draw, or a filter that does not fit them.

    Examples
    --------
    >>> from viz.textbook.wiring import convolved
    >>> wiring = convolved((1, 2, -1, 1, -3), (1, 0, -1), padding=1)
    >>> wiring.outputs, len(wiring.weights), len(wiring.wires), wiring.fan_out
    ((-2.0, 2.0, 1.0, 2.0, 1.0), 3, 13, 3)
    """
    sparse = convolved(inputs, weight, stride=stride, padding=padding)
    dense = connected(inputs, len(sparse.outputs), seed=seed)
    facts = (
        f"inputs {_row(sparse.inputs)}; convolution's outputs {_row(sparse.outputs)}; stride {stride}, "
        f"margin of {padding} zeros on each side, which no wire is drawn to. Counted in the layers' own gates.",
    )
    panels = (_panel(sparse, "convolution", shared=True), _panel(dense, "fully connected", shared=False))
    data = ChartData("Sparse connections, shared weights", panels, facts=facts, columns=2, size=(330.0, 190.0))
    return chart(data, theme=theme)


def convolved(inputs: Sequence[float], weight: Sequence[float], *, stride: int = 1, padding: int = 0) -> Wiring:
    """Return the wiring of a convolution, counted in its expansion; see `connectivity`."""
    _check(inputs, weight)
    x = ag.Tensor(np.array([[inputs]], dtype=float), requires_grad=True)
    w = ag.Parameter(np.array([[weight]], dtype=float))
    try:
        output = functional.conv1d(x, w, stride=stride, padding=padding)
    except AutogradError as error:
        raise TextbookError(f"connectivity: {error}") from None
    return wiring(output, x, w)


def connected(inputs: Sequence[float], outputs: int, *, seed: int = 0) -> Wiring:
    """Return the wiring of a fully connected layer with weights from a normal distribution; see `connectivity`."""
    _check(inputs, inputs)
    x = ag.Tensor(np.array([inputs], dtype=float), requires_grad=True)
    w = ag.Parameter(seeded("connectivity: seed", seed).normal(size=(outputs, len(inputs))))
    return wiring(functional.linear(x, w), x, w)


def wiring(output: Any, x: Any, weight: Any) -> Wiring:
    """Return how a node hangs together with its input and its weight: every multiplication of the two.

    Parameters
    ----------
    output, x, weight : Tensor
        The output of a layer, its input, and its weight.
    """
    expansion = ag.expand(output, level="scalar", inputs=[x])
    places = {
        scalar: (owner, int(np.ravel_multi_index(index, owner.shape)))
        for (owner, index), scalar in expansion.scalars.items()
    }
    cells = np.asarray(expansion.output, dtype=object).ravel()
    wires = []
    for o, cell in enumerate(cells):
        for node in ag.topological_order(cell) if isinstance(cell, ag.Node) else ():
            met = {places[i][0]: places[i][1] for i in node.inputs or () if isinstance(i, ag.Node) and i in places}
            if node.gate is ag.multiply and x in met and weight in met:
                wires.append((met[x], o, met[weight]))
    return Wiring(_flat(x), _flat(output), _flat(weight), tuple(sorted(wires)))


def _flat(node: ag.Node) -> tuple[float, ...]:
    return tuple(np.ravel(node.value).astype(float).tolist())


def _check(inputs: Sequence[float], weight: Sequence[float]) -> None:
    if not 1 <= len(inputs) <= _MOST or not len(weight):
        raise TextbookError(f"connectivity: {len(inputs)} inputs and {len(weight)} weights; draw 1 to {_MOST} inputs")


def _row(numbers: Sequence[float]) -> str:
    return ", ".join(map(number, numbers))


def _panel(found: Wiring, kind: str, *, shared: bool) -> Panel:
    lines = _shared(found) if shared else [_single(found)]
    notes = (
        f"{counted(len(found.weights), 'weight')} on {counted(len(found.wires), 'wire')}. "
        f"An input reaches at most {counted(found.fan_out, 'output')}, "
        f"an output sees at most {counted(found.fan_in, 'input')}.",
    )
    return rows_panel(
        [len(found.inputs), len(found.outputs)], tuple(lines), f"{kind}: {len(found.weights)} weights", notes
    )


def _shared(found: Wiring) -> list[Line]:
    """Return one line per weight: all its wires in one style, named by its number."""
    lines = []
    for k, weight in enumerate(found.weights):
        wires = [(i, o) for i, o, w in found.wires if w == k]
        ink, dash = _LOOKS[k % len(_LOOKS)]
        name = f"weight {k}: {number(weight)}, on {len(wires)} wires"
        lines.append(Line(name, *wires_path(wires), ink, dash, 2.0))
    return lines


def _single(found: Wiring) -> Line:
    wires = [(i, o) for i, o, _ in found.wires]
    return Line(f"{len(found.weights)} weights, each on one wire", *wires_path(wires), "wire", "solid", 0.9)


def wires_path(wires: Sequence[tuple[int, int]], below: float = 0.0) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Return the points of wires from a row at height `below` to the next one, with a gap after each."""
    x = [n for i, o in wires for n in (float(i), float(o), float("nan"))]
    y = [n for _ in wires for n in (below, below + 1, float("nan"))]
    return tuple(x), tuple(y)


def rows_panel(sizes: Sequence[int], layers: tuple[Layer, ...], title: str, notes: tuple[str, ...] = ()) -> Panel:
    """Return a panel with one row of units per layer, the inputs lowest."""
    names = ["input", *(f"layer {k}" for k in range(1, len(sizes) - 1)), "output"]
    units = tuple(
        Points("a unit", tuple(map(float, range(size))), (float(k),) * size, "muted", "circle", 10.0)
        for k, size in enumerate(sizes)
    )
    longest = max(sizes)
    y = Axis("row", -0.3, len(sizes) - 0.7, ticks=tuple((float(k), name) for k, name in enumerate(names)))
    places = tuple((float(i), str(i)) for i in range(longest))
    return Panel(Axis("position in the row", -0.5, longest - 0.5, ticks=places), y, (*layers, *units), title, notes)
