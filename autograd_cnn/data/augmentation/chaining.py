"""Several transformations as one, with its own source of random numbers."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from copy import deepcopy
from dataclasses import replace
from itertools import groupby
from typing import Any, Self, TypeVar

import numpy as np
from numpy.typing import NDArray

from autograd_cnn.data.augmentation.moving import Motion, moved
from autograd_cnn.data.augmentation.transforming import Transformation, checked
from autograd_cnn.data.datasets import Dataset
from autograd_cnn.errors import ArgumentError
from autograd_cnn.random import generator

Images = TypeVar("Images", Dataset, NDArray[Any])


class Augmentation:
    """Transformations one after the other; called with images, or given to ``data.batches(..., transform=)``.

    Shifts, rotations and scales that follow one another, with the same fill, are done as one motion.

    Parameters
    ----------
    *steps : Transformation
    rng : numpy.random.Generator or int, optional
        Where the random numbers come from; the default generator. The same seed gives the same images.

    Raises
    ------
    ArgumentError
        For what is no transformation.

    Warns
    -----
    ClassChangeWarning
        Where a dataset has classes that a transformation turns into each other: digits in a mirror, or turned by more
        than 45 degrees, where 6 becomes 9. Classes are known by their names; see ``Dataset.classes``.

    Examples
    --------
    >>> from autograd_cnn import data
    >>> from autograd_cnn.data.augmentation import Augmentation, Noise, Rotation, Shift
    >>> augment = Augmentation(Shift(1), Rotation(10), Noise(0.02), rng=0)
    >>> for images, labels in data.batches(data.digits().train, 64, rng=0, transform=augment):
    ...     pass
    """

    def __init__(self, *steps: Transformation, rng: np.random.Generator | int | None = None) -> None:
        wrong = [step for step in steps if not isinstance(step, Transformation)]
        if wrong:
            raise ArgumentError(f"Augmentation: got {wrong[0]!r}, expected transformations such as Shift(2)")
        self.steps = steps
        self.rng = None if rng is None else generator(rng)
        self._frozen: np.random.Generator | None = None

    def __repr__(self) -> str:
        return f"Augmentation({', '.join(map(repr, self.steps))})"

    def __call__(self, images: Images) -> Images:
        """Return images, or a dataset, transformed at random; what was given stays as it is."""
        if isinstance(images, Dataset):
            self.warn_about(images.classes)
            return replace(images, images=self._applied(images.images))
        return self._applied(checked("Augmentation", images))

    @contextmanager
    def frozen(self) -> Iterator[Self]:
        """Let every call draw the same random numbers, as a gradient check needs it.

        Examples
        --------
        >>> import numpy as np
        >>> from autograd_cnn.data.augmentation import Augmentation, Noise
        >>> augment, images = Augmentation(Noise()), np.zeros((2, 1, 3, 3))
        >>> with augment.frozen():
        ...     print((augment(images) == augment(images)).all())
        True
        """
        before = self._frozen
        self._frozen = deepcopy(generator(self.rng)) if before is None else before
        try:
            yield self
        finally:
            self._frozen = before

    def warn_about(self, classes: Iterable[str]) -> None:
        """Warn where classes of these names are turned into each other."""
        names = tuple(classes)
        for step in self.steps:
            step.warn_about(names)

    def _applied(self, images: NDArray[Any]) -> NDArray[Any]:
        rng = generator(self.rng) if self._frozen is None else deepcopy(self._frozen)
        for fill, group in groupby(self.steps, lambda step: step.fill if isinstance(step, Motion) else None):
            if fill is not None:
                images = moved(images, [step for step in group if isinstance(step, Motion)], rng)
                continue
            for step in group:
                images = step.applied(images, rng)
        return images
