"""Which taps of a window meet which pixels of an image.

Output ``o`` meets pixel ``o * stride + t * dilation - before`` through tap ``t``, if the image has such a pixel.
Kernels that walk along these meetings need no padded copy of the image and multiply nothing by the zeros of the
padding: for the input gradient of a 5×5 window on a small image, half of all products.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from math import gcd
from typing import Any, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from autograd_cnn.kernels.geometry import Convolution, Padding, Pair

Run: TypeAlias = tuple[int, int, int, int, int]


class Walk(NamedTuple):
    """What a kernel adds up at the positions of its result, along one axis.

    Attributes
    ----------
    runs : ndarray of int64, (R, 5)
        Neighbouring positions that take the same taps, while their source moves along with them: first position,
        how many, first tap, how many taps, and the source that the first position meets through the first tap.
    tap_step, source_step : int
        From one of these taps, and from its source, to the next.
    """

    runs: NDArray[Any]
    tap_step: int
    source_step: int


@dataclass(frozen=True)
class Axis:
    """Windows along the height or the width of an image; ``before`` counts the zeros of padding in front of it."""

    pixels: int
    outputs: int
    taps: int
    stride: int
    dilation: int
    before: int

    def pixel(self, output: int, tap: int) -> int:
        """Return where an output looks through a tap."""
        return output * self.stride + tap * self.dilation - self.before

    def outputs_of(self, tap: int) -> range:
        """Return the outputs that meet a pixel through this tap."""
        first = max(0, -(self.pixel(0, tap) // self.stride))
        last = (self.pixels - 1 - self.pixel(0, tap)) // self.stride
        return range(first, max(first, min(self.outputs, last + 1)))

    def walk_over_outputs(self, *, merge: bool) -> Walk:
        """Return for each output its taps, and the first pixel it meets; ``merge`` neighbours into runs."""
        runs: list[Run] = []
        for output in range(self.outputs):
            taps = [tap for tap in range(self.taps) if 0 <= self.pixel(output, tap) < self.pixels]
            met = (taps[0], len(taps), self.pixel(output, taps[0])) if taps else (0, 0, 0)
            runs.append((output, 1, *met))
        return Walk(_table(_merged(runs) if merge else runs), 1, self.dilation)

    def walk_over_pixels(self, *, merge: bool) -> Walk:
        """Return for each pixel the taps through which it is seen, and the first output that sees it."""
        runs: list[Run] = []
        for pixel in range(self.pixels):
            # A tap sees the pixel from a window that stands a whole number of strides further on.
            seen = [divmod(pixel - self.pixel(0, tap), self.stride) for tap in range(self.taps)]
            taps = [tap for tap, (output, rest) in enumerate(seen) if rest == 0 and 0 <= output < self.outputs]
            met = (taps[0], len(taps), seen[taps[0]][0]) if taps else (0, 0, 0)
            runs.append((pixel, 1, *met))
        common = gcd(self.stride, self.dilation)
        return Walk(_table(_merged(runs) if merge else runs), self.stride // common, -(self.dilation // common))

    def walk_over_taps(self, together: int) -> NDArray[Any]:
        """Return which outputs each tap meets: by ``together`` taps at once, where all of them meet the output.

        Returns
        -------
        ndarray of int64, (R, 5)
            First tap, how many (``together`` or one), first output, how many, and the first one's pixel.
        """
        pieces: list[tuple[int, int, range]] = []
        whole = self.taps // together * together if together > 1 else 0
        for tap in range(0, whole, together):
            each = [self.outputs_of(t) for t in range(tap, tap + together)]
            first, stop = max(met.start for met in each), min(met.stop for met in each)
            pieces.append((tap, together, range(first, stop)))
            for t, met in enumerate(each, tap):
                pieces.append((t, 1, range(met.start, min(met.stop, first))))
                pieces.append((t, 1, range(max(met.start, first, stop), met.stop)))
        pieces += [(tap, 1, self.outputs_of(tap)) for tap in range(whole, self.taps)]
        return _table([(t, taps, met.start, len(met), self.pixel(met.start, t)) for t, taps, met in pieces if met])


class Windows(NamedTuple):
    """How windows stand on an image: a pair along height and width for each question."""

    pixels: tuple[int, ...]
    outputs: tuple[int, ...]
    taps: tuple[int, ...]
    stride: Pair
    dilation: Pair
    padding: Padding

    def axes(self) -> tuple[Axis, Axis]:
        """Return height and width by themselves."""
        pairs = zip(*self[:5], (top for top, _ in self.padding), strict=True)
        down, right = (Axis(*pair) for pair in pairs)
        return down, right


def windows_of(convolution: Convolution) -> Windows:
    """Return how the windows of a convolution stand on its images."""
    return Windows(
        convolution.input_size,
        convolution.output_size,
        convolution.window,
        convolution.stride,
        convolution.dilation,
        convolution.padding,
    )


class Sums(NamedTuple):
    """What a kernel adds up at the positions of its result, along rows and columns.

    Attributes
    ----------
    rows, columns : ndarray of int64, (R, 5)
        The runs of a `Walk` over the rows of the result, each by itself, and of one along each row.
    steps : (int, int, int, int)
        From tap to tap and from source to source: down, then to the right.
    fewest_taps : (int, int)
        How many taps down and to the right every position meets at least.
    """

    rows: NDArray[Any]
    columns: NDArray[Any]
    steps: tuple[int, int, int, int]
    fewest_taps: Pair


@lru_cache(maxsize=256)
def sums_of_outputs(windows: Windows) -> Sums:
    """Return what a convolution adds up."""
    down, right = windows.axes()
    return _sums(down.walk_over_outputs(merge=False), right.walk_over_outputs(merge=True))


@lru_cache(maxsize=256)
def sums_of_pixels(windows: Windows) -> Sums:
    """Return what an input gradient adds up."""
    down, right = windows.axes()
    return _sums(down.walk_over_pixels(merge=False), right.walk_over_pixels(merge=True))


def _sums(down: Walk, right: Walk) -> Sums:
    fewest = int(down.runs[:, 3].min()), int(right.runs[:, 3].min())
    return Sums(down.runs, right.runs, (*down[1:], *right[1:]), fewest)


@lru_cache(maxsize=256)
def meetings_of_taps(windows: Windows, together: int) -> tuple[NDArray[Any], NDArray[Any]]:
    """Return which outputs each tap meets: what a weight gradient adds up, by so many taps to the right at once.

    Returns
    -------
    rows : ndarray of int64, (KH, 3)
        The outputs that each tap down meets: first, how many, and the first one's pixel.
    columns : ndarray of int64, (R, 5)
        As :meth:`Axis.walk_over_taps` says.
    """
    down, right = windows.axes()
    met = [down.outputs_of(tap) for tap in range(down.taps)]
    rows = np.array([(each.start, len(each), down.pixel(each.start, tap)) for tap, each in enumerate(met)], np.int64)
    rows.flags.writeable = False
    return rows, right.walk_over_taps(together)


def _merged(runs: list[Run]) -> list[Run]:
    """Join neighbours whose sources are neighbours, too, and meet the same taps."""
    merged = runs[:1]
    for run in runs[1:]:
        begin, length, *before = merged[-1]
        _, _, tap, taps, source = run
        if before == [tap, taps, source - length]:
            merged[-1] = (begin, length + 1, tap, taps, source - length)
        else:
            merged.append(run)
    return merged


def _table(rows: list[Run]) -> NDArray[Any]:
    table = np.array(rows, np.int64).reshape(len(rows), 5)
    table.flags.writeable = False
    return table
