"""How exact float32 convolutions have to be: a choice of the user's, who alone knows what they are for."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from autograd_cnn.errors import ArgumentError, suggestion

PRECISIONS = {"default": 2, "fast": 4}  # and the outputs of a Winograd tile, along each axis
_tile: ContextVar[int] = ContextVar("tile", default=PRECISIONS["default"])


@contextmanager
def precision(name: str) -> Iterator[None]:
    """Let convolutions inside the ``with`` trade accuracy for speed.

    Parameters
    ----------
    name : {"default", "fast"}
        With ``"fast"``, 3×3 convolutions that go by Winograd take tiles of 4 × 4 outputs instead of 2 × 2: 36
        products for 16 outputs instead of 64, at some 10 times the rounding error. In float32 that is about 10⁻⁵
        of the largest number in the result.

    Raises
    ------
    ArgumentError
        If there is no such precision.

    Examples
    --------
    >>> with precision("fast"):
    ...     print(winograd_tile())
    4
    """
    if name not in PRECISIONS:
        raise ArgumentError(
            f"precision got {name!r}; there are {', '.join(map(repr, PRECISIONS))}{suggestion(name, PRECISIONS)}"
        )
    token = _tile.set(PRECISIONS[name])
    try:
        yield
    finally:
        _tile.reset(token)


def winograd_tile() -> int:
    """Return how many outputs a Winograd tile has along each axis: 2, or 4 where `precision` allows."""
    return _tile.get()
