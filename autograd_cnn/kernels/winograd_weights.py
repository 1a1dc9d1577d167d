"""Weights of a Winograd convolution: from where users see them, (O, C, 3, 3), to where kernels read them, and back.

Kernels read weights, and sum up their gradients, output by output side by side, so that outputs fill the vectors.
Where sizes are rounded up anything may stand: it is computed with and never read.
"""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np

from autograd_cnn.kernels.channels_last import copy_images
from autograd_cnn.kernels.instruction_set import instruction_set
from autograd_cnn.kernels.layout import Floats
from autograd_cnn.kernels.microkernel import tile
from autograd_cnn.kernels.threads import share_out
from autograd_cnn.kernels.winograd_tiles import Product, pack, unpack
from autograd_cnn.kernels.winograd_vectors import sandwich
from autograd_cnn.kernels.workspace import CACHE_LINE, Workspace


def by_channel(weight: Floats, dtype: np.dtype[Any], workspace: Workspace) -> Floats:
    """Return weights (O, C, 3, 3) as (C, 3, 3, O), O rounded up to whole panels."""
    outputs, channels, *_ = weight.shape
    taps = workspace.empty("taps", (channels, 3, 3, panels_for(dtype, outputs)), dtype)
    copy_images(weight.reshape(outputs, -1).T[None, None], taps.reshape(1, 1, channels * 9, -1)[..., :outputs])
    return taps


def by_output(weight: Floats, dtype: np.dtype[Any], workspace: Workspace) -> Floats:
    """Return weights (O, C, 3, 3) turned around, (O, 3, 3, C), C rounded up to whole panels."""
    outputs, channels, *_ = weight.shape
    taps = workspace.empty("taps", (outputs, 3, 3, panels_for(dtype, channels)), dtype)
    copy_images(weight.transpose(0, 2, 3, 1), taps[..., :channels])
    return taps[:, ::-1, ::-1]


def packed(taps: Floats, side: int, product: Product, workspace: Workspace) -> Floats:
    """Transform weights (C, 3, 3, O): (a², panels, C, columns of a panel), and a cache line after each of the a²."""
    dtype, (channels, _, _, outputs) = taps.dtype, taps.shape
    result = workspace.empty("packed", ((side + 2) ** 2, numbers(channels, outputs, dtype)), dtype)
    step, row, column, _ = (stride // dtype.itemsize for stride in taps.strides)
    share_out(
        pack,
        channels,
        result.size * 4,
        taps.ctypes.data,
        result.ctypes.data,
        (channels, outputs),
        (step, row, column),
        side + 2,
        dtype.itemsize,
        product,
        sandwich(side, "of_weight", dtype),
    )
    return result


def unpacked(sums: Floats, side: int, shape: tuple[int, int], gradient: Floats, workspace: Workspace) -> None:
    """Transform sums (a², C, O), both rounded up to ``shape``, to the gradient of weights (O, C, 3, 3)."""
    dtype, (outputs, channels, *_) = sums.dtype, gradient.shape
    turned = workspace.empty("turned", (channels, 3, 3, shape[1]), dtype)
    share_out(
        unpack,
        channels,
        sums.size * 4,
        sums.ctypes.data,
        turned.ctypes.data,
        shape,
        side + 2,
        dtype.itemsize,
        sandwich(side, "of_weight.T", dtype),
    )
    copy_images(turned.reshape(-1, shape[1]).T[None, None, :outputs], gradient.reshape(1, 1, outputs, -1))


def numbers(channels: int, outputs: int, dtype: np.dtype[Any]) -> int:
    """Return how far the a² matrices of channels × outputs are apart.

    A cache line more than they hold: a power of two apart they would all fall into one set of the cache.
    """
    return channels * outputs + CACHE_LINE // dtype.itemsize


def panels_for(dtype: np.dtype[Any], outputs: int) -> int:
    """Return a number of outputs, rounded up to whole panels."""
    return rounded_up(outputs, product_for(dtype, outputs, add=False).columns)


def rounded_up(number: int, step: int) -> int:
    """Return the next multiple of ``step``."""
    return -(-number // step) * step


@cache
def product_for(dtype: np.dtype[Any], outputs: int, *, add: bool) -> Product:
    """Return the register-blocked kernel whose columns fit a number of outputs best."""
    machine = instruction_set(dtype)
    tiles = {(machine.rows, machine.vectors), (machine.rows * machine.vectors // 2, 2)}
    rows, vectors = min(sorted(tiles), key=lambda shape: rounded_up(outputs, shape[1] * machine.lanes))
    return Product(tile(rows, vectors, dtype, add), rows, vectors * machine.lanes)
