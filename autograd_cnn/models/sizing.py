"""The notes' table of a network: per layer its output, memory, weights and work, before anything is allocated."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from html import escape

import numpy as np

from autograd_cnn import nn
from autograd_cnn.errors import ArgumentError, suggestion
from autograd_cnn.models.hints import Hint, hints_for
from autograd_cnn.models.sizing_rows import LayerSummary, rows_of
from autograd_cnn.models.sizing_table import table, totals
from autograd_cnn.models.walking import Way, walk
from autograd_cnn.nn.arguments import sample
from autograd_cnn.nn.shapes import Shape
from autograd_cnn.settings import count

STATES = {"sgd": 0, "momentum": 1, "nesterov": 1, "adagrad": 1, "rmsprop": 1, "adam": 2, "adamw": 2}
"""How many numbers each optimizer remembers of every parameter."""


@dataclass(frozen=True)
class Summary:
    """What `summary` returns: rows, totals and hints; as text the table of the notes.

    Attributes
    ----------
    rows : tuple of LayerSummary
    input_shape : tuple of int
    batch : int
    optimizer : str
    trainable, frozen : int
        Parameters that get a gradient, and that get none.
    itemsize : int
        Bytes of a number.
    way : Way
        The layers that the rows are about.
    """

    rows: tuple[LayerSummary, ...]
    input_shape: Shape
    batch: int
    optimizer: str
    trainable: int
    frozen: int
    itemsize: int
    way: Way = field(repr=False)

    @property
    def parameters(self) -> int:
        """Parameters in all."""
        return self.trainable + self.frozen

    @property
    def activations(self) -> int:
        """Numbers that one image and the outputs of all layers take, as the notes count them."""
        return math.prod(self.input_shape) + sum(row.activations for row in self.rows)

    @property
    def multiply_adds(self) -> int:
        """Multiply-adds of one image's way forward; the way back takes about twice as many."""
        return sum(row.multiply_adds for row in self.rows)

    @property
    def layers(self) -> int:
        """Layers with weights on the longest path, which name VGG-16 and ResNet-50: pooling does not count."""
        return max((row.depth for row in self.rows), default=0)

    @property
    def activation_bytes(self) -> int:
        """Memory of a batch: all outputs, and as much again for their gradients."""
        return self._kept(self.activations)

    @property
    def parameter_bytes(self) -> int:
        """Memory of parameters, their gradients, and what the optimizer remembers of them."""
        return self._learned(self.parameters, self.trainable)

    @property
    def memory(self) -> int:
        """Bytes that a step of training takes."""
        return self.activation_bytes + self.parameter_bytes

    def memory_of(self, *rows: LayerSummary) -> int:
        """Return the bytes of a step that layers take: activations of the batch and parameters, each with gradients."""
        learned = self._learned(sum(row.parameters for row in rows), sum(row.trainable for row in rows))
        return self._kept(sum(row.activations for row in rows)) + learned

    @property
    def input_bytes(self) -> int:
        """Memory of the images of a batch, counted as activations."""
        return self._kept(math.prod(self.input_shape))

    def _kept(self, activations: int) -> int:
        return 2 * activations * self.itemsize * self.batch

    def _learned(self, parameters: int, trainable: int) -> int:
        return (parameters + (1 + STATES[self.optimizer]) * trainable) * self.itemsize

    @cached_property
    def hints(self) -> tuple[Hint, ...]:
        """What the notes advise about these sizes."""
        return hints_for(self.way.layers, self.input_shape)

    def table(self, depth: int | None = None) -> str:
        """Return the rows as text; with a depth, layers whose first so many names agree are one row."""
        return table(self, depth)

    def __str__(self) -> str:
        return f"{self.table()}\n\n{totals(self)}"

    def _repr_html_(self) -> str:
        return f"<pre>{escape(str(self))}</pre>"


def summary(
    model: nn.Module | Callable[[], nn.Module],
    input_shape: Shape,
    *,
    batch: int = 1,
    optimizer: str = "sgd",
) -> Summary:
    """Return sizes, memory, work and receptive fields of all layers, as `Module.output_shape` declares them.

    CS231n, convolutional networks, "Case studies" and "Computational Considerations". Nothing is computed; a
    network built inside `nn.skeleton`, or given as the function that makes it, is not even allocated.

    Parameters
    ----------
    model : Module or callable
        A network whose layers declare their output_shape, or what makes one, such as ``models.vgg16``.
    input_shape : tuple of int
        Shape of one image, without the batch axis.
    batch : int
        Images per step, for the memory.
    optimizer : {"sgd", "momentum", "nesterov", "adagrad", "rmsprop", "adam", "adamw"}
        What it remembers of every parameter takes memory, too.

    Raises
    ------
    ShapeError, ArgumentError
        When a layer cannot take what the one before gives (a note names the layer), or declares no
        output_shape, or an argument is outside its range.

    Notes
    -----
    Activations are counted as in the notes: the image and the output of each layer, but for layers that may
    write into their input (activation functions, dropout, flatten). What joins branches adds nothing.

    Examples
    --------
    >>> from autograd_cnn import models
    >>> print(models.summary(models.lenet5, (1, 28, 28)).table())
    layer    kind       output    numbers  parameters   MiB  mult-adds  sees  every  has
    input               1×28×28       784              0.01                1      1
    conv1    Conv2d     6×28×28     4,704         156  0.04    117.6 k     5      1  p h
    relu1    ReLU       6×28×28         –           –     –          –     5      1
    pool1    MaxPool2d  6×14×14     1,176           –  0.01          –     6      2    h
    conv2    Conv2d     16×10×10    1,600       2,416  0.03    240.0 k    14      2  p h
    relu2    ReLU       16×10×10        –           –     –          –    14      2
    pool2    MaxPool2d  16×5×5        400           –  0.00          –    16      4    h
    flatten  Flatten    400             –           –     –          –    16
    fc3      Linear     120           120      48,120  0.37    48.00 k   all         p h
    relu3    ReLU       120             –           –     –          –   all
    fc4      Linear     84             84      10,164  0.08    10.08 k   all         p h
    relu4    ReLU       84              –           –     –          –   all
    fc5      Linear     10             10         850  0.01        840   all         p h
    total                           8,878      61,706  0.54    416.5 k
    """
    if optimizer not in STATES:
        raise ArgumentError(
            f"summary: optimizer={optimizer!r}, expected one of {', '.join(STATES)}{suggestion(optimizer, STATES)}"
        )
    batch = count("summary", "batch", batch)
    shape = sample("summary", input_shape)
    if not isinstance(model, nn.Module) and callable(model):
        with nn.skeleton():
            model = model()
    if not isinstance(model, nn.Module):
        raise ArgumentError(f"summary: got {model!r}, expected a Module or a function that makes one")
    way = walk(model, shape)
    parameters = list(model.parameters())
    trainable = sum(p.size for p in parameters if p.requires_grad)
    return Summary(
        tuple(rows_of(way, model)),
        shape,
        batch,
        optimizer,
        trainable,
        sum(p.size for p in parameters) - trainable,
        max((np.dtype(p.dtype).itemsize for p in parameters), default=4),
        way,
    )
