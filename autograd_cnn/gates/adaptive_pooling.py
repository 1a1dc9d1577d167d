"""Adaptive pooling: a fixed number of windows, spread over images of any size."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np

from autograd_cnn.gates.pooling import scatter_by_switches, whole_plane
from autograd_cnn.gates.reduction import max as maximum_of
from autograd_cnn.gates.shape import reshape, stack
from autograd_cnn.gates.windows import Pair
from autograd_cnn.registry import Value, gate


def adaptive_bins(size: int, count: int) -> list[slice]:
    """Return `count` slices that cover an axis of `size`, overlapping where it does not divide evenly.

    Slice i goes from ⌊i·size/count⌋ to ⌈(i + 1)·size/count⌉, as in torch.
    """
    return [slice(i * size // count, -(-(i + 1) * size // count)) for i in range(count)]


@gate("adaptive maxpool", saves=("switches",))
def adaptive_max_pool2d(x: Value, *, output_size: Pair) -> Value:
    """Router: the largest element of each of H × W windows receives the upstream gradient, the first at a tie.

    Formula: max of each of H × W windows
    Local gradient: 1 for the largest element, 0 for the others
    Kink: two largest elements: the first takes all; NaN wins
    """
    batch, channels, height, width = x.shape
    places = np.arange(height * width, dtype=np.int32).reshape(height, width)
    cells = itertools.product(adaptive_bins(height, output_size[0]), adaptive_bins(width, output_size[1]))
    switches = np.empty((batch, channels, output_size[0] * output_size[1]), np.int32)
    for k, (rows, columns) in enumerate(cells):
        inside = places[rows, columns].ravel()
        window = x[:, :, rows, columns].reshape(batch, channels, inside.size)
        switches[:, :, k] = inside[window.argmax(-1)]
    flat = x.reshape(batch, channels, height * width)
    values = np.take_along_axis(flat, switches.astype(np.intp), -1)
    shape = (batch, channels, *output_size)
    return values.reshape(shape), switches.reshape(shape)


@adaptive_max_pool2d.vjp
def _(upstream: Value, output: Value, x: Value, *, switches: Any, output_size: Pair) -> Value:
    return scatter_by_switches(upstream, switches=switches, input_size=x.shape[2:], **whole_plane(x.shape[2:]))


@adaptive_max_pool2d.branch
def _(x: Value, *, output_size: Pair) -> Value:
    return adaptive_max_pool2d.forward(x, output_size=output_size)[1]


@adaptive_max_pool2d.expansion
def _(x: Value, *, output_size: Pair) -> Value:
    """Window by window: take the maximum."""
    rows, columns = (adaptive_bins(n, count) for n, count in zip(x.shape[2:], output_size, strict=True))
    cells = [maximum_of(x[:, :, r, c], axis=(2, 3)) for r, c in itertools.product(rows, columns)]
    return reshape(stack(*cells, axis=2), shape=(*x.shape[:2], *output_size))
