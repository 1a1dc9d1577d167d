"""The gates, family by family; importing this package registers them all."""

from autograd_cnn.gates import (
    activation,
    adaptive_pooling,
    arithmetic,
    comparison,
    convolution,
    exponential,
    linear,
    loss,
    pooling,
    reduction,
    shape,
    softmax,
)

__all__ = [
    "activation",
    "adaptive_pooling",
    "arithmetic",
    "comparison",
    "convolution",
    "exponential",
    "linear",
    "loss",
    "pooling",
    "reduction",
    "shape",
    "softmax",
]
