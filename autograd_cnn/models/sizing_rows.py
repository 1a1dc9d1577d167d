"""The rows of a summary: what each layer makes, keeps, learns, multiplies and sees."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

from autograd_cnn import nn
from autograd_cnn.graph import Parameter, Scalar
from autograd_cnn.models.reach import Reach, multiplies
from autograd_cnn.models.walking import Visit, Way
from autograd_cnn.nn import activation
from autograd_cnn.nn.shapes import Shape


@dataclass(frozen=True)
class LayerSummary:
    """One row of the table.

    Attributes
    ----------
    name, kind : str
        Path of the layer in the network, and its class.
    output_shape : tuple of int
        Without the batch axis.
    parameters, trainable : int
        Numbers it holds, and those of them that get a gradient; 0 where a layer is used again.
    multiply_adds : int
        Of weights and inputs, for one image.
    receptive_field : (int, int)
        Pixels of the image that one number of the output depends on, down and across.
    jump : (float, float)
        Pixels from one number's field to that of the next.
    depth : int
        Layers with weights up to here, on the longest path.
    in_place : bool
        Whether the layer may write into its input, as ReLU, dropout and flatten do: the notes count no memory.
    has_hyperparameters : bool
        Whether it is made with sizes to choose; parameters or not.
    """

    name: str
    kind: str
    output_shape: Shape
    parameters: int
    trainable: int
    multiply_adds: int
    receptive_field: tuple[int, int]
    jump: tuple[float, float]
    depth: int
    in_place: bool
    has_hyperparameters: bool

    @property
    def activations(self) -> int:
        """Numbers of the output that take memory of their own, for one image."""
        return 0 if self.in_place else math.prod(self.output_shape)

    @property
    def has_parameters(self) -> bool:
        """Whether the layer learns anything."""
        return self.parameters > 0


def rows_of(way: Way, model: nn.Module) -> list[LayerSummary]:
    """Return a row per layer; then one for each whose parameters no layer on the way has."""
    rows, counted = [], set[object]()
    for visit in way.layers:
        new = [p for p in visit.layer.parameters() if p not in counted]
        counted.update(new)
        rows.append(row_of(visit, new))
    for name, module in model.named_modules():
        rest = [p for p in vars(module).values() if isinstance(p, Parameter) and p not in counted]
        if rest:
            counted.update(rest)
            visit = Visit(name.replace(".", "/"), module, (), (), Reach((0, 0)))
            rows.append(replace(row_of(visit, rest), multiply_adds=0, in_place=True))
    return rows


def row_of(visit: Visit, parameters: Sequence[Parameter | Scalar]) -> LayerSummary:
    """Return the row of a layer that holds these parameters."""
    layer, reach = visit.layer, visit.reach
    return LayerSummary(
        visit.name,
        type(layer).__name__,
        visit.output_shape,
        sum(p.size for p in parameters),
        sum(p.size for p in parameters if p.requires_grad),
        _multiply_adds(visit),
        reach.field,
        (float(reach.jump[0]), float(reach.jump[1])),
        reach.depth,
        _is_in_place(visit),
        layer.extra_repr() != "" and not isinstance(layer, nn.Flatten),
    )


def _multiply_adds(visit: Visit) -> int:
    """Count how often each weight is used: at every place of the output, or of a transposed convolution's input."""
    weight, layer = multiplies(visit.layer), visit.layer
    if weight is None:
        return 0
    if "in_features" in vars(layer):
        return int(weight.size) * math.prod(visit.input_shape[:-1])
    places = visit.input_shape if isinstance(layer, nn.ConvTranspose2d) else visit.output_shape
    return int(weight.size) * math.prod(places[1:])


def _is_in_place(visit: Visit) -> bool:
    """Tell whether the layer works element by element, on what need not be kept."""
    layer = visit.layer
    if type(layer).__module__ == activation.__name__ or isinstance(layer, nn.Flatten | nn.Dropout):
        return True
    pools = isinstance(layer, nn.AdaptiveAvgPool2d | nn.AdaptiveMaxPool2d)  # windows of one pixel change nothing
    return pools and visit.input_shape == visit.output_shape
