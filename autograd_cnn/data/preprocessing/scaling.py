"""Preprocessing of each pixel by itself: its range, its mean, its variance."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Literal, Self

import numpy as np
from numpy.typing import NDArray

from autograd_cnn.data.preprocessing.fitting import Preprocessing, floating, frozen, portions
from autograd_cnn.errors import ArgumentError, ShapeError
from autograd_cnn.settings import real

PER = ("pixel", "channel")


@dataclass(frozen=True, eq=False, repr=False)
class PixelRange(Preprocessing):
    """Pixels from 0..1 or 0..255 to another range.

    CS231n, linear classification: "scale each input feature so that its values range from [-1, 1]". What white is
    shows in the training images: 255 for integers, and for floats 1 where none is larger, else 255.

    Parameters
    ----------
    low, high : float
        What black and white become.
    white : float, optional
        The number of white, where it is known without fitting.

    Raises
    ------
    ArgumentError
        When low is not below high; by `fit`, for pixels below 0 or above 255.

    Examples
    --------
    >>> import numpy as np
    >>> from autograd_cnn import data
    >>> images = np.array([[0, 255], [51, 204]], np.uint8)
    >>> data.preprocessing.PixelRange().fit(images)(images)
    array([[-1. ,  1. ],
           [-0.6,  0.6]], dtype=float32)
    """

    low: float = -1.0
    high: float = 1.0
    white: float | None = None

    def __post_init__(self) -> None:
        low, high = real(self.low), real(self.high)
        if not -np.inf < low < high < np.inf:
            raise ArgumentError(f"PixelRange: low={self.low!r}, high={self.high!r}, expected numbers, low below high")
        white = None if self.white is None else real(self.white)
        if white is not None and not 0 < white < np.inf:
            raise ArgumentError(f"PixelRange: white={self.white!r}, expected a positive number, such as 255")
        for name, found in (("low", low), ("high", high), ("white", white)):
            object.__setattr__(self, name, found)

    @property
    def is_fitted(self) -> bool:
        """Whether it is known which number is white."""
        return self.white is not None

    def _fitted_to(self, images: NDArray[Any]) -> Self:
        low, high = images.min(), images.max()
        if low < 0 or high > 255:
            raise ArgumentError(
                f"PixelRange.fit: pixels from {low:g} to {high:g}, expected 0 to 1 or 0 to 255; has another step "
                "changed them already?"
            )
        return replace(self, white=1.0 if images.dtype.kind in "bf" and high <= 1 else 255.0)

    def _applied(self, images: NDArray[Any]) -> NDArray[Any]:
        white: Any = self.white
        changed: NDArray[Any] = np.divide(images, white, dtype=floating(images.dtype))
        changed *= self.high - self.low
        changed += self.low
        return changed

    def _undone(self, images: NDArray[Any]) -> NDArray[Any]:
        changed: NDArray[Any] = np.subtract(images, self.low, dtype=floating(images.dtype))
        changed /= self.high - self.low
        changed *= self.white
        return changed


@dataclass(frozen=True, eq=False, repr=False)
class MeanSubtraction(Preprocessing):
    """Subtract the mean training image, or the mean of each channel.

    CS231n, neural networks part 2: "the geometric interpretation of centering the cloud of data around the origin
    along every dimension".

    Parameters
    ----------
    per : {"pixel", "channel"}
        Each pixel's own mean, as AlexNet has it, or one number for each channel, as VGG.
    mean : (C, H, W) or (C,) array, optional
        The means, where they are known without fitting.

    Raises
    ------
    ArgumentError
        For another `per`, or means that are not finite.
    """

    per: Literal["pixel", "channel"] = "pixel"
    mean: Any = None

    def __post_init__(self) -> None:
        _check(self, "mean")

    @property
    def is_fitted(self) -> bool:
        """Whether the means are known."""
        return self.mean is not None

    def _fitted_to(self, images: NDArray[Any]) -> Self:
        return replace(self, mean=_mean(images, self.per))

    def _applied(self, images: NDArray[Any]) -> NDArray[Any]:
        changed: NDArray[Any] = np.subtract(images, _beside(images, self.mean, self), **_into(images))
        return changed

    def _undone(self, images: NDArray[Any]) -> NDArray[Any]:
        changed: NDArray[Any] = np.add(images, _beside(images, self.mean, self), **_into(images))
        return changed


@dataclass(frozen=True, eq=False, repr=False)
class Normalization(Preprocessing):
    """Subtract the mean and divide by the standard deviation of the training images.

    CS231n, neural networks part 2, "Normalization": ``X -= np.mean(X, axis=0)``, ``X /= np.std(X, axis=0)``. A pixel
    that is the same in all training images, such as a corner of the digits, has no deviation to divide by: it is
    only centred, and counted where the step is printed.

    Parameters
    ----------
    per : {"pixel", "channel"}
        Each pixel by its own numbers, or by those of its channel.
    mean, std : (C, H, W) or (C,) array, optional
        The statistics, where they are known without fitting, such as those a published network was trained with.

    Attributes
    ----------
    constant : array of bool
        Where the training images do not vary.

    Raises
    ------
    ArgumentError
        For another `per`, statistics that are not finite, or a std below 0.

    Examples
    --------
    >>> from autograd_cnn import data
    >>> normalization = data.preprocessing.Normalization("pixel").fit(data.digits().train)
    >>> normalization
    Normalization(per='pixel', mean=array of (1, 8, 8), std=array of (1, 8, 8), 3 constant and only centred)
    """

    per: Literal["pixel", "channel"] = "pixel"
    mean: Any = None
    std: Any = None

    def __post_init__(self) -> None:
        _check(self, "mean", "std")
        if (self.mean is None) != (self.std is None) or (self.is_fitted and self.mean.shape != self.std.shape):
            raise ArgumentError("Normalization: give mean and std, both of one shape, or neither")
        if self.is_fitted and (self.std < 0).any():
            raise ArgumentError(f"Normalization: a std of {self.std.min():g}, expected at least 0")

    def _words(self) -> list[str]:
        left = int(self.constant.sum()) if self.is_fitted else 0
        return [*super()._words(), *([f"{left} constant and only centred"] if left else [])]

    @property
    def is_fitted(self) -> bool:
        """Whether the statistics are known."""
        return self.mean is not None

    @property
    def constant(self) -> NDArray[np.bool_]:
        """Where the training images do not vary."""
        self.check_fitted("constant")
        return np.asarray(self.std == 0)

    def _fitted_to(self, images: NDArray[Any]) -> Self:
        mean = _mean(images, self.per)
        return replace(self, mean=mean, std=_deviation(images, mean, self.per))

    def _applied(self, images: NDArray[Any]) -> NDArray[Any]:
        changed: NDArray[Any] = np.subtract(images, _beside(images, self.mean, self), **_into(images))
        changed /= _beside(images, np.where(self.constant, 1.0, self.std), self)
        return changed

    def _undone(self, images: NDArray[Any]) -> NDArray[Any]:
        divisor = _beside(images, np.where(self.constant, 1.0, self.std), self)
        changed: NDArray[Any] = np.multiply(images, divisor, **_into(images))
        changed += _beside(images, self.mean, self)
        return changed


def _check(step: Any, *names: str) -> None:
    """Check a step's `per`, and make the statistics that it was given read-only float64."""
    if step.per not in PER:
        raise ArgumentError(f"{type(step).__name__}: per={step.per!r}, expected 'pixel' or 'channel'")
    for name in names:
        if getattr(step, name) is not None:
            numbers = frozen(type(step).__name__, getattr(step, name))
            if not numbers.ndim or (step.per == "channel" and numbers.ndim != 1):
                raise ArgumentError(f"{type(step).__name__}: {name} of shape {numbers.shape} is not one per {step.per}")
            object.__setattr__(step, name, numbers)


