"""Splitting a dataset such that each part holds its share of every class."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any, NamedTuple, overload

import numpy as np
from numpy.typing import NDArray

from autograd_cnn.data.datasets import Dataset
from autograd_cnn.errors import ArgumentError
from autograd_cnn.settings import real, whole


class Fold(NamedTuple):
    """One round of cross-validation: what to learn from, and what to judge the settings by."""

    train: Dataset
    validation: Dataset


class Folds(Sequence[Fold]):
    """The rounds of a k-fold cross-validation; made by `stratified_folds`.

    A round is cut out of the dataset when it is asked for, so that k rounds take no k copies.
    """

    def __init__(self, dataset: Dataset, positions: tuple[NDArray[np.intp], ...]) -> None:
        self.dataset = dataset
        self.positions = positions

    def __len__(self) -> int:
        return len(self.positions)

    @overload
    def __getitem__(self, k: int) -> Fold: ...

    @overload
    def __getitem__(self, k: slice) -> list[Fold]: ...

    def __getitem__(self, k: int | slice) -> Fold | list[Fold]:
        """Return round k: fold k for validation, all others to learn from."""
        if isinstance(k, slice):
            return [self[i] for i in range(len(self))[k]]
        k = range(len(self))[k]
        learned = np.sort(np.concatenate([held for i, held in enumerate(self.positions) if i != k]))
        return Fold(_part(self.dataset, learned), _part(self.dataset, self.positions[k]))

    def __iter__(self) -> Iterator[Fold]:
        return (self[k] for k in range(len(self)))


def stratified_split(dataset: Dataset, shares: Sequence[float], *, seed: int = 0) -> tuple[Dataset, ...]:
    """Split a dataset at random into parts of given shares, every class by itself.

    Parameters
    ----------
    dataset : Dataset
    shares : sequence of float
        The share of each part; they add up to 1. A part gets its share of every class within one image.
    seed : int
        Which images go where; the same seed gives the same split.

    Returns
    -------
    tuple of Dataset
        One for each share, images in the order of `dataset`; every image is in exactly one.

    Raises
    ------
    ArgumentError
        For shares that are not at least one number, none below 0, with sum 1; or a seed below 0.

    Examples
    --------
    >>> from autograd_cnn import data
    >>> train, validation = data.stratified_split(data.digits().train, (0.8, 0.2))
    >>> len(train), len(validation)
    (1008, 250)
    """
    caller = "stratified_split"
    numbers = _numbers(shares)
    if not numbers:
        raise ArgumentError(f"{caller}: shares={shares!r}, expected numbers of at least 0 that add up to 1")
    return stratified_parts(caller, _checked(caller, dataset), numbers, seed)


def stratified_folds(dataset: Dataset, k: int = 5, *, seed: int = 0) -> Folds:
    """Cut a dataset into k folds for cross-validation, every class by itself.

    CS231n, image classification, "Validation sets for hyperparameter tuning": each fold is the validation data of
    one round, and the others are what that round learns from. A single round, as ``stratified_folds(dataset)[0]``,
    is the one validation fold that suffices where there is much data.

    Parameters
    ----------
    dataset : Dataset
    k : int
        How many folds. Folds differ in size by one image at most, and so do the numbers of each class in them.
    seed : int
        Which images go where.

    Returns
    -------
    Folds
        A sequence of k ``(train, validation)`` pairs of datasets.

    Raises
    ------
    ArgumentError
        When k is not from 2 to the number of images, or the seed is below 0.

    Examples
    --------
    >>> from autograd_cnn import data
    >>> for train, validation in data.stratified_folds(data.digits().train, 3):
    ...     print(len(train), len(validation))
    838 420
    839 419
    839 419
    """
    caller = "stratified_folds"
    _checked(caller, dataset)
    most = len(dataset)
    k = whole(caller, "k", k, 2, most, f"an integer from 2 to the number of images, {most}")
    # Dealt out like cards, class after class: then folds are of one size, and classes too.
    order = np.concatenate(_shuffled_classes(caller, dataset, seed))
    return Folds(dataset, tuple(np.sort(order[first::k]) for first in range(k)))


def stratified_parts(caller: str, dataset: Dataset, shares: tuple[float, ...], seed: int) -> tuple[Dataset, ...]:
    """Return the parts of `stratified_split` for shares that are known to be valid."""
    bounds = np.cumsum(shares)
    parts: list[list[NDArray[np.intp]]] = [[np.empty(0, np.intp)] for _ in shares]
    for members in _shuffled_classes(caller, dataset, seed):
        cuts = np.rint(bounds * len(members)).astype(int)
        for part, chosen in zip(parts, np.split(members, cuts[:-1]), strict=True):
            part.append(chosen)
    return tuple(_part(dataset, np.sort(np.concatenate(part))) for part in parts)


def three_shares(caller: str, shares: Any) -> tuple[float, ...]:
    """Return the shares of train, validation and test; raise ArgumentError for anything else."""
    numbers = _numbers(shares)
    if len(numbers) != 3:
        raise ArgumentError(
            f"{caller}: shares={shares!r}, expected three numbers of at least 0 that add up to 1, "
            "for train, validation and test"
        )
    return numbers


def _numbers(shares: Any) -> tuple[float, ...]:
    """Return shares as floats, or nothing where they are none."""
    given = tuple(map(real, shares)) if isinstance(shares, tuple | list | np.ndarray) else ()
    valid = all(s >= 0 for s in given)
    return given if valid and math.isclose(sum(given), 1.0, abs_tol=1e-9) else ()


def _checked(caller: str, dataset: Any) -> Dataset:
    if not isinstance(dataset, Dataset):
        raise ArgumentError(f"{caller}: got {type(dataset).__name__}, expected a Dataset, such as splits.train")
    return dataset


def _shuffled_classes(caller: str, dataset: Dataset, seed: int) -> list[NDArray[np.intp]]:
    """Return the positions of each class's images, in an order that the seed decides."""
    rng, labels = np.random.default_rng(whole(caller, "seed", seed, 0, math.inf)), dataset.labels
    return [rng.permutation(np.flatnonzero(labels == label)) for label in np.unique(labels)]


def _part(dataset: Dataset, positions: NDArray[np.intp]) -> Dataset:
    return replace(dataset, images=dataset.images[positions], labels=dataset.labels[positions])
