"""Convolution (cross-correlation) of images, and its two gradients, in plain loops.

Plain, correct and the reference of the faster algorithms: they take the same arguments, see :mod:`.convolution`. These
allocate as they go, whatever the workspace. Sums are accumulated in the dtype of the result. Every number of the result
is summed by one job in a fixed order, so results do not depend on the number of threads. How it works:
:mod:`.phases`, :mod:`.shifted_rows`.
"""

from __future__ import annotations

import numpy as np

from autograd_cnn.kernels.geometry import Convolution
from autograd_cnn.kernels.layout import Floats, delivered, readable
from autograd_cnn.kernels.phases import STRETCH, Phases
from autograd_cnn.kernels.shifted_rows import (
    add_shifted_images,
    multiply_shifted_images,
    scatter_shifted_gradients,
)
from autograd_cnn.kernels.threads import share_out
from autograd_cnn.kernels.workspace import Workspace


def conv2d(
    convolution: Convolution,
    x: Floats,
    weight: Floats,
    out: Floats | None = None,
    workspace: Workspace | None = None,
) -> Floats:
    """Cross-correlate images with weights; the result is C-contiguous."""
    dtype, groups, output_size = convolution.dtype, convolution.groups, convolution.output_size
    batch, (channels_out, channels, *_) = x.shape[0], weight.shape
    y = np.zeros((batch, groups, channels_out // groups, *output_size), dtype)
    if y.size and weight.size:
        phases = _phases(convolution)
        walk = phases.walk(over_gaps=True)
        bunch = _bunch(batch, walk[0])
        share_out(
            add_shifted_images,
            -(-batch // bunch) * channels_out,
            y.size * weight[0].size,
            readable(phases.split(x, convolution.padding, groups).reshape(groups, -1), dtype),
            readable(weight.reshape(groups, channels_out // groups, -1), dtype),
            phases.starts(batch, channels).ravel(),
            bunch,
            walk,
            phases.size[1],
            y,
        )
    return delivered(y.reshape(batch, channels_out, *output_size), out)


def conv2d_input_gradient(
    convolution: Convolution,
    upstream: Floats,
    weight: Floats,
    out: Floats | None = None,
    workspace: Workspace | None = None,
) -> Floats:
    """Return the gradient with respect to the images, C-contiguous."""
    dtype, groups, (down, right) = convolution.dtype, convolution.groups, convolution.stride
    batch, (channels_out, channels, *_) = upstream.shape[0], weight.shape
    if upstream.size == 0 or weight.size == 0:
        return delivered(np.zeros(convolution.x_shape, dtype), out)
    phases = _phases(convolution)
    # A zero of a gap times an infinite weight would be NaN: then step over the gaps.
    over_gaps = bool(np.isfinite(weight).all())
    walk = phases.walk(over_gaps=over_gaps)
    bunch = _bunch(batch, walk[0]) if over_gaps else 1
    gradient = np.zeros((groups, channels, walk[0] * batch * down * right), dtype)
    by_tap = weight.reshape(groups, channels_out // groups, channels, -1).transpose(0, 2, 3, 1)
    share_out(
        scatter_shifted_gradients,
        -(-batch // bunch) * groups * channels,
        upstream.size * weight[0].size,
        readable(phases.spread(upstream, groups), dtype),
        readable(by_tap, dtype),
        phases.starts(batch, 1).ravel(),
        batch,
        bunch,
        walk,
        gradient,
    )
    return delivered(phases.join(gradient, convolution.x_shape, convolution.padding), out)


def conv2d_weight_gradient(
    convolution: Convolution,
    upstream: Floats,
    x: Floats,
    out: Floats | None = None,
    workspace: Workspace | None = None,
) -> Floats:
    """Return the gradient with respect to the weight, C-contiguous."""
    dtype, groups, batch = convolution.dtype, convolution.groups, x.shape[0]
    channels_out, channels, down, right = convolution.weight_shape
    gradient = np.zeros((groups, channels_out // groups, channels, down * right), dtype)
    if gradient.size and upstream.size:
        phases = _phases(convolution)
        rows = readable(phases.spread(upstream, groups), dtype)
        images = readable(phases.split(x, convolution.padding, groups), dtype)
        for over_gaps in (True, False):
            share_out(
                multiply_shifted_images,
                channels_out * channels,
                upstream.size * gradient[0, 0].size,
                rows,
                images,
                phases.starts(batch, 1).ravel(),
                batch,
                batch if over_gaps else 1,
                phases.walk(over_gaps=over_gaps),
                gradient,
            )
            # A zero of a gap times an infinite pixel gave NaN: then once more, stepping over the gaps.
            if np.isfinite(gradient).all():
                break
    return delivered(gradient.reshape(convolution.weight_shape), out)


def _phases(convolution: Convolution) -> Phases:
    return Phases(convolution.window, convolution.stride, convolution.dilation, convolution.output_size)


def _bunch(batch: int, area: int) -> int:
    """Return how many images a job takes at once: small images fill a stretch together."""
    return min(batch, max(1, STRETCH // area))
