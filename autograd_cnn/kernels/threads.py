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

import operator
import os
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from itertools import pairwise
from queue import SimpleQueue
from threading import Lock, Thread
from typing import TypeAlias

from autograd_cnn.errors import ArgumentError, DtypeError
from autograd_cnn.kernels.blas import set_blas_threads
from autograd_cnn.settings import is_whole

# Waking another thread costs about as much as this many multiply-adds; smaller shares do not pay.
SMALLEST_SHARE = 400_000

Finished: TypeAlias = "SimpleQueue[None]"
Results: TypeAlias = list[BaseException | None]
Tasks: TypeAlias = "SimpleQueue[tuple[Finished, Results, Callable[..., None], tuple[object, ...]]]"

_lock = Lock()
_tasks: Tasks = SimpleQueue()
_workers = 0

# More than any machine has cores; a number beyond it is a mistake.
MOST_THREADS = 4096

_num_threads = 0  # not asked for yet


def get_num_threads() -> int:
    """Return how many threads the engine may use; at first, what :mod:`.cores` finds."""
    global _num_threads
    if not _num_threads:
        from autograd_cnn.kernels.cores import default_num_threads  # needs pathlib, which numpy does without

        _num_threads = default_num_threads()
    return _num_threads


def set_num_threads(number: int) -> None:
    """Let the engine's kernels, and numpy's BLAS, each use at most ``number`` threads.

    The two take turns: while a kernel or a matrix product of a network runs in several threads, BLAS
    itself works in one. For a fixed number results are bit-identical from run to run; convolution, pooling,
    normalization and softmax give the same bits for any number, matrix products may differ in rounding.

    A forked child keeps the number; a spawned one begins with the default: the cores of the machine that this
    process may use, or ``OMP_NUM_THREADS`` or ``NUMBA_NUM_THREADS``, the smaller one, where they are set.

    Raises
    ------
    DtypeError
        If ``number`` is no whole number.
    ArgumentError
        If ``number`` is less than one, or more than any machine has.
    """
    global _num_threads
    if not is_whole(number):
        raise DtypeError(f"set_num_threads got {number!r}; give a whole number of 1 or more")
    count = operator.index(number)
    if count < 1:
        raise ArgumentError(f"set_num_threads got {number}; give 1 or more")
    if count > MOST_THREADS:
        raise ArgumentError(f"set_num_threads got {number}; give {MOST_THREADS} or less, best the number of cores")
    _num_threads = count
    set_blas_threads(count)


def share_out(kernel: Callable[..., None], jobs: int, operations: int, *arguments: object) -> None:
    """Run ``kernel(first, last, *arguments)`` over ``range(jobs)``, in parallel where it pays.

    ``operations`` is the number of multiply-adds in all jobs together.
    """
    if operations < 2 * SMALLEST_SHARE:
        kernel(0, jobs, *arguments)
        return
    shares = max(1, min(get_num_threads(), jobs, operations // SMALLEST_SHARE))
    bounds = [jobs * share // shares for share in range(shares + 1)]
    if shares == 1 or not _start_workers(shares - 1):
        for ends in pairwise(bounds):  # the same shares without workers: a product of BLAS depends on how many rows
            kernel(*ends, *arguments)
        return
    finished: Finished = SimpleQueue()
    results: Results = []
    tasks = [(finished, results, kernel, (*ends, *arguments)) for ends in pairwise(bounds[1:])]
    sent: list[object] = []
    try:
        # in C from end to end, where no Ctrl-C comes between: what is sent is known to be
        deque(zip(map(_tasks.put, tasks), map(sent.append, tasks), strict=True), maxlen=0)
        kernel(0, bounds[1], *arguments)
    finally:  # even after an error wait for all: nobody may write into results that are gone
        _wait_for(len(sent), finished, results)
    for error in results:
        if error is not None:
            raise error


def _wait_for(number: int, finished: Finished, results: Results) -> None:
    """Wait until so many tasks are done; Ctrl-C, too, waits: what is called next may write where they write."""
    interruption = None
    while len(results) < number:
        try:
            finished.get()
        except KeyboardInterrupt as error:
            interruption = error
    if interruption is not None:
        raise interruption


def _start_workers(number: int) -> int:
    """See to it that ``number`` workers run, or as many as the system allows; return how many do.

    They sleep until there is a task, and never end. Fewer workers than tasks are slower, not wrong.
    """
    global _workers
    if _workers < number:
        with _lock, suppress(RuntimeError):  # "can't start new thread": a limit of processes, or Python is ending
            while _workers < number:
                Thread(target=_work, args=(_tasks,), name="autograd_cnn kernel", daemon=True).start()
                _workers += 1
    return _workers


def _work(tasks: Tasks) -> None:
    while True:
        finished, results, kernel, arguments = tasks.get()
        try:
            kernel(*arguments)
        except BaseException as error:
            results.append(error)
        else:
            results.append(None)
        finished.put(None)  # after the result, which is what counts: Ctrl-C may swallow this word
        del finished, results, kernel, arguments  # an idle worker keeps no array alive


def _start_afresh_in_child() -> None:  # pragma: no cover - runs in the child only, where a test watches it
    """Forget the parent's workers: a fork copies no thread but the one that forks."""
    global _lock, _tasks, _workers
    _lock, _tasks, _workers = Lock(), SimpleQueue(), 0


if hasattr(os, "register_at_fork"):  # pragma: no branch - Windows has no fork
    os.register_at_fork(after_in_child=_start_afresh_in_child)
