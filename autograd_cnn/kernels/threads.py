"""Running a kernel on several cores.

A kernel is a serial function ``kernel(first, last, *arguments)`` that releases the GIL and does
the jobs ``first <= job < last``; jobs write to separate places, so any way of sharing them out
gives bit-identical results. The calling thread takes the first share itself.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Lock

from autograd_cnn.errors import ArgumentError

# Waking another thread costs about as much as this many multiply-adds; smaller shares do not pay.
SMALLEST_SHARE = 250_000

_lock = Lock()
_pool: ThreadPoolExecutor | None = None


def _available_cores() -> int:
    if hasattr(os, "sched_getaffinity"):  # counts only the cores this process may use
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


_num_threads = _available_cores()


def get_num_threads() -> int:
    """Return how many threads a kernel may use; at first, the number of cores."""
    return _num_threads


def set_num_threads(number: int) -> None:
    """Let kernels use at most ``number`` threads.

    Raises
    ------
    ArgumentError
        If ``number`` is less than one.
    """
    global _num_threads
    if number < 1:
        raise ArgumentError(f"set_num_threads got {number}; give 1 or more")
    with _lock:
        _num_threads = int(number)
        _forget_pool()


def share_out(kernel: Callable[..., None], jobs: int, operations: int, *arguments: object) -> None:
    """Run ``kernel(first, last, *arguments)`` over ``range(jobs)``, in parallel where it pays.

    ``operations`` is the number of multiply-adds in all jobs together.
    """
    shares = min(_num_threads, jobs, operations // SMALLEST_SHARE)
    if shares <= 1:
        kernel(0, jobs, *arguments)
        return
    bounds = [jobs * share // shares for share in range(shares + 1)]
    with _lock:
        pool = _running_pool()
        others = [pool.submit(kernel, bounds[share], bounds[share + 1], *arguments) for share in range(1, shares)]
    try:
        kernel(0, bounds[1], *arguments)
    finally:
        for other in others:  # even after an error: nobody may write into freed results
            other.result()


def _running_pool() -> ThreadPoolExecutor:
    global _pool
    if _pool is None:
        _pool = ThreadPoolExecutor(_num_threads - 1, thread_name_prefix="autograd_cnn")
    return _pool


def _forget_pool() -> None:
    global _pool
    if _pool is not None:
        _pool.shutdown(wait=False)  # shares already handed out are still finished
        _pool = None


def _start_afresh_in_child() -> None:
    """Forget the parent's pool: a fork copies no thread but the one that forks."""
    global _lock, _pool
    _lock, _pool = Lock(), None


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_start_afresh_in_child)
