"""The nearest-neighbour classifier, and cross-validation of how many neighbours to ask."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal, Self

import numpy as np
from numpy.typing import NDArray

from autograd_cnn.data import Dataset, Folds, stratified_folds
from autograd_cnn.data.preprocessing import Preprocessing
from autograd_cnn.errors import ArgumentError, NotFittedError, ShapeError
from autograd_cnn.models.nearest import DISTANCES, nearest
from autograd_cnn.models.samples import labelled, rows_of
from autograd_cnn.settings import count


class NearestNeighbors:
    """Classify an image by a vote of the k training images nearest to it.

    CS231n, image classification, "k-nearest neighbor classifier": training remembers all images, and the work is
    done when predicting. Of classes with equally many votes the smallest label wins; of images that are equally
    far away the first ones vote.

    Parameters
    ----------
    k : int
        How many neighbours vote.
    distance : {"l2", "l1"}
        ``sqrt(Σ(a − b)²)`` or ``Σ|a − b|`` over the pixels.

    Raises
    ------
    ArgumentError
        For less than one neighbour, or another distance.

    Examples
    --------
    >>> from autograd_cnn import data, models
    >>> digits = data.digits()
    >>> f"{models.NearestNeighbors(k=3).fit(digits.train).accuracy(digits.validation):.1%}"
    '99.3%'
    """

    def __init__(self, k: int = 1, distance: Literal["l1", "l2"] = "l2") -> None:
        self.k = count("NearestNeighbors", "k", k)
        if distance not in DISTANCES:
            raise ArgumentError(f"NearestNeighbors: distance={distance!r}, expected 'l1' or 'l2'")
        self.distance = distance
        self._rows: NDArray[Any] | None = None
        self._labels: NDArray[Any] = np.empty(0, np.int64)

    def __repr__(self) -> str:
        return f"NearestNeighbors(k={self.k}, distance={self.distance!r})"

    def fit(self, images: Dataset | NDArray[Any], labels: NDArray[Any] | None = None) -> Self:
        """Remember training images: a dataset, or an (N, ...) array and (N,) integer labels.

        Raises
        ------
        ArgumentError, ShapeError, DtypeError
            When there is not one integer label per image, there are fewer images than neighbours, or numbers that
            are not finite.
        """
        rows, self._labels = labelled("NearestNeighbors.fit", images, labels)
        if len(rows) < self.k:
            raise ArgumentError(f"NearestNeighbors.fit: {len(rows)} images, fewer than k={self.k}; give more")
        self._rows = np.ascontiguousarray(rows)
        return self

    def neighbors(
        self, images: Dataset | NDArray[Any], k: int | None = None
    ) -> tuple[NDArray[np.float64], NDArray[np.intp]]:
        """Return distances to, and positions of, the k training images nearest to each image, the nearest first.

        Both are (N, k); `k` is that of the classifier unless it is given.
        """
        if self._rows is None:
            raise NotFittedError("NearestNeighbors: no images are known yet; fit(splits.train) first")
        k = self.k if k is None else count("neighbors", "k", k)
        if k > len(self._rows):
            raise ArgumentError(f"neighbors: k={k}, but only {len(self._rows)} images are known")
        rows = rows_of("NearestNeighbors", images)
        if rows.shape[1] != self._rows.shape[1]:
            raise ShapeError(
                f"NearestNeighbors: images of {rows.shape[1]} numbers, fitted to images of {self._rows.shape[1]}"
            )
        dtype = np.result_type(rows, self._rows)
        return nearest(rows.astype(dtype, copy=False), self._rows.astype(dtype, copy=False), k, self.distance)

    def predict(self, images: Dataset | NDArray[Any]) -> NDArray[Any]:
        """Return the label that the most neighbours of each image have."""
        return voted(self._labels[self.neighbors(images)[1]])

    def accuracy(self, images: Dataset | NDArray[Any], labels: NDArray[Any] | None = None) -> float:
        """Return the share of images whose label is predicted: of a dataset, or of an array with labels."""
        rows, right = labelled("NearestNeighbors.accuracy", images, labels)
        return float((self.predict(rows) == right).mean())


def voted(labels: NDArray[Any]) -> NDArray[Any]:
    """Return the most frequent label of each row; the smallest of those that are equally frequent."""
    classes, votes = np.unique(labels, return_inverse=True)
    counts = np.zeros((len(labels), len(classes)), np.intp)
    np.add.at(counts, (np.arange(len(labels))[:, None], votes.reshape(labels.shape)), 1)
    winners: NDArray[Any] = classes[counts.argmax(1)] if len(labels) else labels[:, 0]
    return winners


@dataclass(frozen=True, eq=False)
class CrossValidation:
    """How right each setting was in each round; `viz.cross_validation` draws it.

    Attributes
    ----------
    ks : tuple of int
        The numbers of neighbours.
    accuracies : (len(ks), folds) array
        The share of the validation images of each fold that was right.
    """

    ks: tuple[int, ...]
    accuracies: NDArray[np.float64]

    @property
    def mean(self) -> NDArray[np.float64]:
        """The accuracy of each k, averaged over the folds."""
        return np.asarray(self.accuracies.mean(1))

    @property
    def std(self) -> NDArray[np.float64]:
        """The standard deviation of each k's accuracy over the folds."""
        return np.asarray(self.accuracies.std(1))

    @property
    def best(self) -> int:
        """The k of the highest mean accuracy; the smallest of several."""
        highest = self.mean.max()
        return min(k for k, mean in zip(self.ks, self.mean, strict=True) if mean == highest)

    def __str__(self) -> str:
        lines = [
            f"k = {k:3}  {mean:6.1%} ± {std:.1%}" for k, mean, std in zip(self.ks, self.mean, self.std, strict=True)
        ]
        return "\n".join(lines)


