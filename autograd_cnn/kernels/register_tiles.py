"""Which tile of sums suits a product whose rows are long: as many rows and vectors as registers hold.

For products whose second factor and result have long rows of numbers side by side, as images that lie batch last.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np

from autograd_cnn.kernels.instruction_set import InstructionSet, instruction_set
from autograd_cnn.kernels.microkernel import dot, tile


class Tiles(NamedTuple):
    """A tile for long rows and one for shorter rows: how many rows, and each one's kernel and length.

    The last tile along either side overlaps the one before, and computes the same numbers once more.
    """

    rows: int
    wide: int
    wide_length: int
    narrow: int
    narrow_length: int


class Dots(NamedTuple):
    """Kernels that sum over lanes: ``rows`` times several columns, or times one."""

    rows: int
    lanes: int
    several: int
    one: int


@lru_cache(maxsize=256)
def tiles(rows: int, shortest: int, dtype: np.dtype[Any]) -> Tiles:
    """Return tiles for so many rows, the shortest of which is so long; at least a vector."""
    machine, sums, most_rows = _registers(dtype)
    rows = _even(rows, most_rows)
    wide = 1
    while 2 * wide * rows <= sums and wide < most_rows:
        wide *= 2
    narrow = wide
    while narrow * machine.lanes > shortest:
        narrow //= 2
    lengths = wide * machine.lanes, narrow * machine.lanes
    return Tiles(rows, tile(rows, wide, dtype), lengths[0], tile(rows, narrow, dtype), lengths[1])


@lru_cache(maxsize=256)
def dots(rows: int, columns: int, dtype: np.dtype[Any]) -> tuple[int, Dots]:
    """Return how many columns are best taken together, and the kernels for so many, and for one."""
    machine, sums, most_rows = _registers(dtype)
    together = _even(columns, most_rows - 1)
    rows = _even(rows, min(most_rows, sums // together))
    return together, Dots(rows, machine.lanes, dot(rows, together, dtype), dot(rows, 1, dtype))


def _registers(dtype: np.dtype[Any]) -> tuple[InstructionSet, int, int]:
    """Return the machine, how many sums fit into its vector registers, and how many rows a tile has at most."""
    machine = instruction_set(dtype)
    large = machine.lanes * dtype.itemsize == 64  # with vectors of 64 bytes come 32 registers, else there are 16
    return machine, 24 if large else 12, 8 if large else 6


def _even(number: int, most: int) -> int:
    """Return the size of parts, each of at most so many, that share a number out evenly."""
    return -(-number // -(-number // most))
