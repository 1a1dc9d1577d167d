"""How far the numbers of a layer reach back: their receptive field on the image, and the layers before them.

Dumoulin and Visin 2016, "A guide to convolution arithmetic for deep learning"; Araujo, Norris and Sim 2019,
"Computing Receptive Fields of Convolutional Neural Networks".
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction
from math import ceil
from typing import Any, TypeAlias

from autograd_cnn import nn
from autograd_cnn.nn.shapes import Shape

Pair: TypeAlias = tuple[int, int]
Stride: TypeAlias = tuple[int | Fraction, int | Fraction]


@dataclass(frozen=True)
class Reach:
    """What one number of an output sees of the image, down and across.

    Attributes
    ----------
    field : (int, int)
        Pixels that it depends on. With padding it may be larger than the image.
    jump : (Fraction, Fraction)
        Pixels from the field of one number to that of the next.
    places : (int, int)
        Places of the image that were flattened into a vector; a linear layer looks at all of them.
    depth : int
        Layers with weights on the longest path from the input.
    """

    field: Pair = (1, 1)
    jump: tuple[Fraction, Fraction] = (Fraction(1), Fraction(1))
    places: Pair = (1, 1)
    depth: int = 0

    def after(self, layer: nn.Module, input_shape: Shape, output_shape: Shape) -> Reach:
        """Return the reach behind a layer, whose inputs and outputs have these shapes."""
        if isinstance(layer, nn.Flatten):
            return replace(self, places=_places(input_shape))
        depth = self.depth + (multiplies(layer) is not None)
        if "in_features" in vars(layer):
            return replace(self._through(self.places, (1, 1)), places=(1, 1), depth=depth)
        return replace(self._through(*windows_of(layer, input_shape, output_shape)), depth=depth)

    def _through(self, window: Pair, stride: Stride) -> Reach:
        (down, across), (height, width) = self.jump, self.field
        field = ceil(height + (window[0] - 1) * down), ceil(width + (window[1] - 1) * across)
        return replace(self, field=field, jump=(down * stride[0], across * stride[1]))


def windows_of(layer: Any, input_shape: Shape, output_shape: Shape) -> tuple[Pair, Stride]:
    """Return the size of a layer's windows, with their holes, and their stride; (1, 1) for layers without windows."""
    if isinstance(layer, nn.ConvTranspose2d | nn.MaxUnpool2d):
        (height, width), (down, across) = layer.kernel_size, layer.stride
        return (-(-height // down), -(-width // across)), (Fraction(1, down), Fraction(1, across))
    if {"kernel_size", "stride"} <= vars(layer).keys():
        window, stride, dilation = map(_pair, (layer.kernel_size, layer.stride, getattr(layer, "dilation", 1)))
        return ((window[0] - 1) * dilation[0] + 1, (window[1] - 1) * dilation[1] + 1), stride
    if isinstance(layer, nn.GlobalAvgPool2d | nn.GlobalMaxPool2d):
        return _places(input_shape), (1, 1)
    if isinstance(layer, nn.AdaptiveAvgPool2d | nn.AdaptiveMaxPool2d):
        (height, down), (width, across) = (
            (max(-(-(i + 1) * n // m) - i * n // m for i in range(m)), Fraction(n, m))  # windows differ by a pixel
            for n, m in zip(_places(input_shape), _places(output_shape), strict=True)
        )
        return (height, width), (down, across)
    return (1, 1), (1, 1)


def multiplies(layer: Any) -> Any:
    """Return the weights that a layer multiplies its input by and adds up, as convolutions do; None for others."""
    return layer.weight if vars(layer).keys() & {"in_features", "in_channels"} else None


def _pair(size: Any) -> Pair:
    return (1, size) if isinstance(size, int) else tuple(size)  # a number for sequences, which are 1 high


def _places(shape: Shape) -> Pair:
    """Return height and width of images (C, H, W); 1 and the length of sequences; 1 and 1 of vectors."""
    height, width = (1, 1, *shape[1:])[-2:]
    return height, width
