"""Elastic distortions: images as if drawn on rubber."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from autograd_cnn.data.augmentation.borders import Border, check_border, read
from autograd_cnn.data.augmentation.transforming import Transformation, like, working
from autograd_cnn.settings import number


@dataclass(frozen=True)
class Warp(Transformation):
    """Displace every pixel by a smooth random field.

    Simard, Steinkraus and Platt, "Best practices for convolutional neural networks applied to visual document
    analysis", 2003, section 2: even displacements between −1 and 1, smoothed by a Gaussian of standard deviation σ,
    times α. Their digits of 29 × 29 pixels had σ = 4 and α = 34; smaller images want less of both.

    Parameters
    ----------
    alpha : float
        How far, in pixels before smoothing.
    sigma : float
        How far the displacements of two pixels hang together, in pixels.
    fill : float, "edge" or "reflect"
        What moves in from beyond the border.

    Raises
    ------
    ArgumentError
        For an alpha outside 0 to 1e6, or a sigma outside 0.01 to 1e4.
    """

    alpha: float = 34.0
    sigma: float = 4.0
    fill: Border = 0.0

    def __post_init__(self) -> None:
        alpha = number("Warp", "alpha", self.alpha, 0, 1e6, "a number from 0 to 1e6")
        sigma = number("Warp", "sigma", self.sigma, 0.01, 1e4, "a number from 0.01 to 1e4")
        object.__setattr__(self, "alpha", alpha)
        object.__setattr__(self, "sigma", sigma)
        check_border("Warp", self.fill)

    def applied(self, images: NDArray[Any], rng: np.random.Generator) -> NDArray[Any]:
        """Return the images warped."""
        down, right = self.displacements(images, rng)
        height, width = images.shape[2:]
        rows, columns = down + np.arange(height)[:, None], right + np.arange(width)
        return like(images, read(working(images), rows, columns, self.fill))

    def displacements(self, images: NDArray[Any], rng: np.random.Generator) -> NDArray[np.float64]:
        """Return (2, N, H, W): by how many rows and columns away each pixel of the new images is taken."""
        height, width = images.shape[2:]
        fields = rng.uniform(-1, 1, (2, len(images), height, width))
        smooth: NDArray[np.float64] = smoothing(height, self.sigma) @ fields @ smoothing(width, self.sigma)
        smooth *= self.alpha
        return smooth


def smoothing(size: int, sigma: float) -> NDArray[np.float64]:
    """Return the matrix that smooths a row of numbers by a Gaussian; beyond the ends they are 0.

    A Gaussian of two dimensions is the product of two: rows are smoothed, then columns.
    """
    apart = np.arange(size)[:, None] - np.arange(size)
    reach = math.ceil(9 * sigma)  # there a Gaussian is less than rounding
    total = np.exp(-0.5 * (np.arange(-reach, reach + 1) / sigma) ** 2).sum()
    matrix: NDArray[np.float64] = np.exp(-0.5 * (apart / sigma) ** 2) / total
    return matrix
