"""How linear and convolutional layers start: weights and biases evenly distributed between ±1/√fan_in."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import DTypeLike

from autograd_cnn import init
from autograd_cnn.graph import Parameter
from autograd_cnn.nn.arguments import floating
from autograd_cnn.nn.shapes import Shape
from autograd_cnn.nn.unallocated import started
from autograd_cnn.random import generator


def weights_and_biases(
    layer: str, shape: Shape, biases: int, rng: np.random.Generator | int | None, dtype: DTypeLike
) -> tuple[Parameter, Parameter | None]:
    """Return weights of a shape (out, in, ...) and so many biases, or none for 0; fan_in is a row of the weights."""
    dtype, rng = floating(layer, dtype), generator(rng)
    weight = started(shape, dtype, lambda weight: init.kaiming_uniform_(weight, a=math.sqrt(5), rng=rng))
    if not biases:
        return weight, None
    bound = 1 / math.sqrt(math.prod(shape[1:]))
    return weight, started((biases,), dtype, lambda bias: init.uniform_(bias, -bound, bound, rng=rng))
