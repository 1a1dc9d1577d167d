"""Softmax layers: scores to probabilities along one axis, by default the last."""

from __future__ import annotations

from typing import Any

from autograd_cnn import functional
from autograd_cnn.errors import ArgumentError, ShapeError
from autograd_cnn.nn.module import Module, Shape


class Softmax(Module):
    """Probabilities exp x / Σ exp x.

    Parameters
    ----------
    axis : int
        Along which they sum to 1, counted with the batch axis.
    """

    def __init__(self, axis: int = -1) -> None:
        self.axis = _axis("Softmax", axis)

    def forward(self, x: Any) -> Any:
        """Return the probabilities."""
        return functional.softmax(x, axis=self.axis)

    def output_shape(self, input_shape: Shape) -> Shape:
        """Return the same shape; raise ShapeError when it has no such axis."""
        return _with_axis(self, self.axis, input_shape)

    def extra_repr(self) -> str:
        """Return the axis."""
        return f"axis={self.axis}"


class Softmin(Module):
    """Softmax of −x: the smallest score has the largest probability; `axis` as in `Softmax`."""

    def __init__(self, axis: int = -1) -> None:
        self.axis = _axis("Softmin", axis)

    def forward(self, x: Any) -> Any:
        """Return the probabilities."""
        return functional.softmin(x, axis=self.axis)

    def output_shape(self, input_shape: Shape) -> Shape:
        """Return the same shape; raise ShapeError when it has no such axis."""
        return _with_axis(self, self.axis, input_shape)

    def extra_repr(self) -> str:
        """Return the axis."""
        return f"axis={self.axis}"


class LogSoftmax(Module):
    """Logarithms of the softmax probabilities; `axis` as in `Softmax`."""

    def __init__(self, axis: int = -1) -> None:
        self.axis = _axis("LogSoftmax", axis)

    def forward(self, x: Any) -> Any:
        """Return the logarithms of the probabilities."""
        return functional.log_softmax(x, axis=self.axis)

    def output_shape(self, input_shape: Shape) -> Shape:
        """Return the same shape; raise ShapeError when it has no such axis."""
        return _with_axis(self, self.axis, input_shape)

    def extra_repr(self) -> str:
        """Return the axis."""
        return f"axis={self.axis}"


def _axis(layer: str, axis: Any) -> int:
    if isinstance(axis, bool) or not hasattr(axis, "__index__"):
        raise ArgumentError(f"{layer}: axis={axis!r}, expected an integer")
    return int(axis)


def _with_axis(layer: Module, axis: int, input_shape: Shape) -> Shape:
    axes = len(input_shape) + 1
    if not -axes <= axis < axes:
        raise ShapeError(f"{type(layer).__name__}: output_shape of {tuple(input_shape)}, which has no axis {axis}")
    return tuple(input_shape)
