"""How a batch of images lies in memory: as rows of pixels, in one of three orders.

Images are (N, C, H, W) for everybody. Behind that, memory may hold them plane by plane, pixel by pixel with the
channels side by side ("channels last"), or channel by channel with the images side by side ("batch last"). All
three are rows of pixels, where a pixel is one or several numbers that are treated alike, its *lanes*::

    order           outer    row  column  lanes
    PLANES          N and C  H    W       1
    CHANNELS_LAST   N        H    W       C
    BATCH_LAST      C        H    W       N

Within a row numbers stand side by side; rows, and what is outside of them, may stand further apart, as inside of
a buffer with a margin. So one kernel, which walks along rows, serves every layout and copies nothing.
"""

from __future__ import annotations

from typing import Any, NamedTuple, TypeAlias

import numpy as np
from numpy.lib.stride_tricks import as_strided
from numpy.typing import NDArray

from autograd_cnn.errors import DtypeError, ShapeError
from autograd_cnn.kernels.layout import Floats
from autograd_cnn.kernels.workspace import Workspace

Order: TypeAlias = tuple[int, int, int, int]

PLANES, CHANNELS_LAST, BATCH_LAST = (0, 1, 2, 3), (0, 2, 3, 1), (1, 2, 3, 0)
ORDERS: tuple[Order, ...] = (PLANES, CHANNELS_LAST, BATCH_LAST)


class ImageRows(NamedTuple):
    """Images as one row of numbers; those of row i of outer o begin at ``o * outer_stride + i * row_stride``."""

    numbers: NDArray[Any]
    outer_stride: int
    row_stride: int


def order_of(images: Floats) -> Order:
    """Return the order in which images (N, C, H, W) lie; PLANES for any that lie in none, and must be copied."""
    packed = (order for order in ORDERS if images.transpose(order).flags.c_contiguous)
    return next(packed, None) or next((order for order in ORDERS if lies_in(images, order)), PLANES)


def order_of_both(images: Floats, switches: NDArray[Any]) -> Order:
    """Return an order in which images lie, and their switches without gaps; that of the images if there is none."""
    packed = (order for order in ORDERS if switches.transpose(order).flags.c_contiguous and lies_in(images, order))
    return next(packed, order_of(images))


def lies_in(images: Floats, order: Order) -> bool:
    """Whether kernels can walk along these images as they are, in this order."""
    shape, strides, size = images.shape, images.strides, images.itemsize
    if not images.dtype.isnative or not images.flags.aligned or any(s < 0 or s % size for s in strides):
        return False
    if order == PLANES:
        planes_follow = shape[0] <= 1 or shape[1] <= 1 or strides[0] == strides[1] * shape[1]
        return planes_follow and (shape[3] <= 1 or strides[3] == size)
    lanes = order[3]
    lanes_follow = shape[lanes] <= 1 or strides[lanes] == size
    return lanes_follow and (shape[3] <= 1 or strides[3] == size * shape[lanes])


def counts(shape: tuple[int, ...], order: Order) -> tuple[int, int]:
    """Return how many rows' owners there are (outer), and how many lanes a pixel has."""
    if order == PLANES:
        return shape[0] * shape[1], 1
    return shape[order[0]], shape[order[3]]


def readable_rows(
    images: Floats, order: Order, dtype: np.dtype[Any] | type, workspace: Workspace | None = None, name: str = "x"
) -> ImageRows:
    """Return images as read-only rows in this order; a copy where they lie otherwise or have another dtype.

    The copy is the workspace's buffer of this name, if there is a workspace.
    """
    if images.dtype != dtype or not lies_in(images, order):
        copy = empty_images(images.shape, order, dtype, workspace, name)
        copy[...] = images
        images = copy
    return _rows(images, order, writable=False)


def writable_rows(images: Floats, order: Order) -> ImageRows:
    """Return images that lie in this order as rows to write into."""
    return _rows(images, order, writable=True)


def packed_rows(images: NDArray[Any], order: Order) -> NDArray[Any]:
    """Return images as an array (outer, H, W · lanes) without gaps: a view where they lie so, otherwise a copy."""
    outer, lanes = counts(images.shape, order)
    return np.ascontiguousarray(images.transpose(order)).reshape(outer, images.shape[2], images.shape[3] * lanes)


def empty_images(
    shape: tuple[int, ...],
    order: Order,
    dtype: np.dtype[Any] | type,
    workspace: Workspace | None = None,
    name: str = "y",
) -> Floats:
    """Return images (N, C, H, W) that lie in this order without gaps, not yet filled."""
    lengths = tuple([shape[axis] for axis in order])
    memory = np.empty(lengths, dtype) if workspace is None else workspace.empty(name, lengths, dtype)
    return memory if order == PLANES else memory.transpose([order.index(axis) for axis in range(4)])


def result_images(
    kernel: str, out: Floats | None, shape: tuple[int, ...], order: Order, dtype: np.dtype[Any] | type
) -> Floats:
    """Return where a kernel puts its images: ``out``, if it was given, or new ones in this order.

    Raises
    ------
    ShapeError, DtypeError
        If ``out`` cannot take them.
    """
    if out is None:
        return empty_images(shape, order, dtype)
    if out.shape != tuple(shape):
        raise ShapeError(f"{kernel}: out has shape {out.shape}, expected {tuple(shape)}")
    if out.dtype != dtype or not out.flags.writeable:
        raise DtypeError(f"{kernel}: out is {out.dtype}, expected a writable array of {np.dtype(dtype)}")
    if out.size and not any(lies_in(out, any_order) for any_order in ORDERS):
        raise ShapeError(f"{kernel}: out has strides {out.strides}, expected images whose rows lie in one piece")
    return out


def _rows(images: Floats, order: Order, *, writable: bool) -> ImageRows:
    size = images.itemsize
    outer = 1 if order == PLANES and images.shape[1] > 1 else order[0]
    if (memory := images.transpose(order)).flags.c_contiguous:
        numbers = memory.reshape(-1)
    else:  # with gaps, which images without a number have not: all that lies between the first number and the last
        span = 1 + sum((n - 1) * (s // size) for n, s in zip(images.shape, images.strides, strict=True))
        numbers = as_strided(images, (span,), (size,))
    if numbers.flags.writeable and not writable:
        numbers = numbers.view()
        numbers.flags.writeable = False
    return ImageRows(numbers, images.strides[outer] // size, images.strides[2] // size)
