"""Networks without weights: to look at shapes and sizes, or to write saved weights into."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

import numpy as np

from autograd_cnn.graph import Parameter
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
    if is_skeleton():
        return Parameter.unwritten(shape, dtype)
    parameter = Parameter(np.empty(shape, dtype))
    start(parameter)
    return parameter
