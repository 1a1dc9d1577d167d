"""Residual blocks: layers that learn what to add to their input (He et al. 2015).

He, Zhang, Ren and Sun, "Deep Residual Learning for Image Recognition", 2015: the add gate hands the
upstream gradient on to the shortcut unchanged, so it reaches the first layer of any depth.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import DTypeLike

from autograd_cnn.errors import ArgumentError, ShapeError
from autograd_cnn.nn.activation import ReLU
from autograd_cnn.nn.blocks import Norm
from autograd_cnn.nn.convolution import Conv2d
from autograd_cnn.nn.module import Module
from autograd_cnn.nn.sequential import Sequential, chained, chained_shape
from autograd_cnn.nn.shapes import Shape
from autograd_cnn.random import generator
from autograd_cnn.settings import count


class Residual(Module):
    """Add a body to a shortcut: F(x) + x. A body that gives 0 makes it the identity.

    Parameters
    ----------
    body : Module
        F, whose output has the shape of the shortcut's.
    shortcut : Module, optional
        What the input goes through where its shape must change, such as a 1×1 convolution (a
        projection); by default nothing.

    Raises
    ------
    ShapeError
        In a run, when body and shortcut differ in shape: they are not broadcast.

    Examples
    --------
    >>> from autograd_cnn import nn
    >>> nn.Residual(nn.Conv2d(8, 8, 3, padding=1)).output_shape((8, 32, 32))
    (8, 32, 32)
    """

    def __init__(self, body: Module, shortcut: Module | None = None) -> None:
        for name, part in (("body", body), ("shortcut", shortcut)):
            if not isinstance(part, Module) and (part is not None or name == "body"):
                raise ArgumentError(f"Residual: {name}={part!r}, expected a Module such as nn.Conv2d")
        self.body = body
        self.shortcut = shortcut

    def forward(self, x: Any) -> Any:
        """Return body(x) + shortcut(x)."""
        added = self.body(x)
        kept = x if self.shortcut is None else self.shortcut(x)
        _same_shape(tuple(added.shape), tuple(kept.shape))
        return added + kept

    def output_shape(self, input_shape: Shape) -> Shape:
        """Return the shape of one output sample; see `Module.output_shape`."""
        added = self.body.output_shape(input_shape)
        kept = tuple(input_shape) if self.shortcut is None else self.shortcut.output_shape(input_shape)
        _same_shape(added, kept)
        return added


class BasicBlock(Module):
    """The block of ResNet-18 and -34: two 3×3 convolutions, a shortcut around them, then ReLU.

    Its layers have torchvision's names: ``conv1``, ``bn1``, ``conv2``, ``bn2``, ``downsample``.

    Parameters
    ----------
    in_channels, out_channels : int
        Channels of input and output. Where they differ, or the stride is not 1, the shortcut is a 1×1
        convolution with that stride.
    stride : int
        Of the first convolution.
    norm : callable, optional
        What makes a normalisation layer for so many channels, such as ``nn.BatchNorm2d``; convolutions
        then have no bias.
    excite : callable, optional
        What makes a layer ``se`` for so many channels that weighs what is added to the shortcut, such as
        ``lambda channels: nn.SqueezeExcitation(channels, channels // 16)``.
    rng, dtype
        As in `Conv2d`.
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        stride: int = 1,
        *,
        norm: Norm | None = None,
        excite: Norm | None = None,
        rng: np.random.Generator | int | None = None,
        dtype: DTypeLike = np.float32,
    ) -> None:
        options: dict[str, Any] = {"bias": norm is None, "fit": "floor", "rng": generator(rng), "dtype": dtype}
        _attach(
            self,
            conv1=Conv2d(in_channels, out_channels, 3, stride, 1, **options),
            bn1=norm and norm(out_channels),
            relu1=ReLU(),
            conv2=Conv2d(out_channels, out_channels, 3, 1, 1, **options),
            bn2=norm and norm(out_channels),
            se=excite and excite(out_channels),
            downsample=_downsample(in_channels, out_channels, stride, norm, options),
            relu=ReLU(),
        )

    def forward(self, x: Any) -> Any:
        """Return relu(body(x) + shortcut(x)) for images (N, in_channels, H, W)."""
        return _added(self, x)

    def output_shape(self, input_shape: Shape) -> Shape:
        """Return the shape of one output sample; see `Module.output_shape`."""
        return _added_shape(self, input_shape)


