"""The pooling layers."""

from __future__ import annotations

from typing import Any

from autograd_cnn import functional
from autograd_cnn.functional.pooling import pool_windows
from autograd_cnn.gates import windows
from autograd_cnn.nn.arguments import fitting, image, plain, short
from autograd_cnn.nn.module import Module, Shape


class MaxPool2d(Module):
    """Take the maximum of every window (CS231n, convolutional networks, "Pooling Layer").

    Parameters
    ----------
    kernel_size, stride, padding, dilation, fit
        As in `functional.max_pool2d`; the stride defaults to the window.

    Examples
    --------
    >>> from autograd_cnn import nn
    >>> nn.MaxPool2d(2).output_shape((8, 32, 32))
    (8, 16, 16)
    """

    def __init__(
        self, kernel_size: Any, stride: Any = None, padding: Any = 0, dilation: Any = 1, *, fit: str = "exact"
    ) -> None:
        self.kernel_size, self.stride, self.padding, self.dilation = pool_windows(
            "MaxPool2d", kernel_size, stride, padding, dilation
        )
        self.fit = fitting("MaxPool2d", fit)

    def forward(self, x: Any) -> Any:
        """Return (N, C, height, width) for images (N, C, H, W)."""
        return functional.max_pool2d(x, self.kernel_size, self.stride, self.padding, self.dilation, fit=self.fit)

    def output_shape(self, input_shape: Shape) -> Shape:
        """Return the shape of one output sample; see `Module.output_shape`."""
        channels, size = image("MaxPool2d", input_shape)
        size = windows.output_size(
            "MaxPool2d", size, self.kernel_size, self.stride, self.padding, self.dilation, self.fit
        )
        return (channels, *size)

    def extra_repr(self) -> str:
        """Return the windows."""
        words = (
            f"kernel_size={short(self.kernel_size)}, stride={short(self.stride)}, padding={short(plain(self.padding))}"
        )
        return f"{words}, dilation={short(self.dilation)}" + (f", fit={self.fit!r}" if self.fit != "exact" else "")


class AvgPool2d(Module):
    """Take the average of every window.

    Parameters
    ----------
    kernel_size, stride, padding, count_include_pad, fit
        As in `functional.avg_pool2d`; the stride defaults to the window.
    """

    def __init__(
        self,
        kernel_size: Any,
        stride: Any = None,
        padding: Any = 0,
        *,
        count_include_pad: bool = True,
        fit: str = "exact",
    ) -> None:
        self.kernel_size, self.stride, self.padding, _ = pool_windows(
            "AvgPool2d", kernel_size, stride, padding, 1
        )
        self.count_include_pad = bool(count_include_pad)
        self.fit = fitting("AvgPool2d", fit)

    def forward(self, x: Any) -> Any:
        """Return (N, C, height, width) for images (N, C, H, W)."""
        return functional.avg_pool2d(
            x, self.kernel_size, self.stride, self.padding, count_include_pad=self.count_include_pad, fit=self.fit
        )

    def output_shape(self, input_shape: Shape) -> Shape:
        """Return the shape of one output sample; see `Module.output_shape`."""
        channels, size = image("AvgPool2d", input_shape)
        size = windows.output_size("AvgPool2d", size, self.kernel_size, self.stride, self.padding, (1, 1), self.fit)
        return (channels, *size)

    def extra_repr(self) -> str:
        """Return the windows."""
        words = [
            f"kernel_size={short(self.kernel_size)}, stride={short(self.stride)}, padding={short(plain(self.padding))}"
        ]
        words += ["count_include_pad=False"] * (not self.count_include_pad)
        words += [f"fit={self.fit!r}"] * (self.fit != "exact")
        return ", ".join(words)
