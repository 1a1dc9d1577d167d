"""The convolutional layers, over images and over sequences."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import DTypeLike

from autograd_cnn import functional, init
from autograd_cnn.errors import ShapeError
from autograd_cnn.functional.convolution import check_groups
from autograd_cnn.gates import windows
from autograd_cnn.graph import Parameter
from autograd_cnn.nn.arguments import fitting, floating, image, plain, sequence, short
from autograd_cnn.nn.module import Module
from autograd_cnn.nn.shapes import Shape
from autograd_cnn.nn.unallocated import started
from autograd_cnn.random import generator
from autograd_cnn.settings import count


class Conv2d(Module):
    """Slide filters over images (CS231n, convolutional networks, "Convolutional Layer").

    Weight and bias start evenly distributed between ±1/√fan_in, as in torch, where fan_in =
    in_channels/groups · height · width of a filter.

    Parameters
    ----------
    in_channels, out_channels : int
        Channels of the images, and number of filters.
    kernel_size, stride, padding, dilation, groups, fit
        As in `functional.conv2d`; a window that does not fit exactly raises unless `fit` says otherwise.
    bias : bool
        Whether each filter has a number of its own added.
    rng : numpy.random.Generator or int, optional
        Where the starting values come from; the default generator.
    dtype : dtype
        float32 or float64.

    Attributes
    ----------
    weight : (out_channels, in_channels/groups, height, width) Parameter
    bias : (out_channels,) Parameter or None

    Examples
    --------
    >>> from autograd_cnn import nn
    >>> layer = nn.Conv2d(3, 8, 5, stride=2, padding=2, fit="floor")
    >>> layer.output_shape((3, 32, 32))
    (8, 16, 16)
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: Any,
        stride: Any = 1,
        padding: Any = 0,
        dilation: Any = 1,
        groups: int = 1,
        bias: bool = True,
        *,
        fit: str = "exact",
        rng: np.random.Generator | int | None = None,
        dtype: DTypeLike = np.float32,
    ) -> None:
        self.in_channels = count("Conv2d", "in_channels", in_channels)
        self.out_channels = count("Conv2d", "out_channels", out_channels)
        check_groups("Conv2d", in_channels, out_channels, groups)
        self.groups = groups
        self.kernel_size = windows.pair("Conv2d", "kernel_size", kernel_size, 1)
        self.stride = windows.pair("Conv2d", "stride", stride, 1)
        self.dilation = windows.pair("Conv2d", "dilation", dilation, 1)
        self.padding = windows.padding_pairs("Conv2d", padding, self.kernel_size, self.stride, self.dilation)
        self.fit = fitting("Conv2d", fit)
        shape = (self.out_channels, self.in_channels // groups, *self.kernel_size)
        self.weight, self.bias = filters("Conv2d", shape, out_channels if bias else 0, rng, dtype)

    def forward(self, x: Any) -> Any:
        """Return (N, out_channels, height, width) for images (N, in_channels, H, W)."""
        return functional.conv2d(
            x, self.weight, self.bias, self.stride, self.padding, self.dilation, self.groups, fit=self.fit
        )

    def output_shape(self, input_shape: Shape) -> Shape:
        """Return the shape of one output sample; see `Module.output_shape`."""
        channels, size = image("Conv2d", input_shape)
        if channels != self.in_channels:
            raise ShapeError(f"Conv2d: output_shape of {tuple(input_shape)}, expected {self.in_channels} channels")
        size = windows.output_size("Conv2d", size, self.kernel_size, self.stride, self.padding, self.dilation, self.fit)
        return (self.out_channels, *size)

    def extra_repr(self) -> str:
        """Return the channels, and what differs from the defaults."""
        words = [f"{self.in_channels}, {self.out_channels}, kernel_size={self.kernel_size}, stride={self.stride}"]
        words += [f"padding={plain(self.padding)}"] * (self.padding != ((0, 0), (0, 0)))
        words += [f"dilation={self.dilation}"] * (self.dilation != (1, 1))
        words += [f"groups={self.groups}"] * (self.groups != 1)
        words += ["bias=False"] * (self.bias is None)
        words += [f"fit={self.fit!r}"] * (self.fit != "exact")
        return ", ".join(words)


class Conv1d(Module):
    """Slide filters over sequences: Conv2d on images of height 1.

    Parameters
    ----------
    in_channels, out_channels : int
        Channels of the sequences, and number of filters.
    kernel_size, stride, padding, dilation, groups, fit
        As in `functional.conv1d`.
    bias, rng, dtype
        As in `Conv2d`.

    Attributes
    ----------
    weight : (out_channels, in_channels/groups, length) Parameter
    bias : (out_channels,) Parameter or None

    Examples
    --------
    >>> from autograd_cnn import nn
    >>> nn.Conv1d(3, 8, 5, padding="same").output_shape((3, 100))
    (8, 100)
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: Any,
        stride: Any = 1,
        padding: Any = 0,
        dilation: Any = 1,
        groups: int = 1,
        bias: bool = True,
        *,
        fit: str = "exact",
        rng: np.random.Generator | int | None = None,
        dtype: DTypeLike = np.float32,
    ) -> None:
        self.in_channels = count("Conv1d", "in_channels", in_channels)
        self.out_channels = count("Conv1d", "out_channels", out_channels)
        check_groups("Conv1d", in_channels, out_channels, groups)
        self.groups = groups
        window = windows.along_row("Conv1d", "kernel_size", kernel_size, 1)
        steps = windows.along_row("Conv1d", "stride", stride, 1)
        spread = windows.along_row("Conv1d", "dilation", dilation, 1)
        self.kernel_size, self.stride, self.dilation = window[1], steps[1], spread[1]
        self.padding = windows.row_padding("Conv1d", padding, window, steps, spread)[1]
        self.fit = fitting("Conv1d", fit)
        shape = (self.out_channels, self.in_channels // groups, self.kernel_size)
        self.weight, self.bias = filters("Conv1d", shape, out_channels if bias else 0, rng, dtype)

    def forward(self, x: Any) -> Any:
        """Return (N, out_channels, length) for sequences (N, in_channels, L)."""
        return functional.conv1d(
            x, self.weight, self.bias, self.stride, self.padding, self.dilation, self.groups, fit=self.fit
        )

    def output_shape(self, input_shape: Shape) -> Shape:
        """Return the shape of one output sample; see `Module.output_shape`."""
        channels, size = sequence("Conv1d", input_shape)
        if channels != self.in_channels:
            raise ShapeError(f"Conv1d: output_shape of {tuple(input_shape)}, expected {self.in_channels} channels")
        window, steps, spread = ((1, n) for n in (self.kernel_size, self.stride, self.dilation))
        size = windows.output_size("Conv1d", size, window, steps, ((0, 0), self.padding), spread, self.fit)
        return self.out_channels, size[1]

    def extra_repr(self) -> str:
        """Return the channels, and what differs from the defaults."""
        words = [f"{self.in_channels}, {self.out_channels}, kernel_size={self.kernel_size}, stride={self.stride}"]
        words += [f"padding={short(self.padding)}"] * (self.padding != (0, 0))
        words += [f"dilation={self.dilation}"] * (self.dilation != 1)
        words += [f"groups={self.groups}"] * (self.groups != 1)
        words += ["bias=False"] * (self.bias is None)
        words += [f"fit={self.fit!r}"] * (self.fit != "exact")
        return ", ".join(words)


def filters(
    layer: str, shape: Shape, biases: int, rng: np.random.Generator | int | None, dtype: DTypeLike
) -> tuple[Parameter, Parameter | None]:
    """Return weights of a shape and so many biases, evenly distributed between ±1/√fan_in."""
    dtype, rng = floating(layer, dtype), generator(rng)
    weight = started(shape, dtype, lambda weight: init.kaiming_uniform_(weight, a=math.sqrt(5), rng=rng))
    if not biases:
        return weight, None
    bound = 1 / math.sqrt(math.prod(shape[1:]))
    return weight, started((biases,), dtype, lambda bias: init.uniform_(bias, -bound, bound, rng=rng))
