"""Pooling layers whose output has one size for images of all sizes."""

from __future__ import annotations

from typing import Any

from autograd_cnn import functional
from autograd_cnn.errors import ShapeError
from autograd_cnn.functional.adaptive_pooling import adaptive_size
from autograd_cnn.nn.arguments import image
from autograd_cnn.nn.module import Module
from autograd_cnn.nn.shapes import Shape


class AdaptiveAvgPool2d(Module):
    """Take the average of a given number of windows, spread over images of any size.

    Parameters
    ----------
    output_size : int or (height, width)
        How many windows; None keeps the size along that axis. AdaptiveAvgPool2d(1) is global pooling.

    Examples
    --------
    >>> from autograd_cnn import nn
    >>> nn.AdaptiveAvgPool2d((7, 7)).output_shape((512, 10, 13))
    (512, 7, 7)
    """

    _shown = ("output_size",)

    def __init__(self, output_size: Any) -> None:
        adaptive_size("AdaptiveAvgPool2d", (1, 1), output_size)
        self.output_size = output_size

    def forward(self, x: Any) -> Any:
        """Return (N, C, height, width) for images (N, C, H, W)."""
        return functional.adaptive_avg_pool2d(x, self.output_size)

    def output_shape(self, input_shape: Shape) -> Shape:
        """Return the shape of one output sample; see `Module.output_shape`."""
        channels, size = _image_with_pixels("AdaptiveAvgPool2d", input_shape)
        return (channels, *adaptive_size("AdaptiveAvgPool2d", size, self.output_size))


class AdaptiveMaxPool2d(Module):
    """Take the maximum of a given number of windows, spread over images of any size.

    Parameters
    ----------
    output_size : int or (height, width)
        How many windows; None keeps the size along that axis.
    return_indices : bool
        Whether to return (maxima, indices).
    """

    def __init__(self, output_size: Any, return_indices: bool = False) -> None:
        adaptive_size("AdaptiveMaxPool2d", (1, 1), output_size)
        self.output_size = output_size
        self.return_indices = bool(return_indices)

    def forward(self, x: Any) -> Any:
        """Return (N, C, height, width) for images (N, C, H, W), and the indices when asked for."""
        return functional.adaptive_max_pool2d(x, self.output_size, self.return_indices)

    def output_shape(self, input_shape: Shape) -> Shape:
        """Return the shape of one output sample; see `Module.output_shape`."""
        channels, size = _image_with_pixels("AdaptiveMaxPool2d", input_shape)
        return (channels, *adaptive_size("AdaptiveMaxPool2d", size, self.output_size))

    def extra_repr(self) -> str:
        """Return the size."""
        return f"output_size={self.output_size}" + ", return_indices=True" * self.return_indices


class GlobalAvgPool2d(Module):
    """Average each channel over the whole image: images (N, C, H, W) become vectors (N, C)."""

    def forward(self, x: Any) -> Any:
        """Return (N, C) for images (N, C, H, W)."""
        return functional.global_avg_pool2d(x)

    def output_shape(self, input_shape: Shape) -> Shape:
        """Return the shape of one output sample; see `Module.output_shape`."""
        return _image_with_pixels("GlobalAvgPool2d", input_shape)[:1]


class GlobalMaxPool2d(Module):
    """Take the maximum of each channel over the whole image: images (N, C, H, W) become vectors (N, C)."""

    def forward(self, x: Any) -> Any:
        """Return (N, C) for images (N, C, H, W)."""
        return functional.global_max_pool2d(x)

    def output_shape(self, input_shape: Shape) -> Shape:
        """Return the shape of one output sample; see `Module.output_shape`."""
        return _image_with_pixels("GlobalMaxPool2d", input_shape)[:1]


def _image_with_pixels(name: str, shape: Shape) -> tuple[int, tuple[int, int]]:
    channels, size = image(name, shape)
    if 0 in size:
        raise ShapeError(f"{name}: images of shape {tuple(shape)} have no pixels")
    return channels, size
