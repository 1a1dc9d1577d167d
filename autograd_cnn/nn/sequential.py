"""Sequential: layers one after the other."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from autograd_cnn.errors import ArgumentError, OutOfRangeError
from autograd_cnn.nn.module import Module
from autograd_cnn.nn.shapes import Shape
from autograd_cnn.settings import is_whole


class Sequential(Module):
    """A chain of layers: each takes the output of the one before.

    Parameters
    ----------
    *layers : Module, or one dict of name to Module
        Without names the layers are called "0", "1", ...
    **named : Module
        Layers with names; they follow the positional ones.

    Raises
    ------
    ArgumentError
        When something is no Module, or a name cannot be used.

    Examples
    --------
    >>> from autograd_cnn import nn
    >>> model = nn.Sequential(hidden=nn.Linear(4, 3), relu=nn.ReLU(), output=nn.Linear(3, 2))
    >>> model
    Sequential(
      (hidden): Linear(in_features=4, out_features=3, bias=True)
      (relu): ReLU()
      (output): Linear(in_features=3, out_features=2, bias=True)
    )
    >>> model.output_shape((4,))
    (2,)
    """

    def __init__(self, *layers: Module | Mapping[str, Module], **named: Module) -> None:
        first = layers[0] if len(layers) == 1 else None
        members = dict(first) if isinstance(first, Mapping) else {str(i): x for i, x in enumerate(layers)}
        for name, layer in (members | named).items():
            if not isinstance(layer, Module):
                raise ArgumentError(
                    f"Sequential: layer {name!r} is {layer!r}, expected a Module such as nn.ReLU(); "
                    "for your own function write a Module with a forward method"
                )
            setattr(self, str(name), layer)

    def forward(self, x: Any) -> Any:
        """Run the layers in order."""
        return chained(self, x)

    def output_shape(self, input_shape: Shape) -> Shape:
        """Return the shape of one output sample; see `Module.output_shape`."""
        return chained_shape(self, input_shape)

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def __iter__(self) -> Iterator[Module]:
        return self.children()

    def __getitem__(self, index: int | slice) -> Any:
        """Return a layer, or for a slice a Sequential of the same layers under their names."""
        names, layers = zip(*self.named_children(), strict=True) if len(self) else ((), ())
        if isinstance(index, slice):
            return Sequential(dict(zip(names[index], layers[index], strict=True)))
        if not is_whole(index):
            raise ArgumentError(f"Sequential: index {index!r}, expected an integer or a slice; model.{index} by name")
        if not -len(layers) <= index < len(layers):
            raise OutOfRangeError(f"Sequential: index {index} is outside its {len(layers)} layers")
        return layers[index]


def chained(layers: Iterable[Module], x: Any) -> Any:
    """Run layers one after the other."""
    for layer in layers:
        x = layer(x)
    return x


def chained_shape(layers: Iterable[Module], input_shape: Shape) -> Shape:
    """Return the shape of what layers, one after the other, make of one sample."""
    for layer in layers:
        input_shape = layer.output_shape(input_shape)
    return tuple(input_shape)
