"""The three loops of a convolution over long rows: a sum of shifted copies, one per weight.

The innermost loops run over neighbours in a long row, a thousand of them even where the images are
small, and LLVM turns them into SIMD. Layouts and names are those of :mod:`.phases`. A job writes
numbers that no other job writes, in a fixed order, and sums in the dtype of the result.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from autograd_cnn.kernels.jit import jit
from autograd_cnn.kernels.layout import Floats

Walk = tuple[int, int, int, int]


@jit
def _add_one(target: Floats, a: Floats, wa: Any) -> None:
    for p in range(target.size):
        target[p] += wa * a[p]


@jit
def _add_four(target: Floats, a: Floats, b: Floats, c: Floats, d: Floats, wa: Any, wb: Any, wc: Any, wd: Any) -> None:
    """Add four weighted sources at once: the target is read and written once, not four times."""
    for p in range(target.size):
        target[p] += wa * a[p] + wb * b[p] + wc * c[p] + wd * d[p]


@jit
def add_shifted_images(
    first: int,
    last: int,
    images: Floats,
    weight: Floats,
    starts: NDArray[Any],
    bunch: int,
    walk: Walk,
    pitch: int,
    y: Floats,
) -> None:
    """Sum the shifted copies of a bunch of images into output plane ``o``: job ``(bunch, g, o)``.

    ``images`` (G, C/G, long rows as one), ``weight`` (G, O/G, C/G*taps), ``starts`` (C/G*taps,),
    ``y`` (N, G, O/G, OH, OW).
    """
    batch, groups, outputs, height, width = y.shape
    area, length, step, _ = walk
    whole = starts.size // 4 * 4
    row = np.empty((bunch - 1) * area + length, y.dtype)
    for job in range(first, last):
        n, plane = job // (groups * outputs) * bunch, job % (groups * outputs)
        g, o = plane // outputs, plane % outputs
        x, w, together = images[g], weight[g, o], min(bunch, batch - n)
        row[:] = 0
        stop = (together - 1) * area + length
        for begin in range(0, stop, step):
            target = row[begin : min(begin + step, stop)]
            size, here = target.size, n * area + begin
            for k in range(0, whole, 4):
                i0, i1, i2, i3 = (
                    starts[k] + here,
                    starts[k + 1] + here,
                    starts[k + 2] + here,
                    starts[k + 3] + here,
                )
                _add_four(
                    target,
                    x[i0 : i0 + size],
                    x[i1 : i1 + size],
                    x[i2 : i2 + size],
                    x[i3 : i3 + size],
                    w[k],
                    w[k + 1],
                    w[k + 2],
                    w[k + 3],
                )
            for k in range(whole, starts.size):
                i0 = starts[k] + here
                _add_one(target, x[i0 : i0 + size], w[k])
        for image in range(together):
            for i in range(height):
                for j in range(width):
                    y[n + image, g, o, i, j] = row[image * area + i * pitch + j]


@jit
def scatter_shifted_gradients(
    first: int,
    last: int,
    upstream: Floats,
    weight: Floats,
    starts: NDArray[Any],
    batch: int,
    bunch: int,
    walk: Walk,
    gradient: Floats,
) -> None:
    """Add weighted upstream rows to where channel ``c`` was read: job ``(bunch, g, c)``.

    ``upstream`` (G, O/G, long row), ``weight`` (G, C/G, taps, O/G), ``starts`` (taps,),
    ``gradient`` (G, C/G, long rows of all phases).
    """
    groups, channels, _ = gradient.shape
    outputs = upstream.shape[1]
    area, length, step, used = walk
    whole = outputs // 4 * 4
    for job in range(first, last):
        n, plane = job // (groups * channels) * bunch, job % (groups * channels)
        g, c = plane // channels, plane % channels
        u, stop = upstream[g], (min(n + bunch, batch) - 1) * area + length
        for tap in range(starts.size):
            w = weight[g, c, tap]
            for begin in range(n * area, stop, step):
                end = min(begin + used, stop)
                target = gradient[g, c, starts[tap] + begin : starts[tap] + end]
                for o in range(0, whole, 4):
                    _add_four(
                        target,
                        u[o, begin:end],
                        u[o + 1, begin:end],
                        u[o + 2, begin:end],
                        u[o + 3, begin:end],
                        w[o],
                        w[o + 1],
                        w[o + 2],
                        w[o + 3],
                    )
                for o in range(whole, outputs):
                    _add_one(target, u[o, begin:end], w[o])


@jit
def _add_product(target: Floats, a: Floats, b: Floats) -> None:
    for p in range(target.size):
        target[p] += a[p] * b[p]


@jit
def _add_two_products(target: Floats, a: Floats, b: Floats, c: Floats, d: Floats) -> None:
    for p in range(target.size):
        target[p] += a[p] * b[p] + c[p] * d[p]


@jit
def _sum_by_halves(values: Floats) -> Any:
    """Sum an array, destroying it; adding halves is fast and keeps rounding errors small."""
    size = values.size
    while size > 1:
        half = (size + 1) // 2
        for p in range(size - half):
            values[p] += values[half + p]
        size = half
    return values[0]


@jit
def multiply_shifted_images(
    first: int,
    last: int,
    upstream: Floats,
    images: Floats,
    starts: NDArray[Any],
    batch: int,
    bunch: int,
    walk: Walk,
    gradient: Floats,
) -> None:
    """Multiply upstream row ``o`` with the shifted copies of channel ``c`` and sum: job ``(g, o, c)``.

    ``upstream`` (G, O/G, long row), ``images`` (G, C/G, long rows of all phases), ``starts``
    (taps,), ``gradient`` (G, O/G, C/G, taps).
    """
    _, outputs, channels, _ = gradient.shape
    area, length, step, used = walk
    products = np.empty(min((bunch - 1) * area + length, used), gradient.dtype)
    for job in range(first, last):
        g, plane = job // (outputs * channels), job % (outputs * channels)
        u, x = upstream[g, plane // channels], images[g, plane % channels]
        for tap in range(starts.size):
            products[:] = 0
            for n in range(0, batch, bunch):
                stop = (min(n + bunch, batch) - 1) * area + length
                for begin in range(n * area, stop, 2 * step):
                    end, shift = min(begin + used, stop), starts[tap]
                    if begin + step + used <= stop:
                        _add_two_products(
                            products,
                            u[begin:end],
                            x[begin + shift : end + shift],
                            u[begin + step : end + step],
                            x[begin + step + shift : end + step + shift],
                        )
                        continue
                    _add_product(products[: end - begin], u[begin:end], x[begin + shift : end + shift])
                    begin, end = begin + step, min(begin + step + used, stop)
                    if begin < stop:
                        _add_product(products[: end - begin], u[begin:end], x[begin + shift : end + shift])
            gradient[g, plane // channels, plane % channels, tap] = _sum_by_halves(products)
