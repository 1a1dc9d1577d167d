"""The convolutional layers, over images and over sequences."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import DTypeLike

from autograd_cnn import functional
from autograd_cnn.functional.convolution import check_groups
from autograd_cnn.gates import windows
from autograd_cnn.nn.arguments import fitting, image, plain, sequence, short
from autograd_cnn.nn.module import Module
from autograd_cnn.nn.shapes import Shape
from autograd_cnn.nn.starting import weights_and_biases
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
        self.in_channels, self.out_channels, self.groups = channels("Conv2d", in_channels, out_channels, groups)
        self.kernel_size = windows.pair("Conv2d", "kernel_size", kernel_size, 1)
        self.stride = windows.pair("Conv2d", "stride", stride, 1)
        self.dilation = windows.pair("Conv2d", "dilation", dilation, 1)
        self.padding = windows.padding_pairs("Conv2d", padding, self.kernel_size, self.stride, self.dilation)
        self.fit = fitting("Conv2d", fit)
        shape = (self.out_channels, self.in_channels // groups, *self.kernel_size)
        self.weight, self.bias = weights_and_biases("Conv2d", shape, out_channels if bias else 0, rng, dtype)

    def forward(self, x: Any) -> Any:
        """Return (N, out_channels, height, width) for images (N, in_channels, H, W)."""
        return functional.conv2d(
            x, self.weight, self.bias, self.stride, self.padding, self.dilation, self.groups, fit=self.fit
        )

    def output_shape(self, input_shape: Shape) -> Shape:
        """Return the shape of one output sample; see `Module.output_shape`."""
        _, size = image("Conv2d", input_shape, self.in_channels)
        size = windows.output_size("Conv2d", size, self.kernel_size, self.stride, self.padding, self.dilation, self.fit)
        return (self.out_channels, *size)

    def extra_repr(self) -> str:
        """Return the channels, and what differs from the defaults."""
        return written_convolution(self, plain(self.padding))


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
        self.in_channels, self.out_channels, self.groups = channels("Conv1d", in_channels, out_channels, groups)
        window = windows.along_row("Conv1d", "kernel_size", kernel_size, 1)
        steps = windows.along_row("Conv1d", "stride", stride, 1)
        spread = windows.along_row("Conv1d", "dilation", dilation, 1)
        self.kernel_size, self.stride, self.dilation = window[1], steps[1], spread[1]
        self.padding = windows.row_padding("Conv1d", padding, window, steps, spread)[1]
        self.fit = fitting("Conv1d", fit)
        shape = (self.out_channels, self.in_channels // groups, self.kernel_size)
        self.weight, self.bias = weights_and_biases("Conv1d", shape, out_channels if bias else 0, rng, dtype)

    def forward(self, x: Any) -> Any:
        """Return (N, out_channels, length) for sequences (N, in_channels, L)."""
        return functional.conv1d(
            x, self.weight, self.bias, self.stride, self.padding, self.dilation, self.groups, fit=self.fit
        )

    def output_shape(self, input_shape: Shape) -> Shape:
        """Return the shape of one output sample; see `Module.output_shape`."""
        _, size = sequence("Conv1d", input_shape, self.in_channels)
        window, steps, spread = ((1, n) for n in (self.kernel_size, self.stride, self.dilation))
        size = windows.output_size("Conv1d", size, window, steps, ((0, 0), self.padding), spread, self.fit)
        return self.out_channels, size[1]

    def extra_repr(self) -> str:
        """Return the channels, and what differs from the defaults."""
        return written_convolution(self, short(self.padding))


def channels(layer: str, in_channels: int, out_channels: int, groups: int) -> tuple[int, int, int]:
    """Return both numbers of channels and that of groups; raise ArgumentError unless the groups divide them."""
    before, after = count(layer, "in_channels", in_channels), count(layer, "out_channels", out_channels)
    check_groups(layer, before, after, groups)
    return before, after, int(groups)


def written_convolution(layer: Any, padding: Any) -> str:
    """Return what stands in the repr of a convolution: channels and windows, and what differs from the defaults."""
    settings = vars(layer) | {"padding": padding, "bias": layer.bias is not None}
    words = [f"{layer.in_channels}, {layer.out_channels}, kernel_size={layer.kernel_size}, stride={layer.stride}"]
    for name, default in _DEFAULTS.items():
        if short(settings.get(name, default)) != default:
            words.append(f"{name}={settings[name]!r}" if name == "fit" else f"{name}={settings[name]}")
    return ", ".join(words)


_DEFAULTS = {"padding": "0", "output_padding": "0", "dilation": "1", "groups": "1", "bias": "True", "fit": "exact"}
"""How the settings of a convolution are written in short, unless others are given."""
