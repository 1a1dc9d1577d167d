"""Softmax layers: scores to probabilities along one axis, `dim`, by default the last."""

from __future__ import annotations

from typing import Any

from autograd_cnn import functional
from autograd_cnn.errors import ShapeError
from autograd_cnn.nn.module import Module
from autograd_cnn.nn.shapes import Shape
from autograd_cnn.settings import whole


class Softmax(Module):
    """Probabilities exp x / Σ exp x.

    Parameters
    ----------
    dim : int
        Along which they sum to 1, counted with the batch axis.
    """

    _shown = ("dim",)

    def __init__(self, dim: int = -1) -> None:
        self.dim = whole("Softmax", "dim", dim)

    def forward(self, x: Any) -> Any:
        """Return the probabilities."""
        return functional.softmax(x, dim=self.dim)

    def output_shape(self, input_shape: Shape) -> Shape:
        """Return the same shape; raise ShapeError when it has no such axis."""
        return _with_axis(self, self.dim, input_shape)


class Softmin(Module):
    """Softmax of −x: the smallest score has the largest probability; `dim` as in `Softmax`."""

    _shown = ("dim",)

    def __init__(self, dim: int = -1) -> None:
        self.dim = whole("Softmin", "dim", dim)

    def forward(self, x: Any) -> Any:
        """Return the probabilities."""
        return functional.softmin(x, dim=self.dim)

    def output_shape(self, input_shape: Shape) -> Shape:
        """Return the same shape; raise ShapeError when it has no such axis."""
        return _with_axis(self, self.dim, input_shape)


class LogSoftmax(Module):
    """Logarithms of the softmax probabilities; `dim` as in `Softmax`."""

    _shown = ("dim",)

    def __init__(self, dim: int = -1) -> None:
        self.dim = whole("LogSoftmax", "dim", dim)

    def forward(self, x: Any) -> Any:
        """Return the logarithms of the probabilities."""
        return functional.log_softmax(x, dim=self.dim)

    def output_shape(self, input_shape: Shape) -> Shape:
        """Return the same shape; raise ShapeError when it has no such axis."""
        return _with_axis(self, self.dim, input_shape)


def _with_axis(layer: Module, axis: int, input_shape: Shape) -> Shape:
    axes = len(input_shape) + 1
    if not -axes <= axis < axes:
        raise ShapeError(f"{type(layer).__name__}: output_shape of {tuple(input_shape)}, which has no axis {axis}")
    return tuple(input_shape)
