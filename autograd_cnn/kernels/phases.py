"""Where the windows of a convolution stand: padded images laid out as long rows.

The images of a batch are padded and split into *phases*: with a stride of 2, the pixels of even
and of odd rows and columns. Within a phase every window moves by one pixel. The same phase of all
images is laid out as one long row, in which output pixel ``(i, j)`` of image ``n`` stands at
``n * area + i * pitch + j``, where ``pitch`` is the width and ``area`` the size of a phase. What
the windows see through one of their taps is then the same long row from a later start, whatever
the stride, dilation and padding.

The long row has gaps: ``pitch - width`` columns and some rows of each image hold no output pixel.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from autograd_cnn.kernels.layout import Floats, readable

Pair = tuple[int, int]

# A stretch of the long row that, with its four sources, stays in the first-level cache.
STRETCH = 1024


@dataclass(frozen=True)
class Phases:
    """The layout for one kind of window over images of one size."""

    window: Pair
    stride: Pair
    dilation: Pair
    output_size: Pair

    @property
    def size(self) -> Pair:
        """Rows and columns of one phase, up to the last pixel that a window touches."""
        height, width = (
            (outputs - 1) * stride + (taps - 1) * dilation + 1
            for outputs, taps, stride, dilation in zip(
                self.output_size, self.window, self.stride, self.dilation, strict=True
            )
        )
        return -(-height // self.stride[0]), -(-width // self.stride[1])

    def split(self, x: Floats, padding: tuple[Pair, Pair], groups: int) -> Floats:
        """Pad images (N, C, H, W) and lay them out: (groups, C/groups, long rows of all phases)."""
        batch, channels, height, width = x.shape
        (rows, columns), (down, right), ((top, _), (left, _)) = self.size, self.stride, padding
        padded = np.zeros((channels, batch, rows * down, columns * right), x.dtype)
        inside = padded[:, :, top : top + height, left : left + width]
        inside[...] = x.transpose(1, 0, 2, 3)[:, :, : inside.shape[2], : inside.shape[3]]
        phases = padded.reshape(channels, batch, rows, down, columns, right).transpose(0, 3, 5, 1, 2, 4)
        return phases.reshape(groups, channels // groups, down * right * batch * rows * columns)

    def join(self, phases: Floats, input_shape: tuple[int, ...], padding: tuple[Pair, Pair]) -> Floats:
        """Undo :meth:`split`: crop the padding, and put zeros where no window came."""
        batch, channels, height, width = input_shape
        (rows, columns), (down, right), ((top, _), (left, _)) = self.size, self.stride, padding
        padded = phases.reshape(channels, down, right, batch, rows, columns).transpose(3, 0, 4, 1, 5, 2)
        padded = padded.reshape(batch, channels, rows * down, columns * right)
        inside = padded[:, :, top : top + height, left : left + width]
        joined = np.zeros(input_shape, phases.dtype)
        joined[:, :, : inside.shape[2], : inside.shape[3]] = inside
        return joined

    def spread(self, outputs: Floats, groups: int) -> Floats:
        """Lay output planes (N, O, OH, OW) out as long rows, with zeros in the gaps."""
        batch, channels, height, width = outputs.shape
        rows, pitch = self.size
        spread = np.zeros((channels, batch, rows, pitch), outputs.dtype)
        spread[:, :, :height, :width] = outputs.transpose(1, 0, 2, 3)
        return spread.reshape(groups, channels // groups, batch * rows * pitch)

    def starts(self, batch: int, channels: int) -> NDArray[Any]:
        """Return where each tap's long row starts in the phases of a group, (channels, taps)."""
        return _starts(self, batch, channels)

    def walk(self, *, over_gaps: bool) -> tuple[int, int, int, int]:
        """Return how a kernel walks along the long row of an image.

        Returns
        -------
        area : int
            From one image to the next.
        length : int
            From the first to the last output pixel of an image.
        step, used : int
            The steps of the walk, and how much of each is used: all, or an image row but its gap.
        """
        (rows, pitch), (height, width) = self.size, self.output_size
        area, length = rows * pitch, (height - 1) * pitch + width
        return (area, length, STRETCH, STRETCH) if over_gaps else (area, length, pitch, width)


@lru_cache(maxsize=256)
def _starts(phases: Phases, batch: int, channels: int) -> NDArray[Any]:
    (rows, pitch), (down, right) = phases.size, phases.stride
    row = np.arange(phases.window[0])[:, None] * phases.dilation[0]
    column = np.arange(phases.window[1])[None, :] * phases.dilation[1]
    phase = np.ravel(row % down * right + column % right)
    pixel = np.ravel(row // down * pitch + column // right)
    plane = np.arange(channels)[:, None] * (down * right) + phase
    return readable(plane * (batch * rows * pitch) + pixel, np.int64)
