"""How right the scores of a classifier are: accuracy, top-k error, confusions."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from autograd_cnn.errors import DtypeError, OutOfRangeError, ShapeError
from autograd_cnn.functional.arguments import array_of
from autograd_cnn.memory import in_memory
from autograd_cnn.settings import count, whole


def accuracy(scores: Any, labels: Any) -> float:
    """Return the share of samples whose highest score is that of their label; see `top_k_error` for ties.

    Parameters
    ----------
    scores : (N, K) array_like or node
    labels : (N,) array_like of int

    Examples
    --------
    >>> from autograd_cnn import train
    >>> train.accuracy([[0.1, 0.9], [0.8, 0.2], [0.3, 0.7]], [1, 0, 0])
    0.6666666666666666
    """
    right = hits("accuracy", scores, labels, 1)
    return int(right.sum()) / len(right)


def top_k_error(scores: Any, labels: Any, k: int = 5) -> float:
    """Return the share of samples whose label is not among the k classes of the highest scores.

    Top-1 and top-5 error are how ImageNet's challenge is judged.

    Parameters
    ----------
    scores : (N, K) array_like or node
    labels : (N,) array_like of int
    k : int
        From 1; with K or more there is no error.

    Raises
    ------
    ShapeError, DtypeError, OutOfRangeError, ArgumentError
        When scores and labels do not fit each other, there are none, or k is no positive integer.

    Notes
    -----
    Of equal scores the first class counts as the higher, as `argmax` has it: a network that gives all classes
    the same score is right about class 0 only. A sample with a NaN among its scores counts as wrong.

    Examples
    --------
    >>> from autograd_cnn import train
    >>> scores = [[0.5, 0.3, 0.2], [0.1, 0.2, 0.7]]
    >>> train.top_k_error(scores, [1, 0], k=1), train.top_k_error(scores, [1, 0], k=2)
    (1.0, 0.5)
    """
    right = hits("top_k_error", scores, labels, k)
    return int((~right).sum()) / len(right)


def hits(what: str, scores: Any, labels: Any, k: int) -> NDArray[np.bool_]:
    """Return for each sample whether its label is among the k highest scores."""
    k = whole(what, "k", k, 1)
    values, wanted = array_of(what, "scores", scores), _checked_labels(what, "labels", labels)
    if values.ndim != 2 or wanted.shape != values.shape[:1] or not values.size:
        raise ShapeError(f"{what}: scores {values.shape} and labels {wanted.shape}, expected (N, K) and (N,)")
    if wanted.min() < 0 or wanted.max() >= values.shape[1]:
        raise OutOfRangeError(
            f"{what}: labels from {wanted.min()} to {wanted.max()}, expected 0 to {values.shape[1] - 1}"
        )
    own = values[np.arange(len(wanted)), wanted][:, None]
    before = np.arange(values.shape[1]) < wanted[:, None]
    higher = (values > own) | ((values == own) & before)
    found: NDArray[np.bool_] = (higher.sum(axis=1) < k) & ~np.isnan(values).any(axis=1)
    return found


def confusion_matrix(labels: Any, predicted: Any, classes: int | None = None) -> NDArray[np.int64]:
    """Return how many samples of each class (row) were taken for each class (column).

    Parameters
    ----------
    labels, predicted : (N,) array_like of int
        The right classes, and those that were predicted, such as ``scores.argmax(1)``.
    classes : int, optional
        K, how many there are; by default as many as occur.

    Returns
    -------
    (K, K) ndarray
        The diagonal holds what is right, a row's sum how many samples the class has.

    Raises
    ------
    ShapeError, DtypeError, OutOfRangeError, ArgumentError, OutOfMemoryError
        When labels and predictions do not fit each other or the number of classes, or that is no positive integer,
        or larger than memory.

    Examples
    --------
    >>> from autograd_cnn import train
    >>> train.confusion_matrix([0, 0, 1, 1], [0, 1, 1, 1])
    array([[1, 1],
           [0, 2]])
    """
    rows = _checked_labels("confusion_matrix", "labels", labels)
    columns = _checked_labels("confusion_matrix", "predicted", predicted)
    if rows.shape != columns.shape or rows.ndim != 1:
        raise ShapeError(f"confusion_matrix: labels {rows.shape} and predicted {columns.shape}, expected (N,) twice")
    highest = max(rows.max(initial=-1), columns.max(initial=-1))
    size = int(highest) + 1 if classes is None else count("confusion_matrix", "classes", classes)
    if min(rows.min(initial=0), columns.min(initial=0)) < 0 or highest >= size:
        raise OutOfRangeError(f"confusion_matrix: a class outside 0 to {size - 1}")
    with in_memory("confusion_matrix: counts", (size, size), 8, "number the classes from 0, without gaps"):
        counts = np.zeros((size, size), np.int64)
        np.add.at(counts, (rows, columns), 1)
    return counts


def _checked_labels(what: str, argument: str, given: Any) -> NDArray[Any]:
    found: NDArray[Any] = array_of(what, argument, given)
    if found.dtype.kind not in "iu" and found.size:
        raise DtypeError(f"{what}: labels of dtype {found.dtype}, expected integers")
    return found.astype(np.intp) if found.dtype.kind == "u" or not found.size else found
