"""Layers without parameters that work number by number (CS231n, neural networks part 1)."""

from __future__ import annotations

from typing import Any

from autograd_cnn.gates import activation
from autograd_cnn.nn.module import Module, Shape


class ReLU(Module):
    """max(0, x), with gradient 0 at 0."""

    def forward(self, x: Any) -> Any:
        """Return max(0, x)."""
        return activation.relu(x)

    def output_shape(self, input_shape: Shape) -> Shape:
        """Return the same shape."""
        return tuple(input_shape)


class Sigmoid(Module):
    """1/(1 + e⁻ˣ): squashes to (0, 1)."""

    def forward(self, x: Any) -> Any:
        """Return 1/(1 + e⁻ˣ)."""
        return activation.sigmoid(x)

    def output_shape(self, input_shape: Shape) -> Shape:
        """Return the same shape."""
        return tuple(input_shape)


class Tanh(Module):
    """Hyperbolic tangent: squashes to (−1, 1)."""

    def forward(self, x: Any) -> Any:
        """Return tanh(x)."""
        return activation.tanh(x)

    def output_shape(self, input_shape: Shape) -> Shape:
        """Return the same shape."""
        return tuple(input_shape)
