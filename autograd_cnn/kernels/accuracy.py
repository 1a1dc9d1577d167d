"""How exact float32 convolutions have to be: a choice of the user's, who alone knows what they are for."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from autograd_cnn.errors import ArgumentError, suggestion

PRECISIONS = ("default", "fast")
_precision: ContextVar[str] = ContextVar("precision", default="default")


@contextmanager
def precision(name: str) -> Iterator[None]:
    """Let convolutions inside the ``with`` trade accuracy for speed.

    Parameters
    ----------
    name : {"default", "fast"}
        With ``"fast"``, 3×3 convolutions that go by Winograd take tiles of 4 × 4 outputs instead of 2 × 2 where
        that pays: 36 products for 16 outputs instead of 64, at some ten times the rounding error. In float32
        that is about 10⁻⁵ of the largest number in the result.

    Raises
    ------
    ArgumentError
        If there is no such precision.

    Examples
    --------
    >>> with precision("fast"):
    ...     print(is_fast())
    True
    """
    if name not in PRECISIONS:
        raise ArgumentError(
            f"precision got {name!r}; there are {', '.join(map(repr, PRECISIONS))}{suggestion(name, PRECISIONS)}"
        )
    token = _precision.set(name)
    try:
        yield
    finally:
        _precision.reset(token)


def is_fast() -> bool:
    """Return whether `precision` allows more rounding."""
    return _precision.get() == "fast"
