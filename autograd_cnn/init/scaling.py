"""Weights whose size follows from how many inputs and outputs a unit has, so that signals keep their variance."""

from __future__ import annotations

import math

import numpy as np

from autograd_cnn.errors import ArgumentError, ShapeError, UnknownNameError, suggestion
from autograd_cnn.graph import Node, Parameter
from autograd_cnn.init.filling import Leaf, normal_, uniform_
from autograd_cnn.settings import finite

_LINEAR = ("linear", "conv1d", "conv2d", "conv3d", "conv_transpose1d", "conv_transpose2d", "conv_transpose3d")
_GAINS = (*_LINEAR, "sigmoid", "tanh", "relu", "leaky_relu", "selu")


def calculate_gain(nonlinearity: str, param: float | None = None) -> float:
    """Return by how much weights must be larger to make up for what an activation shrinks.

    Parameters
    ----------
    nonlinearity : {"linear", "conv2d", "sigmoid", "tanh", "relu", "leaky_relu", "selu", ...}
        The activation that follows the weights; a kind of layer, such as "conv1d" or "conv_transpose2d", for none.
    param : float, optional
        Negative slope of the leaky ReLU, 0.01 if not given.

    Raises
    ------
    UnknownNameError
        For another nonlinearity.

    Examples
    --------
    >>> from autograd_cnn import init
    >>> init.calculate_gain("relu")  # half of the variance is lost: √2
    1.4142135623730951
    """
    if nonlinearity not in _GAINS:
        raise UnknownNameError(
            f"calculate_gain: no gain is known for {nonlinearity!r}, expected one of {', '.join(_GAINS)}"
            + suggestion(nonlinearity, _GAINS)
        )
    if nonlinearity == "leaky_relu":
        slope = 0.01 if param is None else finite("calculate_gain", "param", param)
        return math.sqrt(2.0 / (1.0 + slope**2))
    return {"tanh": 5.0 / 3.0, "relu": math.sqrt(2.0), "selu": 0.75}.get(nonlinearity, 1.0)


def kaiming_normal_(
    tensor: Leaf,
    a: float = 0.0,
    mode: str = "fan_in",
    nonlinearity: str = "leaky_relu",
    *,
    rng: np.random.Generator | int | None = None,
) -> Leaf:
    """Fill weights from N(0, gain²/fan): variances stay the same through layers of ReLUs.

    He et al. 2015, "Delving Deep into Rectifiers", equation 10; CS231n, neural networks part 2,
    "Calibrating the variances": ``w = np.random.randn(n) * sqrt(2.0/n)`` is ``nonlinearity="relu"``.

    Parameters
    ----------
    tensor : Parameter of shape (out, in, ...)
        Weights of a linear or convolutional layer.
    a : float
        Negative slope of the leaky ReLU that follows; 0 for ReLU.
    mode : {"fan_in", "fan_out"}
        Keep the variance of the activations, or that of the gradients.
    nonlinearity : str
        What follows; see `calculate_gain`.
    rng : numpy.random.Generator or int, optional
        Where randomness comes from; the default generator.

    Raises
    ------
    ShapeError
        When the parameter has fewer than two axes, so that a neuron has no inputs to count.
    ArgumentError, UnknownNameError
        For another mode, nonlinearity, or something that is no Parameter.
    """
    std = calculate_gain(nonlinearity, a) / math.sqrt(fan("kaiming_normal_", tensor, mode))
    return normal_(tensor, 0.0, std, rng=rng)


def lecun_normal_(tensor: Leaf, *, rng: np.random.Generator | int | None = None) -> Leaf:
    """Fill weights from N(0, 1/fan_in): a unit's output has the variance of its inputs, if no activation follows.

    LeCun et al. 1998, "Efficient BackProp"; CS231n, neural networks part 2, "Calibrating the variances with 1/sqrt(n)":
    ``w = np.random.randn(n) / sqrt(n)``.

    Parameters
    ----------
    tensor : Parameter of shape (out, in, ...)
        Weights of a linear or convolutional layer.
    rng : numpy.random.Generator or int, optional
        Where randomness comes from; the default generator.

    Raises
    ------
    ShapeError, ArgumentError
        As in `kaiming_normal_`.
    """
    return normal_(tensor, 0.0, 1 / math.sqrt(fan("lecun_normal_", tensor, "fan_in")), rng=rng)


