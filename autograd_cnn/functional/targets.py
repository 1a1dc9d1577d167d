"""What losses are compared with: targets checked against the scores, class weights, weighted means."""

from __future__ import annotations

import math
import numbers
from typing import Any

import numpy as np
from numpy.typing import NDArray

from autograd_cnn import live
from autograd_cnn.errors import ArgumentError, DtypeError, OutOfRangeError, ShapeError
from autograd_cnn.functional.arguments import array_of, floating, same_dtype, shape_of
from autograd_cnn.gates.comparison import where
from autograd_cnn.gates.reduction import mean, sum
from autograd_cnn.graph import Node
from autograd_cnn.registry import Value
from autograd_cnn.settings import number, written

REDUCTIONS = ("mean", "sum", "none")


def alike(name: str, x: Value, target: Any) -> Value:
    """Return `target` as a node, or as constants of the dtype of `x`; nothing broadcasts in silence.

    Raises
    ------
    ShapeError
        When the shapes differ, even where they would broadcast.
    DtypeError
        When `x` is not floating, or `target` is a node of another floating dtype.
    """
    floating(name, x)
    if isinstance(target, Node) and target.dtype.kind == "f":
        same_dtype(name, x, target)
    elif isinstance(target, numbers.Real) and not x.shape:
        return float(target)
    else:
        target = array_of(name, "target", target)
        if target.dtype.kind not in "biuf":
            raise DtypeError(f"{name}: target of dtype {target.dtype}, expected real numbers")
        target = target.astype(x.dtype)
    same_shape(name, x.shape, "target", target.shape)
    return target


def same_shape(name: str, expected: tuple[int, ...], what: str, shape: tuple[int, ...]) -> None:
    """Raise ShapeError, with a way out, unless `shape` is the `expected` one."""
    if shape != expected:
        fits = math.prod(shape) == math.prod(expected)
        way_out = f"use {what}.reshape{expected}" if fits else "np.broadcast_to repeats on purpose"
        raise ShapeError(f"{name}: input {expected} and {what} {shape} differ; losses do not broadcast: {way_out}")


def between_0_and_1(name: str, what: str, x: Value) -> None:
    """Raise ArgumentError when a number lies outside [0, 1]; NaN passes."""
    values = live.array(x)
    outside = (values < 0) | (values > 1)
    if outside.any():
        wrong = live.for_message(values)[live.for_message(outside)]
        hint = "; scores go to binary_cross_entropy_with_logits" if what == "input" else "; of ±1 make (target + 1) / 2"
        raise ArgumentError(f"{name}: {what} has {wrong[0]:.6g}, expected numbers from 0 to 1{hint}")


def signs(name: str, x: Value, target: Any, shape: tuple[int, ...]) -> Value:
    """Return `target` as constants −1 and 1 of the dtype of `x`; raise for anything else."""
    target = array_of(name, "target", target)
    if target.shape != shape:
        raise ShapeError(f"{name}: target of shape {target.shape}, expected {shape}: one label 1 or −1 each")
    if target.dtype.kind not in "biuf" or not np.isin(target, (-1, 1)).all():
        raise ArgumentError(f"{name}: targets must be 1 or −1; of 0 and 1 make 2 * target - 1")
    return target.astype(x.dtype)


def classes(name: str, shape: tuple[int, ...], labels: Any, ignore_index: int | None = None) -> NDArray[np.intp]:
    """Return class labels as an array of (N, d1, ...) for scores of `shape` (N, K, d1, ...), or () for (K,).

    Raises
    ------
    ShapeError, DtypeError, OutOfRangeError
        When shapes do not fit, labels are no integers, or one is outside 0 to K − 1 and not ignored.
    """
    return classes_and_ignored(name, shape, labels, ignore_index)[0]


def classes_and_ignored(
    name: str, shape: tuple[int, ...], labels: Any, ignore_index: int | None = None
) -> tuple[NDArray[np.intp], bool]:
    """Return what `classes` does, and whether some of the labels are to be ignored."""
    labels = array_of(name, "labels", labels)
    axis = min(1, len(shape) - 1)
    if not shape or labels.shape != shape[:axis] + shape[axis + 1 :]:
        hint = "; give one-hot labels as floats" if labels.shape == shape and labels.dtype.kind in "biu" else ""
        raise ShapeError(
            f"{name}: scores {shape} and labels {labels.shape} do not fit; "
            f"expected (N, K) and (N,), or (N, K, d1, ...) and (N, d1, ...){hint}"
        )
    if labels.dtype.kind not in "iu" and labels.size:
        raise DtypeError(f"{name}: labels of dtype {labels.dtype}, expected integers; use labels.astype(int)")
    kind = live.decided(_kind_of_labels, labels, shape[axis], ignore_index)
    if kind == _OUTSIDE:
        labels = live.for_message(labels)
        wrong = tuple(int(i) for i in np.argwhere(_outside(labels, shape[axis], ignore_index))[0])
        sample = wrong[0] if len(wrong) == 1 else wrong
        raise OutOfRangeError(
            f"{name}: label {labels[wrong]} of sample {sample} is not among the {shape[axis]} classes, "
            f"0 to {shape[axis] - 1}"
        )
    indices: NDArray[np.intp] = labels if labels.dtype == np.intp else labels.astype(np.intp)
    return indices, kind == _SOME_IGNORED


