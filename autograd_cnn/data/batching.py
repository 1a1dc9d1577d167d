"""Going through a dataset in small portions."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from autograd_cnn.data.augmentation import Augmentation, Transformation
from autograd_cnn.data.datasets import Dataset
from autograd_cnn.errors import ArgumentError, ShapeError
from autograd_cnn.random import generator
from autograd_cnn.settings import count


class Batches:
    """One pass over images and labels per iteration; made by `batches`."""

    def __init__(
        self,
        images: NDArray[Any],
        labels: NDArray[Any],
        batch_size: int,
        shuffle: bool,
        rng: np.random.Generator,
        drop_last: bool,
        progress: str | None,
        transform: Callable[[NDArray[Any]], NDArray[Any]] | None,
    ) -> None:
        self.images, self.labels = images, labels
        self.batch_size = batch_size
        self.shuffle = shuffle
        self.rng = rng
        self.drop_last = drop_last
        self.progress = progress
        self.transform = transform

    def __len__(self) -> int:
        whole, rest = divmod(len(self.labels), self.batch_size)
        return whole + (rest > 0 and not self.drop_last)

    def __iter__(self) -> Iterator[tuple[NDArray[Any], NDArray[Any]]]:
        if self.progress is None:
            yield from self._portions()
            return
        from tqdm import tqdm

        # disable=None: no bar where stderr is no terminal, such as in a log file
        yield from tqdm(self._portions(), desc=self.progress, total=len(self), unit="batch", disable=None)

    def _portions(self) -> Iterator[tuple[NDArray[Any], NDArray[Any]]]:
        order = self.rng.permutation(len(self.labels)) if self.shuffle else None
        for k in range(len(self)):
            portion = slice(k * self.batch_size, (k + 1) * self.batch_size)
            chosen = portion if order is None else order[portion]
            images = self.images[chosen]
            yield images if self.transform is None else self.transform(images), self.labels[chosen]


def batches(
    dataset: Dataset | tuple[NDArray[Any], NDArray[Any]],
    batch_size: int,
    *,
    shuffle: bool = True,
    rng: np.random.Generator | int | None = None,
    drop_last: bool = False,
    progress: str | None = None,
    transform: Callable[[NDArray[Any]], NDArray[Any]] | None = None,
) -> Batches:
    """Return an iterable of (images, labels) batches; every iteration over it is one epoch.

    Parameters
    ----------
    dataset : Dataset, or (images, labels)
        What to go through.
    batch_size : int
        Images per batch; the last one may be smaller.
    shuffle : bool
        Draw a new order for every epoch.
    rng : numpy.random.Generator or int, optional
        Where the order comes from; the default generator (see `autograd_cnn.manual_seed`).
    drop_last : bool
        Leave out a last batch that is smaller.
    progress : str, optional
        Show a progress bar of this title on a terminal.
    transform : callable, optional
        What to make of the images of each batch, such as an `augmentation.Augmentation`.

    Raises
    ------
    ArgumentError
        When there is nothing to go through, or the batch size is no positive integer.
    ShapeError
        When there is not one label per image.

    Warns
    -----
    ClassChangeWarning
        When the augmentation turns classes of the dataset into each other; see `augmentation.Augmentation`.

    Examples
    --------
    >>> import numpy as np
    >>> from autograd_cnn import data
    >>> images, labels = np.zeros((5, 1, 8, 8)), np.arange(5)
    >>> [list(labels) for _, labels in data.batches((images, labels), 2, shuffle=False)]
    [[np.int64(0), np.int64(1)], [np.int64(2), np.int64(3)], [np.int64(4)]]
    """
    if isinstance(dataset, Dataset):
        images, labels = dataset.images, dataset.labels
    elif isinstance(dataset, tuple | list) and len(dataset) == 2:
        images, labels = np.asarray(dataset[0]), np.asarray(dataset[1])
    else:
        raise ArgumentError(f"batches: got {type(dataset).__name__}, expected a Dataset or (images, labels)")
    if not images.ndim or not labels.ndim or len(images) != len(labels):
        raise ShapeError(f"batches: images {images.shape} and labels {labels.shape}, expected one label per image")
    if not len(labels):
        raise ArgumentError("batches: the dataset is empty; was a share of 0 asked for?")
    batch_size = count("batches", "batch_size", batch_size)
    if drop_last and batch_size > len(labels):
        raise ArgumentError(
            f"batches: batch_size={batch_size} with drop_last leaves nothing of {len(labels)} images; use less"
        )
    if progress is not None and not isinstance(progress, str):
        raise ArgumentError(f"batches: progress={progress!r}, expected the title of the bar, or None")
    if transform is not None and not callable(transform):
        raise ArgumentError(f"batches: transform={transform!r}, expected a function of images, or None")
    if isinstance(dataset, Dataset) and isinstance(transform, Augmentation | Transformation):
        transform.warn_about(dataset.classes)
    return Batches(images, labels, batch_size, bool(shuffle), generator(rng), bool(drop_last), progress, transform)
