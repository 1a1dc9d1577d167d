"""Shapes of single samples, and watching how modules ask each other for them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import wraps
from typing import Any, TypeAlias

from autograd_cnn.nn.nesting import too_deep

Shape: TypeAlias = tuple[int, ...]
"""Shape of one sample, without the batch axis."""

Watcher: TypeAlias = Callable[[Any, Shape, Callable[[Any, Shape], Shape]], Shape]
"""Takes a module, an input shape, and what computes the output shape; returns the output shape."""

_watcher: ContextVar[Watcher | None] = ContextVar("watcher", default=None)


@contextmanager
def watching(watcher: Watcher) -> Iterator[None]:
    """Send every call of an ``output_shape`` inside the ``with`` block through `watcher`."""
    token = _watcher.set(watcher)
    try:
        yield
    finally:
        _watcher.reset(token)


def watchable(declared: Callable[[Any, Shape], Shape]) -> Callable[[Any, Shape], Shape]:
    """Return an ``output_shape`` that can be watched."""

    @wraps(declared)
    def output_shape(self: Any, input_shape: Shape) -> Shape:
        watcher = _watcher.get()
        try:
            return declared(self, input_shape) if watcher is None else watcher(self, input_shape, declared)
        except RecursionError as error:
            raise too_deep(error, self) from None

    return output_shape
