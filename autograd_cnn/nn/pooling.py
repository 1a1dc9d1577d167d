"""The pooling layers."""

from __future__ import annotations

from typing import Any

from autograd_cnn import functional
from autograd_cnn.functional.pooling import pool_windows, row_windows
from autograd_cnn.gates import windows
from autograd_cnn.nn.arguments import fitting, image, sequence
from autograd_cnn.nn.module import Module
from autograd_cnn.nn.shapes import Shape
from autograd_cnn.nn.windowed import pooled_shape, written_windows


class MaxPool2d(Module):
    """Take the maximum of every window (CS231n, convolutional networks, "Pooling Layer").

    Parameters
    ----------
    kernel_size, stride, padding, dilation, return_indices, fit
        As in `functional.max_pool2d`; the stride defaults to the window.

    Examples
    --------
    >>> from autograd_cnn import nn
    >>> nn.MaxPool2d(2).output_shape((8, 32, 32))
    (8, 16, 16)
    """

    def __init__(
        self,
        kernel_size: Any,
        stride: Any = None,
        padding: Any = 0,
        dilation: Any = 1,
        *,
        return_indices: bool = False,
        fit: str = "exact",
    ) -> None:
        self.kernel_size, self.stride, self.padding, self.dilation = pool_windows(
            "MaxPool2d", kernel_size, stride, padding, dilation
        )
        self.return_indices = bool(return_indices)
        self.fit = fitting("MaxPool2d", fit)

    def forward(self, x: Any) -> Any:
        """Return (N, C, height, width) for images (N, C, H, W), and the indices when asked for."""
        return functional.max_pool2d(
            x,
            self.kernel_size,
            self.stride,
            self.padding,
            self.dilation,
            return_indices=self.return_indices,
            fit=self.fit,
        )

    def output_shape(self, input_shape: Shape) -> Shape:
        """Return the shape of one output sample; see `Module.output_shape`."""
        return pooled_shape(self, input_shape)

    def extra_repr(self) -> str:
        """Return the windows."""
        return written_windows(self, *["return_indices=True"] * self.return_indices)


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
        self.kernel_size, self.stride, self.padding, _ = pool_windows("AvgPool2d", kernel_size, stride, padding, 1)
        self.count_include_pad = bool(count_include_pad)
        self.fit = fitting("AvgPool2d", fit)

    def forward(self, x: Any) -> Any:
        """Return (N, C, height, width) for images (N, C, H, W)."""
        return functional.avg_pool2d(
            x, self.kernel_size, self.stride, self.padding, count_include_pad=self.count_include_pad, fit=self.fit
        )

    def output_shape(self, input_shape: Shape) -> Shape:
        """Return the shape of one output sample; see `Module.output_shape`."""
        return pooled_shape(self, input_shape)

    def extra_repr(self) -> str:
        """Return the windows."""
        return written_windows(self, *["count_include_pad=False"] * (not self.count_include_pad))


class MaxPool1d(Module):
    """Take the maximum of every window of sequences.

    Parameters
    ----------
    kernel_size, stride, padding, dilation, fit
        As in `functional.max_pool1d`; the stride defaults to the window.
    """

    def __init__(
        self, kernel_size: Any, stride: Any = None, padding: Any = 0, dilation: Any = 1, *, fit: str = "exact"
    ) -> None:
        window, steps, margins, spread = row_windows("MaxPool1d", kernel_size, stride, padding, dilation)
        self.kernel_size, self.stride, self.padding, self.dilation = window[1], steps[1], margins[1], spread[1]
        self.fit = fitting("MaxPool1d", fit)

    def forward(self, x: Any) -> Any:
        """Return (N, C, length) for sequences (N, C, L)."""
        return functional.max_pool1d(x, self.kernel_size, self.stride, self.padding, self.dilation, fit=self.fit)

    def output_shape(self, input_shape: Shape) -> Shape:
        """Return the shape of one output sample; see `Module.output_shape`."""
        return _row_shape("MaxPool1d", self, input_shape, self.dilation)

    def extra_repr(self) -> str:
        """Return the windows."""
        return written_windows(self)


class AvgPool1d(Module):
    """Take the average of every window of sequences.

    Parameters
    ----------
    kernel_size, stride, padding, count_include_pad, fit
        As in `functional.avg_pool1d`; the stride defaults to the window.
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
        window, steps, margins, _ = row_windows("AvgPool1d", kernel_size, stride, padding, 1)
        self.kernel_size, self.stride, self.padding = window[1], steps[1], margins[1]
        self.count_include_pad = bool(count_include_pad)
        self.fit = fitting("AvgPool1d", fit)

    def forward(self, x: Any) -> Any:
        """Return (N, C, length) for sequences (N, C, L)."""
        return functional.avg_pool1d(
            x, self.kernel_size, self.stride, self.padding, count_include_pad=self.count_include_pad, fit=self.fit
        )

    def output_shape(self, input_shape: Shape) -> Shape:
        """Return the shape of one output sample; see `Module.output_shape`."""
        return _row_shape("AvgPool1d", self, input_shape, 1)

    def extra_repr(self) -> str:
        """Return the windows."""
        return written_windows(self, *["count_include_pad=False"] * (not self.count_include_pad))


class MaxUnpool2d(Module):
    """Put maxima back where max pooling found them, by the indices it returned.

    Parameters
    ----------
    kernel_size, stride, padding
        As given to the `MaxPool2d` layer, made with ``return_indices=True``.
    """

    def __init__(self, kernel_size: Any, stride: Any = None, padding: Any = 0) -> None:
        self.kernel_size, self.stride, self.padding, _ = pool_windows("MaxUnpool2d", kernel_size, stride, padding, 1)

    def forward(self, x: Any, indices: Any, output_size: Any = None) -> Any:
        """Return images for maxima and indices (N, C, H, W); see `functional.max_unpool2d`."""
        return functional.max_unpool2d(x, indices, self.kernel_size, self.stride, self.padding, output_size)

    def output_shape(self, input_shape: Shape) -> Shape:
        """Return the shape of one output sample; see `Module.output_shape`."""
        channels, size = image("MaxUnpool2d", input_shape)
        size = windows.transposed_size("MaxUnpool2d", size, self.kernel_size, self.stride, self.padding, (0, 0), (1, 1))
        return (channels, *size)

    def extra_repr(self) -> str:
        """Return the windows."""
        return written_windows(self)


def _row_shape(name: str, layer: Any, input_shape: Shape, dilation: int) -> Shape:
    channels, size = sequence(name, input_shape)
    window, steps, margins = (1, layer.kernel_size), (1, layer.stride), ((0, 0), layer.padding)
    return channels, windows.output_size(name, size, window, steps, margins, (1, dilation), layer.fit)[1]
