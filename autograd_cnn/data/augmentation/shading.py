"""Transformations of the numbers of pixels: contrast, brightness and noise."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from autograd_cnn.data.augmentation.transforming import Transformation, each, interval, like, working
from autograd_cnn.settings import magnitude


@dataclass(frozen=True)
class Contrast(Transformation):
    """Move the pixels of each image away from their mean, or towards it.

    Parameters
    ----------
    low, high : float
        Least and largest factor; above 1 the contrast is higher.
    limits : (float, float), optional
        Pixels beyond these numbers are set to them, such as (0, 1).
    """

    low: float = 0.8
    high: float = 1.2
    limits: tuple[float, float] | None = None

    def __post_init__(self) -> None:
        interval("Contrast", (self.low, self.high), 0.0)
        object.__setattr__(self, "limits", _limits("Contrast", self.limits))

    def applied(self, images: NDArray[Any], rng: np.random.Generator) -> NDArray[Any]:
        """Return the images with other contrast."""
        pixels = working(images)
        factors = each(rng.uniform(self.low, self.high, len(images)), pixels)
        means = pixels.mean((1, 2, 3), keepdims=True)
        return like(images, _limited(means + factors * (pixels - means), self.limits))


@dataclass(frozen=True)
class Brightness(Transformation):
    """Add one number to all pixels of an image.

    Parameters
    ----------
    by : float
        How much at most, up or down.
    limits : (float, float), optional
        As of `Contrast`.
    """

    by: float = 0.1
    limits: tuple[float, float] | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "by", magnitude("Brightness", "by", self.by))
        object.__setattr__(self, "limits", _limits("Brightness", self.limits))

    def applied(self, images: NDArray[Any], rng: np.random.Generator) -> NDArray[Any]:
        """Return the images brighter or darker."""
        pixels = working(images)
        return like(images, _limited(pixels + each(rng.uniform(-self.by, self.by, len(images)), pixels), self.limits))


@dataclass(frozen=True)
class Noise(Transformation):
    """Add Gaussian noise to every pixel.

    Parameters
    ----------
    std : float
        Its standard deviation, in the units of the pixels.
    limits : (float, float), optional
        As of `Contrast`.

    Raises
    ------
    ArgumentError
        For a std below 0, or limits that are not two rising numbers.
    """

    std: float = 0.05
    limits: tuple[float, float] | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "std", magnitude("Noise", "std", self.std))
        object.__setattr__(self, "limits", _limits("Noise", self.limits))

    def applied(self, images: NDArray[Any], rng: np.random.Generator) -> NDArray[Any]:
        """Return the images with noise."""
        pixels = working(images)
        noise = rng.standard_normal(pixels.shape, pixels.dtype.type)
        noise *= self.std
        noise += pixels
        return like(images, _limited(noise, self.limits))


def _limits(name: str, limits: Any) -> tuple[float, float] | None:
    return None if limits is None else interval(f"{name}: limits", limits)


def _limited(pixels: NDArray[Any], limits: tuple[float, float] | None) -> NDArray[Any]:
    return pixels if limits is None else np.clip(pixels, *limits, out=pixels)
