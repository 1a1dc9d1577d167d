"""A network as a judge meets it: without dropout, with the statistics it has learned, and without gradients."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from autograd_cnn import data
from autograd_cnn.compilation import Compiled
from autograd_cnn.errors import ArgumentError, DtypeError, ShapeError
from autograd_cnn.graph import Node, Tensor
from autograd_cnn.nn import Module
from autograd_cnn.reaching import reachable
from autograd_cnn.recording import no_grad
from autograd_cnn.settings import a_kind, count, written
from autograd_cnn.train.metrics import accuracy, hits, top_k_error


@dataclass(frozen=True)
class Evaluation:
    """What a network comes to on a set of data.

    Attributes
    ----------
    loss : float or None
        What the criterion gives for all samples together; None without a criterion.
    accuracy : float or None
        Share whose highest score is their label; None where the targets are no class labels, or not
        all of them, as with ``ignore_index``.
    top5_error : float or None
        Share whose label is not among the five highest scores; None as well for five classes or fewer.
    samples : int
    """

    loss: float | None
    accuracy: float | None
    top5_error: float | None
    samples: int


def evaluate(model: Any, dataset: Any, criterion: Any = None, *, batch_size: int = 256) -> Evaluation:
    """Return loss and accuracy of a network on a set of data, batch by batch in eval mode without gradients.

    Only the network goes batch by batch. The criterion is asked once, for the scores of all samples: where classes
    have weights, or samples do not count, the losses of batches have no mean that is the loss of the set. So the
    loss does not depend on `batch_size`, for a criterion of one's own too; the scores must fit in memory together.

    Parameters
    ----------
    model : callable
        Takes (N, ...) and returns scores; its layers' modes are afterwards what they were. ``ag.compile(model)`` and
        a function of one's own that calls networks serve too; see `networks_of`.
    dataset : Dataset, or (inputs, targets)
    criterion : callable, optional
        Takes scores and targets, returns their loss: one number.
    batch_size : int
        How many samples go through at a time; more take more memory.

    Raises
    ------
    ShapeError, DtypeError
        When the criterion returns a loss for each sample, or no number; when the model returns no scores.
    ArgumentError
        When the model or the criterion cannot be called.

    Examples
    --------
    >>> from autograd_cnn import data, nn, train
    >>> model = nn.Sequential(nn.Flatten(), nn.Linear(64, 10, rng=0))
    >>> found = train.evaluate(model, data.digits().test, nn.CrossEntropyLoss())
    >>> round(found.loss, 1), found.accuracy < 0.3, found.samples  # by chance: ln 10 and one in ten
    (2.3, True, 269)
    """
    batches = data.batches(dataset, batch_size, shuffle=False)
    with switched(model, training=False), no_grad():
        outputs = np.concatenate([_scores("evaluate", model, inputs) for inputs, _ in batches])
        loss = None if criterion is None else _loss(criterion, outputs, batches.labels)
    if not are_classes(outputs, batches.labels):
        return Evaluation(loss, None, None, len(outputs))
    top5 = top_k_error(outputs, batches.labels, 5) if outputs.shape[1] > 5 else None
    return Evaluation(loss, accuracy(outputs, batches.labels), top5, len(outputs))


def _scores(name: str, model: Any, inputs: NDArray[Any]) -> NDArray[Any]:
    if not callable(model):
        raise ArgumentError(f"{name}: model={written(model)}, expected a network, or a function of inputs")
    given = value_of(model(Tensor(inputs)))
    found = _array(None if isinstance(given, tuple) else given)
    if found.dtype.kind not in "biuf":
        raise DtypeError(f"{name}: the model returned {a_kind(given)}, expected scores")
    if found.shape[:1] != (len(inputs),):
        raise ShapeError(f"{name}: the model returned {found.shape} for {len(inputs)} samples, expected scores of each")
    return found


def _array(given: Any) -> NDArray[Any]:
    """Return what was given as an array; of no numbers where it is none, such as rows of several lengths."""
    try:
        return np.asarray(given)
    except ValueError:
        return np.asarray(None)


def _loss(criterion: Any, outputs: NDArray[Any], targets: NDArray[Any]) -> float:
    if not callable(criterion):
        raise ArgumentError(f"evaluate: criterion={written(criterion)}, expected a function of scores and targets")
    given = value_of(criterion(Tensor(outputs), targets))
    found = _array(given)
    if found.dtype.kind not in "iuf":
        raise DtypeError(f"evaluate: the criterion returned {a_kind(given)}, expected one number")
    if found.size != 1:
        raise ShapeError(f"evaluate: the criterion returned {found.shape}, expected one number; try reduction='mean'")
    return float(found.item())


def predict(model: Any, images: Any, *, batch_size: int = 256) -> NDArray[Any]:
    """Return the scores of a network for all images, batch by batch in eval mode without gradients.

    Raises
    ------
    ArgumentError
        For no images, a batch size that is no positive integer, or what cannot be called.
    ShapeError, DtypeError
        When the model returns no scores.
    """
    if not len(images):
        raise ArgumentError("predict: there are no images; expected at least one")
    batch_size = count("predict", "batch_size", batch_size)
    starts = range(0, len(images), batch_size)
    with switched(model, training=False), no_grad():
        scores = [_scores("predict", model, images[i : i + batch_size]) for i in starts]
    return np.concatenate(scores)


@contextmanager
def switched(model: Any, *, training: bool) -> Iterator[None]:
    """Put the networks of a model in training or eval mode for a while; each layer returns to what it was."""
    networks = networks_of(model)
    layers = list(dict.fromkeys(layer for network in networks for layer in network.modules()))
    modes = [layer.training for layer in layers]
    for network in networks:
        network.train(training)
    try:
        yield
    finally:
        for layer, mode in zip(layers, modes, strict=True):
            layer.training = mode


def networks_of(model: Any) -> list[Module]:
    """Return the networks whose mode decides what a model gives: itself, or those that a function can reach."""
    model = model.function if isinstance(model, Compiled) else model
    return [model] if isinstance(model, Module) else list(reachable(model, Module))


def are_classes(scores: NDArray[Any], targets: NDArray[Any]) -> bool:
    """Whether these are scores of classes, (N, K), and a label for each, (N,): then there is an accuracy."""
    if scores.ndim != 2 or targets.ndim != 1 or targets.dtype.kind not in "iu" or not scores.size:
        return False
    return bool(targets.min() >= 0 and targets.max() < scores.shape[1])


def right_of(scores: Any, targets: Any) -> int | None:
    """Return how many samples are right; None where the targets are no class labels."""
    return int(hits("Trainer", scores, targets, 1).sum()) if are_classes(scores, targets) else None


def value_of(x: Any) -> Any:
    """Return the value of a node, and anything else as it is."""
    return x.value if isinstance(x, Node) else x
