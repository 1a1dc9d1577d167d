"""What all random transformations have in common."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from autograd_cnn.errors import ArgumentError, ClassChangeWarning, DtypeError, ShapeError, warn
from autograd_cnn.random import generator
from autograd_cnn.settings import real

Pairs: TypeAlias = tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Transformation(ABC):
    """Base of the transformations: called with images, each draws random numbers of its own for every image.

    Calls take ``(N, C, H, W)`` images and ``rng``, a generator or a seed (the default generator without it); they
    return images of the same dtype and, but for `Crop`, of the same shape. Integers are rounded, and stay within
    what their dtype holds.
    """

    def __call__(self, images: NDArray[Any], *, rng: np.random.Generator | int | None = None) -> NDArray[Any]:
        """Return the images transformed; what was given stays as it is."""
        return self.applied(checked(type(self).__name__, images), generator(rng))

    @abstractmethod
    def applied(self, images: NDArray[Any], rng: np.random.Generator) -> NDArray[Any]:
        """Return the transformation of images that are known to be images."""

    def confuses(self) -> Pairs:
        """Return names of classes that this transformation turns into each other."""
        return ()

    def warn_about(self, classes: Iterable[str]) -> None:
        """Warn where classes of these names are turned into each other."""
        names = set(classes)
        pairs = [pair for pair in self.confuses() if names.issuperset(pair)]
        if pairs:
            words = ", ".join(f"{one!r} into {other!r}" for one, other in pairs)
            warn(
                f"{self} may turn images of {words} and back, but keeps their labels; leave it out, or make it milder",
                ClassChangeWarning,
            )


def checked(name: str, images: Any) -> NDArray[Any]:
    """Return images; raise where they are none."""
    if not isinstance(images, np.ndarray) or images.ndim != 4:
        given = images.shape if isinstance(images, np.ndarray) else type(images).__name__
        raise ShapeError(f"{name}: got {given}, expected an array of images (N, C, H, W)")
    if images.dtype.kind not in "iuf":
        raise DtypeError(f"{name}: images of dtype {images.dtype}, expected real numbers")
    return images


def working(images: NDArray[Any]) -> NDArray[Any]:
    """Return images in the dtype in which they are computed: float32, or float64 where they have its digits."""
    exact = images.dtype.kind == "f" and images.dtype.itemsize >= 8
    return images.astype(np.float64 if exact else np.float32, copy=False)


def like(images: NDArray[Any], changed: NDArray[Any]) -> NDArray[Any]:
    """Return what was computed in the dtype of the images; integers are rounded and kept in their range."""
    if images.dtype.kind == "f":
        return changed.astype(images.dtype, copy=False)
    ends = np.iinfo(images.dtype)
    return np.clip(np.rint(changed.astype(np.float64)), ends.min, ends.max).astype(images.dtype)


def interval(name: str, given: Any, low: float = -np.inf, high: float = np.inf) -> tuple[float, float]:
    """Return (lowest, highest) of a setting that is drawn evenly between two numbers."""
    ends = tuple(map(real, given)) if isinstance(given, tuple | list) else ()
    if len(ends) != 2 or any(map(math.isnan, ends)):
        raise ArgumentError(f"{name}: got {given!r}, expected two numbers, the lowest and the highest")
    if not low <= ends[0] <= ends[1] <= high or not np.isfinite(ends).all():
        raise ArgumentError(f"{name}: goes from {given[0]} to {given[1]}, expected rising numbers from {low} to {high}")
    return ends[0], ends[1]


def each(numbers: NDArray[Any], images: NDArray[Any]) -> NDArray[Any]:
    """Return one number per image, in a shape that stands beside the images."""
    return numbers.astype(images.dtype).reshape(-1, 1, 1, 1)
