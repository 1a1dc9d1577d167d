"""Normalisation layers that treat every sample by itself: layer, group and local response norm."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import DTypeLike

from autograd_cnn import functional
from autograd_cnn.errors import ArgumentError, ShapeError
from autograd_cnn.functional.arguments import shape_of
from autograd_cnn.functional.normalization import divisor
from autograd_cnn.graph import Parameter
from autograd_cnn.nn.arguments import floating
from autograd_cnn.nn.module import Module
from autograd_cnn.nn.shapes import Shape
from autograd_cnn.nn.unallocated import filled
from autograd_cnn.settings import count, number


class LayerNorm(Module):
    """Layer norm: each sample to mean 0 and variance 1 over its last axes; train and eval are alike.

    Parameters
    ----------
    normalized_shape : int or sequence of int
        Sizes of the last axes.
    eps : float
        Added to the variance.
    elementwise_affine, bias : bool
        Whether each number has a weight, and a bias, to learn.
    dtype : dtype
        float32 or float64.

    Attributes
    ----------
    weight, bias : Parameter of shape `normalized_shape`, or None
    """

    def __init__(
        self,
        normalized_shape: int | Sequence[int],
        eps: float = 1e-5,
        elementwise_affine: bool = True,
        bias: bool = True,
        *,
        dtype: DTypeLike = np.float32,
    ) -> None:
        sizes = normalized_shape if isinstance(normalized_shape, Sequence) else (normalized_shape,)
        if not sizes:
            raise ArgumentError("LayerNorm: normalized_shape is empty, expected at least one size")
        self.normalized_shape = tuple(count("LayerNorm", "normalized_shape", n) for n in sizes)
        self.eps, dtype = number("LayerNorm", "eps", eps), floating("LayerNorm", dtype)
        self.weight = Parameter(filled(self.normalized_shape, 1, dtype)) if elementwise_affine else None
        self.bias = Parameter(filled(self.normalized_shape, 0, dtype)) if elementwise_affine and bias else None

    def forward(self, x: Any) -> Any:
        """Return the normalised ``(..., *normalized_shape)``."""
        return functional.layer_norm(x, self.normalized_shape, self.weight, self.bias, self.eps)

    def output_shape(self, input_shape: Shape) -> Shape:
        """Return the same shape; raise ShapeError when it does not end in `normalized_shape`."""
        last = self.normalized_shape
        if tuple(input_shape[-len(last) :]) != last:
            raise ShapeError(f"LayerNorm: output_shape of {tuple(input_shape)}, expected (..., {str(last)[1:-1]})")
        return tuple(input_shape)

    def extra_repr(self) -> str:
        """Return the shape and the options."""
        return f"{self.normalized_shape}, eps={self.eps:g}, elementwise_affine={self.weight is not None}"


class GroupNorm(Module):
    """Group norm: groups of channels of each image to mean 0 and variance 1; train and eval are alike.

    Parameters
    ----------
    num_groups, num_channels : int
        The first divides the second.
    eps : float
        Added to the variance.
    affine : bool
        Whether each channel has a weight and a bias to learn.
    dtype : dtype
        float32 or float64.

    Attributes
    ----------
    weight, bias : (num_channels,) Parameter or None
    """

    def __init__(
        self,
        num_groups: int,
        num_channels: int,
        eps: float = 1e-5,
        affine: bool = True,
        *,
        dtype: DTypeLike = np.float32,
    ) -> None:
        self.num_channels = count("GroupNorm", "num_channels", num_channels)
        self.num_groups = divisor("GroupNorm", num_groups, num_channels)
        self.eps, dtype = number("GroupNorm", "eps", eps), floating("GroupNorm", dtype)
        self.weight = Parameter(filled((num_channels,), 1, dtype)) if affine else None
        self.bias = Parameter(filled((num_channels,), 0, dtype)) if affine else None

    def forward(self, x: Any) -> Any:
        """Return the normalised (N, C, ...)."""
        shape = shape_of("GroupNorm", x)
        if len(shape) < 2 or shape[1] != self.num_channels:
            raise ShapeError(f"GroupNorm: input of shape {shape}, expected (N, {self.num_channels}, ...)")
        return functional.group_norm(x, self.num_groups, self.weight, self.bias, self.eps)

    def output_shape(self, input_shape: Shape) -> Shape:
        """Return the same shape; raise ShapeError when it has other channels."""
        if not input_shape or input_shape[0] != self.num_channels:
            raise ShapeError(f"GroupNorm: output_shape of {tuple(input_shape)}, expected ({self.num_channels}, ...)")
        return tuple(input_shape)

    def extra_repr(self) -> str:
        """Return the sizes and the options."""
        return f"{self.num_groups}, {self.num_channels}, eps={self.eps:g}, affine={self.weight is not None}"


class LocalResponseNorm(Module):
    """AlexNet's normalisation across neighbouring channels; see `functional.local_response_norm`."""

    def __init__(self, size: int, alpha: float = 1e-4, beta: float = 0.75, k: float = 1.0) -> None:
        self.size = count("LocalResponseNorm", "size", size)
        self.alpha = number("LocalResponseNorm", "alpha", alpha)
        self.beta = number("LocalResponseNorm", "beta", beta)
        self.k = number("LocalResponseNorm", "k", k)

    def forward(self, x: Any) -> Any:
        """Return the normalised (N, C, ...)."""
        return functional.local_response_norm(x, self.size, self.alpha, self.beta, self.k)

    def output_shape(self, input_shape: Shape) -> Shape:
        """Return the same shape; raise ShapeError when there is no channel axis."""
        if not input_shape:
            raise ShapeError("LocalResponseNorm: output_shape of (), expected (C, ...)")
        return tuple(input_shape)

    def extra_repr(self) -> str:
        """Return the numbers."""
        return f"{self.size}, alpha={self.alpha:g}, beta={self.beta}, k={self.k}"
