"""The maxout layer."""

from __future__ import annotations

import math
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import DTypeLike

from autograd_cnn import functional, init
from autograd_cnn.nn.arguments import features, floating
from autograd_cnn.nn.module import Module
from autograd_cnn.nn.shapes import Shape
from autograd_cnn.nn.unallocated import started
from autograd_cnn.random import generator
from autograd_cnn.settings import count


class Maxout(Module):
    """Largest of k linear pieces per unit: max over j of wⱼ·x + bⱼ (Goodfellow et al., 2013).

    It generalises the ReLU and its leaky form, neither saturates nor dies, and costs k times the
    parameters (CS231n, neural networks part 1, "Maxout"). The pieces start as in `Linear`.

    Parameters
    ----------
    in_features, out_features : int
        Sizes of each input and output sample.
    pieces : int
        k, the number of linear pieces.
    bias : bool
        Whether each piece has a number of its own added.
    rng : numpy.random.Generator or int, optional
        Where the starting values come from; the default generator.
    dtype : dtype
        float32 or float64.

    Attributes
    ----------
    weight : (pieces, out_features, in_features) Parameter
    bias : (pieces, out_features) Parameter or None
    """

    def __init__(
        self,
        in_features: int,
        out_features: int,
        pieces: int = 2,
        bias: bool = True,
        *,
        rng: np.random.Generator | int | None = None,
        dtype: DTypeLike = np.float32,
    ) -> None:
        self.in_features = count("Maxout", "in_features", in_features)
        self.out_features = count("Maxout", "out_features", out_features)
        self.pieces = count("Maxout", "pieces", pieces)
        dtype, rng = floating("Maxout", dtype), generator(rng)
        bound = 1 / math.sqrt(in_features)
        start = partial(init.uniform_, a=-bound, b=bound, rng=rng)
        self.weight = started((pieces, out_features, in_features), dtype, start)
        self.bias = started((pieces, out_features), dtype, start) if bias else None

    def forward(self, x: Any) -> Any:
        """Return the outputs (..., out_features) for inputs (..., in_features)."""
        return functional.maxout(x, self.weight, self.bias)

    def output_shape(self, input_shape: Shape) -> Shape:
        """Return the shape of one output sample; see `Module.output_shape`."""
        return features("Maxout", input_shape, self.in_features, self.out_features)

    def extra_repr(self) -> str:
        """Return the sizes."""
        return (
            f"in_features={self.in_features}, out_features={self.out_features}, pieces={self.pieces}, "
            f"bias={self.bias is not None}"
        )