def kaiming_uniform_(
    tensor: Leaf,
    a: float = 0.0,
    mode: str = "fan_in",
    nonlinearity: str = "leaky_relu",
    *,
    rng: np.random.Generator | int | None = None,
) -> Leaf:
    """Fill weights evenly from ±gain·√(3/fan): the variance of `kaiming_normal_` (He et al. 2015).

    With ``a=√5`` the bound is 1/√fan_in, the default of torch's Linear and Conv2d.

    Parameters
    ----------
    tensor, a, mode, nonlinearity, rng
        As in `kaiming_normal_`.

    Raises
    ------
    ShapeError, ArgumentError, UnknownNameError
        As in `kaiming_normal_`.
    """
    bound = calculate_gain(nonlinearity, a) * math.sqrt(3.0 / fan("kaiming_uniform_", tensor, mode))
    return uniform_(tensor, -bound, bound, rng=rng)


def xavier_normal_(tensor: Leaf, gain: float = 1.0, *, rng: np.random.Generator | int | None = None) -> Leaf:
    """Fill weights from N(0, gain²·2/(fan_in + fan_out)): a compromise of forward and backward pass.

    Glorot & Bengio 2010, "Understanding the difficulty of training deep feedforward neural
    networks"; CS231n, neural networks part 2, "Calibrating the variances".

    Parameters
    ----------
    tensor : Parameter of shape (out, in, ...)
        Weights of a linear or convolutional layer.
    gain : float
        See `calculate_gain`.
    rng : numpy.random.Generator or int, optional
        Where randomness comes from; the default generator.

    Raises
    ------
    ShapeError, ArgumentError
        As in `kaiming_normal_`.
    """
    fans = fan("xavier_normal_", tensor, "fan_in") + fan("xavier_normal_", tensor, "fan_out")
    return normal_(tensor, 0.0, _gain("xavier_normal_", gain) * math.sqrt(2.0 / fans), rng=rng)


def xavier_uniform_(tensor: Leaf, gain: float = 1.0, *, rng: np.random.Generator | int | None = None) -> Leaf:
    """Fill weights evenly from ±gain·√(6/(fan_in + fan_out)) (Glorot & Bengio 2010, equation 16).

    Parameters
    ----------
    tensor, gain, rng
        As in `xavier_normal_`.

    Raises
    ------
    ShapeError, ArgumentError
        As in `kaiming_normal_`.
    """
    fans = fan("xavier_uniform_", tensor, "fan_in") + fan("xavier_uniform_", tensor, "fan_out")
    bound = _gain("xavier_uniform_", gain) * math.sqrt(6.0 / fans)
    return uniform_(tensor, -bound, bound, rng=rng)


def fan(function: str, tensor: Node, mode: str) -> int:
    """Count the inputs of one output (fan_in), or the outputs of one input (fan_out)."""
    if not isinstance(tensor, Parameter):
        raise ArgumentError(f"{function}: got {type(tensor).__name__}, expected a Parameter")
    if mode not in ("fan_in", "fan_out"):
        raise ArgumentError(f"{function}: mode={mode!r}, expected 'fan_in' or 'fan_out'")
    if tensor.ndim < 2 or tensor.size == 0:
        raise ShapeError(
            f"{function}: {tensor!r} has no inputs and outputs to count; expected weights (out, in, ...). "
            "Use zeros_ or uniform_ for a bias"
        )
    outputs, inputs, *window = tensor.shape
    return (inputs if mode == "fan_in" else outputs) * math.prod(window)


def _gain(function: str, gain: float) -> float:
    found = finite(function, "gain", gain)
    if found < 0:
        raise ArgumentError(f"{function}: gain={gain}, expected at least 0")
    return found
