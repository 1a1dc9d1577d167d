"""Images with labels, and the handwritten digits that come with the package."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from autograd_cnn.errors import ArgumentError, DtypeError, ShapeError
from autograd_cnn.random import generator


@dataclass(frozen=True, eq=False)
class Dataset:
    """Images and what they show.

    Attributes
    ----------
    images : (N, C, H, W) array
    labels : (N,) array of integers

    Raises
    ------
    ShapeError, DtypeError
        When there is not one integer label per image.
    """

    images: NDArray[Any]
    labels: NDArray[Any]

    def __post_init__(self) -> None:
        if self.images.ndim != 4 or self.labels.shape != self.images.shape[:1]:
            raise ShapeError(
                f"Dataset: images {self.images.shape} and labels {self.labels.shape} do not fit; "
                "expected (N, C, H, W) and (N,)"
            )
        if self.labels.dtype.kind not in "iu":
            raise DtypeError(f"Dataset: labels of dtype {self.labels.dtype}, expected integers")

    def __len__(self) -> int:
        return len(self.labels)

    def __repr__(self) -> str:
        return f"Dataset({len(self)} images of shape {self.images.shape[1:]} {self.images.dtype})"


@dataclass(frozen=True)
class Splits:
    """One collection in three parts: to learn from, to choose settings with, to be judged on once."""

    train: Dataset
    validation: Dataset
    test: Dataset


def digits(shares: Sequence[float] = (0.7, 0.15, 0.15), *, seed: int = 0) -> Splits:
    """Load 1,797 handwritten digits of 8 × 8 pixels, split into train, validation and test.

    The test part of the "Optical Recognition of Handwritten Digits" by E. Alpaydin and C. Kaynak
    (UCI Machine Learning Repository, 1998, doi:10.24432/C50P49), licensed CC BY 4.0.

    Parameters
    ----------
    shares : three numbers
        Shares of train, validation and test; they add up to 1. Every class is split by itself, so
        the share of each class is kept within one image.
    seed : int
        Which images go where; the same seed gives the same split.

    Returns
    -------
    Splits
        Of datasets with ``images`` (N, 1, 8, 8) float32 from 0 (paper) to 1 (ink) and ``labels``
        (N,) int64 from 0 to 9.

    Raises
    ------
    ArgumentError
        For shares that are not three numbers of at least 0 with sum 1, or a seed below 0.

    Examples
    --------
    >>> from autograd_cnn import data
    >>> data.digits().train
    Dataset(1258 images of shape (1, 8, 8) float32)
    """
    shares = _checked(shares)
    if isinstance(seed, bool) or not hasattr(seed, "__index__") or seed < 0:
        raise ArgumentError(f"digits: seed={seed!r}, expected an integer of at least 0")
    images, labels = _read()
    parts = _stratified(labels, shares, generator(seed))
    return Splits(*(Dataset(images[part], labels[part]) for part in parts))


def _read() -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    import gzip  # here, so that importing the package stays cheap
    from importlib import resources

    file = resources.files("autograd_cnn.data") / "digits.csv.gz"
    rows = gzip.decompress(file.read_bytes()).split()
    table = np.array([row.split(b",") for row in rows]).astype(np.int64)
    return (table[:, :-1] / 16).astype(np.float32).reshape(-1, 1, 8, 8), table[:, -1].copy()


def _stratified(
    labels: NDArray[np.int64], shares: tuple[float, ...], rng: np.random.Generator
) -> list[NDArray[np.intp]]:
    """Return the positions of each part, in rising order: every class is shuffled and cut by itself."""
    parts: list[list[NDArray[np.intp]]] = [[] for _ in shares]
    for label in np.unique(labels):
        members = rng.permutation(np.flatnonzero(labels == label))
        cuts = np.rint(np.cumsum(shares) * len(members)).astype(int)
        for part, chosen in zip(parts, np.split(members, cuts[:-1]), strict=True):
            part.append(chosen)
    return [np.sort(np.concatenate(part)) for part in parts]


def _checked(shares: Any) -> tuple[float, ...]:
    numbers = tuple(shares) if isinstance(shares, tuple | list | np.ndarray) else ()
    valid = len(numbers) == 3 and all(isinstance(s, int | float | np.number) and s >= 0 for s in numbers)
    if not valid or not math.isclose(sum(numbers), 1.0, abs_tol=1e-9):
        raise ArgumentError(
            f"digits: shares={shares!r}, expected three numbers of at least 0 that add up to 1, "
            "for train, validation and test"
        )
    return tuple(float(s) for s in numbers)
