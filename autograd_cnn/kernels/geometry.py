"""The shapes of a convolution: all that its algorithms know beside the numbers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

import numpy as np

Pair: TypeAlias = tuple[int, int]
Padding: TypeAlias = tuple[Pair, Pair]
Part: TypeAlias = Literal["forward", "input gradient", "weight gradient"]


@dataclass(frozen=True)
class Convolution:
    """One part of a convolution, but for its numbers.

    Attributes
    ----------
    part : {"forward", "input gradient", "weight gradient"}
        What is asked for.
    x_shape, weight_shape : (int, int, int, int)
        (N, C, H, W) and (O, C/groups, KH, KW).
    output_size : (int, int)
        OH and OW; windows may stick out of the padded image, or leave some of it unused.
    dtype : dtype
        float32 or float64: what is computed in.
    stride, padding, dilation, groups
        As for :func:`.convolution.conv2d`.
    """

    part: Part
    x_shape: tuple[int, int, int, int]
    weight_shape: tuple[int, int, int, int]
    output_size: Pair
    dtype: np.dtype[Any]
    stride: Pair
    padding: Padding
    dilation: Pair
    groups: int

    @property
    def window(self) -> Pair:
        """Height and width of a window."""
        return self.weight_shape[2:]

    @property
    def input_size(self) -> Pair:
        """Height and width of the images."""
        return self.x_shape[2:]

    @property
    def before(self) -> Pair:
        """How many rows and columns of zeros stand above and to the left of an image."""
        return self.padding[0][0], self.padding[1][0]
