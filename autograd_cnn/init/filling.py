"""Filling with numbers: drawn evenly or from a normal distribution, or all the same."""

from __future__ import annotations

from typing import TypeVar

import numpy as np

from autograd_cnn.errors import ArgumentError, warn
from autograd_cnn.graph import Node, Parameter, Scalar
from autograd_cnn.random import generator
from autograd_cnn.settings import finite

Leaf = TypeVar("Leaf", bound=Parameter | Scalar)


class SymmetryWarning(UserWarning):
    """Weights with which all units of a layer compute the same, and go on doing so."""


def uniform_(tensor: Leaf, a: float = 0.0, b: float = 1.0, *, rng: np.random.Generator | int | None = None) -> Leaf:
    """Fill with numbers drawn evenly from a to b.

    Parameters
    ----------
    tensor : Parameter or Scalar
        The leaf to write into.
    a, b : float
        Lowest and highest value.
    rng : numpy.random.Generator or int, optional
        Where randomness comes from; the default generator (see `autograd_cnn.manual_seed`).

    Raises
    ------
    ArgumentError
        When `tensor` is no leaf that can be assigned, or a is above b.
    """
    low, high = finite("uniform_", "a", a), finite("uniform_", "b", b)
    if low > high:
        raise ArgumentError(f"uniform_: a={a} is above b={b}")
    return write("uniform_", tensor, generator(rng).uniform(low, high, tensor.shape))


def normal_(tensor: Leaf, mean: float = 0.0, std: float = 1.0, *, rng: np.random.Generator | int | None = None) -> Leaf:
    """Fill with numbers drawn from a normal distribution.

    Parameters
    ----------
    tensor : Parameter or Scalar
        The leaf to write into.
    mean, std : float
        Mean and standard deviation.
    rng : numpy.random.Generator or int, optional
        Where randomness comes from; the default generator.

    Raises
    ------
    ArgumentError
        When `tensor` is no leaf that can be assigned, or the deviation is negative.
    """
    mean, std = finite("normal_", "mean", mean), finite("normal_", "std", std)
    if std < 0:
        raise ArgumentError(f"normal_: std={std}, expected at least 0")
    return write("normal_", tensor, generator(rng).normal(mean, std, tensor.shape))


def constant_(tensor: Leaf, val: float) -> Leaf:
    """Fill with one number: right for biases; of weights see `zeros_`.

    Warns
    -----
    SymmetryWarning
        As `zeros_`.

    Raises
    ------
    ArgumentError
        When `tensor` is no leaf that can be assigned.
    """
    return write("constant_", tensor, np.full(tensor.shape, finite("constant_", "val", val)))


def zeros_(tensor: Leaf) -> Leaf:
    """Fill with zeros: right for biases, wrong for weights of a hidden layer, whose units would all stay equal.

    CS231n, neural networks part 2, "Weight Initialization", "Pitfall: all zero initialization".

    Warns
    -----
    SymmetryWarning
        When the weights of two or more units become equal. What is meant, as in an output layer, is assigned:
        ``weight.assign(np.zeros(weight.shape))``.

    Raises
    ------
    ArgumentError
        When `tensor` is no leaf that can be assigned.
    """
    return write("zeros_", tensor, np.zeros(tensor.shape))


def write(function: str, leaf: Leaf, values: np.ndarray) -> Leaf:
    """Write starting values into a leaf, and return it; called by a public function of that name."""
    if not isinstance(leaf, Parameter | Scalar) or leaf.gate is not None:
        what = repr(leaf) if isinstance(leaf, Node) else type(leaf).__name__
        raise ArgumentError(f"{function}: got {what}, expected a Parameter or a Scalar leaf")
    leaf.assign(values)  # type: ignore[arg-type]  # a Scalar takes a 0-d array
    if _is_symmetric(values):
        warn(
            f"{function}: the {len(values)} units of {leaf!r} have equal weights; in a hidden layer all of them get "
            "equal gradients and stay equal: draw them (kaiming_normal_), or assign() them where that is meant",
            SymmetryWarning,
        )
    return leaf


def _is_symmetric(values: np.ndarray) -> bool:
    """Tell whether these are weights (out, in, ...) of several units, all of them with the same."""
    if values.ndim < 2 or len(values) < 2 or not values.size or not np.array_equal(values[0], values[1]):
        return False
    return bool((values == values[0]).all())
