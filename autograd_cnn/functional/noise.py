"""Dropout, noise and DropConnect: training with parts of the network switched off or shaken.

In these functions p is the probability of dropping, as in torch; CS231n's notes write p for keeping.
"""

from __future__ import annotations

from typing import TypeAlias

import numpy as np

from autograd_cnn import live
from autograd_cnn.errors import ArgumentError, ShapeError
from autograd_cnn.functional.affine import linear
from autograd_cnn.functional.arguments import floating
from autograd_cnn.gates import randomness
from autograd_cnn.graph import Node
from autograd_cnn.random import generator
from autograd_cnn.registry import Value
from autograd_cnn.settings import number

Random: TypeAlias = np.random.Generator | int | None


def dropout(x: Value, p: float = 0.5, training: bool = True, *, inverted: bool = True, rng: Random = None) -> Value:
    """Set each number to 0 with probability p (Srivastava et al., 2014).

    Parameters
    ----------
    x : array or node
        Inputs, float32 or float64.
    p : float
        Probability of dropping, 0 to 1.
    training : bool
        Whether to drop.
    inverted : bool
        Inverted dropout multiplies what is kept with 1/(1 − p) in training and leaves testing alone. The
        vanilla one (False) keeps it as it is, and multiplies with 1 − p when not training. Either way the
        expected value is the same in both modes.
    rng : numpy.random.Generator or int, optional
        Where the mask comes from; the default generator.

    Returns
    -------
    array or node
        Of the same shape. The mask is a node of its own, of the gate ``keep_mask``.

    Raises
    ------
    ArgumentError
        When p is not a probability.

    Examples
    --------
    >>> import numpy as np
    >>> from autograd_cnn import functional as F
    >>> F.dropout(np.ones(8), 0.5, rng=0)
    array([0., 2., 0., 2., 0., 2., 0., 2.])
    >>> F.dropout(np.ones(8), 0.5, training=False, inverted=False)
    array([0.5, 0.5, 0.5, 0.5, 0.5, 0.5, 0.5, 0.5])
    """
    floating("dropout", x)
    return _dropped(x, tuple(x.shape), probability("dropout", p), training, inverted, rng)


def dropout1d(x: Value, p: float = 0.5, training: bool = True, *, inverted: bool = True, rng: Random = None) -> Value:
    """Drop whole channels of (N, C, L), each sample's for itself; parameters as in `dropout`."""
    return _channels_dropped("dropout1d", 3, x, p, training, inverted, rng)


def dropout2d(x: Value, p: float = 0.5, training: bool = True, *, inverted: bool = True, rng: Random = None) -> Value:
    """Drop whole channels of (N, C, H, W), each image's for itself (Tompson et al., 2015); parameters as in `dropout`.

    Neighbouring pixels tell much the same, so that dropping single ones would drop little.
    """
    return _channels_dropped("dropout2d", 4, x, p, training, inverted, rng)


def drop_connect(
    x: Value,
    weight: Value,
    bias: Value | None = None,
    p: float = 0.5,
    training: bool = True,
    *,
    inverted: bool = True,
    rng: Random = None,
) -> Value:
    """Weighted sums of which single weights, not outputs, are dropped (Wan et al., 2013).

    One mask is drawn per call, for all samples of the batch; the bias is kept. Parameters as in `linear` and
    `dropout`.
    """
    return linear(x, dropout(weight, p, training, inverted=inverted, rng=rng), bias)


def gaussian_noise(x: Value, std: float = 0.1, training: bool = True, *, rng: Random = None) -> Value:
    """Add normally distributed noise of mean 0 to inputs or activations when training.

    Parameters
    ----------
    x : array or node
        Inputs, float32 or float64.
    std : float
        Standard deviation, at least 0.
    training : bool
        Whether to add anything.
    rng : numpy.random.Generator or int, optional
        Where the noise comes from; the default generator.

    Raises
    ------
    ArgumentError
        When the standard deviation is negative.
    """
    floating("gaussian_noise", x)
    std = deviation("gaussian_noise", std)
    if not training or std == 0:
        return x
    noise = randomness.gaussian_noise(shape=tuple(x.shape), std=std, dtype=x.dtype, seed=_seed(rng))
    return x + (noise if isinstance(x, Node) or live.is_recording() else noise.value)


def probability(name: str, p: float) -> float:
    """Return a Python float from 0 to 1; raise ArgumentError for anything else."""
    found = number(name, "p", p)
    if not 0 <= found <= 1:
        raise ArgumentError(f"{name}: p={p}, expected a probability of dropping, 0 to 1")
    return found


def deviation(name: str, std: float) -> float:
    """Return a Python float of at least 0; raise ArgumentError for anything else."""
    found = number(name, "std", std)
    if not found >= 0:
        raise ArgumentError(f"{name}: std={std}, expected a standard deviation of at least 0")
    return found


def _channels_dropped(name: str, axes: int, x: Value, p: float, training: bool, inverted: bool, rng: Random) -> Value:
    floating(name, x)
    if len(x.shape) != axes:
        raise ShapeError(f"{name}: input of shape {x.shape}, expected (N, C, {'L' if axes == 3 else 'H, W'})")
    mask_shape = (*x.shape[:2], *(1,) * (axes - 2))
    return _dropped(x, mask_shape, probability(name, p), training, inverted, rng)


def _dropped(x: Value, mask_shape: tuple[int, ...], p: float, training: bool, inverted: bool, rng: Random) -> Value:
    if not training:
        return x if inverted or p == 0 else x * (1 - p)
    if p == 0:
        return x
    scale = 1 / (1 - p) if inverted and p < 1 else 1.0
    mask = randomness.keep_mask(shape=mask_shape, p=p, scale=scale, dtype=x.dtype, seed=_seed(rng))
    return x * (mask if isinstance(x, Node) or live.is_recording() else mask.value)


def _seed(rng: Random) -> int:
    return live.drawn(lambda: int(generator(rng).integers(2**63)))
