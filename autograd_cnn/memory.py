"""What does not fit in memory: refused by name, with its size and a way out, before a machine stands still over it."""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np

from autograd_cnn.errors import OutOfMemoryError
from autograd_cnn.settings import LARGEST_INTEGER


@contextmanager
def in_memory(what: str, shape: tuple[int, ...], bytes_each: int, way_out: str) -> Iterator[None]:
    """Raise OutOfMemoryError where an array made in the ``with`` block does not fit, or cannot be numbered at all.

    Parameters
    ----------
    what : str
        Whose array it is, as the error calls it.
    shape : tuple of int
        Of the largest array of the block.
    bytes_each : int
        Of one of its elements.
    way_out : str
        What the error advises.
    """
    size = math.prod(shape) * bytes_each
    try:
        if size > LARGEST_INTEGER:  # NumPy has several errors for such an array, depending on its axes
            raise MemoryError
        yield
    except MemoryError:
        raise OutOfMemoryError(
            f"{what} of shape {shape} take {size / 2**30:.3g} GiB, which cannot be had; {way_out}"
        ) from None


def check_room(what: str, shape: tuple[int, ...], bytes_each: int, way_out: str) -> None:
    """Raise OutOfMemoryError at once where so many objects of Python would not fit, were they made one by one.

    The system is asked for memory as large in one piece, which costs nothing as long as nobody writes there.
    """
    with in_memory(what, shape, bytes_each, way_out):
        np.empty(math.prod(shape) * bytes_each, np.uint8)
