"""The gates, family by family; importing this package registers them all."""

from autograd_cnn.gates import (
    activation,
    arithmetic,
    comparison,
    convolution,
    exponential,
    linear,
    loss,
    pooling,
    reduction,
    shape,
)

__all__ = [
    "activation",
    "arithmetic",
    "comparison",
    "convolution",
    "exponential",
    "linear",
    "loss",
    "pooling",
    "reduction",
    "shape",
]
