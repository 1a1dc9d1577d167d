import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from importlib.util import find_spec, module_from_spec
from queue import SimpleQueue
from threading import Event, Thread, Timer, get_ident

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from autograd_cnn.errors import ArgumentError, DtypeError
from autograd_cnn.kernels import cores, get_num_threads, set_num_threads, threads


@pytest.fixture(autouse=True)
def number_of_threads():
    before = get_num_threads()
    yield
    set_num_threads(before)


def count(first, last, visits):
    visits[first:last] += 1


@given(st.integers(0, 20), st.integers(1, 6), st.integers(0, 10))
def test_every_job_is_done_once(jobs, number, shares_that_pay):
    set_num_threads(number)
    visits = np.zeros(jobs, int)
    threads.share_out(count, jobs, shares_that_pay * threads.SMALLEST_SHARE, visits)
    assert (visits == 1).all()


def test_small_work_stays_in_the_calling_thread():
    set_num_threads(4)
    seen = []
    threads.share_out(lambda first, last: seen.append((first, last, get_ident())), 4, 100)
    assert seen == [(0, 4, get_ident())]


def test_one_thread_shares_nothing():
    set_num_threads(1)
    seen = []
    threads.share_out(lambda first, last: seen.append((first, last)), 4, 4 * threads.SMALLEST_SHARE)
    assert seen == [(0, 4)]


@pytest.mark.parametrize("number", [2, 4])
def test_large_work_is_shared_out_in_shares_that_pay(number):
    set_num_threads(number)
    seen = []
    work = 2 * threads.SMALLEST_SHARE
    threads.share_out(lambda first, last: seen.append((first, last, get_ident())), 5, work)
    assert sorted(share[:2] for share in seen) == [(0, 2), (2, 5)]
    assert len({share[2] for share in seen}) == 2


@pytest.mark.parametrize("failing", [0, 1, 2])
def test_an_error_in_any_share_reaches_the_caller_after_all_have_ended(failing):
    set_num_threads(3)
    ended = []

    def kernel(first, last):
        if first == failing:
            raise ZeroDivisionError(f"in job {first}")
        ended.append(first)

    with pytest.raises(ZeroDivisionError, match=f"in job {failing}"):
        threads.share_out(kernel, 3, 3 * threads.SMALLEST_SHARE)
    assert sorted(ended) == sorted({0, 1, 2} - {failing})


def test_many_callers_at_once_do_not_mix():
    set_num_threads(3)

    def call(number):
        visits = np.zeros(50 + number, int)
        for _ in range(20):
            threads.share_out(count, visits.size, 3 * threads.SMALLEST_SHARE, visits)
        return (visits == 20).all()

    with ThreadPoolExecutor(8) as callers:
        assert all(callers.map(call, range(32)))


@pytest.mark.parametrize(
    ("number", "words"), [(0, "give 1 or more"), (-1, "give 1 or more"), (10**6, "give 4096 or less")]
)
def test_numbers_out_of_range_raise(number, words):
    with pytest.raises(ArgumentError, match=f"set_num_threads got {number}; {words}"):
        set_num_threads(number)


def test_as_many_as_any_machine_has_may_be_asked_for(monkeypatch):
    monkeypatch.setattr(threads, "set_blas_threads", lambda number: None)
    set_num_threads(threads.MOST_THREADS)
    assert get_num_threads() == threads.MOST_THREADS


@pytest.mark.parametrize("number", [2.0, "2", None, True, np.True_, [2], np.array([1, 2])])
def test_what_is_no_whole_number_raises(number):
    before = get_num_threads()
    with pytest.raises(DtypeError, match=r"set_num_threads got .*; give a whole number of 1 or more"):
        set_num_threads(number)
    assert get_num_threads() == before


@pytest.mark.parametrize("number", [7, np.int64(7)])
def test_the_number_set_is_the_number_got(number):
    set_num_threads(number)
    assert get_num_threads() == 7
    assert type(get_num_threads()) is int


def test_the_first_number_is_what_the_cores_allow(monkeypatch):
    monkeypatch.setattr(threads, "_num_threads", 0)
    monkeypatch.setattr(cores, "default_num_threads", lambda: 3)
    assert get_num_threads() == 3


