"""Running a kernel on several cores.

A kernel is a serial function ``kernel(first, last, *arguments)`` that releases the GIL and does
the jobs ``first <= job < last``; jobs write to separate places, so any way of sharing them out
gives bit-identical results. The calling thread takes the first share itself.

Why not numba's ``parallel=True``: it compiles twice as long (the convolution alone 0.75 s more);
its GNU OpenMP layer kills a forked child, as in a multiprocessing data loader, and its workqueue
layer, the only one on many machines, allows no two callers; and it spins: where another program
held one of two cores, a convolution of 3 ms took 8. Its only advantage is a quicker handover,
2 µs against 13, which ``SMALLEST_SHARE`` keeps out of small work.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from queue import SimpleQueue
from threading import Lock, Thread
from typing import TypeAlias

from autograd_cnn.errors import ArgumentError

# Waking another thread costs about as much as this many multiply-adds; smaller shares do not pay.
SMALLEST_SHARE = 400_000

Finished: TypeAlias = "SimpleQueue[BaseException | None]"
Tasks: TypeAlias = "SimpleQueue[tuple[Finished, Callable[..., None], tuple[object, ...]]]"

_lock = Lock()
_tasks: Tasks = SimpleQueue()
_workers = 0


def _available_cores() -> int:
    if hasattr(os, "sched_getaffinity"):  # counts only the cores this process may use
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1  # pragma: no cover - where the system tells of no affinity


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
    _num_threads = int(number)


def share_out(kernel: Callable[..., None], jobs: int, operations: int, *arguments: object) -> None:
    """Run ``kernel(first, last, *arguments)`` over ``range(jobs)``, in parallel where it pays.

    ``operations`` is the number of multiply-adds in all jobs together.
    """
    shares = min(_num_threads, jobs, operations // SMALLEST_SHARE)
    if shares <= 1:
        kernel(0, jobs, *arguments)
        return
    bounds = [jobs * share // shares for share in range(shares + 1)]
    finished: Finished = SimpleQueue()
    _start_workers(shares - 1)
    for share in range(1, shares):
        _tasks.put((finished, kernel, (bounds[share], bounds[share + 1], *arguments)))
    try:
        kernel(0, bounds[1], *arguments)
    finally:  # even after an error wait for all: nobody may write into results that are gone
        errors = [finished.get() for _ in range(1, shares)]
    for error in errors:
        if error is not None:
            raise error


def _start_workers(number: int) -> None:
    """See to it that ``number`` workers run; they sleep until there is a task, and never end."""
    global _workers
    if _workers < number:
        with _lock:
            for _ in range(_workers, number):
                Thread(target=_work, args=(_tasks,), name="autograd_cnn kernel", daemon=True).start()
            _workers = max(_workers, number)


def _work(tasks: Tasks) -> None:
    while True:
        finished, kernel, arguments = tasks.get()
        try:
            kernel(*arguments)
        except BaseException as error:
            finished.put(error)
        else:
            finished.put(None)
        del finished, kernel, arguments  # an idle worker keeps no array alive


def _start_afresh_in_child() -> None:  # pragma: no cover - runs in the child only, where a test watches it
    """Forget the parent's workers: a fork copies no thread but the one that forks."""
    global _lock, _tasks, _workers
    _lock, _tasks, _workers = Lock(), SimpleQueue(), 0


if hasattr(os, "register_at_fork"):  # pragma: no branch - Windows has no fork
    os.register_at_fork(after_in_child=_start_afresh_in_child)
