"""What all preprocessing has in common: fitted on training images, frozen, then applied to any images."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass, fields, replace
from typing import Any, Self, TypeVar

import numpy as np
from numpy.typing import NDArray

from autograd_cnn.data.datasets import Dataset, Splits
from autograd_cnn.errors import ArgumentError, DtypeError, NotFittedError, ShapeError

Images = TypeVar("Images", Dataset, Splits, NDArray[Any])

_NUMBERS_AT_ONCE = 2**22
"""How many numbers a step works on at a time: large collections take no copy in float64."""


@dataclass(frozen=True, eq=False, repr=False)
class Preprocessing(ABC):
    """Base of the steps; a step never changes: `fit` returns another one, that has learned its statistics.

    Examples
    --------
    >>> from autograd_cnn import data
    >>> splits = data.digits()
    >>> centred = data.preprocessing.MeanSubtraction().fit(splits.train)
    >>> float(abs(centred(splits.train).images.mean(0)).max()) < 1e-6
    True
    >>> prepared = centred(splits)  # train, validation and test, all by the mean of train
    """

    def __repr__(self) -> str:
        return f"{type(self).__name__}({', '.join(self._words())})"

    def _words(self) -> list[str]:
        """Return the settings, and of each array its shape."""
        known = {f.name: getattr(self, f.name) for f in fields(self)}
        return [
            f"{name}={f'array of {value.shape}' if isinstance(value, np.ndarray) else repr(value)}"
            for name, value in known.items()
            if value is not None
        ]

    def fit(self, images: Dataset | NDArray[Any]) -> Self:
        """Return this step fitted to training images.

        Parameters
        ----------
        images : Dataset, or (N, ...) array
            Training images and no others.

        Raises
        ------
        ArgumentError
            For a collection that holds more than training data, no image, or numbers that are not finite.
        """
        caller = f"{type(self).__name__}.fit"
        if isinstance(images, Splits) or hasattr(images, "train"):
            raise ArgumentError(
                f"{caller}: got {type(images).__name__}, which holds validation data too; statistics come from "
                "training data alone: fit(splits.train)"
            )
        given = array_of(caller, images)
        if not given.size:
            raise ArgumentError(f"{caller}: there are no pixels in images of shape {given.shape}; give some")
        if given.dtype.kind == "f" and not np.isfinite([given.min(), given.max()]).all():
            raise ArgumentError(f"{caller}: the images hold NaN or infinity; leave those images out")
        return self._fitted_to(given)

    def __call__(self, images: Images) -> Images:
        """Return images preprocessed, in their own dtype; integers become float32.

        Datasets and splits come back as such, with their labels; what has no image's shape any more, such as the
        coordinates that `PCA` finds, is (N, k, 1, 1) in them, and (N, k) where an array was given.
        """
        changed: Images = self._through(images, self._applied, "")
        return changed

    def inverse(self, images: Images) -> Images:
        """Return images as they were before, as far as the step keeps what they show."""
        changed: Images = self._through(images, self._undone, "inverse")
        return changed

    @property
    @abstractmethod
    def is_fitted(self) -> bool:
        """Whether the step knows its statistics."""

    @abstractmethod
    def _fitted_to(self, images: NDArray[Any]) -> Self: ...

    @abstractmethod
    def _applied(self, images: NDArray[Any]) -> NDArray[Any]: ...

    @abstractmethod
    def _undone(self, images: NDArray[Any]) -> NDArray[Any]: ...

    def check_fitted(self, what: str = "") -> None:
        """Raise NotFittedError, which names what was asked for, unless the statistics are known."""
        if not self.is_fitted:
            name = type(self).__name__
            raise NotFittedError(
                f"{name}{what and '.'}{what}: not fitted yet; fitted = {name}(...).fit(splits.train) returns a step "
                "that is"
            )

    def _through(self, images: Any, step: Any, method: str) -> Any:
        name = type(self).__name__
        self.check_fitted(method)
        if isinstance(images, Splits):
            return Splits(*(self._through(getattr(images, f.name), step, method) for f in fields(images)))
        changed = step(array_of(f"{name}{method and '.'}{method}", images))
        if not isinstance(images, Dataset):
            return changed
        return replace(images, images=changed if changed.ndim > 2 else changed[:, :, None, None])

    def state(self) -> dict[str, NDArray[Any]]:
        """Return all that the step knows as arrays, for ``np.savez(file, **state)``; see `from_state`."""
        if not self.is_fitted:
            raise NotFittedError(f"{type(self).__name__}.state: not fitted yet, so there is nothing to keep")
        return {"kind": np.array(type(self).__name__), **self._arrays()}

    def _arrays(self) -> dict[str, NDArray[Any]]:
        known = {f.name: getattr(self, f.name) for f in fields(self)}
        return {name: np.array(value) for name, value in known.items() if value is not None}


def array_of(caller: str, images: Any) -> NDArray[Any]:
    """Return the images themselves; raise where they are no array of numbers with a first axis of images."""
    given = images.images if isinstance(images, Dataset) else images
    if not isinstance(given, np.ndarray):
        raise ArgumentError(f"{caller}: got {type(images).__name__}, expected a Dataset or an array of images")
    if given.dtype.kind not in "biuf":
        raise DtypeError(f"{caller}: images of dtype {given.dtype}, expected real numbers")
    if given.ndim < 2:
        raise ShapeError(f"{caller}: images of shape {given.shape}, expected (N, C, H, W) or (N, D)")
    return given


def floating(dtype: np.dtype[Any]) -> np.dtype[Any]:
    """Return the dtype of what comes out: that of the images, or float32 for integers."""
    return dtype if dtype.kind == "f" else np.dtype(np.float32)


def portions(images: NDArray[Any]) -> Iterator[slice]:
    """Yield slices of images that together hold all, each small enough for a copy in float64."""
    rows = max(1, _NUMBERS_AT_ONCE // max(1, math.prod(images.shape[1:])))
    for first in range(0, len(images), rows):
        yield slice(first, first + rows)


def frozen(caller: str, array: Any) -> NDArray[np.float64]:
    """Return finite numbers as a read-only copy in float64."""
    given = np.asarray(array)
    if given.dtype.kind not in "biuf" or not np.isfinite(given).all():
        raise ArgumentError(f"{caller}: statistics of dtype {given.dtype} or not finite, expected finite real numbers")
    copy = given.astype(np.float64)
    copy.flags.writeable = False
    return copy
