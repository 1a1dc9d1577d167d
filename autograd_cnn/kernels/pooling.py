"""Max pooling of images, float32 or float64, and its gradient.

Images may lie in any of the orders of :mod:`.image_rows`; results lie in the order of the input, and no number
depends on it, nor on the number of threads. The loops: :mod:`.pooled_rows`, :mod:`.pooled_fours`.

Every function takes ``out``, an array for its result, such as the inside of a buffer with a margin, and a
``workspace``, in which it copies an input that lies in another order than the result.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from autograd_cnn.errors import ShapeError
from autograd_cnn.kernels.image_rows import (
    Order,
    counts,
    order_of,
    order_of_both,
    packed_rows,
    readable_rows,
    result_images,
    writable_rows,
)
from autograd_cnn.kernels.layout import Floats, floating_dtype, readable
from autograd_cnn.kernels.pooled_fours import (
    send_to_four,
    send_to_four_in_planes,
    take_largest_of_four,
    take_largest_of_four_in_planes,
)
from autograd_cnn.kernels.pooled_rows import gather, scatter, take_largest, take_largest_of_planes
from autograd_cnn.kernels.threads import share_out
from autograd_cnn.kernels.workspace import Workspace

Pair = tuple[int, int]
Padding = tuple[Pair, Pair]
Integers = NDArray[Any]

# The switch of a window that holds no pixel: no window of one-byte switches has 256 places.
NOWHERE_BYTE, NOWHERE = 255, -1


def nowhere(switches: np.dtype[Any] | type) -> int:
    """Return the switch, of this dtype, of a window that holds padding alone."""
    return NOWHERE_BYTE if np.dtype(switches) == np.uint8 else NOWHERE


def max_pool2d(
    x: Floats,
    window: Pair,
    stride: Pair,
    padding: Padding,
    dilation: Pair,
    output_size: Pair,
    *,
    out: tuple[Floats, Integers] | None = None,
    workspace: Workspace | None = None,
) -> tuple[Floats, Integers]:
    """Return the largest pixel of each window, and where in the window it stood.

    Among equal pixels the first of the window, row by row, wins. The first NaN wins over all
    numbers. Padding counts as -inf and never wins over a pixel.

    Parameters
    ----------
    x : ndarray
        Images, (N, C, H, W), float32 or float64, any strides.
    window, stride, dilation : (int, int)
        Along height and width.
    padding : ((int, int), (int, int))
        Above and below, left and right.
    output_size : (int, int)
        How many windows stand below and beside each other; they may stick out of the padded image.
    out : (ndarray, ndarray), optional
        Where to put both results.
    workspace : Workspace, optional
        Where to copy the images, if they lie in another order than ``out``.

    Returns
    -------
    y : ndarray
        (N, C, OH, OW).
    switches : ndarray
        (N, C, OH, OW), the place ``row * KW + column`` of each maximum in its window. They are bytes, where
        windows have 255 places or fewer, and int32 otherwise. A window of padding alone, whose maximum is -inf,
        has the switch :func:`nowhere`: 255, or -1.
    """
    dtype = floating_dtype("max_pool2d", x)
    shape, kind = (*x.shape[:2], *output_size), np.uint8 if window[0] * window[1] <= NOWHERE_BYTE else np.int32
    order = order_of(x) if out is None else order_of_both(*out)
    y = result_images("max_pool2d", out[0] if out else None, shape, order, dtype)
    switches = result_images("max_pool2d", out[1] if out else None, shape, order, kind)
    if not y.size:
        return y, switches
    (outer, lanes), packed = counts(shape, order), _writable_switches(switches, order)
    source, target = readable_rows(x, order, dtype, workspace), writable_rows(y, order)
    if halves(x.shape[2:], output_size, window, stride, padding, dilation):
        flat = packed.reshape(outer, packed.shape[1] * packed.shape[2])
        unchanged = readable(np.array([-0.0]), dtype), False, dtype.type(np.nan), np.uint8(NOWHERE_BYTE)
        take = take_largest_of_four if lanes > 1 else take_largest_of_four_in_planes
        share_out(take, outer, y.size * 4, *source, (*output_size, lanes), *unchanged, *target, flat)
        return y, switches
    share_out(
        take_largest if lanes > 1 else take_largest_of_planes,
        outer * output_size[0] if lanes > 1 else outer,
        y.size * window[0] * window[1],
        *source,
        (x.shape[2], x.shape[3], lanes),
        stride,
        _reach(window, dilation, (padding[0][0], padding[1][0])),
        kind(nowhere(kind)),
        *target,
        packed,
    )
    return y, switches


def scatter_by_switches(
    upstream: Floats,
    switches: Integers,
    input_size: Pair,
    window: Pair,
    stride: Pair,
    padding: Padding,
    dilation: Pair,
    *,
    out: Floats | None = None,
    workspace: Workspace | None = None,
) -> Floats:
    """Add each upstream gradient (N, C, OH, OW) to the pixel that its switch names: (N, C, H, W).

    Parameters
    ----------
    upstream : ndarray
        (N, C, OH, OW), float32 or float64.
    switches : ndarray
        (N, C, OH, OW), places in windows, as :func:`max_pool2d` returns them; a place outside of the image
        receives nothing. They say in which order the result lies.
    input_size : (int, int)
        Height and width of the images.
    window, stride, padding, dilation
        As given to :func:`max_pool2d`. A window of the size of the image that never moves, stride (0, 0),
        makes a switch the place in the image itself.
    out, workspace
        As of :func:`max_pool2d`.
    """
    dtype = floating_dtype("scatter_by_switches", upstream)
    shape = (*upstream.shape[:2], *input_size)
    order = order_of(switches) if out is None else order_of(out)
    gradient = result_images("scatter_by_switches", out, shape, order, dtype)
    if not gradient.size:
        return gradient
    (outer, lanes), packed = counts(shape, order), _readable_switches(switches, order)
    size = (*input_size, lanes)
    source, target = readable_rows(upstream, order, dtype, workspace, "upstream"), writable_rows(gradient, order)
    if packed.dtype == np.uint8 and halves(input_size, upstream.shape[2:], window, stride, padding, dilation):
        flat, no_sums = packed.reshape(outer, packed.shape[1] * packed.shape[2]), np.empty((outer, 0))
        outputs = packed.shape[1], packed.shape[2] // lanes
        none = np.uint8(NOWHERE_BYTE)
        send = send_to_four if lanes > 1 else send_to_four_in_planes
        share_out(send, outer, gradient.size, *source, flat, size, outputs, none, *target, no_sums)
        return gradient
    reach = _reach(window, dilation, (padding[0][0], padding[1][0]))
    share_out(scatter, outer, upstream.size * 4, *source, packed, size, stride, reach, *target)
    return gradient


def gather_by_switches(
    x: Floats,
    switches: Integers,
    window: Pair,
    stride: Pair,
    padding: Padding,
    dilation: Pair,
    *,
    out: Floats | None = None,
    workspace: Workspace | None = None,
) -> Floats:
    """Take the pixel (N, C, H, W) that each switch names: (N, C, OH, OW); 0 for a place outside of the image.

    Parameters are those of :func:`scatter_by_switches`.
    """
    dtype = floating_dtype("gather_by_switches", x)
    order = order_of(switches) if out is None else order_of(out)
    y = result_images("gather_by_switches", out, switches.shape, order, dtype)
    if not y.size:
        return y
    (outer, lanes), packed = counts(x.shape, order), _readable_switches(switches, order)
    source, target = readable_rows(x, order, dtype, workspace), writable_rows(y, order)
    reach = _reach(window, dilation, (padding[0][0], padding[1][0]))
    share_out(gather, outer, y.size * 4, *source, (x.shape[2], x.shape[3], lanes), packed, stride, reach, *target)
    return y


def halves(
    input_size: tuple[int, ...],
    output_size: tuple[int, ...],
    window: Pair,
    stride: Pair,
    padding: Padding,
    dilation: Pair,
) -> bool:
    """Whether windows of 2 by 2 tile the images, but for a last row or column: these have fast loops of their own."""
    moves = (window, stride, dilation, (padding[0][0], padding[1][0]))
    inside = all(0 < 2 * outputs <= pixels for outputs, pixels in zip(output_size, input_size, strict=True))
    return moves == ((2, 2), (2, 2), (1, 1), (0, 0)) and inside


def _writable_switches(switches: Integers, order: Order) -> Integers:
    packed = packed_rows(switches, order)
    if not np.may_share_memory(packed, switches) and switches.size:
        raise ShapeError(
            f"max_pool2d: out has switches of strides {switches.strides}, expected the order of the maxima"
        )
    return packed


def _readable_switches(switches: Integers, order: Order) -> Integers:
    packed = packed_rows(switches, order)
    return readable(packed, np.uint8 if packed.dtype == np.uint8 else np.int32)


@lru_cache(maxsize=64)
def _reach(window: Pair, dilation: Pair, before: Pair) -> Integers:
    """Return the row and the column of each place of the first window, (KH * KW, 2)."""
    rows, columns = (np.arange(window[a]) * dilation[a] - before[a] for a in (0, 1))
    return readable(np.stack(np.meshgrid(rows, columns, indexing="ij"), axis=-1).reshape(-1, 2), np.int64)
