"""Bringing images from (C, H, W), a plane for each channel, to (H, W, C), all channels of a pixel together.

Blocks of lanes × lanes numbers are read, turned over in registers and written; the last block of an axis overlaps the
one before it.
"""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
from numba import types

from autograd_cnn.kernels.instruction_set import instruction_set
from autograd_cnn.kernels.jit import jit, native
from autograd_cnn.kernels.layout import Floats, delivered
from autograd_cnn.kernels.microkernel import I, intrinsic, literals
from autograd_cnn.kernels.threads import share_out
from autograd_cnn.kernels.vectors import Vectors, call_by_address
from autograd_cnn.kernels.workspace import Workspace, aligned

Pair = tuple[int, int]

# Numbers that are copied in the time of one multiply-add of a plain kernel.
SPEED = 2
TURN = types.void(*[I] * 4)


def images_in(
    x: Floats,
    before: Pair,
    size: Pair,
    channels: tuple[int, int],
    dtype: np.dtype[Any],
    workspace: Workspace,
    name: str,
) -> Floats:
    """Return images (N, C, H, W) as (N, H, W, C) of another size, with zeros around them: the images if they are so.

    Parameters
    ----------
    before : (int, int)
        Rows above and columns to the left that are added, or taken away where negative.
    size : (int, int)
        Height and width that are wanted.
    channels : (int, int)
        The groups of channels, and a number: each group gets zeros up to a multiple of it.
    """
    groups, multiple = channels
    each = x.shape[1] // groups
    wide = -(-each // multiple) * multiple
    (top, left), (height, width) = before, size
    source = x.transpose(0, 2, 3, 1)[:, max(0, -top) :, max(0, -left) :]
    source = source[:, : max(0, height - max(0, top)), : max(0, width - max(0, left))]
    shape = len(x), height, width, groups * wide
    if source.shape == shape and _serves(source, dtype):
        return source
    target = (workspace.empty if source.shape == shape else workspace.zeros)(name, shape, dtype)
    inside = target[:, max(0, top) :, max(0, left) :][:, : source.shape[1], : source.shape[2]]
    if inside.size:
        for group in range(groups if wide > each else 1):
            some = each if wide > each else each * groups
            first, start = group * each, group * wide
            copy_images(source[..., first : first + some], inside[..., start : start + some])
    return target


def _serves(images: Floats, dtype: np.dtype[Any]) -> bool:
    """Whether kernels can read images where they are: pixels side by side or apart, channels side by side."""
    item = dtype.itemsize
    at_whole_numbers = all(stride % item == 0 for stride in images.strides)
    return bool(images.dtype == dtype and images.flags.aligned and images.strides[3] == item and at_whole_numbers)


def memory_for(
    out: Floats | None,
    size: tuple[int, int, int],
    channels: tuple[int, int],
    dtype: np.dtype[Any],
    workspace: Workspace,
) -> Floats:
    """Return memory (N, H, W, C) for a result; each group of channels is at least a vector wide."""
    groups, each = channels
    wide = max(each, instruction_set(dtype).lanes)
    shape = *size, groups * wide
    if wide > each:
        return workspace.empty("result", shape, dtype)
    if out is None:
        return aligned(np.empty, shape, dtype)
    there = out.transpose(0, 2, 3, 1)
    fits = there.flags.c_contiguous and there.flags.aligned and there.dtype == dtype
    return there if fits else workspace.empty("result", shape, dtype)


def finished(result: Floats, out: Floats | None, channels: tuple[int, int]) -> Floats:
    """Return a result (N, H, W, C), in memory of `memory_for`, as images (N, C, H, W)."""
    groups, each = channels
    size = result.shape[:3]
    if result.shape[3] > groups * each:
        result = result.reshape(*size, groups, -1)[..., :each].reshape(*size, groups * each)
    images = result.transpose(0, 3, 1, 2)
    if out is None:
        return images if result.flags.c_contiguous else np.ascontiguousarray(result).transpose(0, 3, 1, 2)
    return out if np.shares_memory(images, out) else delivered(images, out)


def copy_images(source: Floats, target: Floats) -> None:
    """Copy images (N, H, W, C) of any strides into others whose channels stand side by side in memory."""
    batch, height, width, channels = target.shape
    if _has_long_rows(source) and _has_long_rows(target):
        height, width = 1, height * width
    size = _block(source, target, width)
    if size == 0:
        share_out(_copy, batch, target.size // SPEED, source, target)
        return
    share_out(
        _turn_images,
        batch * height,
        target.size // SPEED,
        turn(size, target.dtype),
        source.ctypes.data,
        target.ctypes.data,
        (size, target.itemsize, height, width, channels, *source.strides, *target.strides),
    )


def _has_long_rows(images: Floats) -> bool:
    """Whether the rows of an image follow each other without gaps."""
    return bool(images.strides[1] == images.shape[2] * images.strides[2])


def _block(source: Floats, target: Floats, width: int) -> int:
    """Return how large blocks can be, 0 where NumPy copies as well: few channels or columns, or another order."""
    item = target.itemsize
    readable = source.dtype == target.dtype and source.flags.aligned
    if not readable or source.strides[2] != item or source.strides[3] % item or target.strides[3] != item:
        return 0
    size = instruction_set(target.dtype).lanes
    while size > min(width, target.shape[3]):
        size //= 2
    return size if size >= 4 else 0


def _copy(first: int, last: int, source: Floats, target: Floats) -> None:
    target[first:last] = source[first:last]


@jit
def _turn_images(first, last, at, source, target, walk):  # type: ignore[no-untyped-def]
    size, item, height, width, channels, s_image, s_row, _, s_channel, t_image, t_row, t_pixel, _ = walk
    for job in range(first, last):
        image, row = job // height, job % height
        read = source + image * s_image + row * s_row
        write = target + image * t_image + row * t_row
        for column in range(0, width, size):
            j = min(column, width - size)
            for channel in range(0, channels, size):
                c = min(channel, channels - size)
                from_, to = read + c * s_channel + j * item, write + j * t_pixel + c * item
                call_turn(at, from_, s_channel // item, to, t_pixel // item)


def turn(size: int, dtype: np.dtype[Any]) -> int:
    """Return the address of the kernel target[j·target_stride + i] = source[i·source_stride + j], size × size.

    It is called by ``call_turn(address, source, source_stride, target, target_stride)``; sizes are powers of two, up to
    the lanes of a vector.
    """
    at: int = _turn(size, dtype).address
    return at


@intrinsic
def call_turn(context, at, source, source_stride, target, target_stride):  # type: ignore[no-untyped-def]
    """Call a kernel made by `turn`, in code under `@jit`."""
    return types.void(I, *TURN.args), call_by_address


@cache
def _turn(size: int, dtype: np.dtype[Any]) -> Any:
    bits = dtype.itemsize * 8

    def turn(source, source_stride, target, target_stride):  # type: ignore[no-untyped-def]
        _write_turn(size, bits, source, source_stride, target, target_stride)

    return native(turn, TURN)


@intrinsic
def _write_turn(context, size, bits, source, source_stride, target, target_stride):  # type: ignore[no-untyped-def]
    known = literals(size, bits)
    if known is None:
        return None

    def generate(target: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        _turn_code(Vectors(builder, known[0], known[1], fused=False), *arguments[2:])
        return target.get_dummy_value()

    return types.void(size, bits, *TURN.args), generate


def _turn_code(v: Vectors, source: Any, source_stride: Any, target: Any, target_stride: Any) -> None:
    """Exchange lanes 1, 2, 4 ... apart between rows as far apart: opposite corners of blocks change places."""
    size = v.lanes
    source, target = v.pointer(source), v.pointer(target)
    rows = [v.load(v.at(source, source_stride, i)) for i in range(size)]
    apart = 1
    while apart < size:
        upper = [lane if lane & apart == 0 else size + lane - apart for lane in range(size)]
        lower = [lane + apart if lane & apart == 0 else size + lane for lane in range(size)]
        for i in range(size):
            if i & apart == 0:
                one, other = rows[i], rows[i + apart]
                rows[i], rows[i + apart] = v.shuffle(one, other, upper), v.shuffle(one, other, lower)
        apart *= 2
    for j in range(size):
        v.store(rows[j], v.at(target, target_stride, j))
