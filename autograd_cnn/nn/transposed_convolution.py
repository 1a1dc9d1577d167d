"""The layer that enlarges images."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import DTypeLike

from autograd_cnn import functional
from autograd_cnn.functional.transposed_convolution import transposed_windows
from autograd_cnn.gates import windows
from autograd_cnn.nn.arguments import image, plain
from autograd_cnn.nn.convolution import channels, written_convolution
from autograd_cnn.nn.module import Module
from autograd_cnn.nn.shapes import Shape
from autograd_cnn.nn.starting import weights_and_biases


class ConvTranspose2d(Module):
    """Paint with filters: every pixel of the input adds its number times a filter to the output.

    Weight and bias start evenly distributed between ±1/√(out_channels/groups · height · width), as in
    torch.

    Parameters
    ----------
    in_channels, out_channels : int
        Channels of the images, and of the larger images made of them.
    kernel_size, stride, padding, output_padding, groups, dilation
        As in `functional.conv_transpose2d`.
    bias, rng, dtype
        As in `Conv2d`.

    Attributes
    ----------
    weight : (in_channels, out_channels/groups, height, width) Parameter
    bias : (out_channels,) Parameter or None

    Examples
    --------
    >>> from autograd_cnn import nn
    >>> nn.ConvTranspose2d(8, 3, 4, stride=2, padding=1).output_shape((8, 16, 16))
    (3, 32, 32)
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: Any,
        stride: Any = 1,
        padding: Any = 0,
        output_padding: Any = 0,
        groups: int = 1,
        bias: bool = True,
        dilation: Any = 1,
        *,
        rng: np.random.Generator | int | None = None,
        dtype: DTypeLike = np.float32,
    ) -> None:
        self.in_channels, self.out_channels, self.groups = channels(
            "ConvTranspose2d", in_channels, out_channels, groups
        )
        self.kernel_size = windows.pair("ConvTranspose2d", "kernel_size", kernel_size, 1)
        self.stride, self.dilation, self.padding, self.output_padding = transposed_windows(
            "ConvTranspose2d", self.kernel_size, stride, padding, output_padding, dilation
        )
        shape = (self.in_channels, self.out_channels // groups, *self.kernel_size)
        self.weight, self.bias = weights_and_biases("ConvTranspose2d", shape, out_channels if bias else 0, rng, dtype)

    def forward(self, x: Any) -> Any:
        """Return (N, out_channels, height, width) for images (N, in_channels, H, W)."""
        return functional.conv_transpose2d(
            x, self.weight, self.bias, self.stride, self.padding, self.output_padding, self.groups, self.dilation
        )

    def output_shape(self, input_shape: Shape) -> Shape:
        """Return the shape of one output sample; see `Module.output_shape`."""
        _, size = image("ConvTranspose2d", input_shape, self.in_channels)
        size = windows.transposed_size(
            "ConvTranspose2d", size, self.kernel_size, self.stride, self.padding, self.output_padding, self.dilation
        )
        return (self.out_channels, *size)

    def extra_repr(self) -> str:
        """Return the channels, and what differs from the defaults."""
        return written_convolution(self, plain(self.padding))
