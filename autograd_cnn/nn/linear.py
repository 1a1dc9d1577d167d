"""The fully connected layer."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import DTypeLike

from autograd_cnn import functional
from autograd_cnn.nn.arguments import features
from autograd_cnn.nn.module import Module
from autograd_cnn.nn.shapes import Shape
from autograd_cnn.nn.starting import weights_and_biases
from autograd_cnn.settings import count


class Linear(Module):
    """Weighted sums of the inputs: ``x @ weight.T + bias``.

    Weight and bias start evenly distributed between ±1/√in_features, as in torch.

    Parameters
    ----------
    in_features, out_features : int
        Sizes of each input and output sample.
    bias : bool
        Whether each output has a number of its own added.
    rng : numpy.random.Generator or int, optional
        Where the starting values come from; the default generator.
    dtype : dtype
        float32 or float64.

    Attributes
    ----------
    weight : (out_features, in_features) Parameter
    bias : (out_features,) Parameter or None

    Examples
    --------
    >>> import numpy as np
    >>> from autograd_cnn import nn
    >>> nn.Linear(3, 2, rng=0)(np.ones((5, 3), np.float32)).shape
    (5, 2)
    """

    def __init__(
        self,
        in_features: int,
        out_features: int,
        bias: bool = True,
        *,
        rng: np.random.Generator | int | None = None,
        dtype: DTypeLike = np.float32,
    ) -> None:
        self.in_features = count("Linear", "in_features", in_features)
        self.out_features = count("Linear", "out_features", out_features)
        shape, biases = (self.out_features, self.in_features), self.out_features if bias else 0
        self.weight, self.bias = weights_and_biases("Linear", shape, biases, rng, dtype)

    def forward(self, x: Any) -> Any:
        """Return the outputs (..., out_features) for inputs (..., in_features)."""
        return functional.linear(x, self.weight, self.bias)

    def output_shape(self, input_shape: Shape) -> Shape:
        """Return the shape of one output sample; see `Module.output_shape`."""
        return features("Linear", input_shape, self.in_features, self.out_features)

    def extra_repr(self) -> str:
        """Return the sizes."""
        return f"in_features={self.in_features}, out_features={self.out_features}, bias={self.bias is not None}"
