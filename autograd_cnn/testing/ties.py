"""What gates declare for ties: the side from which the gradient at a kink is taken.

A declared tie is a way to approach: the rule of max, "the first of the largest receives everything", says that
the first counts as a little larger; that of relu, "0 at 0", that its input counts as a little smaller. The
derivative at the approached point is smooth, so differences can prove it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

import numpy as np

Offsets: TypeAlias = list[Any]
Approach: TypeAlias = Callable[[list[Any], dict[str, Any]], list[Offsets]]


def _shift(slot: int, by: float) -> Approach:
    """Approach with one input a little larger or smaller."""

    def approach(values: list[Any], attributes: dict[str, Any]) -> list[Offsets]:
        return [[np.full(np.shape(x), by * (i == slot)) for i, x in enumerate(values)]]

    return approach


def _first(by: float) -> Approach:
    """Approach with every element a little larger (or smaller) than the ones after it."""

    def approach(values: list[Any], attributes: dict[str, Any]) -> list[Offsets]:
        size = max(np.size(values[0]), 1)
        return [[by * (1 - np.arange(np.size(values[0])) / size).reshape(np.shape(values[0]))]]

    return approach


def _both_sides(values: list[Any], attributes: dict[str, Any]) -> list[Offsets]:
    """Approach from both sides; what counts is the mean, as for the absolute value at 0."""
    return [[np.full(np.shape(values[0]), by)] for by in (1.0, -1.0)]


def _from_outside(values: list[Any], attributes: dict[str, Any]) -> list[Offsets]:
    """Approach a bound of hardtanh from where it is flat."""
    middle = (attributes["min_val"] + attributes["max_val"]) / 2
    return [[np.sign(np.subtract(values[0], middle))]]


def _right_class_first(values: list[Any], attributes: dict[str, Any]) -> list[Offsets]:
    """Approach with the right score a little larger: a margin of exactly 0 is kept."""
    scores, labels = values
    right = np.zeros(np.shape(scores))
    right[np.arange(len(labels)), labels] = 1.0
    return [[right, np.zeros(np.shape(labels))]]


DECLARED: dict[str, Approach] = {
    "abs": _both_sides,
    "adaptive_max_pool2d": _first(1.0),
    "elu": _shift(0, -1.0),
    "hardtanh": _from_outside,
    "leaky_relu": _shift(0, -1.0),
    "max": _first(1.0),
    "max_pool2d": _first(1.0),
    "maximum": _shift(0, 1.0),
    "min": _first(-1.0),
    "minimum": _shift(0, -1.0),
    "multiclass_svm_loss": _right_class_first,
    "prelu": _shift(0, -1.0),
    "relu": _shift(0, -1.0),
    "selu": _shift(0, -1.0),
    "step": _shift(0, -1.0),
}
"""From where each gate takes its gradient at a tie; of others, any value between the one-sided derivatives is right."""
