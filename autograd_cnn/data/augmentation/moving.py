"""Transformations that move every pixel by one rule: shifts, rotations and scales.

Each is a matrix that says for every place of the new image where in the old one to look. Those that follow one
another are multiplied, so that pixels are interpolated once and images stay sharp.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from autograd_cnn.data.augmentation.borders import Border, check_border, read
from autograd_cnn.data.augmentation.transforming import Pairs, Transformation, interval, like, working
from autograd_cnn.errors import ArgumentError
from autograd_cnn.settings import is_number, is_whole, real

TURNED: Pairs = (("6", "9"), ("b", "q"), ("d", "p"), ("m", "w"), ("n", "u"), ("M", "W"), ("up", "down"))
"""Classes that look like each other upside down."""
_LARGEST_TURN = 45.0
"""Degrees up to which these can be told apart: half of what turns one into a thing that lies between both."""


@dataclass(frozen=True)
class Motion(Transformation):
    """Base of transformations by a matrix; `fill` says what is seen where the old image has ended."""

    fill: Border = field(default=0.0, kw_only=True)

    def __post_init__(self) -> None:
        check_border(type(self).__name__, self.fill)

    @abstractmethod
    def matrices(self, count: int, rng: np.random.Generator) -> NDArray[np.float64]:
        """Return (count, 3, 3): from (row, column, 1) of the new image, seen from its centre, to those of the old."""

    def applied(self, images: NDArray[Any], rng: np.random.Generator) -> NDArray[Any]:
        """Return the images moved."""
        return moved(images, [self], rng)


@dataclass(frozen=True)
class Shift(Motion):
    """Shift each image by a whole number of pixels, along both axes.

    Parameters
    ----------
    pixels : int
        By how many at most.
    fill : float, "edge" or "reflect"
        What moves in from beyond the border: a number, the nearest pixel, or the image mirrored.

    Raises
    ------
    ArgumentError
        When `pixels` is no integer of at least 0, or `fill` none of these.
    """

    pixels: int = 1

    def __post_init__(self) -> None:
        if not is_whole(self.pixels, 0, 2**30):
            raise ArgumentError(f"Shift: pixels={self.pixels!r}, expected an integer of at least 0")
        super().__post_init__()

    def matrices(self, count: int, rng: np.random.Generator) -> NDArray[np.float64]:
        """Return one shift for each image."""
        found = _identities(count)
        found[:, :2, 2] = rng.integers(-self.pixels, self.pixels + 1, (count, 2))
        return found


@dataclass(frozen=True)
class Rotation(Motion):
    """Turn each image around its centre.

    Parameters
    ----------
    degrees : float or (float, float)
        Up to how far, to both sides; or the lowest and the highest angle. Positive ones turn left.
    fill : float, "edge" or "reflect"
        As of `Shift`.
    changes_class : tuple of (str, str)
        Names of classes that are each other upside down, beside those of `TURNED`, such as 6 and 9.
    """

    degrees: float | tuple[float, float] = 15.0
    changes_class: Pairs = ()

    def __post_init__(self) -> None:
        given = (-real(self.degrees), real(self.degrees)) if is_number(self.degrees) else self.degrees
        object.__setattr__(self, "degrees", interval("Rotation", given))
        super().__post_init__()

    def matrices(self, count: int, rng: np.random.Generator) -> NDArray[np.float64]:
        """Return one rotation for each image."""
        lowest, highest = np.radians(self.degrees)
        angles = rng.uniform(lowest, highest, count)
        found = _identities(count)
        found[:, 0, 0] = found[:, 1, 1] = np.cos(angles)
        found[:, 0, 1] = np.sin(angles)
        found[:, 1, 0] = -np.sin(angles)
        return found

    def confuses(self) -> Pairs:
        """Return classes that are each other upside down, where images are turned far enough."""
        return (*TURNED, *self.changes_class) if np.abs(self.degrees).max() > _LARGEST_TURN else ()


@dataclass(frozen=True)
class Scale(Motion):
    """Magnify or shrink each image around its centre.

    Parameters
    ----------
    low, high : float
        Least and largest factor; above 1 things become larger.
    stretch : bool
        Whether height and width have factors of their own.
    fill : float, "edge" or "reflect"
        As of `Shift`.
    """

    low: float = 0.9
    high: float = 1.1
    stretch: bool = False

    def __post_init__(self) -> None:
        interval("Scale", (self.low, self.high), 0.01, 100.0)
        super().__post_init__()

    def matrices(self, count: int, rng: np.random.Generator) -> NDArray[np.float64]:
        """Return one scale for each image."""
        factors = rng.uniform(self.low, self.high, (count, 2 if self.stretch else 1))
        found = _identities(count)
        found[:, [0, 1], [0, 1]] = 1 / factors
        return found


def moved(images: NDArray[Any], motions: Sequence[Motion], rng: np.random.Generator) -> NDArray[Any]:
    """Return images after motions of one fill, the first one first, each pixel interpolated once."""
    matrices = _identities(len(images))
    for motion in motions:
        matrices = matrices @ motion.matrices(len(images), rng)
    height, width = images.shape[2:]
    down, right = (height - 1) / 2, (width - 1) / 2
    y, x = np.arange(height)[:, None] - down, np.arange(width)[None, :] - right
    parts = matrices[:, :, :, None, None]
    rows = parts[:, 0, 0] * y + parts[:, 0, 1] * x + (parts[:, 0, 2] + down)
    columns = parts[:, 1, 0] * y + parts[:, 1, 1] * x + (parts[:, 1, 2] + right)
    return like(images, read(working(images), rows, columns, motions[0].fill))


def _identities(count: int) -> NDArray[np.float64]:
    return np.tile(np.eye(3), (count, 1, 1))