@pytest.mark.parametrize("allowed", [0, 1])
def test_where_no_thread_may_start_the_work_is_done_all_the_same(monkeypatch, allowed):
    """As under a limit of processes: all in the caller, or in as many workers as there are.

    In the same shares: one that was larger gave a matrix product of BLAS other last bits.
    """
    started, shares = [], []

    class Limited(Thread):
        def start(self):
            if len(started) == allowed:
                raise RuntimeError("can't start new thread")
            started.append(self)
            super().start()

    monkeypatch.setattr(threads, "Thread", Limited)
    monkeypatch.setattr(threads, "_workers", 0)
    monkeypatch.setattr(threads, "_tasks", SimpleQueue())
    set_num_threads(4)
    visits = np.zeros(9, int)

    def noted(first, last, visits):
        shares.append((first, last))
        count(first, last, visits)

    threads.share_out(noted, 9, 4 * threads.SMALLEST_SHARE, visits)
    assert (visits == 1).all()
    assert len(started) == allowed
    assert sorted(shares) == [(0, 2), (2, 4), (4, 6), (6, 9)]


def test_as_many_workers_start_as_shares_need_beside_the_caller_and_only_once(monkeypatch):
    started = []

    class Noted(Thread):
        def start(self):
            started.append(self)
            super().start()

    monkeypatch.setattr(threads, "Thread", Noted)
    for name in ("_lock", "_tasks", "_workers"):
        monkeypatch.setattr(threads, name, None)
    threads._start_afresh_in_child()
    set_num_threads(3)
    for _ in range(2):
        threads.share_out(count, 9, 3 * threads.SMALLEST_SHARE, np.zeros(9, int))
    assert len(started) == 2
    assert all(worker.daemon for worker in started)  # Python may end


def test_at_the_start_the_cores_are_asked_and_no_worker_runs(monkeypatch):
    spec = find_spec("autograd_cnn.kernels.threads")
    fresh, started = module_from_spec(spec), []
    spec.loader.exec_module(fresh)
    monkeypatch.setattr(cores, "default_num_threads", lambda: 3)
    assert fresh.get_num_threads() == 3

    class Noted(Thread):
        def start(self):
            started.append(self)
            super().start()

    fresh.Thread = Noted
    fresh.share_out(count, 9, 3 * fresh.SMALLEST_SHARE, np.zeros(9, int))
    assert len(started) == 2


FORK = """
import os, signal, sys
import numpy as np
from autograd_cnn.kernels import set_num_threads, threads

def count(first, last, visits):
    visits[first:last] += 1

def works():
    visits = np.zeros(9, int)
    threads.share_out(count, 9, 3 * threads.SMALLEST_SHARE, visits)
    return (visits == 1).all()

set_num_threads(3)
assert works()
child = os.fork()
if child == 0:
    signal.alarm(20)  # a hang ends in a signal, not in an endless test
    os._exit(0 if works() else 1)
assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
assert works()
"""


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no fork")
def test_a_forked_child_starts_workers_of_its_own():
    subprocess.run([sys.executable, "-c", FORK], check=True, timeout=60)


class Interrupted(SimpleQueue):
    """A queue whose reader hears Ctrl-C: as soon as it waits, or as soon as it has got something."""

    def __init__(self, when):
        super().__init__()
        self.when = [when]

    def get(self):
        if self.when == ["before"]:
            self.when.pop()
            raise KeyboardInterrupt
        super().get()
        if self.when == ["after"]:
            self.when.pop()
            raise KeyboardInterrupt


@pytest.mark.parametrize("when", ["before", "after"])
def test_ctrl_c_waits_until_nobody_writes_into_the_results_any_more(when, monkeypatch):
    """It ended `share_out` at once, and a later call could find its buffers written by threads of this one."""
    set_num_threads(3)
    slow, done = Event(), []

    def kernel(first, last):
        if first:
            assert slow.wait(30)
        else:
            monkeypatch.undo()
            Timer(0.2, slow.set).start()
        done.append(first)

    monkeypatch.setattr(threads, "SimpleQueue", lambda: Interrupted(when))
    with pytest.raises(KeyboardInterrupt):
        threads.share_out(kernel, 3, 3 * threads.SMALLEST_SHARE)
    assert sorted(done) == [0, 1, 2]
