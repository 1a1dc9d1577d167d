"""Fully connected layers as convolutions (CS231n, convolutional networks, "Converting FC layers to CONV layers").

A fully connected layer that reads C × H × W numbers is a convolution whose window is as large as its
input; one that reads a vector is a 1×1 convolution. Converted, a network slides over larger images in
one pass and gives the scores that it would give on every crop.
"""

from __future__ import annotations

import copy
import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from autograd_cnn.errors import ArgumentError, AutogradError, ShapeError
from autograd_cnn.functional.adaptive_pooling import adaptive_size, whole_windows
from autograd_cnn.nn.adaptive_pooling import (
    AdaptiveAvgPool2d,
    AdaptiveMaxPool2d,
    GlobalAvgPool2d,
    GlobalMaxPool2d,
)
from autograd_cnn.nn.arguments import sample
from autograd_cnn.nn.convolution import Conv2d
from autograd_cnn.nn.flatten import Flatten
from autograd_cnn.nn.linear import Linear
from autograd_cnn.nn.module import Module
from autograd_cnn.nn.pooling import AvgPool2d, MaxPool2d
from autograd_cnn.nn.sequential import Sequential
from autograd_cnn.nn.shapes import Shape
from autograd_cnn.recording import no_grad


@dataclass
class _Reading:
    """Where the conversion stands: the shape of one sample, and whether the network sees it as a vector."""

    image: Shape
    flat: bool


def to_convolutional(model: Module, input_shape: Shape) -> Module:
    """Return a network of convolutions that gives the scores of `model` at every place of a larger image.

    Scores (N, K) become (N, K, h, w); on images of `input_shape` h = w = 1. On a larger image each place
    has the score of the crop below it, exactly, when no layer pads: a margin of zeros that a crop has
    inside the image is not there when sliding. Places stand as far apart as the strides multiply to.

    Parameters
    ----------
    model : Sequential or Linear
        Image layers, then `Flatten` or global pooling, then `Linear` layers with elementwise layers
        between them; Sequentials may be nested. It is not changed: the result holds copies.
    input_shape : (C, H, W)
        One image as `model` reads it.

    Raises
    ------
    ArgumentError
        When a layer has no convolutional form, such as a normalisation of vectors.
    ShapeError
        When the model cannot take such an image.

    Examples
    --------
    >>> import numpy as np
    >>> from autograd_cnn import nn
    >>> model = nn.Sequential(conv=nn.Conv2d(1, 4, 3), relu=nn.ReLU(), flatten=nn.Flatten(), fc=nn.Linear(144, 10))
    >>> sliding = nn.to_convolutional(model, (1, 8, 8))
    >>> sliding
    Sequential(
      (conv): Conv2d(1, 4, kernel_size=(3, 3), stride=(1, 1))
      (relu): ReLU()
      (fc): Conv2d(4, 10, kernel_size=(6, 6), stride=(1, 1))
    )
    >>> sliding(np.zeros((1, 1, 12, 12), np.float32)).shape
    (1, 10, 5, 5)
    """
    input_shape = sample("to_convolutional", input_shape)
    if len(input_shape) != 3:
        raise ShapeError(f"to_convolutional: input_shape={input_shape}, expected (C, H, W)")
    reading = _Reading(input_shape, flat=isinstance(model, Linear))
    converted = _converted(model, reading)
    return Sequential() if converted is None else converted


def _converted(layer: Module, reading: _Reading) -> Module | None:
    """Return the layer's convolutional form, None when it falls away, and move the reading past it."""
    if isinstance(layer, Sequential):
        members = [(name, _converted(child, reading)) for name, child in layer.named_children()]
        return Sequential({name: child for name, child in members if child is not None})
    if isinstance(layer, Flatten):
        reading.flat = reading.flat or _flattens_all(layer, reading.image)
        return None
    if isinstance(layer, GlobalAvgPool2d | GlobalMaxPool2d | AdaptiveAvgPool2d | AdaptiveMaxPool2d):
        return _pooled(layer, reading)
    if reading.flat and isinstance(layer, Linear):
        return _convolution_of(layer, reading)
    if reading.flat:
        _check_elementwise(layer, reading.image)
    else:
        shape = layer.output_shape(reading.image)
        if len(shape) != 3 or isinstance(layer, Linear):
            raise ArgumentError(f"to_convolutional: {layer!r} makes {shape} of {reading.image}, which is no image")
        reading.image = shape
    return copy.deepcopy(layer)


def _flattens_all(layer: Flatten, image: Shape) -> bool:
    if len(layer.output_shape(image)) != 1:
        raise ArgumentError(f"to_convolutional: {layer!r} does not join all axes of {image}")
    return True


def _convolution_of(layer: Linear, reading: _Reading) -> Conv2d:
    """Return the convolution whose windows are as large as what the layer reads: each row is one filter."""
    channels, *size = reading.image
    if layer.in_features != math.prod(reading.image):
        raise ShapeError(
            f"to_convolutional: {layer!r} reads {layer.in_features} numbers, but {reading.image} are "
            f"{math.prod(reading.image)}"
        )
    weight = layer.weight.value
    made = Conv2d(channels, layer.out_features, tuple(size), bias=layer.bias is not None, rng=0, dtype=weight.dtype)
    made.weight.assign(weight.reshape(made.weight.shape))
    if made.bias is not None and layer.bias is not None:
        made.bias.assign(layer.bias.value)
    reading.image = (layer.out_features, 1, 1)
    return made


def _pooled(layer: Module, reading: _Reading) -> Module:
    """Return pooling with windows of one size in place of pooling to one size."""
    channels, height, width = reading.image
    whole = isinstance(layer, GlobalAvgPool2d | GlobalMaxPool2d)
    size = (1, 1) if whole else adaptive_size("to_convolutional", (height, width), layer.output_size)
    window = whole_windows((height, width), size)
    if reading.flat or window is None:
        raise ArgumentError(f"to_convolutional: {layer!r} has no windows of one size on {reading.image}")
    stride = tuple(1 if n == 1 else f for n, f in zip(size, window, strict=True))
    reading.image, reading.flat = (channels, *size), whole
    kind = AvgPool2d if isinstance(layer, GlobalAvgPool2d | AdaptiveAvgPool2d) else MaxPool2d
    return kind(window, stride)


def _check_elementwise(layer: Module, image: Shape) -> None:
    """Raise ArgumentError unless the layer does to every place of an image what it does to a vector."""
    dtype = next((p.dtype for p in layer.parameters()), np.dtype(np.float32))
    x = np.random.default_rng(0).uniform(-1, 1, (2, *image)).astype(dtype)
    trial = copy.deepcopy(layer).eval()
    try:
        with no_grad():
            expected = _plain(trial(x.reshape(2, math.prod(image))))
            places = np.concatenate([x, x[::-1]], axis=3)
            found = np.split(_plain(trial(places)), 2, axis=3)
        fits = all(
            np.allclose(part.reshape(expected.shape), rows, rtol=1e-4, atol=1e-6)
            for part, rows in zip(found, (expected, expected[::-1]), strict=True)
        )
    except (AutogradError, ValueError) as error:
        raise ArgumentError(f"to_convolutional: {layer!r} does not work on images: {error}") from None
    if not fits:
        raise ArgumentError(
            f"to_convolutional: {layer!r} does not treat every place of an image for itself; take it out of "
            "the network and apply it to the scores"
        )


def _plain(x: Any) -> Any:
    return getattr(x, "value", x)
