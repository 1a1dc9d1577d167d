"""Fully connected layers as functions."""

from __future__ import annotations

from autograd_cnn.errors import ShapeError
from autograd_cnn.functional.arguments import same_dtype, shape_of
from autograd_cnn.registry import Value


def linear(x: Value, weight: Value, bias: Value | None = None) -> Value:
    """Weighted sums of the inputs: ``x @ weight.T + bias``.

    Parameters
    ----------
    x : (..., in) array or node
        Inputs.
    weight : (out, in) array or node
        One row per neuron.
    bias : (out,) array or node, optional
        One number per neuron.

    Returns
    -------
    (..., out) array or node

    Raises
    ------
    ShapeError
        When the sizes do not fit.
    """
    shape = shape_of("linear", x)
    if len(weight.shape) != 2 or not shape or shape[-1] != weight.shape[-1]:
        raise ShapeError(
            f"linear: input {shape} and weight {weight.shape} do not fit; expected (..., in) and (out, in)"
        )
    same_dtype("linear", x, weight)
    result = x @ weight.T
    return result if bias is None else result + bias
