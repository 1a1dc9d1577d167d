"""Several networks that answer together: as a rule a few percent more right than one (CS231n, neural networks part 3).

The notes' ways to come by them: other starting values (`initializations`), the best settings of a search
(`top_models`), checkpoints of one training (`Snapshots`, `checkpoint_models`), other samples of the training data
(`bagging`), and a running average of the weights, which is a single network: `AveragedModel`.
"""

from __future__ import annotations

import copy
import os
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from autograd_cnn import data
from autograd_cnn import functional as F  # noqa: N812 - as everywhere
from autograd_cnn.errors import ArgumentError, DataFileError, ShapeError
from autograd_cnn.random import generator
from autograd_cnn.settings import real, whole
from autograd_cnn.train.checkpoint_folder import Checkpoints
from autograd_cnn.train.checkpoints import load_checkpoint, take_over
from autograd_cnn.train.evaluation import predict
from autograd_cnn.train.metrics import accuracy
from autograd_cnn.train.trainer import Trainer
from autograd_cnn.train.tuning import SearchResult, TrialRecord

Combination = Literal["average", "vote"]


class Ensemble:
    """Networks that answer together.

    Parameters
    ----------
    models : sequence of callable
        Networks that take (N, ...) and return scores, (N, K).
    combine : {"average", "vote"}
        By the mean of their probabilities, or by the share of networks for which a class is the likeliest.

    Raises
    ------
    ArgumentError
        For no networks, or another way to combine.

    Notes
    -----
    The mean of probabilities has at most the mean of the networks' cross entropies, by Jensen's inequality; that of
    votes promises nothing for a single sample.

    Examples
    --------
    >>> from autograd_cnn import data, nn, train
    >>> models = [nn.Sequential(nn.Flatten(), nn.Linear(64, 10, rng=seed)) for seed in range(3)]
    >>> ensemble = train.Ensemble(models)
    >>> ensemble.predict(data.digits().test.images).shape
    (269, 10)
    """

    def __init__(self, models: Iterable[Callable[[Any], Any]], combine: Combination = "average") -> None:
        self.models, self.combine = tuple(models), combine
        if not self.models or not all(map(callable, self.models)):
            raise ArgumentError(f"Ensemble: models={self.models!r}, expected at least one network")
        if combine not in ("average", "vote"):
            raise ArgumentError(f"Ensemble: combine={combine!r}, expected 'average' or 'vote'")

    def __len__(self) -> int:
        return len(self.models)

    def predict(self, images: Any, *, temperature: float = 1.0, batch_size: int = 256) -> NDArray[Any]:
        """Return how likely each class is, (N, K): mean probabilities, or shares of votes.

        Parameters
        ----------
        images : (N, ...) array
        temperature : float
            What scores are divided by before the softmax; above 1 softens the probabilities. Votes know none.
        batch_size : int
            How many images go through a network at a time.

        Raises
        ------
        ShapeError
            When the networks' scores differ in shape.
        ArgumentError
            For no images, a batch size that is no positive integer, or a temperature of 0 or below.
        """
        temperature = checked_temperature("Ensemble.predict", temperature)
        scores = [predict(model, images, batch_size=batch_size) for model in self.models]
        if len({found.shape for found in scores}) > 1 or scores[0].ndim != 2:
            raise ShapeError(f"Ensemble: scores of {[found.shape for found in scores]}, expected (N, K) of all alike")
        return combined(scores, self.combine, temperature)

    def accuracy(self, dataset: Any, *, batch_size: int = 256) -> float:
        """Return the share of a dataset, or of (images, labels), that is right; of equal classes the first counts."""
        samples = data.batches(dataset, batch_size, shuffle=False)
        return accuracy(self.predict(samples.images, batch_size=batch_size), samples.labels)


@dataclass(frozen=True)
class EnsembleGain:
    """What answering together buys; print it.

    Attributes
    ----------
    members : tuple of float
        The accuracy of each network by itself.
    average, vote : float
        Their accuracy together, by mean probabilities and by votes.
    """

    members: tuple[float, ...]
    average: float
    vote: float

    def __str__(self) -> str:
        mean, low, high = np.mean(self.members), min(self.members), max(self.members)
        together = (
            f"{name} {value:.2%} ({100 * (value - mean):+.2f})"
            for name, value in (("average", self.average), ("vote", self.vote))
        )
        return f"{len(self.members)} alone {mean:.2%} (from {low:.2%} to {high:.2%}), {', '.join(together)}"


def ensemble_gain(models: Sequence[Callable[[Any], Any]], dataset: Any, *, batch_size: int = 256) -> EnsembleGain:
    """Return the accuracy of networks alone and together, from one pass of the data through each.

    Parameters
    ----------
    models : sequence of callable
        As of an `Ensemble`.
    dataset : Dataset, or (images, labels)
    batch_size : int
        How many images go through a network at a time.
    """
    samples = data.batches(dataset, batch_size, shuffle=False)
    scores = [predict(model, samples.images, batch_size=batch_size) for model in Ensemble(models).models]
    alone = tuple(accuracy(found, samples.labels) for found in scores)
    together = (accuracy(combined(scores, how), samples.labels) for how in ("average", "vote"))
    return EnsembleGain(alone, *together)


