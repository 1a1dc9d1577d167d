"""Preprocessing of all pixels together: the directions in which training images vary."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from autograd_cnn.data.preprocessing.fitting import Preprocessing, floating, frozen, portions
from autograd_cnn.errors import ArgumentError, ShapeError
from autograd_cnn.settings import is_whole, magnitude

MOST_PIXELS = 16_384
"""The covariance of more would not fit into 2 GB."""


@dataclass(frozen=True, eq=False, repr=False)
class PCA(Preprocessing):
    """Keep the coordinates along the directions in which training images vary most.

    CS231n, neural networks part 2, "PCA and whitening": subtract the mean, rotate into the eigenvectors of the
    covariance matrix, and keep the first few coordinates.

    Parameters
    ----------
    components : int, optional
        How many coordinates to keep; by default as many as there are pixels.
    mean, directions, eigenvalues : array, optional
        The statistics, where they are known without fitting.

    Attributes
    ----------
    mean : (C, H, W) array
    directions : (D, components) array
        The eigenvectors as columns, the most important one first; `images` shows them as images. The largest
        number of each is positive, since an eigenvector has no sign of its own.
    eigenvalues : (D,) array
        The variance along each direction, also along those not kept.

    Raises
    ------
    ArgumentError
        For less than one component; by `fit`, for more than there are pixels.

    Notes
    -----
    As in the notes::

        X -= np.mean(X, axis=0)
        cov = np.dot(X.T, X) / X.shape[0]
        U, S, V = np.linalg.svd(cov)
        Xrot_reduced = np.dot(X, U[:, :components])

    Examples
    --------
    >>> from autograd_cnn import data
    >>> digits = data.digits()
    >>> pca = data.preprocessing.PCA(20).fit(digits.train)
    >>> pca(digits.test.images).shape, f"{pca.kept:.0%} of the variance"
    ((269, 20), '89% of the variance')
    """

    components: int | None = None
    mean: Any = None
    directions: Any = None
    eigenvalues: Any = None

    def __post_init__(self) -> None:
        _check(self)

    @property
    def is_fitted(self) -> bool:
        """Whether the directions are known."""
        return self.directions is not None

    @property
    def kept(self) -> float:
        """Share of the training images' variance that the kept coordinates hold."""
        self.check_fitted("kept")
        total = self.eigenvalues.sum()
        return float(self.eigenvalues[: self.directions.shape[1]].sum() / total) if total else 1.0

    @property
    def images(self) -> NDArray[np.float64]:
        """The directions as images, (components, C, H, W): the notes' "eigenvectors visualised as images"."""
        self.check_fitted("images")
        return np.ascontiguousarray(self.directions.T).reshape(-1, *self.mean.shape)

    def _fitted_to(self, images: NDArray[Any]) -> Self:
        return replace(self, **_basis(images, self.components, "PCA"))

    def _applied(self, images: NDArray[Any]) -> NDArray[Any]:
        return _rotated(images, self, self.directions)

    def _undone(self, images: NDArray[Any]) -> NDArray[Any]:
        return _rotated_back(images, self, self.directions.T)


@dataclass(frozen=True, eq=False, repr=False)
class Whitening(Preprocessing):
    """Coordinates as of `PCA`, each divided by its standard deviation: the covariance becomes the identity.

    CS231n, neural networks part 2: "the whitening operation takes the data in the eigenbasis and divides every
    dimension by the eigenvalue to normalize the scale". It exaggerates noise, since directions of tiny variance,
    which are mostly noise, are stretched as far as all others; a larger epsilon smooths that.

    Parameters
    ----------
    components : int, optional
        How many coordinates to keep; by default as many as there are pixels.
    epsilon : float
        Added to each eigenvalue under the root, against division by zero.
    mean, directions, eigenvalues : array, optional
        As of `PCA`.

    Raises
    ------
    ArgumentError
        As `PCA`, and for an epsilon below 0.

    Notes
    -----
    As in the notes: ``Xwhite = Xrot / np.sqrt(S + 1e-5)``.

    Examples
    --------
    >>> import numpy as np
    >>> from autograd_cnn import data
    >>> whitening = data.preprocessing.Whitening(3, epsilon=0).fit(data.digits().train)
    >>> white = whitening(data.digits().train.images)
    >>> abs(np.cov(white.T, bias=True).round(4))
    array([[1., 0., 0.],
           [0., 1., 0.],
           [0., 0., 1.]])
    """

    components: int | None = None
    epsilon: float = 1e-5
    mean: Any = None
    directions: Any = None
    eigenvalues: Any = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "epsilon", magnitude("Whitening", "epsilon", self.epsilon))
        _check(self)

    @property
    def is_fitted(self) -> bool:
        """Whether the directions are known."""
        return self.directions is not None

    @property
    def scales(self) -> NDArray[np.float64]:
        """What each coordinate is divided by: ``sqrt(eigenvalue + epsilon)``, or 1 where that is 0."""
        self.check_fitted("scales")
        roots = np.sqrt(self.eigenvalues[: self.directions.shape[1]] + self.epsilon)
        return np.where(roots == 0, 1.0, roots)

    def _fitted_to(self, images: NDArray[Any]) -> Self:
        return replace(self, **_basis(images, self.components, "Whitening"))

    def _applied(self, images: NDArray[Any]) -> NDArray[Any]:
        return _rotated(images, self, self.directions / self.scales)

    def _undone(self, images: NDArray[Any]) -> NDArray[Any]:
        return _rotated_back(images, self, (self.directions * self.scales).T)


