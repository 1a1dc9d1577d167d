"""Normalisation with arguments checked and filled in: batch, layer, group, instance, local response."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from autograd_cnn import live
from autograd_cnn.errors import ArgumentError, ShapeError
from autograd_cnn.functional.arguments import floating, same_dtype, shape_of
from autograd_cnn.gates import normalization as gates
from autograd_cnn.gates.shape import reshape
from autograd_cnn.graph import Node
from autograd_cnn.registry import Value
from autograd_cnn.settings import count, is_whole, number

Array = NDArray[Any]


def batch_norm(
    x: Value,
    running_mean: Array | None = None,
    running_var: Array | None = None,
    weight: Value | None = None,
    bias: Value | None = None,
    training: bool = False,
    momentum: float = 0.1,
    eps: float = 1e-5,
) -> Value:
    """Standardise each channel over the batch, then stretch and shift it (Ioffe and Szegedy, 2015).

    Parameters
    ----------
    x : (N, C, ...) array or node
        Inputs, float32 or float64.
    running_mean, running_var : (C,) ndarray, optional
        Written into when training: ``(1 − momentum)·running + momentum·batch``, with the unbiased variance
        of the batch, as in torch; used in its place when not training. An empty batch leaves them as they are.
    weight, bias : (C,) array or node, optional
        1 and 0 by default.
    training : bool
        Whether to standardise with the batch's own mean and (biased) variance.
    momentum, eps : float
        Share of the newest batch in the running statistics; what is added to the variance.

    Returns
    -------
    (N, C, ...) array or node

    Raises
    ------
    ShapeError
        When sizes do not fit, or a channel has only one number to train on: it would always become 0.
    ArgumentError, DtypeError
        When running statistics are missing, or dtypes differ.
    """
    channels = _channels("batch_norm", x)
    _check_affine("batch_norm", x, weight, bias, (channels,))
    _check_running("batch_norm", running_mean, running_var, channels, needed=not training)
    eps, momentum = number("batch_norm", "eps", eps), _share("batch_norm", momentum)
    if not training:
        return _with_fixed_statistics(x, running_mean, running_var, weight, bias, eps)
    count = math.prod(x.shape) // max(channels, 1)
    if count == 1:
        raise ShapeError(
            f"batch_norm: input of shape {x.shape} has 1 number per channel, expected at least 2 in training; "
            "use a larger batch, eval(), or LayerNorm"
        )
    axis = (0, *range(2, len(x.shape)))
    if weight is None or bias is None:
        standard = gates.standardize(x, axis=axis, eps=eps)
        output = _stretched(standard, weight, bias)
    else:
        output = standard = gates.batch_norm(x, weight, bias, eps=eps)
    if running_mean is not None and count:
        mean, variance = _moments(standard, x, axis)
        _update(running_mean, running_var, mean, variance * (count / (count - 1)), momentum)
    return output


def instance_norm(
    x: Value,
    running_mean: Array | None = None,
    running_var: Array | None = None,
    weight: Value | None = None,
    bias: Value | None = None,
    use_input_stats: bool = True,
    momentum: float = 0.1,
    eps: float = 1e-5,
) -> Value:
    """Standardise each channel of each image by itself (Ulyanov et al., 2016).

    Parameters are those of `batch_norm`; ``use_input_stats`` stands for ``training``. The running statistics
    take the mean over the batch of each image's mean and unbiased variance.

    Raises
    ------
    ShapeError
        When sizes do not fit, or there is only one number per channel and image.
    """
    channels = _channels("instance_norm", x)
    _check_affine("instance_norm", x, weight, bias, (channels,))
    _check_running("instance_norm", running_mean, running_var, channels, needed=not use_input_stats)
    eps, momentum = number("instance_norm", "eps", eps), _share("instance_norm", momentum)
    if not use_input_stats:
        return _with_fixed_statistics(x, running_mean, running_var, weight, bias, eps)
    count = math.prod(x.shape[2:])
    if count == 1:
        raise ShapeError(
            f"instance_norm: input of shape {x.shape} has 1 number per channel and image, expected at least 2; "
            "use larger images, or GroupNorm"
        )
    axis = tuple(range(2, len(x.shape)))
    output = gates.standardize(x, axis=axis, eps=eps)
    if running_mean is not None and count and x.shape[0]:
        mean, variance = (moment.reshape(x.shape[:2]).mean(axis=0) for moment in _moments(output, x, axis))
        _update(running_mean, running_var, mean, variance * (count / (count - 1)), momentum)
    return _stretched(output, weight, bias)


def layer_norm(
    x: Value,
    normalized_shape: int | Sequence[int],
    weight: Value | None = None,
    bias: Value | None = None,
    eps: float = 1e-5,
) -> Value:
    """Standardise each sample over its last axes, then stretch and shift every number (Ba et al., 2016).

    Parameters
    ----------
    x : ``(..., *normalized_shape)`` array or node
        Inputs, float32 or float64.
    normalized_shape : int or sequence of int
        Sizes of the last axes.
    weight, bias : array or node of shape `normalized_shape`, optional
        1 and 0 by default.
    eps : float
        Added to the variance.
    """
    floating("layer_norm", x)
    sizes = normalized_shape if isinstance(normalized_shape, Sequence) else (normalized_shape,)
    last = tuple(count("layer_norm", "normalized_shape", size) for size in sizes)
    shape = tuple(x.shape)
    if not last or shape[-len(last) :] != last:
        raise ShapeError(f"layer_norm: input of shape {shape}, expected (..., {', '.join(map(str, last))})")
    _check_affine("layer_norm", x, weight, bias, last)
    axis = tuple(range(len(shape) - len(last), len(shape)))
    output = gates.standardize(x, axis=axis, eps=number("layer_norm", "eps", eps))
    output = output if weight is None else output * weight
    return output if bias is None else output + bias


def group_norm(
    x: Value, num_groups: int, weight: Value | None = None, bias: Value | None = None, eps: float = 1e-5
) -> Value:
    """Standardise groups of channels of each image, then stretch and shift each channel (Wu and He, 2018).

    One group is layer norm over (C, H, W); as many groups as channels is instance norm.

    Parameters
    ----------
    x : (N, C, ...) array or node
        Inputs, float32 or float64.
    num_groups : int
        Divides C.
    weight, bias : (C,) array or node, optional
        1 and 0 by default.
    eps : float
        Added to the variance.
    """
    channels = _channels("group_norm", x)
    _check_affine("group_norm", x, weight, bias, (channels,))
    groups = divisor("group_norm", num_groups, channels)
    shape = tuple(x.shape)
    size = math.prod(shape[1:]) // groups
    rows = reshape(x, shape=(shape[0], groups, size))
    standard = gates.standardize(rows, axis=(2,), eps=number("group_norm", "eps", eps))
    return _stretched(reshape(standard, shape=shape), weight, bias)


def local_response_norm(x: Value, size: int, alpha: float = 1e-4, beta: float = 0.75, k: float = 1.0) -> Value:
    """Divide by (k + α·mean of squares over `size` neighbouring channels)^β (Krizhevsky et al., 2012).

    The mean is over `size` channels, those outside counting as 0, as in torch; the paper multiplies α with
    the sum. CS231n: its effect has been found to be small, and it has fallen out of use.

    Parameters
    ----------
    x : (N, C, ...) array or node
        Inputs, float32 or float64.
    size : int
        Channels from c − size//2 to c + (size − 1)//2 divide channel c.
    alpha, beta, k : float
        The paper: 10⁻⁴ · size, 0.75 and 2.
    """
    name = "local_response_norm"
    _channels(name, x)
    size = count(name, "size", size)
    numbers = {key: number(name, key, value) for key, value in (("alpha", alpha), ("beta", beta), ("k", k))}
    return gates.local_response_norm(x, size=size, **numbers)


def divisor(name: str, num_groups: Any, channels: int) -> int:
    """Return the number of groups; raise ArgumentError unless it divides the channels."""
    if not is_whole(num_groups, 1) or channels % num_groups:
        raise ArgumentError(
            f"{name}: num_groups={num_groups!r} must be a positive integer that divides {channels} channels"
        )
    return int(num_groups)


def _channels(name: str, x: Value) -> int:
    shape = shape_of(name, x)
    floating(name, x)
    if len(shape) < 2:
        raise ShapeError(f"{name}: input of shape {shape}, expected (N, C, ...); one sample is x[None]")
    return shape[1]


def _check_affine(name: str, x: Value, weight: Any, bias: Any, shape: tuple[int, ...]) -> None:
    for argument, given in (("weight", weight), ("bias", bias)):
        if given is not None:
            if shape_of(name, given) != shape:
                raise ShapeError(f"{name}: {argument} of shape {given.shape}, expected {shape} for input {x.shape}")
            same_dtype(name, x, given)


def _check_running(name: str, mean: Any, variance: Any, channels: int, *, needed: bool) -> None:
    if (mean is None) != (variance is None) or (needed and mean is None):
        raise ArgumentError(
            f"{name}: running_mean and running_var are {'needed when not training' if needed else 'a pair'}; give both"
        )
    for argument, given in (("running_mean", mean), ("running_var", variance)):
        if given is not None and np.shape(given) != (channels,):
            raise ShapeError(f"{name}: {argument} of shape {np.shape(given)}, expected ({channels},)")


def _with_fixed_statistics(x: Value, mean: Any, variance: Any, weight: Any, bias: Any, eps: float) -> Value:
    """Every channel by constants: a line, whose gradient knows nothing of the batch."""
    deviation = np.sqrt(live.array(variance).astype(np.float64) + eps).astype(x.dtype)
    centred = x - gates.along_channels(live.array(mean).astype(x.dtype), x)
    return _stretched(centred / gates.along_channels(deviation, x), weight, bias)


def _stretched(standard: Value, weight: Any, bias: Any) -> Value:
    standard = standard if weight is None else standard * gates.along_channels(weight, standard)
    return standard if bias is None else standard + gates.along_channels(bias, standard)


def _share(name: str, momentum: Any) -> Any:
    """Return the share of the newest batch as a float, or as it is where a replay computes it anew."""
    return momentum if isinstance(momentum, live.Data) else number(name, "momentum", momentum)


def _moments(standard: Value, x: Value, axis: tuple[int, ...]) -> tuple[Array, Array]:
    """Return the mean and variance that the gate saved; where nothing was recorded, by computing them again."""
    if isinstance(standard, Node) and standard.gate is not None:
        return live.saved(standard, "mean"), live.saved(standard, "variance")
    _, mean, variance = gates.standardize.forward(x.value if isinstance(x, Node) else x, axis=axis)
    return mean, variance


def _update(running_mean: Any, running_var: Any, mean: Array, variance: Array, momentum: float) -> None:
    live.effect(_mix, running_mean, mean, momentum)
    live.effect(_mix, running_var, variance, momentum)


def _mix(running: Any, batch: Array, momentum: float) -> None:
    momentum = float(momentum)
    running[...] = (1 - momentum) * running + momentum * batch
