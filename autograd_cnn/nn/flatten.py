"""From images to vectors."""

from __future__ import annotations

import math
from typing import Any

from autograd_cnn.errors import ShapeError
from autograd_cnn.gates.shape import reshape
from autograd_cnn.nn.module import Module
from autograd_cnn.nn.shapes import Shape
from autograd_cnn.settings import whole


class Flatten(Module):
    """Join the axes from `start_dim` to `end_dim` into one; by default all but the batch axis.

    Parameters
    ----------
    start_dim, end_dim : int
        First and last axis to join, counted with the batch axis; negative ones from the end.

    Examples
    --------
    >>> import numpy as np
    >>> from autograd_cnn import nn
    >>> nn.Flatten()(np.zeros((5, 8, 2, 2))).shape
    (5, 32)
    """

    _shown = ("start_dim", "end_dim")

    def __init__(self, start_dim: int = 1, end_dim: int = -1) -> None:
        self.start_dim, self.end_dim = whole("Flatten", "start_dim", start_dim), whole("Flatten", "end_dim", end_dim)

    def forward(self, x: Any) -> Any:
        """Return the same numbers with fewer axes."""
        return reshape(x, shape=self._flat(tuple(x.shape)))

    def output_shape(self, input_shape: Shape) -> Shape:
        """Return the shape of one output sample; see `Module.output_shape`."""
        batch = 2  # any size: what counts is that it is still there
        flat = self._flat((batch, *input_shape))
        if self.start_dim in (0, -len(input_shape) - 1) and len(flat) <= len(input_shape):
            raise ShapeError(f"Flatten: start_dim={self.start_dim} flattens the batch axis; no shape of one sample")
        return flat[1:]

    def _flat(self, shape: Shape) -> Shape:
        axes = len(shape)
        start, end = (axis + axes if axis < 0 else axis for axis in (self.start_dim, self.end_dim))
        if not 0 <= start <= end < axes:
            raise ShapeError(
                f"Flatten: axes {self.start_dim} to {self.end_dim} cannot be joined in an input of shape {shape}"
            )
        return (*shape[:start], math.prod(shape[start : end + 1]), *shape[end + 1 :])
