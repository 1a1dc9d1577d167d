"""Convolution (cross-correlation) of images in plain loops over long rows.

A convolution is a sum of shifted copies of the image, one copy per weight. The image is padded and
split into its *phases*: with a stride of 2, the pixels of even and of odd rows and columns. Within
a phase every window moves by one pixel, and a phase that is read as one long row makes each copy
contiguous: output pixel ``(i, j)`` stands at ``i * pitch + j`` in the long row, where ``pitch`` is
the width of a phase, and the copy for one weight starts at a fixed place, whatever the stride,
dilation and padding. So three kernels without any geometry remain, and their innermost loops run
over thousands of neighbours, which LLVM turns into SIMD. A long row has gaps, ``pitch - width``
columns at the end of each image row, that are computed and not used.

Sums are accumulated in the dtype of the result. Each job writes one plane of the result, so the
results do not depend on the number of threads.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from autograd_cnn.kernels.jit import jit
from autograd_cnn.kernels.layout import Floats, floating_dtype, readable
from autograd_cnn.kernels.threads import share_out

Pair = tuple[int, int]

# A stretch of the long row that, with its four sources, stays in the first-level cache.
STRETCH = 1024


@dataclass(frozen=True)
class Geometry:
    """Where the windows of a convolution stand in the phases of the padded image."""

    window: Pair
    stride: Pair
    dilation: Pair
    output_size: Pair

    @property
    def phase_size(self) -> Pair:
        """Rows and columns of one phase, up to the last pixel that a window touches."""
        rows, columns = (
            -(-((outputs - 1) * stride + (taps - 1) * dilation + 1) // stride)
            for outputs, taps, stride, dilation in zip(
                self.output_size, self.window, self.stride, self.dilation, strict=True
            )
        )
        return rows, columns

    @property
    def pitch(self) -> int:
        """Distance of two image rows in the long row."""
        return self.phase_size[1]

    @property
    def length(self) -> int:
        """Length of the long row, from the first to the last output pixel."""
        return (self.output_size[0] - 1) * self.pitch + self.output_size[1]

    def tap_starts(self) -> Floats:
        """Return where the shifted copy of each weight of a window starts in a channel's phases."""
        rows, columns = self.phase_size
        row = np.arange(self.window[0])[:, None] * self.dilation[0]
        column = np.arange(self.window[1])[None, :] * self.dilation[1]
        phase = row % self.stride[0] * self.stride[1] + column % self.stride[1]
        starts = (phase * rows + row // self.stride[0]) * columns + column // self.stride[1]
        return readable(starts.ravel(), np.int64)

    def split(self, x: Floats, padding: tuple[Pair, Pair], groups: int) -> Floats:
        """Pad images (N, C, H, W) and split them: (N, groups, C/groups, all phases as one row)."""
        batch, channels, height, width = x.shape
        (rows, columns), (down, right), ((top, _), (left, _)) = self.phase_size, self.stride, padding
        padded = np.zeros((batch, channels, rows * down, columns * right), x.dtype)
        inside = padded[:, :, top : top + height, left : left + width]
        inside[...] = x[:, :, : inside.shape[2], : inside.shape[3]]
        phases = padded.reshape(batch, channels, rows, down, columns, right).transpose(0, 1, 3, 5, 2, 4)
        return phases.reshape(batch, groups, channels // groups, down * right * rows * columns)

    def join(self, phases: Floats, input_size: Pair, padding: tuple[Pair, Pair]) -> Floats:
        """Undo :meth:`split`: crop the padding, and put zeros where no window came."""
        batch, groups, channels, _ = phases.shape
        (rows, columns), (down, right), ((top, _), (left, _)) = self.phase_size, self.stride, padding
        padded = phases.reshape(batch, groups * channels, down, right, rows, columns)
        padded = padded.transpose(0, 1, 4, 2, 5, 3).reshape(batch, -1, rows * down, columns * right)
        inside = padded[:, :, top : top + input_size[0], left : left + input_size[1]]
        joined = np.zeros((batch, groups * channels, *input_size), phases.dtype)
        joined[:, :, : inside.shape[2], : inside.shape[3]] = inside
        return joined

    def spread(self, upstream: Floats, groups: int) -> Floats:
        """Lay the planes of an upstream gradient out as long rows, with zeros in the gaps."""
        batch, channels, height, width = upstream.shape
        spread = np.zeros((batch, channels, height, self.pitch), upstream.dtype)
        spread[:, :, :, :width] = upstream
        return spread.reshape(batch, groups, channels // groups, height * self.pitch)


@lru_cache(maxsize=256)
def _tap_starts(geometry: Geometry) -> Floats:
    return geometry.tap_starts()


def conv2d(
    x: Floats,
    weight: Floats,
    stride: Pair,
    padding: tuple[Pair, Pair],
    dilation: Pair,
    groups: int,
    output_size: Pair,
) -> Floats:
    """Cross-correlate images with weights, as torch.nn.functional.conv2d does.

    Parameters
    ----------
    x : ndarray
        Images, (N, C, H, W), float32 or float64, any strides.
    weight : ndarray
        Windows, (O, C/groups, KH, KW).
    stride, dilation : (int, int)
        Along height and width.
    padding : ((int, int), (int, int))
        Zeros above and below, left and right.
    groups : int
        Groups of channels that do not see each other; divides C and O.
    output_size : (int, int)
        How many windows stand below and beside each other. They may stick out of the padded image
        at the bottom and at the right, where it continues with zeros, or leave some of it unused.

    Returns
    -------
    ndarray
        (N, O, OH, OW), C-contiguous.
    """
    dtype = floating_dtype("conv2d", x, weight)
    batch, channels_out = x.shape[0], weight.shape[0]
    y = np.zeros((batch, groups, channels_out // groups, *output_size), dtype)
    if y.size == 0 or weight.size == 0:
        return y.reshape(batch, channels_out, *output_size)
    geometry = Geometry(_window(weight), stride, dilation, output_size)
    phases = geometry.split(x, padding, groups)
    size = phases.shape[-1]
    starts = (np.arange(weight.shape[1])[:, None] * size + _tap_starts(geometry)).ravel()
    share_out(
        _add_shifted_images,
        batch * channels_out,
        y.size * starts.size,
        readable(phases.reshape(batch, groups, -1), dtype),
        readable(weight.reshape(groups, channels_out // groups, -1), dtype),
        readable(starts, np.int64),
        geometry.pitch,
        y,
    )
    return y.reshape(batch, channels_out, *output_size)


def conv2d_input_gradient(
    upstream: Floats,
    weight: Floats,
    input_size: Pair,
    stride: Pair,
    padding: tuple[Pair, Pair],
    dilation: Pair,
    groups: int,
) -> Floats:
    """Return the gradient of :func:`conv2d` with respect to its images, (N, C, H, W).

    Parameters
    ----------
    upstream : ndarray
        Gradient of the output, (N, O, OH, OW).
    weight : ndarray
        Windows, (O, C/groups, KH, KW).
    input_size : (int, int)
        Height and width of the images.
    stride, padding, dilation, groups
        As given to :func:`conv2d`.
    """
    dtype = floating_dtype("conv2d_input_gradient", upstream, weight)
    batch, (channels_out, channels) = upstream.shape[0], weight.shape[:2]
    if upstream.size == 0 or weight.size == 0:
        return np.zeros((batch, groups * channels, *input_size), dtype)
    geometry = Geometry(_window(weight), stride, dilation, _window(upstream))
    sources = weight.reshape(groups, channels_out // groups, channels, -1).transpose(0, 2, 3, 1)
    (rows, columns), (down, right) = geometry.phase_size, stride
    gradient = np.zeros((batch, groups, channels, rows * columns * down * right), dtype)
    # A zero of a gap times an infinite weight would be NaN: then leave the gaps out.
    with_gaps = bool(np.isfinite(weight).all())
    share_out(
        _scatter_shifted_gradients,
        batch * groups * channels,
        upstream.size * (weight.size // channels_out),
        readable(geometry.spread(upstream, groups), dtype),
        readable(sources, dtype),
        _tap_starts(geometry),
        *_stretches(geometry, with_gaps),
        gradient,
    )
    return geometry.join(gradient, input_size, padding)


def conv2d_weight_gradient(
    upstream: Floats,
    x: Floats,
    window: Pair,
    stride: Pair,
    padding: tuple[Pair, Pair],
    dilation: Pair,
    groups: int,
) -> Floats:
    """Return the gradient of :func:`conv2d` with respect to its weight, (O, C/groups, KH, KW).

    Parameters
    ----------
    upstream : ndarray
        Gradient of the output, (N, O, OH, OW).
    x : ndarray
        Images, (N, C, H, W).
    window : (int, int)
        KH and KW.
    stride, padding, dilation, groups
        As given to :func:`conv2d`.
    """
    dtype = floating_dtype("conv2d_weight_gradient", upstream, x)
    channels_out, channels = upstream.shape[1], x.shape[1] // groups
    gradient = np.zeros((groups, channels_out // groups, channels, window[0] * window[1]), dtype)
    if gradient.size and upstream.size:
        geometry = Geometry(window, stride, dilation, _window(upstream))
        rows = readable(geometry.spread(upstream, groups), dtype)
        phases = readable(geometry.split(x, padding, groups), dtype)
        jobs, operations = channels_out * channels, upstream.size * channels * window[0] * window[1]
        for with_gaps in (True, False):
            share_out(
                _multiply_shifted_images,
                jobs,
                operations,
                rows,
                phases,
                _tap_starts(geometry),
                *_stretches(geometry, with_gaps),
                gradient,
            )
            # A zero of a gap times an infinite pixel gave NaN: then leave the gaps out.
            if np.isfinite(gradient).all():
                break
    return gradient.reshape(channels_out, channels, *window)


def _window(array: Floats) -> Pair:
    """Return the last two lengths of an array."""
    return array.shape[-2], array.shape[-1]


def _stretches(geometry: Geometry, with_gaps: bool) -> tuple[int, int, int]:
    """Return the whole length to walk, the step, and how much of each step is used."""
    if with_gaps:
        return geometry.length, STRETCH, STRETCH
    return geometry.length, geometry.pitch, geometry.output_size[1]


@jit
def _add_one(target, a, wa):  # type: ignore[no-untyped-def]
    for p in range(target.size):
        target[p] += wa * a[p]


@jit
def _add_four(target, a, b, c, d, wa, wb, wc, wd):  # type: ignore[no-untyped-def]
    for p in range(target.size):
        target[p] += wa * a[p] + wb * b[p] + wc * c[p] + wd * d[p]


@jit
def _add_shifted_images(first, last, images, weight, starts, pitch, y):  # type: ignore[no-untyped-def]
    """Sum the shifted copies of image ``n`` into output plane ``o``, a stretch at a time."""
    _, groups, channels, height, width = y.shape
    length = (height - 1) * pitch + width
    row = np.empty(length, y.dtype)
    for job in range(first, last):
        n, plane = job // (groups * channels), job % (groups * channels)
        g, o = plane // channels, plane % channels
        image, w = images[n, g], weight[g, o]
        row[:] = 0
        for begin in range(0, length, STRETCH):
            target = row[begin : min(begin + STRETCH, length)]
            size, whole = target.size, starts.size // 4 * 4
            for k in range(0, whole, 4):
                s0, s1 = starts[k] + begin, starts[k + 1] + begin
                s2, s3 = starts[k + 2] + begin, starts[k + 3] + begin
                _add_four(
                    target,
                    image[s0 : s0 + size],
                    image[s1 : s1 + size],
                    image[s2 : s2 + size],
                    image[s3 : s3 + size],
                    w[k],
                    w[k + 1],
                    w[k + 2],
                    w[k + 3],
                )
            for k in range(whole, starts.size):
                s0 = starts[k] + begin
                _add_one(target, image[s0 : s0 + size], w[k])
        for i in range(height):
            for j in range(width):
                y[n, g, o, i, j] = row[i * pitch + j]


@jit
def _scatter_shifted_gradients(  # type: ignore[no-untyped-def]
    first, last, upstream, weight, starts, length, step, used, gradient
):
    """Add the upstream rows of image ``n``, weighted, into the places of channel ``c`` they came from."""
    _, groups, channels, _ = gradient.shape
    outputs = upstream.shape[2]
    whole = outputs // 4 * 4
    for job in range(first, last):
        n, plane = job // (groups * channels), job % (groups * channels)
        g, c = plane // channels, plane % channels
        image, rows = gradient[n, g, c], upstream[n, g]
        for tap in range(starts.size):
            w = weight[g, c, tap]
            for begin in range(0, length, step):
                end = min(begin + used, length)
                target = image[starts[tap] + begin : starts[tap] + end]
                for o in range(0, whole, 4):
                    _add_four(
                        target,
                        rows[o, begin:end],
                        rows[o + 1, begin:end],
                        rows[o + 2, begin:end],
                        rows[o + 3, begin:end],
                        w[o],
                        w[o + 1],
                        w[o + 2],
                        w[o + 3],
                    )
                for o in range(whole, outputs):
                    _add_one(target, rows[o, begin:end], w[o])


@jit
def _add_product(target, a, b):  # type: ignore[no-untyped-def]
    for p in range(target.size):
        target[p] += a[p] * b[p]


@jit
def _add_two_products(target, a, b, c, d):  # type: ignore[no-untyped-def]
    for p in range(target.size):
        target[p] += a[p] * b[p] + c[p] * d[p]


@jit
def _sum_by_halves(values):  # type: ignore[no-untyped-def]
    """Sum an array, destroying it; adding halves is fast and keeps rounding errors small."""
    size = values.size
    while size > 1:
        half = (size + 1) // 2
        for p in range(size - half):
            values[p] += values[half + p]
        size = half
    return values[0]


@jit
def _multiply_shifted_images(  # type: ignore[no-untyped-def]
    first, last, upstream, images, starts, length, step, used, gradient
):
    """Multiply upstream row ``o`` with the shifted copies of channel ``c``; sum over images and pixels."""
    batch, _, outputs, _ = upstream.shape
    channels = images.shape[2]
    products = np.empty(min(length, used), gradient.dtype)
    for job in range(first, last):
        g, plane = job // (outputs * channels), job % (outputs * channels)
        o, c = plane // channels, plane % channels
        for tap in range(starts.size):
            products[:] = 0
            for begin in range(0, length, step):
                end = min(begin + used, length)
                s0, s1 = starts[tap] + begin, starts[tap] + end
                target = products[: end - begin]
                for n in range(0, batch - 1, 2):
                    _add_two_products(
                        target,
                        upstream[n, g, o, begin:end],
                        images[n, g, c, s0:s1],
                        upstream[n + 1, g, o, begin:end],
                        images[n + 1, g, c, s0:s1],
                    )
                if batch % 2:
                    _add_product(target, upstream[batch - 1, g, o, begin:end], images[batch - 1, g, c, s0:s1])
            gradient[g, o, c, tap] = _sum_by_halves(products)
