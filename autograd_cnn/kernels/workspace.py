"""Scratch memory of a kernel: buffers by name."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from autograd_cnn.kernels.layout import Floats

CACHE_LINE = 64  # bytes


def aligned(make: Any, shape: tuple[int, ...], dtype: np.dtype[Any] | type) -> Floats:
    """Return ``np.empty`` or ``np.zeros`` of a shape, beginning with a cache line.

    NumPy begins 16 bytes off: then every full vector lies across two lines and takes two reads. Kernels that live
    on vectors gain a tenth to a fifth.
    """
    size = math.prod(shape) * np.dtype(dtype).itemsize
    memory = make(size + CACHE_LINE, np.uint8)
    begin = -memory.ctypes.data % CACHE_LINE
    buffer: Floats = memory[begin : begin + size].view(dtype).reshape(shape)
    return buffer


class Workspace:
    """The buffers that a kernel needs beside its result.

    An eager call takes a fresh workspace. A compiled program keeps one for each of its instructions, so that the
    same buffers come back at every replay and nothing is allocated; a name stands for one shape and dtype there.
    """

    def __init__(self) -> None:
        self._buffers: dict[tuple[str, tuple[int, ...], np.dtype[Any]], Floats] = {}

    def empty(self, name: str, shape: tuple[int, ...], dtype: np.dtype[Any] | type) -> Floats:
        """Return a buffer whose contents are arbitrary: what the kernel left there, if it comes back."""
        return self._buffer(np.empty, name, shape, dtype)

    def zeros(self, name: str, shape: tuple[int, ...], dtype: np.dtype[Any] | type) -> Floats:
        """Return a buffer that was zero when it was made, and is still where no kernel writes: in a margin."""
        return self._buffer(np.zeros, name, shape, dtype)

    def _buffer(self, make: Any, name: str, shape: tuple[int, ...], dtype: np.dtype[Any] | type) -> Floats:
        key = name, tuple(shape), np.dtype(dtype)
        buffer = self._buffers.get(key)
        if buffer is None:
            buffer = self._buffers[key] = aligned(make, shape, key[2])
        return buffer

    @property
    def nbytes(self) -> int:
        """Bytes in all buffers together."""
        return sum(buffer.nbytes for buffer in self._buffers.values())