def _check(step: Any) -> None:
    """Check how many components are kept, and the statistics that a step was given."""
    name, count = type(step).__name__, step.components
    if count is not None and not is_whole(count, 1):
        raise ArgumentError(f"{name}: components={count!r}, expected a positive integer, or None for all")
    given = [step.mean, step.directions, step.eigenvalues]
    if all(array is None for array in given):
        return
    if any(array is None for array in given):
        raise ArgumentError(f"{name}: give mean, directions and eigenvalues, or none of them")
    mean, directions, eigenvalues = (frozen(name, array) for array in given)
    kept = directions.shape[-1] if count is None else count
    if directions.shape != (mean.size, kept) or eigenvalues.shape != (mean.size,) or not mean.ndim:
        raise ArgumentError(
            f"{name}: mean {mean.shape}, directions {directions.shape} and eigenvalues {eigenvalues.shape} do not fit; "
            f"expected ({mean.size}, {kept}) and ({mean.size},)"
        )
    if (eigenvalues < 0).any():
        raise ArgumentError(f"{name}: an eigenvalue of {eigenvalues.min():g}, expected at least 0")
    for field, array in (("mean", mean), ("directions", directions), ("eigenvalues", eigenvalues)):
        object.__setattr__(step, field, array)


def _basis(images: NDArray[Any], components: int | None, name: str) -> dict[str, Any]:
    """Return mean, eigenvectors and eigenvalues of the covariance of images."""
    pixels = math.prod(images.shape[1:])
    if pixels > MOST_PIXELS:
        raise ArgumentError(
            f"{name}.fit: images of {pixels:,} pixels, whose covariance would be {pixels:,} × {pixels:,}; "
            f"make them smaller first, up to {MOST_PIXELS:,} pixels"
        )
    if components is not None and components > pixels:
        raise ArgumentError(f"{name}.fit: components={components}, but images have {pixels} pixels; ask for fewer")
    mean = images.mean(0, dtype=np.float64)
    covariance = np.zeros((pixels, pixels))
    for part in portions(images):
        rows = (images[part] - mean).reshape(-1, pixels)
        covariance += rows.T @ rows
    vectors, eigenvalues, _ = np.linalg.svd(covariance / len(images), hermitian=True)
    largest = np.abs(vectors).argmax(0)
    vectors *= np.sign(vectors[largest, np.arange(pixels)])
    return {"mean": mean, "directions": vectors[:, :components], "eigenvalues": eigenvalues}


def _rotated(images: NDArray[Any], step: PCA | Whitening, directions: NDArray[np.float64]) -> NDArray[Any]:
    if images.shape[1:] != step.mean.shape:
        raise ShapeError(f"{type(step).__name__}: fitted to images of shape {step.mean.shape}, got {images.shape[1:]}")
    dtype = floating(images.dtype)
    columns = directions.astype(dtype)
    found = np.empty((len(images), columns.shape[1]), dtype)
    for part in portions(images):
        rows = (images[part] - step.mean).astype(dtype, copy=False)  # means are exact where differences are small
        np.matmul(rows.reshape(-1, len(columns)), columns, out=found[part])
    return found


def _rotated_back(found: NDArray[Any], step: PCA | Whitening, rows: NDArray[np.float64]) -> NDArray[Any]:
    if found.shape[1] != len(rows) or math.prod(found.shape[1:]) != len(rows):
        raise ShapeError(
            f"{type(step).__name__}.inverse: coordinates of shape {found.shape}, expected (N, {len(rows)})"
        )
    dtype = floating(found.dtype)
    images: NDArray[Any] = found.reshape(len(found), len(rows)) @ rows.astype(dtype)
    images += step.mean.astype(dtype).ravel()
    return images.reshape(-1, *step.mean.shape)
