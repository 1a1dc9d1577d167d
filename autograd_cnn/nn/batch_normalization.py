"""Batch norm, and instance norm, which keeps its statistics in the same way."""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np
from numpy.typing import DTypeLike

from autograd_cnn import functional, live
from autograd_cnn.errors import ShapeError
from autograd_cnn.functional.arguments import shape_of
from autograd_cnn.graph import Parameter
from autograd_cnn.nn.arguments import floating
from autograd_cnn.nn.module import Module
from autograd_cnn.nn.shapes import Shape
from autograd_cnn.nn.unallocated import filled
from autograd_cnn.settings import count, number

Momentum: TypeAlias = float | None


class BatchNorm1d(Module):
    """Batch norm of (N, C) or (N, C, L): each channel to mean 0 and variance 1 over the batch.

    In training the batch's own mean and variance are used, and mixed into running ones; after `eval` the
    running ones stand in, so that a sample's output no longer depends on its batch.

    Parameters
    ----------
    num_features : int
        C, the number of channels.
    eps : float
        Added to the variance.
    momentum : float or None
        Share of the newest batch in the running statistics; None for the average of all batches so far.
    affine : bool
        Whether each channel has a weight and a bias to learn, starting at 1 and 0.
    track_running_stats : bool
        Whether running statistics are kept; without them every batch is standardised by itself, in `eval` too.
    dtype : dtype
        float32 or float64.

    Attributes
    ----------
    weight, bias : (C,) Parameter or None
    running_mean, running_var : (C,) ndarray or None
        Buffers: in the state, not trained.
    num_batches_tracked : () ndarray of int or None
        How many batches went into them.

    Examples
    --------
    >>> import numpy as np
    >>> from autograd_cnn import nn
    >>> norm = nn.BatchNorm1d(1, affine=False)
    >>> norm(np.array([[1.0], [3.0]], np.float32)).round(3).ravel()
    array([-1.,  1.], dtype=float32)
    >>> norm.running_mean, norm.running_var  # 0.9 · 0 + 0.1 · 2, and 0.9 · 1 + 0.1 · 2 (unbiased)
    (array([0.2], dtype=float32), array([1.1], dtype=float32))
    """

    def __init__(
        self,
        num_features: int,
        eps: float = 1e-5,
        momentum: Momentum = 0.1,
        affine: bool = True,
        track_running_stats: bool = True,
        *,
        dtype: DTypeLike = np.float32,
    ) -> None:
        _set_up(self, num_features, eps, momentum, affine, track_running_stats, dtype)

    def forward(self, x: Any) -> Any:
        """Return the normalised (N, C) or (N, C, L)."""
        _check_input(self, x, (2, 3))
        return _batch_normalised(self, x)

    def output_shape(self, input_shape: Shape) -> Shape:
        """Return the same shape; raise ShapeError when it is neither (C,) nor (C, L)."""
        return _channels_checked(self, input_shape, (1, 2))

    def extra_repr(self) -> str:
        """Return the size and the options."""
        return _options(self)


class BatchNorm2d(Module):
    """Batch norm of images (N, C, H, W): each channel to mean 0 and variance 1 over batch and positions.

    Parameters, attributes and modes are those of `BatchNorm1d`.
    """

    def __init__(
        self,
        num_features: int,
        eps: float = 1e-5,
        momentum: Momentum = 0.1,
        affine: bool = True,
        track_running_stats: bool = True,
        *,
        dtype: DTypeLike = np.float32,
    ) -> None:
        _set_up(self, num_features, eps, momentum, affine, track_running_stats, dtype)

    def forward(self, x: Any) -> Any:
        """Return the normalised (N, C, H, W)."""
        _check_input(self, x, (4,))
        return _batch_normalised(self, x)

    def output_shape(self, input_shape: Shape) -> Shape:
        """Return the same shape; raise ShapeError when it is not (C, H, W)."""
        return _channels_checked(self, input_shape, (3,))

    def extra_repr(self) -> str:
        """Return the size and the options."""
        return _options(self)