class Bottleneck(Module):
    """The block of ResNet-50 and deeper: 1×1 down, 3×3, 1×1 up, a shortcut around them, then ReLU.

    Its layers have torchvision's names: ``conv1``, ``bn1``, ..., ``bn3``, ``downsample``.

    Parameters
    ----------
    in_channels : int
        Channels of the input.
    channels : int
        Channels of the 3×3 convolution; the output has `expansion` times as many.
    stride : int
        Of the 3×3 convolution, as in torchvision (the paper strides in the first 1×1).
    expansion : int
        4 in the paper.
    norm, excite, rng, dtype
        As in `BasicBlock`.
    """

    def __init__(
        self,
        in_channels: int,
        channels: int,
        stride: int = 1,
        *,
        expansion: int = 4,
        norm: Norm | None = None,
        excite: Norm | None = None,
        rng: np.random.Generator | int | None = None,
        dtype: DTypeLike = np.float32,
    ) -> None:
        options: dict[str, Any] = {"bias": norm is None, "fit": "floor", "rng": generator(rng), "dtype": dtype}
        out_channels = count("Bottleneck", "expansion", expansion) * count("Bottleneck", "channels", channels)
        _attach(
            self,
            conv1=Conv2d(in_channels, channels, 1, **options),
            bn1=norm and norm(channels),
            relu1=ReLU(),
            conv2=Conv2d(channels, channels, 3, stride, 1, **options),
            bn2=norm and norm(channels),
            relu2=ReLU(),
            conv3=Conv2d(channels, out_channels, 1, **options),
            bn3=norm and norm(out_channels),
            se=excite and excite(out_channels),
            downsample=_downsample(in_channels, out_channels, stride, norm, options),
            relu=ReLU(),
        )

    def forward(self, x: Any) -> Any:
        """Return relu(body(x) + shortcut(x)) for images (N, in_channels, H, W)."""
        return _added(self, x)

    def output_shape(self, input_shape: Shape) -> Shape:
        """Return the shape of one output sample; see `Module.output_shape`."""
        return _added_shape(self, input_shape)


def _downsample(
    in_channels: int, out_channels: int, stride: int, norm: Norm | None, options: dict[str, Any]
) -> Module | None:
    """Return None for the identity, a 1×1 convolution where the shape changes."""
    if in_channels == out_channels and stride == 1:
        return None
    projection = Conv2d(in_channels, out_channels, 1, stride, **options)
    return Sequential(projection) if norm is None else Sequential(projection, norm(out_channels))


def _attach(block: Module, **layers: Module | None) -> None:
    """Assign the layers of a block under their names, without those that are None."""
    for name, layer in layers.items():
        if layer is not None:
            setattr(block, name, layer)


def _parts(block: Module) -> tuple[list[Module], list[Module], Module]:
    """Return the body, the shortcut and the last ReLU of a block."""
    layers = dict(block.named_children())
    last = layers.pop("relu")
    shortcut = [layers.pop("downsample")] if "downsample" in layers else []
    return list(layers.values()), shortcut, last


def _added(block: Module, x: Any) -> Any:
    body, shortcut, last = _parts(block)
    return last(chained(body, x) + chained(shortcut, x))


def _added_shape(block: Module, input_shape: Shape) -> Shape:
    body, shortcut, last = _parts(block)
    added = chained_shape(body, input_shape)
    _same_shape(added, chained_shape(shortcut, input_shape))
    return last.output_shape(added)


def _same_shape(added: Shape, kept: Shape) -> None:
    if added != kept:
        raise ShapeError(
            f"Residual: the body gives {added} but the shortcut {kept}; give a shortcut such as "
            "nn.Conv2d(in_channels, out_channels, 1, stride)"
        )