def _averaged(images: NDArray[Any], per: str) -> tuple[int, ...]:
    """Return the axes that one number stands for."""
    return (0,) if per == "pixel" else (0, *range(2, images.ndim))


def _mean(images: NDArray[Any], per: str) -> NDArray[np.float64]:
    mean: NDArray[np.float64] = images.mean(_averaged(images, per), dtype=np.float64)
    return mean


def _deviation(images: NDArray[Any], mean: NDArray[np.float64], per: str) -> NDArray[np.float64]:
    """Return the standard deviation; exactly 0 where all images agree, which squares could only come near."""
    axes = _averaged(images, per)
    total = np.zeros_like(mean)
    for part in portions(images):
        total += np.square(images[part] - _spread(mean, per, images.ndim)).sum(axes)
    deviation = np.sqrt(total * (mean.size / images.size))
    return np.where(images.min(axes) == images.max(axes), 0.0, deviation)


def _spread(numbers: NDArray[np.float64], per: str, axes: int) -> NDArray[np.float64]:
    """Return statistics in a shape that stands beside images of so many axes."""
    return numbers if per == "pixel" else numbers.reshape(-1, *[1] * (axes - 2))


def _beside(images: NDArray[Any], numbers: NDArray[np.float64], step: Any) -> NDArray[Any]:
    """Return statistics in a shape that stands beside the images that they are applied to."""
    expected, given = (numbers.shape, images.shape[1:]) if step.per == "pixel" else (numbers.shape, (images.shape[1],))
    if expected != given:
        raise ShapeError(
            f"{type(step).__name__}: fitted to {expected} per {step.per}, but images of shape {images.shape} "
            f"have {given}"
        )
    return _spread(numbers, step.per, images.ndim)


def _into(images: NDArray[Any]) -> dict[str, Any]:
    """Return where results go: rounded to the images' dtype at the end, since small differences need exact means."""
    return {"out": np.empty(images.shape, floating(images.dtype)), "casting": "same_kind"}
