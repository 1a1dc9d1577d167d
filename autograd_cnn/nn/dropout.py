"""Layers that switch off or shake parts of the network in training; see `functional.dropout`."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import DTypeLike

from autograd_cnn import functional
from autograd_cnn.errors import ShapeError
from autograd_cnn.functional.noise import Random, deviation, probability
from autograd_cnn.nn.arguments import features
from autograd_cnn.nn.module import Module
from autograd_cnn.nn.shapes import Shape
from autograd_cnn.nn.starting import weights_and_biases
from autograd_cnn.random import generator
from autograd_cnn.settings import count


class Dropout(Module):
    """Set each number to 0 with probability p in training.

    Parameters
    ----------
    p : float
        Probability of dropping; CS231n's notes write p for keeping.
    inverted : bool
        Whether to scale up in training (inverted dropout) or down in testing (vanilla).
    rng : numpy.random.Generator or int, optional
        Where the masks come from, one after the other; the default generator.

    Examples
    --------
    >>> import numpy as np
    >>> from autograd_cnn import nn
    >>> layer = nn.Dropout(0.5, rng=1)
    >>> layer(np.ones(4)), layer(np.ones(4))
    (array([0., 2., 0., 2.]), array([0., 0., 2., 2.]))
    >>> layer.eval()(np.ones(4))
    array([1., 1., 1., 1.])
    """

    def __init__(self, p: float = 0.5, *, inverted: bool = True, rng: Random = None) -> None:
        self.p, self.inverted = probability("Dropout", p), bool(inverted)
        self.rng = None if rng is None else generator(rng)

    def forward(self, x: Any) -> Any:
        """Return x with some numbers dropped in training."""
        return functional.dropout(x, self.p, self.training, inverted=self.inverted, rng=self.rng)

    def output_shape(self, input_shape: Shape) -> Shape:
        """Return the same shape."""
        return tuple(input_shape)

    def extra_repr(self) -> str:
        """Return the probability and the kind."""
        return _options(self.p, self.inverted)


class Dropout1d(Module):
    """Drop whole channels of (N, C, L) with probability p in training; parameters as in `Dropout`."""

    def __init__(self, p: float = 0.5, *, inverted: bool = True, rng: Random = None) -> None:
        self.p, self.inverted = probability("Dropout1d", p), bool(inverted)
        self.rng = None if rng is None else generator(rng)

    def forward(self, x: Any) -> Any:
        """Return x with some channels dropped in training."""
        return functional.dropout1d(x, self.p, self.training, inverted=self.inverted, rng=self.rng)

    def output_shape(self, input_shape: Shape) -> Shape:
        """Return the same shape; raise ShapeError when it is not (C, L)."""
        return _with_axes("Dropout1d", input_shape, "(C, L)", 2)

    def extra_repr(self) -> str:
        """Return the probability and the kind."""
        return _options(self.p, self.inverted)


class Dropout2d(Module):
    """Drop whole channels of images (N, C, H, W) with probability p in training; parameters as in `Dropout`."""

    def __init__(self, p: float = 0.5, *, inverted: bool = True, rng: Random = None) -> None:
        self.p, self.inverted = probability("Dropout2d", p), bool(inverted)
        self.rng = None if rng is None else generator(rng)

    def forward(self, x: Any) -> Any:
        """Return x with some channels dropped in training."""
        return functional.dropout2d(x, self.p, self.training, inverted=self.inverted, rng=self.rng)

    def output_shape(self, input_shape: Shape) -> Shape:
        """Return the same shape; raise ShapeError when it is not (C, H, W)."""
        return _with_axes("Dropout2d", input_shape, "(C, H, W)", 3)

    def extra_repr(self) -> str:
        """Return the probability and the kind."""
        return _options(self.p, self.inverted)


class GaussianNoise(Module):
    """Add normally distributed noise of mean 0 to inputs or activations in training.

    Parameters
    ----------
    std : float
        Standard deviation of the noise.
    rng : numpy.random.Generator or int, optional
        Where the noise comes from; the default generator.
    """

    _shown = ("std",)

    def __init__(self, std: float = 0.1, *, rng: Random = None) -> None:
        self.std = deviation("GaussianNoise", std)
        self.rng = None if rng is None else generator(rng)

    def forward(self, x: Any) -> Any:
        """Return x, with noise in training."""
        return functional.gaussian_noise(x, self.std, self.training, rng=self.rng)

    def output_shape(self, input_shape: Shape) -> Shape:
        """Return the same shape."""
        return tuple(input_shape)


class DropConnect(Module):
    """A `Linear` of which single weights are dropped in training; see `functional.drop_connect`.

    Parameters
    ----------
    in_features, out_features : int
        Sizes of each input and output sample.
    p : float
        Probability of dropping a weight.
    bias : bool
        Whether each output has a number of its own added; it is never dropped.
    inverted : bool
        As in `Dropout`.
    rng : numpy.random.Generator or int, optional
        Where the starting values and the masks come from; the default generator.
    dtype : dtype
        float32 or float64.

    Attributes
    ----------
    weight : (out_features, in_features) Parameter
    bias : (out_features,) Parameter or None
    """

    def __init__(
        self,
        in_features: int,
        out_features: int,
        p: float = 0.5,
        bias: bool = True,
        *,
        inverted: bool = True,
        rng: Random = None,
        dtype: DTypeLike = np.float32,
    ) -> None:
        self.in_features = count("DropConnect", "in_features", in_features)
        self.out_features = count("DropConnect", "out_features", out_features)
        self.p, self.inverted = probability("DropConnect", p), bool(inverted)
        self.rng = None if rng is None else generator(rng)
        shape, biases = (self.out_features, self.in_features), self.out_features if bias else 0
        self.weight, self.bias = weights_and_biases("DropConnect", shape, biases, self.rng, dtype)

    def forward(self, x: Any) -> Any:
        """Return the outputs (..., out_features) for inputs (..., in_features)."""
        return functional.drop_connect(
            x, self.weight, self.bias, self.p, self.training, inverted=self.inverted, rng=self.rng
        )

    def output_shape(self, input_shape: Shape) -> Shape:
        """Return the shape of one output sample; see `Module.output_shape`."""
        return features("DropConnect", input_shape, self.in_features, self.out_features)

    def extra_repr(self) -> str:
        """Return the sizes and the probability."""
        words = f"in_features={self.in_features}, out_features={self.out_features}, bias={self.bias is not None}"
        return f"{words}, {_options(self.p, self.inverted)}"


def _options(p: float, inverted: bool) -> str:
    return f"p={p}" + ("" if inverted else ", inverted=False")


def _with_axes(layer: str, input_shape: Shape, expected: str, axes: int) -> Shape:
    if len(input_shape) != axes:
        raise ShapeError(f"{layer}: output_shape of {tuple(input_shape)}, expected {expected} without the batch axis")
    return tuple(input_shape)