_ALL_COUNT, _SOME_IGNORED, _OUTSIDE = range(3)


def _kind_of_labels(labels: NDArray[Any], count: int, ignore_index: int | None) -> int:
    """Return whether labels are all among so many classes, or some are to be ignored, or some are neither."""
    if not labels.size:
        return _ALL_COUNT
    unsigned = labels.view(f"u{labels.itemsize}")  # negative numbers become large
    if np.maximum.reduce(unsigned, axis=None) < count:
        ignorable = ignore_index is not None and 0 <= ignore_index < count
        return _SOME_IGNORED if ignorable and (labels == ignore_index).any() else _ALL_COUNT
    return _OUTSIDE if _outside(labels, count, ignore_index).any() else _SOME_IGNORED


def _outside(labels: NDArray[Any], count: int, ignore_index: int | None) -> Any:
    """Return which labels are no class and not ignored."""
    outside = (labels < 0) | (labels >= count)
    return outside if ignore_index is None else outside & (labels != ignore_index)


def class_weights(name: str, weight: Any, count: int, dtype: Any) -> NDArray[Any]:
    """Return one constant weight per class; raise unless there are `count` of at least 0."""
    weights = some_class_weights(name, weight)
    if weights.shape != (count,):
        raise ShapeError(f"{name}: weight of shape {weights.shape}, expected one number per class: ({count},)")
    return weights.astype(dtype)


def some_class_weights(name: str, weight: Any) -> NDArray[Any]:
    """Return the constant weights of classes whose number is not known yet; raise unless all are at least 0."""
    weights = factors(name, "weight", weight)
    if weights.ndim != 1:
        raise ShapeError(f"{name}: weight of shape {weights.shape}, expected one number per class: (K,)")
    if not (weights >= 0).all():
        raise ArgumentError(f"{name}: class weights must be numbers of at least 0")
    return weights


def factors(name: str, what: str, given: Any) -> NDArray[Any]:
    """Return the constant factors of losses as an array; raise ArgumentError unless they are numbers, or a mask."""
    found: NDArray[Any] = array_of(name, what, given)
    if found.dtype.kind not in ("iuf" if found.ndim == 0 else "biuf"):
        raise ArgumentError(f"{name}: {what}={written(given)}, expected real numbers")
    return found


def scales(name: str, what: str, weight: Any, x: Value) -> Any:
    """Return factors that broadcast to the shape of `x`, as a node or as constants of its dtype."""
    if isinstance(weight, Node):
        same_dtype(name, x, weight)
    else:
        weight = factors(name, what, weight).astype(x.dtype)
    try:
        fits = np.broadcast_shapes(weight.shape, x.shape) == x.shape
    except ValueError:
        fits = False
    if not fits:
        raise ShapeError(f"{name}: {what} of shape {weight.shape} does not broadcast to the input, {x.shape}")
    return weight


def weighed(losses: Value, factors: Any) -> Value:
    """Return losses × factors, where a factor 0 takes a loss out altogether, even one of ∞ or NaN."""
    counted = where(factors != 0, losses, 0)
    return counted if factors.dtype == bool else counted * factors


def weighted_mean(name: str, losses: Value, reduction: str, total: Any) -> Value:
    """Return the sum of the losses divided by the `total` weight, their sum, or all of them.

    The mean over nothing is NaN, as in NumPy and torch: 0 would look like a perfect score. Its
    gradient is 0, so a step after it does no harm.
    """
    check_reduction(name, reduction)
    if reduction == "none":
        return losses
    if reduction == "sum":
        return sum(losses)
    return sum(losses) / total if total else sum(losses) * math.nan


def reduced(name: str, losses: Value, reduction: str) -> Value:
    """Return the mean, the sum, or all of the losses; see `weighted_mean` for the mean over nothing."""
    count = math.prod(shape_of(name, losses))
    return mean(losses) if reduction == "mean" and count else weighted_mean(name, losses, reduction, count)


def check_reduction(name: str, reduction: str) -> str:
    """Return how losses become one; raise ArgumentError for an unknown reduction."""
    if not isinstance(reduction, str) or reduction not in REDUCTIONS:
        raise ArgumentError(f"{name}: reduction={written(reduction)}, expected 'mean', 'sum' or 'none'")
    return reduction


def check_smoothing(name: str, value: Any) -> float:
    """Return how much of each target is spread over all classes; raise ArgumentError unless it is from 0 to 1."""
    return number(name, "label_smoothing", value, 0, 1, "a number from 0 to 1")
