"""What a classifier of images does, as plain data: confusions, worst mistakes, filters, activation maps."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from autograd_cnn import functional as F  # noqa: N812 - as everywhere
from autograd_cnn.graph import Node, Parameter, Tensor, topological_order
from autograd_cnn.train.evaluation import predict, switched
from autograd_cnn.train.metrics import confusion_matrix
from viz.errors import UndrawableError

_MOST_CHANNELS, _MOST_CLASSES = 64, 50
_RIGHT = 4


@dataclass(frozen=True)
class Cells:
    """Images side by side in grey levels.

    Attributes
    ----------
    levels : array of uint8, shape (images, height, width) or (images, height, width, 3)
        0 stands for `low`, 255 for `high`.
    low, high : float
        The range.
    more : int
        Images that were left out.
    """

    levels: NDArray[Any]
    low: float
    high: float
    more: int = 0


@dataclass(frozen=True)
class Maps:
    """The activation of one layer for one image: a picture per channel."""

    layer: str
    gate: str
    cells: Cells


@dataclass(frozen=True)
class Example:
    """One image and what the network says of it.

    Attributes
    ----------
    index : int
        Its place in the data set.
    label, predicted : int
        The right class, and that of the highest score.
    probability, right : float
        What softmax gives the predicted class, and the right one.
    image : Cells
        One image.
    maps : tuple of Maps
        Its activations, in forward order.
    """

    index: int
    label: int
    predicted: int
    probability: float
    right: float
    image: Cells
    maps: tuple[Maps, ...]


@dataclass(frozen=True)
class Predictions:
    """What `predictions` shows.

    Attributes
    ----------
    title : str
        The heading.
    classes : tuple of str
        Their names.
    counts : array of int, shape (classes, classes)
        Images by right class (row) and predicted class (column).
    filters : Maps or None
        The weights of the first convolution.
    examples : tuple of Example
        The worst mistakes first, then some right ones.
    """

    title: str
    classes: tuple[str, ...]
    counts: NDArray[Any]
    filters: Maps | None
    examples: tuple[Example, ...]

    @property
    def accuracy(self) -> float:
        """Share of the images whose highest score is their label."""
        return float(np.trace(self.counts) / max(1, self.counts.sum()))


def predictions_of(
    model: Callable[[Any], Node],
    images: Any,
    labels: Any,
    *,
    classes: Sequence[str] | None = None,
    chosen: Sequence[int] | None = None,
    most: int = 12,
    title: str = "What the network sees",
) -> Predictions:
    """Return what `predictions` shows as plain data; parameters and errors are the same."""
    images, labels = _checked(images, labels)
    with switched(model, training=False):
        chance: NDArray[Any] = F.softmax(predict(model, images).astype(np.float64), dim=-1)
        if len(chance.shape) != 2 or labels.max(initial=0) >= chance.shape[1]:
            raise UndrawableError(
                f"predictions: the model gives scores of shape {chance.shape} for labels up to {labels.max()}; "
                "expected (N, classes)"
            )
        names = tuple(map(str, classes if classes is not None else range(chance.shape[1])))
        if len(names) != chance.shape[1] or len(names) > _MOST_CLASSES:
            raise UndrawableError(
                f"predictions: {len(names)} names for {chance.shape[1]} classes, at most {_MOST_CLASSES} are shown"
            )
        predicted = chance.argmax(axis=1)
        counts = confusion_matrix(labels, predicted, len(names))
        places = _places(chance, labels, most) if chosen is None else _in_range(chosen, len(images))
        examples = tuple(_example(model, images, labels, chance, i) for i in places)
        return Predictions(title, names, counts, _filters(model, images[:1]), examples)


def _checked(images: Any, labels: Any) -> tuple[NDArray[Any], NDArray[Any]]:
    images, labels = np.asarray(images), np.asarray(labels)
    if images.ndim != 4 or labels.shape != images.shape[:1] or not len(labels) or labels.dtype.kind not in "iu":
        raise UndrawableError(
            f"predictions: images of shape {images.shape} and labels of shape {labels.shape} and dtype {labels.dtype}; "
            "expected (N, C, H, W) and whole numbers (N,)"
        )
    if labels.min() < 0:
        raise UndrawableError(f"predictions: label {labels.min()}; classes are counted from 0")
    return images, labels


def _places(chance: NDArray[Any], labels: NDArray[Any], most: int) -> list[int]:
    """Return the worst mistakes, by the probability of the right class, then a few images that are right."""
    right = chance[np.arange(len(labels)), labels]
    wrong = chance.argmax(axis=1) != labels
    mistakes = [int(i) for i in np.argsort(right, kind="stable") if wrong[i]][:most]
    return mistakes + [int(i) for i in np.flatnonzero(~wrong)[:_RIGHT]]


def _in_range(chosen: Sequence[int], count: int) -> list[int]:
    for i in chosen:
        if not 0 <= i < count:
            raise UndrawableError(f"predictions: chosen={i}, expected 0 to {count - 1}")
    return list(chosen)


def _example(model: Any, images: NDArray[Any], labels: NDArray[Any], chance: NDArray[Any], i: int) -> Example:
    predicted = int(chance[i].argmax())
    image = images[i : i + 1]
    return Example(
        index=i,
        label=int(labels[i]),
        predicted=predicted,
        probability=float(chance[i, predicted]),
        right=float(chance[i, labels[i]]),
        image=_cells(image[0][None].transpose(0, 2, 3, 1) if image.shape[1] == 3 else image[0, :1]),
        maps=tuple(_maps(model(Tensor(image, requires_grad=True)))),
    )


def _maps(scores: Node) -> Iterator[Maps]:
    """Yield the last picture-like value of every layer of a graph."""
    last: dict[str, Node] = {}
    for node in topological_order(scores):
        if node.gate is not None and node.scope and len(node.shape) == 4:
            last.pop(node.scope, None)
            last[node.scope] = node
    for scope, node in last.items():
        assert node.gate is not None
        yield Maps(scope, node.gate.name, _cells(node.value[0]))


def _filters(model: Any, image: NDArray[Any]) -> Maps | None:
    """Return the weights of the first convolution; of several input channels other than colours the first."""
    for node in topological_order(model(Tensor(image, requires_grad=True))):
        weights = [x for x in node.inputs or () if isinstance(x, Parameter) and len(x.shape) == 4]
        if node.gate is not None and node.gate.name == "conv2d" and weights:
            values = weights[0].value
            coloured = values.shape[1] == 3
            size = float(np.abs(values).max())
            pictures = values.transpose(0, 2, 3, 1) if coloured else values[:, 0]
            return Maps(node.scope, node.gate.name, _cells(pictures, -size, size))
    return None


def _cells(values: NDArray[Any], low: float | None = None, high: float | None = None) -> Cells:
    """Return values of shape (images, height, width), or with colours, in grey levels over their range."""
    shown = np.nan_to_num(np.asarray(values[:_MOST_CHANNELS], np.float64))
    low = float(shown.min()) if low is None else low
    high = float(shown.max()) if high is None else high
    levels = np.rint(255 * (shown - low) / ((high - low) or 1)).astype(np.uint8)
    return Cells(levels, low, high, max(0, len(values) - _MOST_CHANNELS))
