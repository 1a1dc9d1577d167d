"""Convolution with the images of a batch side by side in the lanes of vectors, and its two gradients.

For images of few channels, as in the first layers of a network, where channels would leave most lanes empty.
Memory is (C, H, W, N), and the images are a view of it with the usual axes (N, C, H, W): "batch last". So are the
results; elementwise operations and poolings keep this order by themselves. Images in another order are copied first.

Nothing is padded: :mod:`.tap_walks` tells which taps meet a pixel, and the others are left out. But a zero of the
padding times an infinite weight or upstream gradient is NaN: where one of them is infinite, the plain loops decide.

Every number is summed by one job in a fixed order: results do not depend on the number of threads.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from autograd_cnn.kernels import plain_convolution as plain
from autograd_cnn.kernels.batch_last_loops import add_up_taps, multiply_by_taps
from autograd_cnn.kernels.channels_last import copy_images
from autograd_cnn.kernels.instruction_set import instruction_set
from autograd_cnn.kernels.layout import Floats, delivered, floating_dtype, readable
from autograd_cnn.kernels.planning import Convolution, Padding, Pair
from autograd_cnn.kernels.register_tiles import dots, tiles
from autograd_cnn.kernels.tap_walks import Sums, Windows, meetings_of_taps, sums_of_outputs, sums_of_pixels
from autograd_cnn.kernels.threads import share_out
from autograd_cnn.kernels.workspace import Workspace, aligned

# These kernels do as many multiply-adds in the time in which a plain one does one.
SPEED = 8
# As many bytes stay in the second cache beside what else is there.
FAR = 480_000
# NumPy copies so few numbers before blocks of them are under way.
FEW = 20_000
# A weight gradient is cut into so many jobs, if it can be; more threads than that would find nothing to do.
JOBS = 16


def covers(convolution: Convolution) -> bool:
    """Whether the algorithm runs for these shapes: the images fill a vector.

    All windows are welcome, but no weight gradient of some that stand in the padding altogether: an infinite upstream
    gradient there would leave no trace, where the plain loops multiply it by zero.
    """
    sizes = (*convolution.x_shape, *convolution.weight_shape, *convolution.output_size)
    if 0 in sizes or convolution.x_shape[0] < instruction_set(convolution.dtype).lanes:
        return False
    windows = Windows(
        convolution.x_shape[2:],
        convolution.output_size,
        convolution.weight_shape[2:],
        convolution.stride,
        convolution.dilation,
        convolution.padding,
    )
    return convolution.part != "weight gradient" or 0 not in sums_of_outputs(windows).fewest_taps


def conv2d(
    x: Floats,
    weight: Floats,
    stride: Pair,
    padding: Padding,
    dilation: Pair,
    groups: int,
    output_size: Pair,
    *,
    out: Floats | None = None,
    workspace: Workspace | None = None,
) -> Floats:
    """Cross-correlate images with weights; see :func:`.convolution.conv2d`."""
    dtype = floating_dtype("conv2d", x, weight)
    windows = Windows(x.shape[2:], output_size, weight.shape[2:], stride, dilation, padding)
    sums = sums_of_outputs(windows)
    if sums.fewest_taps != windows.taps and not np.isfinite(weight).all():
        return plain.conv2d(x, weight, stride, padding, dilation, groups, output_size, out=out, workspace=workspace)
    workspace = workspace or Workspace()
    outputs, channels, down, right = weight.shape
    result = _result(out, (outputs, *output_size, x.shape[0]), dtype, workspace)
    taps = down * right
    strides = (outputs // groups * channels * taps, channels * taps, taps, right, 1)
    _add_up(sums, _source(x, dtype, workspace, "images"), readable(weight, dtype), strides, groups, result)
    return _images(result, out)


def conv2d_input_gradient(
    upstream: Floats,
    weight: Floats,
    input_size: Pair,
    stride: Pair,
    padding: Padding,
    dilation: Pair,
    groups: int,
    *,
    out: Floats | None = None,
    workspace: Workspace | None = None,
) -> Floats:
    """Return the gradient with respect to the images; see :func:`.convolution.conv2d_input_gradient`."""
    dtype = floating_dtype("conv2d_input_gradient", upstream, weight)
    sums = sums_of_pixels(Windows(input_size, upstream.shape[2:], weight.shape[2:], stride, dilation, padding))
    workspace = workspace or Workspace()
    outputs, channels, down, right = weight.shape
    result = _result(out, (groups * channels, *input_size, upstream.shape[0]), dtype, workspace)
    taps = down * right
    strides = (outputs // groups * channels * taps, taps, channels * taps, right, 1)
    _add_up(sums, _source(upstream, dtype, workspace, "upstream"), readable(weight, dtype), strides, groups, result)
    return _images(result, out)


def conv2d_weight_gradient(
    upstream: Floats,
    x: Floats,
    window: Pair,
    stride: Pair,
    padding: Padding,
    dilation: Pair,
    groups: int,
    *,
    out: Floats | None = None,
    workspace: Workspace | None = None,
) -> Floats:
    """Return the gradient with respect to the weight; see :func:`.convolution.conv2d_weight_gradient`."""
    dtype = floating_dtype("conv2d_weight_gradient", upstream, x)
    workspace = workspace or Workspace()
    windows = Windows(x.shape[2:], upstream.shape[2:], tuple(window), stride, dilation, padding)
    sent, seen = _source(upstream, dtype, workspace, "upstream"), _source(x, dtype, workspace, "images")
    gradient = _multiply(windows, sent, seen, groups, workspace)
    if rest := len(x) % instruction_set(dtype).lanes:
        sent = _last_vector(sent, rest, workspace, "last upstream")
        seen = _last_vector(seen, rest, workspace, "last images")
        gradient = gradient + _multiply(windows, sent, seen, groups, workspace)
    if sums_of_outputs(windows).fewest_taps != windows.taps and not np.isfinite(gradient).all():
        more: Any = {"out": out, "workspace": workspace}
        return plain.conv2d_weight_gradient(upstream, x, window, stride, padding, dilation, groups, **more)
    return delivered(gradient.reshape(-1, *gradient.shape[2:]), out)


def _add_up(sums: Sums, source: Floats, weight: Floats, strides: tuple[int, ...], groups: int, result: Floats) -> None:
    """Sum the source times the weights into the result, both in batch-last memory."""
    source, result = _grouped(source, groups), _grouped(result, groups)
    inner, outer = source.shape[1], result.shape[1]
    share_out(
        add_up_taps,
        groups * len(sums.rows),
        min(source.size * outer, result.size * inner) * weight[0, 0].size // SPEED,
        source,
        weight,
        strides,
        sums.rows,
        sums.columns,
        sums.steps,
        tiles(outer, result.shape[-1], result.dtype),
        result,
    )


def _multiply(windows: Windows, sent: Floats, seen: Floats, groups: int, workspace: Workspace) -> Floats:
    """Sum the products of what was sent and what was seen, both in batch-last memory, over all whole vectors."""
    sent, seen = _grouped(sent, groups), _grouped(seen, groups)
    outputs, channels, (down, right) = sent.shape[1], seen.shape[1], windows.taps
    together, kernels = dots(outputs, right, sent.dtype)
    tiles, rows = -(-outputs // kernels.rows), sent.shape[2]
    block = max(1, min(rows, FAR // (kernels.rows * sent[0, 0, 0].nbytes)))
    slices = min(-(-rows // block), -(-JOBS // (groups * tiles)))
    sums = workspace.empty("sums", (slices, groups, tiles, kernels.rows, channels, down, right), sent.dtype)
    sums[...] = 0
    share_out(
        multiply_by_taps,
        slices * groups * tiles,
        sent.size * channels * down * right // SPEED,
        sent,
        seen,
        *meetings_of_taps(windows, together),
        (*windows.stride, windows.dilation[1]),
        block,
        kernels,
        sums,
    )
    gradient: Floats = sums.sum(axis=0).reshape(groups, tiles * kernels.rows, channels, down, right)
    if overlap := tiles * kernels.rows - outputs:  # the last tile begins with the last sums of the one before
        whole = (tiles - 1) * kernels.rows
        gradient = np.concatenate([gradient[:, :whole], gradient[:, whole + overlap :]], axis=1)
    return gradient


def _last_vector(memory: Floats, rest: int, workspace: Workspace, name: str) -> Floats:
    """Return the last images, which fill no vector, in one whose other lanes are zero."""
    vector = workspace.zeros(name, (*memory.shape[:-1], instruction_set(memory.dtype).lanes), memory.dtype)
    vector[..., :rest] = memory[..., -rest:]
    return readable(vector, memory.dtype)


def _grouped(memory: Floats, groups: int) -> Floats:
    """Split the channels of batch-last memory: (C, H, W, N) -> (G, C/G, H, W, N)."""
    return memory.reshape(groups, memory.shape[0] // groups, *memory.shape[1:])


def _source(images: Floats, dtype: np.dtype[Any], workspace: Workspace, name: str) -> Floats:
    """Return the memory of images that lie batch last, or of a copy that does: (C, H, W, N), read-only."""
    memory = images.transpose(1, 2, 3, 0)
    if not memory.flags.c_contiguous:
        copy = workspace.empty(name, memory.shape, dtype)
        _copy(memory, copy)
        memory = copy
    return readable(memory, dtype)


def _copy(source: Floats, target: Floats) -> None:
    """Copy images (C, H, W, N) from any order of memory, by blocks that are turned in registers."""
    if source.size < FEW:
        target[...] = source
    elif source.strides[0] == source.itemsize:  # channels side by side
        copy_images(source.transpose(1, 2, 0, 3), target.transpose(1, 2, 0, 3))
    else:
        copy_images(source, target)


def _result(out: Floats | None, shape: tuple[int, ...], dtype: np.dtype[Any], workspace: Workspace) -> Floats:
    """Return memory (C, H, W, N) to write to: that of ``out``, if it lies batch last."""
    if out is None:
        return aligned(np.empty, shape, dtype)
    memory = out.transpose(1, 2, 3, 0)
    return memory if memory.flags.c_contiguous and out.dtype == dtype else workspace.empty("result", shape, dtype)


def _images(memory: Floats, out: Floats | None) -> Floats:
    """Return batch-last memory as images (N, C, H, W), or ``out`` with these images."""
    images = memory.transpose(3, 0, 1, 2)
    return out if out is not None and np.may_share_memory(out, images) else delivered(images, out)
