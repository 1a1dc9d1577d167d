import os
import sys
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from threading import Barrier

import pytest

from autograd_cnn.kernels import blas
from autograd_cnn.kernels.blas import get_blas_threads, set_blas_threads, single_threaded


class Library:
    """A library as threadpoolctl shows it."""

    def __init__(self, num_threads):
        self.num_threads = num_threads
        self.calls = 0

    def set_num_threads(self, number):
        self.num_threads = number
        self.calls += 1


@pytest.fixture
def libraries(monkeypatch):
    found = [Library(4), Library(2)]
    monkeypatch.setattr(blas, "_libraries", cache(lambda: found))
    return found


def test_all_libraries_get_the_number(libraries):
    set_blas_threads(3)
    assert get_blas_threads() == [3, 3]


def test_held_to_one_thread_and_given_back_as_it_was(libraries):
    with single_threaded():
        assert [library.num_threads for library in libraries] == [1, 1]
        with single_threaded():
            pass
        assert [library.num_threads for library in libraries] == [1, 1]
        assert get_blas_threads() == [4, 2]
    assert get_blas_threads() == [4, 2]
    assert [library.calls for library in libraries] == [2, 2]


def test_given_back_after_an_error(libraries):
    with pytest.raises(ZeroDivisionError), single_threaded():
        raise ZeroDivisionError
    assert get_blas_threads() == [4, 2]


def test_a_number_set_meanwhile_holds_afterwards(libraries):
    with single_threaded():
        set_blas_threads(3)
        assert [library.num_threads for library in libraries] == [1, 1]
        assert get_blas_threads() == [3, 3]
    assert get_blas_threads() == [3, 3]


def test_the_last_of_many_threads_gives_back(libraries):
    together = Barrier(6)

    def hold(_):
        together.wait(timeout=20)
        seen = set()
        for _ in range(200):
            with single_threaded():
                seen |= {library.num_threads for library in libraries}
        return seen

    with ThreadPoolExecutor(6) as callers:
        assert all(seen == {1} for seen in callers.map(hold, range(6)))
    assert get_blas_threads() == [4, 2]


def test_a_library_that_comes_later_is_asked_for_when_none_is_held(monkeypatch):
    """As that of scipy does; while products run, one more would be given back a number that it never had."""
    found = [Library(4)]
    monkeypatch.setattr(blas, "_libraries", cache(lambda: list(found)))
    assert get_blas_threads() == [4]
    found.append(Library(8))
    with single_threaded():
        set_blas_threads(3)
    assert [library.num_threads for library in found] == [3, 8]
    set_blas_threads(2)
    assert get_blas_threads() == [2, 2]


def test_numpy_s_own_library_obeys():
    before = get_blas_threads()
    if not before:
        pytest.skip("numpy's BLAS is none that threadpoolctl knows")
    set_blas_threads(2)
    numbers = get_blas_threads()
    with single_threaded():
        assert [library.num_threads for library in blas._libraries()] == [1] * len(before)
    assert get_blas_threads() == numbers
    set_blas_threads(max(before))


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no fork")
@pytest.mark.filterwarnings("ignore:.*multi-threaded.*fork:DeprecationWarning")
def test_a_child_forked_meanwhile_is_not_held_and_holds_its_own_products(libraries):
    def numbers():
        return [library.num_threads for library in libraries]

    with single_threaded():
        child = os.fork()
        if child == 0:
            seen = [numbers()]
            with single_threaded():
                seen.append(numbers())
            seen.append(numbers())
            os._exit(0 if seen == [[4, 2], [1, 1], [4, 2]] else 1)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