def cross_validate(
    dataset: Dataset,
    ks: Sequence[int] = (1, 3, 5, 10, 20, 50, 100),
    folds: int | Folds = 5,
    *,
    distance: Literal["l1", "l2"] = "l2",
    preprocessing: Preprocessing | None = None,
) -> CrossValidation:
    """Return the accuracy of nearest neighbours for each k in each round of a cross-validation.

    CS231n, image classification, "Validation sets for hyperparameter tuning". Neighbours are searched for once per
    round, for all k together.

    Parameters
    ----------
    dataset : Dataset
        Training data; the test data stays out of it.
    ks : sequence of int
        The numbers of neighbours to try.
    folds : int, or Folds
        How many, or which; see `data.stratified_folds`.
    distance : {"l2", "l1"}
        As of `NearestNeighbors`.
    preprocessing : Preprocessing, optional
        Fitted anew in each round, to what that round learns from; the validation images have no part in it.

    Raises
    ------
    ArgumentError
        For no k, or one below 1 or above the number of images that a round learns from.

    Examples
    --------
    >>> from autograd_cnn import data, models
    >>> print(models.cross_validate(data.digits().train, (1, 5, 50), 3))
    k =   1   98.2% ± 0.4%
    k =   5   97.5% ± 0.6%
    k =  50   91.8% ± 1.2%
    """
    if not isinstance(ks, Sequence | np.ndarray):
        raise ArgumentError(f"cross_validate: ks={ks!r}, expected a list of numbers of neighbours, such as (1, 3, 5)")
    if not len(ks):
        raise ArgumentError("cross_validate: ks is empty; give at least one number of neighbours")
    numbers = [count("cross_validate", "k", k) for k in ks]
    rounds = folds if isinstance(folds, Folds) else stratified_folds(dataset, folds)
    accuracies = np.empty((len(numbers), len(rounds)))
    for column, (train, validation) in enumerate(rounds):
        if preprocessing is not None:
            fitted = preprocessing.fit(train)
            train, validation = fitted(train), fitted(validation)
        _, positions = NearestNeighbors(max(numbers), distance).fit(train).neighbors(validation)
        labels = train.labels[positions]
        for row, k in enumerate(numbers):
            accuracies[row, column] = (voted(labels[:, :k]) == validation.labels).mean()
    return CrossValidation(tuple(numbers), accuracies)
