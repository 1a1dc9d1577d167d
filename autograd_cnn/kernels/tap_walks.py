"""Which taps of a window meet which pixels, along one axis of an image.

Output ``o`` meets pixel ``o * stride + t * dilation - before`` through tap ``t``, if the image has such a pixel.
Kernels that walk along these meetings need no padded copy of the image and multiply nothing by the zeros of the
padding. Two thirds of the products of a 5×5 window's input gradient on a small image would be such zeros.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from math import gcd
from typing import Any, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

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

    def walk_over_outputs(self, *, merge: bool) -> Walk:
        """Return for each output its taps, and the first pixel it meets; ``merge`` neighbours into runs."""
        return _walk_over_outputs(self, merge)

    def walk_over_pixels(self, *, merge: bool) -> Walk:
        """Return for each pixel the taps through which it is seen, and the first output that sees it."""
        return _walk_over_pixels(self, merge)

    def outputs_of(self, tap: int) -> range:
        """Return the outputs that meet a pixel through this tap."""
        first = -(-(self.before - tap * self.dilation) // self.stride)
        last = (self.pixels - 1 + self.before - tap * self.dilation) // self.stride
        return range(max(0, first), max(0, first, min(self.outputs, last + 1)))

    def pixel(self, output: int, tap: int) -> int:
        """Return where an output looks through a tap."""
        return output * self.stride + tap * self.dilation - self.before

    def walk_over_taps(self, together: int) -> NDArray[Any]:
        """Return which outputs each tap meets: by ``together`` taps at once, where all of them meet the output.

        Returns
        -------
        ndarray of int64, (R, 5)
            First tap, how many (``together`` or one), first output, how many, and the first one's pixel.
        """
        return _walk_over_taps(self, together)


@lru_cache(maxsize=256)
def _walk_over_outputs(axis: Axis, merge: bool) -> Walk:
    runs = []
    for output in range(axis.outputs):
        taps = [tap for tap in range(axis.taps) if 0 <= axis.pixel(output, tap) < axis.pixels]
        runs.append((output, 1, taps[0], len(taps), axis.pixel(output, taps[0])) if taps else (output, 1, 0, 0, 0))
    return Walk(_table(_merged(runs) if merge else runs), 1, axis.dilation)


@lru_cache(maxsize=256)
def _walk_over_pixels(axis: Axis, merge: bool) -> Walk:
    runs = []
    for pixel in range(axis.pixels):
        # Of all taps, those that a window at a whole number of strides can bring here.
        places = [divmod(pixel - axis.pixel(0, tap), axis.stride) for tap in range(axis.taps)]
        taps = [tap for tap, (output, rest) in enumerate(places) if rest == 0 and 0 <= output < axis.outputs]
        runs.append((pixel, 1, taps[0], len(taps), places[taps[0]][0]) if taps else (pixel, 1, 0, 0, 0))
    common = gcd(axis.stride, axis.dilation)
    return Walk(_table(_merged(runs) if merge else runs), axis.stride // common, -(axis.dilation // common))


@lru_cache(maxsize=256)
def _walk_over_taps(axis: Axis, together: int) -> NDArray[Any]:
    pieces: list[tuple[int, int, range]] = []
    tap = 0
    while tap < axis.taps:
        if together == 1 or tap + together > axis.taps:
            pieces.append((tap, 1, axis.outputs_of(tap)))
            tap += 1
            continue
        each = [axis.outputs_of(t) for t in range(tap, tap + together)]
        first, stop = max(met.start for met in each), min(met.stop for met in each)
        pieces.append((tap, together, range(first, stop)))
        for t, met in enumerate(each, tap):
            pieces.append((t, 1, range(met.start, min(met.stop, first))))
            pieces.append((t, 1, range(max(met.start, first, stop), met.stop)))
        tap += together
    return _table([(t, taps, met.start, len(met), axis.pixel(met.start, t)) for t, taps, met in pieces if met])


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
