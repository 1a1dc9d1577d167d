"""Transformations that move whole pixels: flips and crops."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from autograd_cnn.data.augmentation.borders import Border, check_border
from autograd_cnn.data.augmentation.transforming import Pairs, Transformation
from autograd_cnn.errors import ArgumentError, ShapeError
from autograd_cnn.settings import is_whole, number

MIRRORED: dict[str, Pairs] = {
    "horizontal": (("2", "5"), ("b", "d"), ("p", "q"), ("s", "z"), ("S", "Z"), ("left", "right")),
    "vertical": (
        ("2", "5"), ("6", "9"), ("b", "p"), ("d", "q"), ("m", "w"), ("n", "u"), ("M", "W"), ("up", "down"),
    ),
}  # fmt: skip
"""Classes that look like each other in a mirror that hangs beside them, or lies below them."""


@dataclass(frozen=True)
class Flip(Transformation):
    """Mirror some of the images.

    Parameters
    ----------
    axis : {"horizontal", "vertical"}
        Exchange left and right, or top and bottom.
    share : float
        The probability that an image is mirrored.
    changes_class : tuple of (str, str)
        Names of classes that are each other's mirror images, beside those of `MIRRORED`, such as 6 and 9.

    Raises
    ------
    ArgumentError
        For another axis, or a share outside 0 to 1.

    Examples
    --------
    >>> import numpy as np
    >>> from autograd_cnn.data import augmentation
    >>> augmentation.Flip(share=1)(np.array([[[[1, 2], [3, 4]]]]))
    array([[[[2, 1],
             [4, 3]]]])
    """

    axis: Literal["horizontal", "vertical"] = "horizontal"
    share: float = 0.5
    changes_class: Pairs = ()

    def __post_init__(self) -> None:
        if not isinstance(self.axis, str) or self.axis not in MIRRORED:
            raise ArgumentError(f"Flip: axis={self.axis!r}, expected 'horizontal' or 'vertical'")
        share = number("Flip", "share", self.share, 0, 1, "a probability from 0 to 1")
        object.__setattr__(self, "share", share)

    def applied(self, images: NDArray[Any], rng: np.random.Generator) -> NDArray[Any]:
        """Return the images, some of them mirrored."""
        chosen = rng.random(len(images)) < self.share
        changed = images.copy()
        changed[chosen] = images[chosen][..., ::-1] if self.axis == "horizontal" else images[chosen][..., ::-1, :]
        return changed

    def confuses(self) -> Pairs:
        """Return classes that are each other's mirror images."""
        return (*MIRRORED[self.axis], *self.changes_class)


@dataclass(frozen=True)
class Crop(Transformation):
    """Cut a piece out of each image, at a random place.

    Parameters
    ----------
    size : int or (int, int)
        Height and width of the piece.
    padding : int
        How many pixels to put around each image first: with the images' own size and a padding of 4, the usual
        augmentation of CIFAR-10, images are shifted by up to 4 pixels.
    fill : float, "edge" or "reflect"
        What the padding shows: a number, the nearest pixel, or the image mirrored.

    Raises
    ------
    ArgumentError
        For sizes that are no positive integers, or a padding below 0.
    ShapeError
        When a piece is larger than the padded images.
    """

    size: int | tuple[int, int]
    padding: int = 0
    fill: Border = 0.0

    def __post_init__(self) -> None:
        sides = self.size if isinstance(self.size, tuple) else (self.size, self.size)
        if len(sides) != 2 or not all(is_whole(side, 1) for side in sides) or not is_whole(self.padding, 0):
            raise ArgumentError(
                f"Crop: size={self.size!r}, padding={self.padding!r}; expected a positive integer or two, and an "
                "integer of at least 0"
            )
        check_border("Crop", self.fill)

    def applied(self, images: NDArray[Any], rng: np.random.Generator) -> NDArray[Any]:
        """Return one piece of each image."""
        high, wide = self.size if isinstance(self.size, tuple) else (self.size, self.size)
        padded = self._padded(images)
        if padded.shape[2] < high or padded.shape[3] < wide:
            raise ShapeError(
                f"Crop: pieces of ({high}, {wide}) out of images of {images.shape[2:]} with a padding of "
                f"{self.padding}; make the pieces smaller or the padding larger"
            )
        tops = rng.integers(0, padded.shape[2] - high + 1, len(images))
        lefts = rng.integers(0, padded.shape[3] - wide + 1, len(images))
        pieces = np.empty((*images.shape[:2], high, wide), images.dtype)
        for piece, image, top, left in zip(pieces, padded, tops, lefts, strict=True):
            piece[:] = image[:, top : top + high, left : left + wide]
        return pieces

    def _padded(self, images: NDArray[Any]) -> NDArray[Any]:
        around = ((0, 0), (0, 0), (self.padding, self.padding), (self.padding, self.padding))
        if isinstance(self.fill, str):
            return np.pad(images, around, self.fill)
        return np.pad(images, around, constant_values=self.fill)
