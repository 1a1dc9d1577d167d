"""Several steps of preprocessing as one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Self

from numpy.typing import NDArray

from autograd_cnn.data.preprocessing.fitting import Preprocessing
from autograd_cnn.errors import ArgumentError


@dataclass(frozen=True, eq=False, init=False, repr=False)
class Chain(Preprocessing):
    """Steps one after the other, each fitted to what the ones before it make of the training images.

    Parameters
    ----------
    *steps : Preprocessing

    Raises
    ------
    ArgumentError
        For what is no step, or none at all.

    Examples
    --------
    >>> from autograd_cnn import data
    >>> from autograd_cnn.data.preprocessing import PCA, Chain, PixelRange
    >>> splits = data.digits()
    >>> prepare = Chain(PixelRange(), PCA(10)).fit(splits.train)
    >>> prepare(splits.test).images.shape
    (269, 10, 1, 1)
    """

    steps: tuple[Preprocessing, ...]

    def __init__(self, *steps: Preprocessing) -> None:
        if not steps or not all(isinstance(step, Preprocessing) for step in steps):
            raise ArgumentError(f"Chain: got {steps!r}, expected steps such as PixelRange(), PCA(10)")
        object.__setattr__(self, "steps", steps)

    @property
    def is_fitted(self) -> bool:
        """Whether all steps are."""
        return all(step.is_fitted for step in self.steps)

    def _words(self) -> list[str]:
        return [repr(step) for step in self.steps]

    def _fitted_to(self, images: NDArray[Any]) -> Self:
        fitted: list[Preprocessing] = []
        for step in self.steps:
            fitted.append(step.fit(images))
            images = fitted[-1](images)
        return type(self)(*fitted)

    def _applied(self, images: NDArray[Any]) -> NDArray[Any]:
        for step in self.steps:
            images = step(images)
        return images

    def _undone(self, images: NDArray[Any]) -> NDArray[Any]:
        for step in reversed(self.steps):
            images = step.inverse(images)
        return images

    def _arrays(self) -> dict[str, NDArray[Any]]:
        return {f"{i}.{name}": array for i, step in enumerate(self.steps) for name, array in step.state().items()}
