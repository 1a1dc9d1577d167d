"""Images with labels, and a collection of them in three parts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from numpy.typing import NDArray

from autograd_cnn.errors import ArgumentError, DtypeError, OutOfRangeError, ShapeError


@dataclass(frozen=True, eq=False)
class Dataset:
    """Images and what they show.

    Attributes
    ----------
    images : (N, C, H, W) array
    labels : (N,) array of integers
    classes : tuple of str
        The name of each class, where the classes have names: label 0 is the first.

    Raises
    ------
    ShapeError, DtypeError
        When there is not one integer label per image.
    ArgumentError, OutOfRangeError
        For classes that are no names, and a label that has none.
    """

    images: NDArray[Any]
    labels: NDArray[Any]
    classes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.images.ndim != 4 or self.labels.shape != self.images.shape[:1]:
            raise ShapeError(
                f"Dataset: images {self.images.shape} and labels {self.labels.shape} do not fit; "
                "expected (N, C, H, W) and (N,)"
            )
        if self.labels.dtype.kind not in "iu":
            raise DtypeError(f"Dataset: labels of dtype {self.labels.dtype}, expected integers")
        self._check_classes()

    def _check_classes(self) -> None:
        if isinstance(self.classes, str) or not all(isinstance(name, str) for name in self.classes):
            raise ArgumentError(f"Dataset: classes={self.classes!r}, expected one name for each class")
        object.__setattr__(self, "classes", tuple(self.classes))
        if self.classes and len(self.labels) and not 0 <= self.labels.min() <= self.labels.max() < len(self.classes):
            raise OutOfRangeError(
                f"Dataset: labels from {self.labels.min()} to {self.labels.max()}, but {len(self.classes)} "
                "classes have names; give one name for each label from 0"
            )

    def __len__(self) -> int:
        return len(self.labels)

    def __repr__(self) -> str:
        named = f", {len(self.classes)} classes from {self.classes[0]} to {self.classes[-1]}" if self.classes else ""
        return f"Dataset({len(self)} images of shape {self.images.shape[1:]} {self.images.dtype}{named})"


@dataclass(frozen=True)
class Splits:
    """One collection in three parts: to learn from, to choose settings with, to be judged on once."""

    train: Dataset
    validation: Dataset
    test: Dataset

    def __repr__(self) -> str:
        return f"Splits(train={self.train},\n       validation={self.validation},\n       test={self.test})"
