"""The threads of BLAS, which numpy's matrix products run in: one budget with those of our kernels.

OpenBLAS keeps a pool of its own. After a product its threads spin for some 30 ms, in which they take
the cores from our kernels, and where another program holds one core, each product waits for it: with
one of two cores busy a training step of LeNet-5 took 84 ms instead of 20, and on idle cores two threads
of BLAS gained nothing. So the products of a network let BLAS work in one thread, `single_threaded`, and
share their rows out over our own threads instead: see :mod:`.matrix_product`.

Other products of numpy keep the threads that BLAS has; `set_blas_threads` changes them. Where numpy is
built on a library that threadpoolctl does not know (Accelerate), all of this does nothing.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from threading import Lock
from typing import Any

_lock = Lock()
_holders = 0
_before: list[int] = []  # the counts that are restored when the last product has ended


@cache
def _libraries() -> list[Any]:
    """Return the BLAS libraries that are loaded, each with a `num_threads` and `set_num_threads`."""
    from threadpoolctl import ThreadpoolController  # needs 10 ms, at the first large product

    found: list[Any] = ThreadpoolController().select(user_api="blas").lib_controllers
    return found


def get_blas_threads() -> list[int]:
    """Return the number of threads of each BLAS library: one number, or none, or that of scipy's too."""
    with _lock:
        return list(_before) if _holders else [library.num_threads for library in _libraries()]


def set_blas_threads(number: int) -> None:
    """Let BLAS use ``number`` threads, or as many as it was built for; at once, or when products of ours end."""
    global _before
    with _lock:
        if not _holders:
            _libraries.cache_clear()  # scipy may have brought one of its own meanwhile
        if _holders:
            _before = [number] * len(_before)
        else:
            _set([number] * len(_libraries()))


@contextmanager
def single_threaded() -> Iterator[None]:
    """Let BLAS work in the threads that call it alone, until all who asked for that have ended."""
    global _holders, _before
    with _lock:
        if not _holders:
            _before = [library.num_threads for library in _libraries()]
            _set([1] * len(_before))
        _holders += 1
    try:
        yield
    finally:
        with _lock:
            _holders -= 1
            if not _holders:
                _set(_before)


def _set(numbers: list[int]) -> None:
    for library, number in zip(_libraries(), numbers, strict=True):
        if library.num_threads != number:
            library.set_num_threads(number)


def _start_afresh_in_child() -> None:  # pragma: no cover - runs in the child only, where a test watches it
    """Let go of what other threads of the parent held: they do not run here."""
    global _lock, _holders
    _lock = Lock()
    if _holders:
        _holders = 0
        _set(_before)


if hasattr(os, "register_at_fork"):  # pragma: no branch - Windows has no fork
    os.register_at_fork(after_in_child=_start_afresh_in_child)