def combined(scores: Sequence[NDArray[Any]], how: str, temperature: float = 1.0) -> NDArray[np.float64]:
    """Return the mean probabilities, or the shares of votes, of scores (N, K); NaN where a network's scores are."""
    shares: NDArray[np.float64]
    if how == "average":
        shares = np.mean([F.softmax(found.astype(np.float64) / temperature, dim=1) for found in scores], axis=0)
        return shares
    classes = np.arange(scores[0].shape[1])
    votes = [np.where(np.isnan(found).any(axis=1), np.nan, found.argmax(axis=1)) for found in scores]
    shares = np.mean([vote[:, None] == classes for vote in votes], axis=0)
    shares[np.isnan(votes).any(axis=0)] = np.nan
    return shares


def checked_temperature(who: str, temperature: Any) -> float:
    """Return what scores are divided by; raise ArgumentError unless it is above 0 and finite."""
    found = real(temperature)
    if not 0 < found < np.inf:
        raise ArgumentError(f"{who}: temperature={temperature!r}, expected a number above 0")
    return found


def initializations(fit: Callable[[int], Any], seeds: Iterable[int]) -> list[Any]:
    """Return networks that differ by nothing but chance: ``fit(seed)`` trains one and returns it."""
    return _networks("initializations", (fit(seed) for seed in seeds))


def top_models(search: SearchResult, fit: Callable[[TrialRecord], Any], count: int) -> list[Any]:
    """Return networks of the best settings that a search found: ``fit(trial)`` trains one, with ``trial["lr"]``."""
    return _networks("top_models", (fit(trial) for trial in search.top(count)))


def bagging(
    fit: Callable[[Any], Any], dataset: Any, count: int, *, rng: np.random.Generator | int | None = None
) -> list[Any]:
    """Return networks that have learned from bootstrap samples: as many images as there are, drawn with replacement.

    Parameters
    ----------
    fit : callable
        Takes a sample, of the kind that `dataset` is; trains a network on it and returns that.
    dataset : Dataset, or (images, labels)
        A sample leaves out 37% of it, (1 − 1/N)^N → 1/e (Breiman 1996).
    count : int
        How many networks.
    rng : numpy.random.Generator or int, optional
        Where the samples come from; the default generator.
    """
    random, count = generator(rng), whole("bagging", "count", count, 0)
    return _networks("bagging", (fit(_bootstrap(dataset, random)) for _ in range(count)))


class Snapshots:
    """Copies of a network as it was during one training: ``Trainer(..., callbacks=[snapshots])``.

    Parameters
    ----------
    every : int
        After how many epochs one is taken.
    keep : int, optional
        How many of the last stay; by default all.

    Attributes
    ----------
    models : list of Module
        The oldest first.

    Raises
    ------
    ArgumentError
        For numbers below 1.
    """

    def __init__(self, every: int = 1, keep: int | None = None) -> None:
        self.every = whole("Snapshots", "every", every, 1)
        self.keep = None if keep is None else whole("Snapshots", "keep", keep, 1)
        self.models: list[Any] = []

    def __call__(self, trainer: Trainer) -> None:
        """Take a copy, when it is time."""
        if trainer.history.epochs[-1].epoch % self.every == 0:
            self.models.append(copy.deepcopy(trainer.model))
            if self.keep is not None:
                del self.models[: -self.keep]


def checkpoint_models(checkpoints: Checkpoints | str | os.PathLike[str], model: Any) -> list[Any]:
    """Return copies of a network with the weights of each checkpoint of a `Trainer`, the oldest first.

    Parameters
    ----------
    checkpoints : Checkpoints or path
        Where they are; ``Checkpoints(folder, keep=5)`` keeps more than two.
    model : Module
        A network as was trained; it stays what it is.

    Raises
    ------
    ArgumentError
        When there are none.
    DataFileError
        When one is damaged, or none of a Trainer; other errors when its weights do not fit the network.
    """
    folder = checkpoints if isinstance(checkpoints, Checkpoints) else Checkpoints(checkpoints)
    found = []
    for path in folder.files():
        saved = load_checkpoint(path)
        if "model" not in saved:
            raise DataFileError(f"checkpoint_models: {str(path)!r} holds no model; is it a Trainer's checkpoint?")
        found.append(copy.deepcopy(model))
        take_over({"model": found[-1]}, saved, repr(str(path)))
    if not found:
        raise ArgumentError(f"checkpoint_models: there are no checkpoints in {os.fspath(folder.folder)!r}")
    return found


def _bootstrap(dataset: Any, random: np.random.Generator) -> Any:
    samples = data.batches(dataset, 1)  # which checks that there is a label for each image
    chosen = random.integers(0, len(samples.labels), len(samples.labels))
    images, labels = samples.images[chosen], samples.labels[chosen]
    return replace(dataset, images=images, labels=labels) if isinstance(dataset, data.Dataset) else (images, labels)


def _networks(who: str, made: Iterable[Any]) -> list[Any]:
    """Return what `fit` made: networks, each another one."""
    found: list[Any] = []
    for network in made:
        if not callable(network):
            raise ArgumentError(f"{who}: fit returned {network!r}, expected a trained network")
        if any(network is other for other in found):
            raise ArgumentError(f"{who}: fit returned the same network twice; make a new one each time")
        found.append(network)
    if not found:
        raise ArgumentError(f"{who}: there is nothing to train; expected at least one network")
    return found