class InstanceNorm2d(Module):
    """Instance norm of images (N, C, H, W): each channel of each image to mean 0 and variance 1.

    Parameters and attributes are those of `BatchNorm1d`, but by default nothing is learned or tracked.
    """

    def __init__(
        self,
        num_features: int,
        eps: float = 1e-5,
        momentum: float = 0.1,
        affine: bool = False,
        track_running_stats: bool = False,
        *,
        dtype: DTypeLike = np.float32,
    ) -> None:
        _set_up(self, num_features, eps, momentum, affine, track_running_stats, dtype)

    def forward(self, x: Any) -> Any:
        """Return the normalised (N, C, H, W)."""
        _check_input(self, x, (4,))
        state: Any = self
        own = self.training or not state.track_running_stats
        output = functional.instance_norm(
            x,
            state.running_mean,
            state.running_var,
            state.weight,
            state.bias,
            own,
            _newest_share(self),
            state.eps,
        )
        _count_batch(self, x)
        return output

    def output_shape(self, input_shape: Shape) -> Shape:
        """Return the same shape; raise ShapeError when it is not (C, H, W)."""
        return _channels_checked(self, input_shape, (3,))

    def extra_repr(self) -> str:
        """Return the size and the options."""
        return _options(self)


def _set_up(
    layer: Any, num_features: int, eps: float, momentum: Momentum, affine: bool, track: bool, dtype: DTypeLike
) -> None:
    """Check and keep what batch and instance norm are made with; make their parameters and buffers."""
    kind = type(layer).__name__
    layer.num_features = count(kind, "num_features", num_features)
    layer.eps = number(kind, "eps", eps)
    layer.momentum = None if momentum is None else number(kind, "momentum", momentum)
    dtype = floating(kind, dtype)
    layer.weight = Parameter(filled((num_features,), 1, dtype)) if affine else None
    layer.bias = Parameter(filled((num_features,), 0, dtype)) if affine else None
    layer.track_running_stats = bool(track)
    if track:
        layer.register_buffer("running_mean", filled((num_features,), 0, dtype))
        layer.register_buffer("running_var", filled((num_features,), 1, dtype))
        layer.register_buffer("num_batches_tracked", np.array(0))
    else:
        layer.running_mean = layer.running_var = layer.num_batches_tracked = None


def _batch_normalised(layer: Any, x: Any) -> Any:
    own = layer.training or not layer.track_running_stats
    output = functional.batch_norm(
        x, layer.running_mean, layer.running_var, layer.weight, layer.bias, own, _newest_share(layer), layer.eps
    )
    _count_batch(layer, x)
    return output


def _newest_share(layer: Any) -> Any:
    """Return the share that the next batch takes in the running statistics."""
    if layer.momentum is None and layer.track_running_stats:
        return 1.0 / (live.array(layer.num_batches_tracked) + 1)
    return layer.momentum or 0.0


def _count_batch(layer: Any, x: Any) -> None:
    if layer.training and layer.track_running_stats and 0 not in x.shape:
        live.effect(_count_one, layer.num_batches_tracked)


def _count_one(batches: Any) -> None:
    batches[...] += 1


def _check_input(layer: Any, x: Any, axes: tuple[int, ...]) -> None:
    kind = type(layer).__name__
    shape = shape_of(kind, x)
    if len(shape) not in axes or shape[1] != layer.num_features:
        raise ShapeError(
            f"{kind}: input of shape {shape}, expected (N, {layer.num_features}, ...) with "
            f"{' or '.join(map(str, axes))} axes"
        )


def _channels_checked(layer: Any, input_shape: Shape, axes: tuple[int, ...]) -> Shape:
    if len(input_shape) not in axes or input_shape[0] != layer.num_features:
        raise ShapeError(
            f"{type(layer).__name__}: output_shape of {tuple(input_shape)}, expected ({layer.num_features}, ...) "
            f"with {' or '.join(map(str, axes))} axes, without the batch axis"
        )
    return tuple(input_shape)


def _options(layer: Any) -> str:
    return (
        f"{layer.num_features}, eps={layer.eps:g}, momentum={layer.momentum}, affine={layer.weight is not None}, "
        f"track_running_stats={layer.track_running_stats}"
    )
