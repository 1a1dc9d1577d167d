"""Blocks of published networks: squeeze-and-excitation, convolution block, inception, fire."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import DTypeLike

from autograd_cnn.gates.shape import concatenate, reshape
from autograd_cnn.nn.activation import ReLU, Sigmoid
from autograd_cnn.nn.adaptive_pooling import GlobalAvgPool2d
from autograd_cnn.nn.convolution import Conv2d
from autograd_cnn.nn.linear import Linear
from autograd_cnn.nn.module import Module
from autograd_cnn.nn.pooling import MaxPool2d
from autograd_cnn.nn.sequential import Sequential, chained, chained_shape
from autograd_cnn.nn.shapes import Shape
from autograd_cnn.random import generator
from autograd_cnn.settings import count

Norm: TypeAlias = Callable[[int], Module]
"""What makes a normalisation layer for so many channels."""


class SqueezeExcitation(Module):
    """Weigh each channel by what all channels show on the whole image (Hu, Shen and Sun 2017).

    Squeeze: average each channel over the image. Excite: two fully connected layers and a sigmoid
    turn the averages into one weight per channel, which multiplies the channel. ("Squeeze-and-
    Excitation Networks".)

    Parameters
    ----------
    input_channels, squeeze_channels : int
        Channels of the images, and neurons between the two layers; the paper divides by 16.
    bias, rng, dtype
        As in `Linear`.

    Examples
    --------
    >>> from autograd_cnn import nn
    >>> nn.SqueezeExcitation(64, 64 // 16).output_shape((64, 8, 8))
    (64, 8, 8)
    """

    def __init__(
        self,
        input_channels: int,
        squeeze_channels: int,
        bias: bool = True,
        *,
        rng: np.random.Generator | int | None = None,
        dtype: DTypeLike = np.float32,
    ) -> None:
        options: dict[str, Any] = {"bias": bias, "rng": generator(rng), "dtype": dtype}
        self.squeeze = GlobalAvgPool2d()
        self.fc1 = Linear(input_channels, squeeze_channels, **options)
        self.relu = ReLU()
        self.fc2 = Linear(squeeze_channels, input_channels, **options)
        self.sigmoid = Sigmoid()

    def forward(self, x: Any) -> Any:
        """Return (N, C, H, W) for images (N, C, H, W)."""
        weights = chained(self.children(), x)
        return x * reshape(weights, shape=(*weights.shape, 1, 1))

    def output_shape(self, input_shape: Shape) -> Shape:
        """Return the same shape."""
        chained_shape(self.children(), input_shape)
        return tuple(input_shape)


class ConvolutionBlock(Module):
    """A convolution, normalised if wished, and a ReLU: torchvision's ``BasicConv2d``.

    Parameters
    ----------
    in_channels, out_channels, kernel_size, stride, padding, rng, dtype
        As in `Conv2d`; windows that do not fit are dropped, as in torch.
    norm : callable, optional
        What makes a normalisation layer for so many channels, such as ``nn.BatchNorm2d``; the convolution
        then has no bias.

    Examples
    --------
    >>> from autograd_cnn import nn
    >>> block = nn.ConvolutionBlock(3, 64, 7, stride=2, padding=3, norm=nn.BatchNorm2d)
    >>> [name for name, _ in block.named_parameters()]
    ['conv.weight', 'bn.weight', 'bn.bias']
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: Any,
        stride: Any = 1,
        padding: Any = 0,
        *,
        norm: Norm | None = None,
        rng: np.random.Generator | int | None = None,
        dtype: DTypeLike = np.float32,
    ) -> None:
        options: dict[str, Any] = {"fit": "floor", "rng": rng, "dtype": dtype}
        self.conv = Conv2d(in_channels, out_channels, kernel_size, stride, padding, bias=norm is None, **options)
        if norm is not None:
            self.bn = norm(out_channels)
        self.relu = ReLU()

    def forward(self, x: Any) -> Any:
        """Return (N, out_channels, height, width) for images (N, in_channels, H, W)."""
        return chained(self.children(), x)

    def output_shape(self, input_shape: Shape) -> Shape:
        """Return the shape of one output sample; see `Module.output_shape`."""
        return chained_shape(self.children(), input_shape)


class Inception(Module):
    """Look through windows of several sizes at once, and join the channels (Szegedy et al. 2014).

    Four branches: 1×1; 1×1 then 3×3; 1×1 then 5×5; 3×3 maximum then 1×1. The 1×1 convolutions before
    the large windows reduce the channels, and so the cost. Each convolution is followed by a ReLU.
    ("Going Deeper with Convolutions", GoogLeNet.)

    Parameters
    ----------
    in_channels : int
        Channels of the images.
    ch1x1, ch3x3red, ch3x3, ch5x5red, ch5x5, pool_proj : int
        Filters of each convolution, in the order of the paper's table 1.
    largest : int
        Size of the largest windows: 5 in the paper, 3 in torchvision.
    norm, rng, dtype
        As in `ConvolutionBlock`.

    Examples
    --------
    Block 3a of GoogLeNet:

    >>> from autograd_cnn import nn
    >>> nn.Inception(192, 64, 96, 128, 16, 32, 32).output_shape((192, 28, 28))
    (256, 28, 28)
    """

    def __init__(
        self,
        in_channels: int,
        ch1x1: int,
        ch3x3red: int,
        ch3x3: int,
        ch5x5red: int,
        ch5x5: int,
        pool_proj: int,
        *,
        largest: int = 5,
        norm: Norm | None = None,
        rng: np.random.Generator | int | None = None,
        dtype: DTypeLike = np.float32,
    ) -> None:
        block = partial(ConvolutionBlock, norm=norm, rng=generator(rng), dtype=dtype)
        margin = (count("Inception", "largest", largest) - 1) // 2
        self.branch1 = block(in_channels, ch1x1, 1)
        self.branch2 = Sequential(block(in_channels, ch3x3red, 1), block(ch3x3red, ch3x3, 3, padding=1))
        self.branch3 = Sequential(block(in_channels, ch5x5red, 1), block(ch5x5red, ch5x5, largest, padding=margin))
        self.branch4 = Sequential(MaxPool2d(3, 1, 1), block(in_channels, pool_proj, 1))

    def forward(self, x: Any) -> Any:
        """Return (N, ch1x1 + ch3x3 + ch5x5 + pool_proj, H, W) for images (N, in_channels, H, W)."""
        return concatenate(*(branch(x) for branch in self.children()), axis=1)

    def output_shape(self, input_shape: Shape) -> Shape:
        """Return the shape of one output sample; see `Module.output_shape`."""
        return _side_by_side([branch.output_shape(input_shape) for branch in self.children()])


class Fire(Module):
    """Squeeze the channels by 1×1, then expand them by 1×1 and 3×3 side by side (Iandola et al. 2016).

    Few channels meet the 3×3 filters, so the block has few parameters. Each convolution is followed by
    a ReLU. ("SqueezeNet: AlexNet-level accuracy with 50x fewer parameters".)

    Parameters
    ----------
    in_channels, squeeze_channels : int
        Channels of the images, and filters of the 1×1 convolution they meet first.
    expand1x1_channels, expand3x3_channels : int
        Filters of the two convolutions that follow.
    rng, dtype
        As in `Conv2d`.

    Examples
    --------
    >>> from autograd_cnn import nn
    >>> fire2 = nn.Fire(96, 16, 64, 64)
    >>> fire2.output_shape((96, 55, 55)), sum(p.size for p in fire2.parameters())
    ((128, 55, 55), 11920)
    """

    def __init__(
        self,
        in_channels: int,
        squeeze_channels: int,
        expand1x1_channels: int,
        expand3x3_channels: int,
        *,
        rng: np.random.Generator | int | None = None,
        dtype: DTypeLike = np.float32,
    ) -> None:
        options: dict[str, Any] = {"rng": generator(rng), "dtype": dtype}
        self.squeeze = Conv2d(in_channels, squeeze_channels, 1, **options)
        self.squeeze_activation = ReLU()
        self.expand1x1 = Conv2d(squeeze_channels, expand1x1_channels, 1, **options)
        self.expand1x1_activation = ReLU()
        self.expand3x3 = Conv2d(squeeze_channels, expand3x3_channels, 3, padding=1, **options)
        self.expand3x3_activation = ReLU()

    def forward(self, x: Any) -> Any:
        """Return (N, expand1x1 + expand3x3, H, W) for images (N, in_channels, H, W)."""
        squeezed = self.squeeze_activation(self.squeeze(x))
        return concatenate(*(activation(expand(squeezed)) for expand, activation in self._branches()), axis=1)

    def output_shape(self, input_shape: Shape) -> Shape:
        """Return the shape of one output sample; see `Module.output_shape`."""
        squeezed = chained_shape((self.squeeze, self.squeeze_activation), input_shape)
        return _side_by_side([chained_shape(branch, squeezed) for branch in self._branches()])

    def _branches(self) -> tuple[tuple[Module, Module], ...]:
        return (self.expand1x1, self.expand1x1_activation), (self.expand3x3, self.expand3x3_activation)


def _side_by_side(shapes: list[Shape]) -> Shape:
    """Return the shape of images of one size whose channels are joined."""
    return (sum(shape[0] for shape in shapes), *shapes[0][1:])
