"""The memory of weights, and networks without: to look at shapes and sizes, or to write saved weights into."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from contextvars import ContextVar
from typing import Any

import numpy as np
from numpy.typing import NDArray

from autograd_cnn.graph import Parameter
from autograd_cnn.memory import in_memory
from autograd_cnn.nn.shapes import Shape

_bare: ContextVar[bool] = ContextVar("bare", default=False)


@contextmanager
def skeleton() -> Iterator[None]:
    """Draw no starting values inside the ``with`` block: weights of layers made there are zeros without memory.

    A weight gets its memory when it is first written into: by `Module.load_state_dict`, by a function of
    `autograd_cnn.init`, or by an optimizer. VGG-16 is built in milliseconds, and its 138 million numbers take
    no memory before they are loaded.

    Examples
    --------
    >>> from autograd_cnn import nn
    >>> with nn.skeleton():
    ...     layer = nn.Linear(1_000_000, 1_000_000)
    >>> layer.weight.size, layer.output_shape((1_000_000,))
    (1000000000000, (1000000,))
    """
    token = _bare.set(True)
    try:
        yield
    finally:
        _bare.reset(token)


def is_skeleton() -> bool:
    """Tell whether this runs inside `skeleton`."""
    return _bare.get()


def started(shape: Shape, dtype: np.dtype[Any], start: Callable[[Parameter], Any]) -> Parameter:
    """Return a parameter into which `start` wrote its first values; inside `skeleton` zeros without memory."""
    with weights_in_memory(shape, dtype):
        if is_skeleton():
            return Parameter.unwritten(shape, dtype)
        parameter = Parameter(np.empty(shape, dtype))
        start(parameter)
    return parameter


def filled(shape: Shape, number: float, dtype: np.dtype[Any]) -> NDArray[Any]:
    """Return an array of one number, which weights or statistics start from."""
    with weights_in_memory(shape, dtype):
        return np.full(shape, number, dtype)


def weights_in_memory(shape: Shape, dtype: np.dtype[Any]) -> AbstractContextManager[None]:
    """Raise OutOfMemoryError where weights of a shape, made in the ``with`` block, do not fit in memory."""
    way_out = "make fewer or smaller layers, or look at shapes and sizes alone inside nn.skeleton()"
    return in_memory("weights", tuple(shape), dtype.itemsize, way_out)
