"""Activation layers, which work number by number (CS231n, neural networks part 1)."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import DTypeLike

from autograd_cnn import functional
from autograd_cnn.errors import ArgumentError, ShapeError
from autograd_cnn.functional import activation as checks
from autograd_cnn.gates import activation, rectifier
from autograd_cnn.graph import Parameter
from autograd_cnn.nn.arguments import floating
from autograd_cnn.nn.module import Module
from autograd_cnn.nn.shapes import Shape
from autograd_cnn.nn.unallocated import filled
from autograd_cnn.settings import count, number


def same_shape(self: Module, input_shape: Shape) -> Shape:
    """Return the same shape."""
    return tuple(input_shape)


class Identity(Module):
    """No activation, to show what the notes warn of: layers joined by it are one linear layer."""

    output_shape = same_shape

    def forward(self, x: Any) -> Any:
        """Return x."""
        return activation.identity(x)


class Step(Module):
    """The perceptron's threshold, 1 where x > 0 and 0 elsewhere: its gradient is 0, so nothing before it learns."""

    output_shape = same_shape

    def forward(self, x: Any) -> Any:
        """Return 1 where x > 0, 0 elsewhere."""
        return activation.step(x)


class Threshold(Module):
    """Keep what is larger than the threshold, put `value` for the rest; see `functional.threshold`."""

    _shown = ("threshold", "value")
    output_shape = same_shape

    def __init__(self, threshold: float, value: float) -> None:
        self.threshold = number("Threshold", "threshold", threshold)
        self.value = number("Threshold", "value", value)

    def forward(self, x: Any) -> Any:
        """Return x where it is larger than the threshold, `value` elsewhere."""
        return functional.threshold(x, self.threshold, self.value)


class Sigmoid(Module):
    """1/(1 + e⁻ˣ): squashes to (0, 1)."""

    output_shape = same_shape

    def forward(self, x: Any) -> Any:
        """Return 1/(1 + e⁻ˣ)."""
        return activation.sigmoid(x)


class LogSigmoid(Module):
    """Logarithm of the sigmoid, stable at any size."""

    output_shape = same_shape

    def forward(self, x: Any) -> Any:
        """Return log σ(x)."""
        return activation.logsigmoid(x)


class Tanh(Module):
    """Hyperbolic tangent: squashes to (−1, 1)."""

    output_shape = same_shape

    def forward(self, x: Any) -> Any:
        """Return tanh(x)."""
        return activation.tanh(x)


class Hardtanh(Module):
    """Clip to [min_val, max_val]; see `functional.hardtanh`."""

    _shown = ("min_val", "max_val")
    output_shape = same_shape

    def __init__(self, min_val: float = -1.0, max_val: float = 1.0) -> None:
        self.min_val, self.max_val = checks.bounds("Hardtanh", min_val, max_val)

    def forward(self, x: Any) -> Any:
        """Return x, clipped."""
        return functional.hardtanh(x, self.min_val, self.max_val)


class Softsign(Module):
    """``x/(1 + |x|)``: squashes to (−1, 1), slowly."""

    output_shape = same_shape

    def forward(self, x: Any) -> Any:
        """Return ``x/(1 + |x|)``."""
        return activation.softsign(x)


class ReLU(Module):
    """max(0, x), with gradient 0 at 0."""

    output_shape = same_shape

    def forward(self, x: Any) -> Any:
        """Return max(0, x)."""
        return activation.relu(x)


class LeakyReLU(Module):
    """max(αx, x) with a small negative slope α; see `functional.leaky_relu`."""

    _shown = ("negative_slope",)
    output_shape = same_shape

    def __init__(self, negative_slope: float = 0.01) -> None:
        self.negative_slope = number("LeakyReLU", "negative_slope", negative_slope)

    def forward(self, x: Any) -> Any:
        """Return x where x > 0, αx elsewhere."""
        return functional.leaky_relu(x, self.negative_slope)


class PReLU(Module):
    """Leaky ReLU whose slope is learned; see `functional.prelu`. Weight decay would pull it back to the ReLU.

    Parameters
    ----------
    num_parameters : int
        1 slope for all, or one per channel.
    init : float
        Starting slope.
    dtype : dtype
        float32 or float64.

    Attributes
    ----------
    weight : (num_parameters,) Parameter
    """

    _shown = ("num_parameters",)

    def __init__(self, num_parameters: int = 1, init: float = 0.25, *, dtype: DTypeLike = np.float32) -> None:
        self.num_parameters = count("PReLU", "num_parameters", num_parameters)
        start = number("PReLU", "init", init)
        self.weight = Parameter(filled((num_parameters,), start, floating("PReLU", dtype)))

    def forward(self, x: Any) -> Any:
        """Return x where x > 0, weight · x elsewhere."""
        return functional.prelu(x, self.weight)

    def output_shape(self, input_shape: Shape) -> Shape:
        """Return the same shape; raise ShapeError when the channels do not fit."""
        if self.num_parameters != 1 and (not input_shape or input_shape[0] != self.num_parameters):
            raise ShapeError(f"PReLU: output_shape of {tuple(input_shape)}, expected ({self.num_parameters}, ...)")
        return tuple(input_shape)


class ELU(Module):
    """ReLU with a smooth left side α(eˣ − 1); see `functional.elu`."""

    _shown = ("alpha",)
    output_shape = same_shape

    def __init__(self, alpha: float = 1.0) -> None:
        self.alpha = number("ELU", "alpha", alpha)

    def forward(self, x: Any) -> Any:
        """Return x where x > 0, α(eˣ − 1) elsewhere."""
        return functional.elu(x, self.alpha)


class SELU(Module):
    """ELU scaled so that mean 0 and variance 1 are kept from layer to layer."""

    output_shape = same_shape

    def forward(self, x: Any) -> Any:
        """Return the scaled ELU."""
        return rectifier.selu(x)


class GELU(Module):
    """x·Φ(x); see `functional.gelu`."""

    _shown = ("approximate",)
    output_shape = same_shape

    def __init__(self, approximate: str = "none") -> None:
        if approximate not in ("none", "tanh"):
            raise ArgumentError(f"GELU: approximate={approximate!r}, expected 'none' or 'tanh'")
        self.approximate = approximate

    def forward(self, x: Any) -> Any:
        """Return x·Φ(x)."""
        return functional.gelu(x, self.approximate)


class SiLU(Module):
    """x·σ(x)."""

    output_shape = same_shape

    def forward(self, x: Any) -> Any:
        """Return x·σ(x)."""
        return rectifier.silu(x)


class Softplus(Module):
    """Smooth ReLU log(1 + exp βx)/β; see `functional.softplus`."""

    _shown = ("beta",)
    output_shape = same_shape

    def __init__(self, beta: float = 1.0) -> None:
        self.beta = checks.not_zero("Softplus", "beta", beta)

    def forward(self, x: Any) -> Any:
        """Return log(1 + exp βx)/β."""
        return functional.softplus(x, self.beta)
