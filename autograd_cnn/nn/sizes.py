"""How large a network is, layer by layer: shapes, numbers and parameters, before anything is computed."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

from autograd_cnn.nn.arguments import sample
from autograd_cnn.nn.module import Module
from autograd_cnn.nn.sequential import Sequential
from autograd_cnn.nn.shapes import Shape


@dataclass(frozen=True)
class LayerSize:
    """The size of one layer for one image.

    Attributes
    ----------
    name, kind : str
        Path of the layer in the network, and its class.
    output_shape : tuple of int
        Shape of its output, without the batch axis.
    weights, biases : int
        Its parameters: those named ``bias``, and all others.
    """

    name: str
    kind: str
    output_shape: Shape
    weights: int
    biases: int

    @property
    def activations(self) -> int:
        """Numbers in the output: the neurons of the layer."""
        return math.prod(self.output_shape)


def layer_sizes(model: Module, input_shape: Shape) -> list[LayerSize]:
    """Return the size of every layer, in order, as `Module.output_shape` declares it.

    Sequentials inside are opened; any other module is one row.

    Parameters
    ----------
    model : Module
        A network, whose layers declare their output_shape.
    input_shape : tuple of int
        Shape of one image, without the batch axis.

    Raises
    ------
    ShapeError, ArgumentError
        When a layer cannot take what the one before gives, or declares no output_shape.

    Examples
    --------
    >>> from autograd_cnn import nn
    >>> model = nn.Sequential(conv=nn.Conv2d(1, 5, 3), flatten=nn.Flatten(), fc=nn.Linear(80, 10))
    >>> print(nn.size_table(model, (1, 6, 6)))
    layer    kind     output  activations  weights  biases
    conv     Conv2d   5×4×4            80       45       5
    flatten  Flatten  80               80        0       0
    fc       Linear   10               10      800      10
    total                             170      845      15
    """
    rows, input_shape = [], sample("layer_sizes", input_shape)
    for name, layer in _opened("", model):
        input_shape = layer.output_shape(input_shape)
        sizes = [(path.rpartition(".")[2] == "bias", parameter.size) for path, parameter in layer.named_parameters()]
        biases = sum(size for is_bias, size in sizes if is_bias)
        weights = sum(size for _, size in sizes) - biases
        rows.append(LayerSize(name, type(layer).__name__, input_shape, weights, biases))
    return rows


def size_table(model: Module, input_shape: Shape) -> str:
    """Return the sizes of all layers as text, with their totals; see `layer_sizes`."""
    rows = layer_sizes(model, input_shape)
    totals = [sum(values) for values in zip(*((r.activations, r.weights, r.biases) for r in rows), strict=True)]
    cells: list[tuple[str, ...]] = [("layer", "kind", "output", "activations", "weights", "biases")]
    cells += [
        (r.name, r.kind, "×".join(map(str, r.output_shape)), f"{r.activations:,}", f"{r.weights:,}", f"{r.biases:,}")
        for r in rows
    ]
    cells.append(("total", "", "", *(f"{n:,}" for n in totals or (0, 0, 0))))
    return aligned(cells, words=(0, 1, 2))


def aligned(cells: Sequence[Sequence[str]], words: Collection[int], width: int | None = None) -> str:
    """Return rows as lines, with columns of words to the left and numbers to the right.

    Where lines would be longer than `width`, what the paths in the first column begin with stands on lines of its own.
    """
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    if width is not None:
        room = max(5, width - sum(widths[1:]) - 2 * (len(widths) - 1))
        if widths[0] > room:
            cells = _under_headings(cells, room)
            widths[0] = room
    lines = []
    for row in cells:
        padded = (x.ljust(n) if i in words else x.rjust(n) for i, (x, n) in enumerate(zip(row, widths, strict=False)))
        lines.append("  ".join(padded).rstrip())
    return "\n".join(lines)


def _under_headings(cells: Sequence[Sequence[str]], room: int) -> list[Sequence[str]]:
    """Return the rows with first cells that fit: under a row of one cell, the beginning that the next paths share."""
    found: list[Sequence[str]] = []
    heading = ""
    for path, *rest in cells:
        if heading and path.startswith(heading) and len(path) - len(heading) + 2 <= room:
            found.append((f"  {path.removeprefix(heading)}", *rest))
        elif len(path) <= room:
            heading = ""
            found.append((path, *rest))
        else:
            parts = path.split("/")
            ends = ["/".join(parts[k:]) for k in range(1, len(parts))]
            end = next((end for end in ends if len(end) + 2 <= room), parts[-1])
            heading = path.removesuffix(end)
            shown = f"  {end}" if len(end) + 2 <= room else f"…{end[1 - room :]}"
            found += [(heading.removesuffix("/"),), (shown, *rest)] if heading else [(shown, *rest)]
    return found


def _opened(path: str, module: Module) -> Iterator[tuple[str, Module]]:
    if not isinstance(module, Sequential):
        yield path, module
        return
    for name, child in module.named_children():
        yield from _opened(f"{path}/{name}" if path else name, child)
