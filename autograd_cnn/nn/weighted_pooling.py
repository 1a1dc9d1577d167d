"""Pooling layers by norms and weighted sums."""

from __future__ import annotations

from typing import Any

from autograd_cnn import functional
from autograd_cnn.functional.pooling import pool_windows
from autograd_cnn.functional.weighted_pooling import blurred_size, check_norm_type
from autograd_cnn.gates import windows
from autograd_cnn.nn.arguments import fitting, image
from autograd_cnn.nn.module import Module
from autograd_cnn.nn.shapes import Shape
from autograd_cnn.nn.windowed import pooled_shape, written_windows


class LPPool2d(Module):
    """Take (Σ xᵖ)^(1/p) of every window: L2 pooling for p = 2.

    Parameters
    ----------
    norm_type, kernel_size, stride, fit
        As in `functional.lp_pool2d`; the stride defaults to the window.
    """

    def __init__(self, norm_type: float, kernel_size: Any, stride: Any = None, *, fit: str = "exact") -> None:
        self.norm_type = check_norm_type("LPPool2d", norm_type)
        self.kernel_size, self.stride, _, _ = pool_windows("LPPool2d", kernel_size, stride, 0, 1)
        self.fit = fitting("LPPool2d", fit)

    def forward(self, x: Any) -> Any:
        """Return (N, C, height, width) for images (N, C, H, W)."""
        return functional.lp_pool2d(x, self.norm_type, self.kernel_size, self.stride, fit=self.fit)

    def output_shape(self, input_shape: Shape) -> Shape:
        """Return the shape of one output sample; see `Module.output_shape`."""
        return pooled_shape(self, input_shape)

    def extra_repr(self) -> str:
        """Return the norm and the windows."""
        return f"{self.norm_type:g}, {written_windows(self)}"


class DistanceWeightedPool2d(Module):
    """Take the weighted average of every window, whose weights fall with the distance from its centre.

    Parameters
    ----------
    kernel_size, stride, padding, fit
        As in `functional.distance_weighted_pool2d`; the stride defaults to the window.
    """

    def __init__(self, kernel_size: Any, stride: Any = None, padding: Any = 0, *, fit: str = "exact") -> None:
        self.kernel_size, self.stride, self.padding, _ = pool_windows(
            "DistanceWeightedPool2d", kernel_size, stride, padding, 1
        )
        self.fit = fitting("DistanceWeightedPool2d", fit)

    def forward(self, x: Any) -> Any:
        """Return (N, C, height, width) for images (N, C, H, W)."""
        return functional.distance_weighted_pool2d(x, self.kernel_size, self.stride, self.padding, fit=self.fit)

    def output_shape(self, input_shape: Shape) -> Shape:
        """Return the shape of one output sample; see `Module.output_shape`."""
        return pooled_shape(self, input_shape)

    def extra_repr(self) -> str:
        """Return the windows."""
        return written_windows(self)


class BlurPool2d(Module):
    """Blur with a binomial filter, then keep every second pixel (Zhang 2019); see `functional.blur_pool2d`.

    After ``MaxPool2d(2, stride=1)`` it makes max pooling that does not alias.

    Parameters
    ----------
    kernel_size, stride : int or (int, int)
        Size of the filter, and steps between the pixels that are kept.

    Examples
    --------
    >>> from autograd_cnn import nn
    >>> nn.Sequential(nn.MaxPool2d(2, stride=1), nn.BlurPool2d()).output_shape((8, 33, 33))
    (8, 16, 16)
    """

    def __init__(self, kernel_size: Any = 3, stride: Any = 2) -> None:
        self.kernel_size = windows.pair("BlurPool2d", "kernel_size", kernel_size, 1)
        self.stride = windows.pair("BlurPool2d", "stride", stride, 1)

    def forward(self, x: Any) -> Any:
        """Return (N, C, height, width) for images (N, C, H, W)."""
        return functional.blur_pool2d(x, self.kernel_size, self.stride)

    def output_shape(self, input_shape: Shape) -> Shape:
        """Return the shape of one output sample; see `Module.output_shape`."""
        channels, size = image("BlurPool2d", input_shape)
        return (channels, *blurred_size("BlurPool2d", size, self.kernel_size, self.stride))

    def extra_repr(self) -> str:
        """Return the windows."""
        return written_windows(self)
