"""Linear classifiers: networks of one layer, whose loss says what kind of classifier they are."""

from __future__ import annotations

import math
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from autograd_cnn import nn
from autograd_cnn.data import Dataset, batches
from autograd_cnn.errors import ArgumentError, NotFittedError, ShapeError
from autograd_cnn.functional import l2_penalty
from autograd_cnn.models.samples import labelled, rows_of
from autograd_cnn.optim import SGD
from autograd_cnn.random import generator
from autograd_cnn.recording import no_grad
from autograd_cnn.settings import count, real


class LinearClassifier:
    """Scores ``f(x) = W x + b``, one for each class; the highest wins.

    CS231n, linear classification. `fit` makes the layer and trains it with `optim.SGD` on the mean of a loss over
    the samples plus λ·Σw² over the weights. See `LinearSVM` and `SoftmaxClassifier` for the two losses of the notes.

    Parameters
    ----------
    criterion : nn.Module
        The loss of scores (N, K) and labels (N,).
    regularization : float
        λ; biases are not penalised.

    Attributes
    ----------
    layer : nn.Linear
        The one layer, once it is fitted.
    losses : list of float
        The mean loss, with its penalty, of each epoch.

    Raises
    ------
    ArgumentError
        For a λ below 0.
    """

    def __init__(self, criterion: nn.Module, regularization: float = 0.0) -> None:
        strength = real(regularization)
        if not 0 <= strength < math.inf:
            raise ArgumentError(f"{type(self).__name__}: regularization={regularization}, expected at least 0")
        self.criterion = criterion
        self.regularization = strength
        self.losses: list[float] = []
        self._layer: nn.Linear | None = None
        self._shape: tuple[int, ...] = ()

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.criterion.extra_repr()}, regularization={self.regularization:g})"

    @property
    def layer(self) -> nn.Linear:
        """The one layer; its weight is (K, D)."""
        if self._layer is None:
            raise NotFittedError(f"{type(self).__name__}: no layer yet; fit(splits.train) makes and trains it")
        return self._layer

    def fit(
        self,
        images: Dataset | NDArray[Any],
        labels: NDArray[Any] | None = None,
        *,
        epochs: int = 50,
        batch_size: int = 64,
        lr: float = 0.1,
        rng: np.random.Generator | int | None = None,
    ) -> Self:
        """Train a new layer on a dataset, or on (N, ...) images and (N,) integer labels from 0.

        Parameters
        ----------
        images, labels
            The training data.
        epochs, batch_size : int
            How often to go through it, and in how large portions.
        lr : float
            The learning rate.
        rng : numpy.random.Generator or int, optional
            Where starting weights and the order of the images come from; the default generator.

        Raises
        ------
        ArgumentError, ShapeError, DtypeError
            When there is not one label per image, or for a learning rate at which the loss is no number any more.
        """
        rows, right = labelled(f"{type(self).__name__}.fit", images, labels)
        if right.min() < 0:
            raise ArgumentError(f"{type(self).__name__}.fit: a label of {right.min()}, expected labels from 0")
        epochs = count(f"{type(self).__name__}.fit", "epochs", epochs)
        rng = generator(rng)
        self._shape = images.images.shape[1:] if isinstance(images, Dataset) else images.shape[1:]
        self._layer = nn.Linear(rows.shape[1], int(right.max()) + 1, rng=rng, dtype=rows.dtype)
        self.losses = []
        optimizer = SGD(self._layer.parameters(), lr=lr)
        portions = batches((rows, right), batch_size, rng=rng)
        for _ in range(epochs):
            with np.errstate(over="ignore", invalid="ignore"):  # where this leads is said below
                self.losses.append(self._epoch(portions, optimizer))
        return self

    def _epoch(self, portions: Any, optimizer: SGD) -> float:
        total = count = 0.0
        for rows, labels in portions:
            loss = self._objective(rows, labels)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            total, count = total + loss.item() * len(rows), count + len(rows)
        if not math.isfinite(total):
            raise ArgumentError(
                f"{type(self).__name__}.fit: the loss is {total / count} after {len(self.losses) + 1} epochs; "
                "take a smaller lr, or normalise the images"
            )
        return total / count

    def _objective(self, rows: NDArray[Any], labels: NDArray[Any]) -> Any:
        loss = self.criterion(self.layer(rows), labels)
        return loss + l2_penalty(self.layer.weight, self.regularization) if self.regularization else loss

    def scores(self, images: Dataset | NDArray[Any]) -> NDArray[Any]:
        """Return the (N, K) scores of images."""
        layer, rows = self.layer, rows_of(type(self).__name__, images)
        if rows.shape[1] != layer.in_features:
            raise ShapeError(
                f"{type(self).__name__}: images of {rows.shape[1]} numbers, fitted to images of {layer.in_features}"
            )
        with no_grad():
            return np.asarray(layer(rows.astype(layer.weight.dtype, copy=False)).value)

    def predict(self, images: Dataset | NDArray[Any]) -> NDArray[np.intp]:
        """Return the label of the highest score of each image; the smallest of equals."""
        return np.asarray(self.scores(images).argmax(1))

    def accuracy(self, images: Dataset | NDArray[Any], labels: NDArray[Any] | None = None) -> float:
        """Return the share of images whose label is predicted: of a dataset, or of an array with labels."""
        rows, right = labelled(f"{type(self).__name__}.accuracy", images, labels)
        return float((self.predict(rows) == right).mean())

    @property
    def templates(self) -> NDArray[Any]:
        """The weights of each class as an image, (K, C, H, W): what an image is compared with, pixel by pixel.

        CS231n, linear classification, "Interpretation of linear classifiers as template matching".
        """
        found: NDArray[Any] = self.layer.weight.value.reshape(-1, *self._shape)
        return found


class LinearSVM(LinearClassifier):
    """A linear classifier with the notes' multiclass SVM loss: the right score leads each other one by a margin.

    Parameters
    ----------
    delta : float
        The margin; with λ it sets the size of the weights, so one of both is enough to choose.
    regularization : float
        λ of the penalty λ·Σw².
    squared : bool
        Square each violation of the margin: the L2-SVM.

    Examples
    --------
    >>> from autograd_cnn import data, models
    >>> digits = data.digits()
    >>> svm = models.LinearSVM(regularization=1e-4).fit(digits.train, epochs=10, lr=0.05, rng=0)
    >>> svm.templates.shape, svm.accuracy(digits.validation) > 0.93
    ((10, 1, 8, 8), True)
    """

    def __init__(self, delta: float = 1.0, regularization: float = 0.0, *, squared: bool = False) -> None:
        super().__init__(nn.MulticlassSVMLoss(delta, squared), regularization)


class SoftmaxClassifier(LinearClassifier):
    """A linear classifier with the cross-entropy loss: scores are logarithms of unnormalised probabilities.

    Parameters
    ----------
    regularization : float
        λ of the penalty λ·Σw².
    """

    def __init__(self, regularization: float = 0.0) -> None:
        super().__init__(nn.CrossEntropyLoss(), regularization)

    def probabilities(self, images: Dataset | NDArray[Any]) -> NDArray[Any]:
        """Return the (N, K) probabilities of the classes."""
        scores = self.scores(images)
        powers = np.exp(scores - scores.max(1, keepdims=True))
        found: NDArray[Any] = powers / powers.sum(1, keepdims=True)
        return found
