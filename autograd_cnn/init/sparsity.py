"""Sparse weights: most are 0, and the units differ by which inputs they see."""

from __future__ import annotations

import math

import numpy as np

from autograd_cnn.errors import ArgumentError, ShapeError
from autograd_cnn.init.filling import Leaf, write
from autograd_cnn.random import generator
from autograd_cnn.settings import count, finite


def sparse_(tensor: Leaf, sparsity: float, std: float = 0.01, *, rng: np.random.Generator | int | None = None) -> Leaf:
    """Fill a matrix from N(0, std²), and set a share of every column to 0.

    Martens 2010, "Deep learning via Hessian-free optimization", as in torch: a column holds the weights of one input,
    which reaches the same number of units as every other. To give every unit a number of inputs, as the notes have
    it, see `randomly_connected_`.

    Parameters
    ----------
    tensor : Parameter of shape (out, in)
        Weights of a linear layer.
    sparsity : float
        The share, from 0 to 1; rounded up to whole weights.
    std : float
        Standard deviation of the others.
    rng : numpy.random.Generator or int, optional
        Where randomness comes from; the default generator.

    Raises
    ------
    ShapeError
        When the parameter is no matrix.
    ArgumentError
        When the share is outside its bounds, or the deviation is negative.

    Examples
    --------
    >>> import numpy as np
    >>> import autograd_cnn as ag
    >>> from autograd_cnn import init
    >>> weight = init.sparse_(ag.Parameter(np.empty((10, 3))), sparsity=0.75, rng=0)
    >>> (weight.value == 0).sum(axis=0)
    array([8, 8, 8])
    """
    share = finite("sparse_", "sparsity", sparsity)
    if not 0 <= share <= 1:
        raise ArgumentError(f"sparse_: sparsity={sparsity!r}, expected a share from 0 to 1")
    if tensor.ndim != 2:
        raise ShapeError(f"sparse_: {tensor!r} is no matrix (out, in); of convolutions use randomly_connected_")
    rng = generator(rng)
    values = _drawn("sparse_", tensor.shape, std, rng)
    empty = math.ceil(share * tensor.shape[0])
    for column in values.T:
        column[rng.permutation(len(column))[:empty]] = 0.0
    return write("sparse_", tensor, values)


def randomly_connected_(
    tensor: Leaf, connections: int = 10, std: float = 0.01, *, rng: np.random.Generator | int | None = None
) -> Leaf:
    """Set all weights to 0 but a number of every unit's, drawn from N(0, std²).

    CS231n, neural networks part 2, "Sparse initialization": every neuron is randomly connected to a fixed number of
    neurons below it, 10 of them for example.

    Parameters
    ----------
    tensor : Parameter of shape (out, in, ...)
        Weights of a linear or convolutional layer.
    connections : int
        How many inputs each unit gets; all, where there are fewer.
    std : float
        Standard deviation of their weights.
    rng : numpy.random.Generator or int, optional
        Where randomness comes from; the default generator.

    Raises
    ------
    ShapeError
        When the parameter has fewer than two axes.
    ArgumentError
        When the number is no positive integer, or the deviation is negative.

    Examples
    --------
    >>> import numpy as np
    >>> import autograd_cnn as ag
    >>> from autograd_cnn import init
    >>> weight = init.randomly_connected_(ag.Parameter(np.empty((3, 100))), connections=10, rng=0)
    >>> (weight.value != 0).sum(axis=1)
    array([10, 10, 10])
    """
    connections = count("randomly_connected_", "connections", connections)
    if tensor.ndim < 2:
        raise ShapeError(f"randomly_connected_: {tensor!r} has no inputs to choose; expected weights (out, in, ...)")
    rng = generator(rng)
    values = _drawn("randomly_connected_", (tensor.shape[0], math.prod(tensor.shape[1:])), std, rng)
    for unit in values:
        unit[rng.permutation(len(unit))[connections:]] = 0.0
    return write("randomly_connected_", tensor, values.reshape(tensor.shape))


def _drawn(function: str, shape: tuple[int, ...], std: float, rng: np.random.Generator) -> np.ndarray:
    deviation = finite(function, "std", std)
    if deviation < 0:
        raise ArgumentError(f"{function}: std={std}, expected at least 0")
    return rng.normal(0.0, deviation, shape)
