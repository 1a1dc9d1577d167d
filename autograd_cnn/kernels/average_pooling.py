"""Average pooling of images, float32 or float64, and its gradient.

Averages are accumulated in the dtype of the result. Images may lie in any of the orders of :mod:`.image_rows`;
results lie in the order of the input, and no number depends on it, nor on the number of threads. The loops:
:mod:`.averaged_rows`.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from autograd_cnn.kernels.averaged_rows import add_to_windows, add_up_windows
from autograd_cnn.kernels.image_rows import counts, order_of, readable_rows, result_images, writable_rows
from autograd_cnn.kernels.layout import Floats, floating_dtype, readable
from autograd_cnn.kernels.threads import share_out
from autograd_cnn.kernels.workspace import Workspace

Pair = tuple[int, int]
Padding = tuple[Pair, Pair]
Integers = NDArray[Any]


def avg_pool2d(
    x: Floats,
    window: Pair,
    stride: Pair,
    padding: Padding,
    count_include_pad: bool,
    output_size: Pair,
    *,
    out: Floats | None = None,
    workspace: Workspace | None = None,
) -> Floats:
    """Return the mean of each window, (N, C, OH, OW).

    The sum of the pixels is divided by how many places of the window lie in the image, or, with
    ``count_include_pad``, in the padded image. Places beyond the padded image never count. A window
    without any pixel has mean 0.

    Parameters
    ----------
    x : ndarray
        Images, (N, C, H, W), float32 or float64, any strides.
    window, stride, padding, output_size, out, workspace
        As for :func:`.pooling.max_pool2d`.
    count_include_pad : bool
        Whether padding counts as pixels of value 0.
    """
    dtype = floating_dtype("avg_pool2d", x)
    shape, size = (*x.shape[:2], *output_size), (x.shape[2], x.shape[3])
    order = order_of(x) if out is None else order_of(out)
    y = result_images("avg_pool2d", out, shape, order, dtype)
    outer, lanes = counts(shape, order)
    share_out(
        add_up_windows,
        outer,
        y.size * window[0] * window[1],
        *readable_rows(x, order, dtype, workspace),
        (size[0], lanes),
        _columns(size[1], window[1], stride[1], padding[1][0], output_size[1]),
        window,
        stride,
        padding[0][0],
        _divisors(size, window, stride, padding, count_include_pad, output_size, dtype),
        *writable_rows(y, order),
    )
    return y


def avg_pool2d_gradient(
    upstream: Floats,
    input_size: Pair,
    window: Pair,
    stride: Pair,
    padding: Padding,
    count_include_pad: bool,
    *,
    out: Floats | None = None,
    workspace: Workspace | None = None,
) -> Floats:
    """Return the gradient of :func:`avg_pool2d` with respect to its images, (N, C, H, W).

    Parameters
    ----------
    upstream : ndarray
        Gradient of the output, (N, C, OH, OW).
    input_size : (int, int)
        Height and width of the images.
    window, stride, padding, count_include_pad, out, workspace
        As given to :func:`avg_pool2d`.
    """
    dtype = floating_dtype("avg_pool2d_gradient", upstream)
    shape, outputs = (*upstream.shape[:2], *input_size), (upstream.shape[2], upstream.shape[3])
    order = order_of(upstream) if out is None else order_of(out)
    gradient = result_images("avg_pool2d_gradient", out, shape, order, dtype)
    outer, lanes = counts(shape, order)
    share_out(
        add_to_windows,
        outer,
        upstream.size * window[0] * window[1],
        *readable_rows(upstream, order, dtype, workspace, "upstream"),
        _columns(input_size[1], window[1], stride[1], padding[1][0], outputs[1]),
        window,
        stride,
        padding[0][0],
        _divisors(input_size, window, stride, padding, count_include_pad, outputs, dtype),
        (*input_size, lanes),
        *writable_rows(gradient, order),
    )
    return gradient


@lru_cache(maxsize=256)
def _divisors(
    input_size: Pair,
    window: Pair,
    stride: Pair,
    padding: Padding,
    count_include_pad: bool,
    output_size: Pair,
    dtype: np.dtype[Any],
) -> Floats:
    """Return how many places of each window count, (OH, OW); at least 1, where there is none to be divided."""
    counted = []
    for axis in range(2):
        before, after = padding[axis] if count_include_pad else (0, 0)
        begin = np.arange(output_size[axis]) * stride[axis] - padding[axis][0]
        end = np.minimum(begin + window[axis], input_size[axis] + after)
        counted.append(np.maximum(end - np.maximum(begin, -before), 1))
    return readable(counted[0][:, None] * counted[1][None, :], dtype)


@lru_cache(maxsize=256)
def _columns(width: int, window: int, stride: int, left: int, outputs: int) -> Integers:
    """Return for each column of the window, (KW, 3), where a kernel finds it inside the image.

    It is inside for the outputs from the first number up to the second, and for the first of these
    it stands at the third, a column of the image.
    """
    offset = np.arange(window) - left
    begin = np.maximum(0, -(offset // stride))
    end = np.minimum(outputs, (width - 1 - offset) // stride + 1)
    return readable(np.stack([begin, end, offset + begin * stride], axis=1), np.int64)
