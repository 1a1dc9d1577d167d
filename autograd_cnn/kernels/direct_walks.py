"""How the direct convolution walks: which taps meet which pixels, and how an axis is cut into tiles and blocks.

Along one axis of the image, the gradient of pixel h = a + S·t sums the upstream gradients i = t + offset of those taps
r for which a + P − r·D is a multiple of the stride S. So the pixels of one *phase* a are a convolution at stride 1 of
the upstream gradient with some of the taps, in reverse order; at stride 1 there is a single phase, and all taps.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from math import gcd


@dataclass(frozen=True)
class Phase:
    """Every S-th pixel of an axis, and what its gradient is made of.

    Attributes
    ----------
    first, count : int
        The first of these pixels, and how many there are.
    taps : tuple of int
        The taps that reach them, so that the upstream gradients they stand for follow each other upwards.
    offset : int
        The upstream gradient of the first pixel and the first tap; it may lie outside, where there is none.
    apart : int
        From one tap's upstream gradient to the next tap's.
    """

    first: int
    count: int
    taps: tuple[int, ...]
    offset: int
    apart: int

    @property
    def end(self) -> int:
        """One after the last upstream gradient that is asked for."""
        return self.offset + self.count + (len(self.taps) - 1) * self.apart


@cache
def phases(pixels: int, window: int, stride: int, padding: int, dilation: int) -> tuple[Phase, ...]:
    """Return the phases of an axis of so many pixels; ``padding`` is that before the first."""
    found = []
    for first in range(min(stride, pixels)):
        taps = [tap for tap in reversed(range(window)) if (first + padding - tap * dilation) % stride == 0]
        offset = (first + padding - taps[0] * dilation) // stride if taps else 0
        count = -(-(pixels - first) // stride)
        found.append(Phase(first, count, tuple(taps), offset, dilation // gcd(stride, dilation)))
    return tuple(found)


def even(length: int, most: int) -> int:
    """Return how long tiles are, at most ``most``, so that as few as possible cover an axis and the last fits best."""
    return -(-length // -(-length // most))


def blocks(lanes: int, vectors: int, channels: int) -> tuple[tuple[int, int], ...]:
    """Cut channels into blocks of whole vectors; return each one's first channel and number of vectors.

    The last block ends with the last channel, so that it may overlap the one before it, unless the channels do not
    fill a single vector.
    """
    whole, vectors = -(-channels // lanes), min(vectors, max(1, channels // lanes))
    cut = []
    for first in range(0, whole, vectors):
        number = min(vectors, whole - first)
        cut.append((max(0, min(first * lanes, channels - number * lanes)), number))
    return tuple(cut)
