"""Scratch memory of a kernel: buffers by name."""

from __future__ import annotations

from typing import Any

import numpy as np

from autograd_cnn.kernels.layout import Floats


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
            buffer = self._buffers[key] = make(shape, key[2])
        return buffer

    @property
    def nbytes(self) -> int:
        """Bytes in all buffers together."""
        return sum(buffer.nbytes for buffer in self._buffers.values())
