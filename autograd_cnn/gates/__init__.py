"""The gates, family by family; importing this package registers them all."""

from autograd_cnn.gates import (
    activation,
    adaptive_pooling,
    arithmetic,
    classification,
    comparison,
    convolution,
    exponential,
    linear,
    loss,
    pooling,
    rectifier,
    reduction,
    shape,
    softmax,
)

__all__ = [
    "activation",
    "adaptive_pooling",
    "arithmetic",
    "classification",
    "comparison",
    "convolution",
    "exponential",
    "linear",
    "loss",
    "pooling",
    "rectifier",
    "reduction",
    "shape",
    "softmax",
]
