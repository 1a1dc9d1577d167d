"""Compiles as numba announces them, and what is heard of them."""

import gc
import io
import os
import subprocess
import sys
from contextlib import suppress
from types import SimpleNamespace

import numba
import pytest
from numba.core import event

from autograd_cnn.kernels import compiles
from autograd_cnn.kernels.compiles import VARIABLE, ProgressLine, announce, announced, name, watched
from autograd_cnn.kernels.jit import cached_files, jit


class Kernel:
    """As much of a compiled kernel as matters here."""

    def __init__(self, py_func):
        self.py_func = py_func


def outer():
    pass


def _inner():
    pass


class Heard:
    def __init__(self):
        self.words = []
        self.seconds = []

    def begun(self, kernel):
        self.words.append(kernel)

    def ended(self, kernel, seconds):
        self.seconds.append(seconds)
        self.words.append(f"{kernel} done")


def compiling(kernel):
    return event.trigger_event("numba:compile", data={"dispatcher": kernel})


@pytest.fixture
def kernels():
    made = [Kernel(outer), Kernel(_inner)]
    for kernel in made:
        announce(kernel)
    return made


def test_a_watcher_hears_of_the_outermost_kernel_by_its_file_and_name(kernels):
    first, second = kernels
    with watched(heard := Heard()), compiling(first), compiling(second):
        pass
    assert heard.words == ["test_compiles.outer", "test_compiles.outer done"]
    assert name(second) == "test_compiles.inner"
    assert {first, second} <= {*announced()}


def test_the_seconds_of_a_compile_are_those_from_its_begin_with_all_within_to_its_end(kernels, monkeypatch):
    monkeypatch.setattr(compiles, "time", clock := SimpleNamespace(perf_counter=lambda: clock.now, now=10.0))
    with watched(heard := Heard()), compiling(kernels[0]):
        clock.now = 11.0
        with compiling(kernels[1]):
            clock.now = 12.0
        clock.now = 14.5
    assert heard.seconds == [4.5]


def test_a_kernel_that_another_library_calls_is_heard_of(kernels):
    stranger = Kernel(outer)
    with watched(heard := Heard()), compiling(stranger), compiling(kernels[1]):
        pass
    assert heard.words == ["test_compiles.inner", "test_compiles.inner done"]


def test_a_compile_that_fails_ends_too(kernels):
    with watched(heard := Heard()):
        with pytest.raises(ZeroDivisionError), compiling(kernels[0]):
            raise ZeroDivisionError
        with compiling(kernels[1]):
            pass
    assert heard.words[1::2] == ["test_compiles.outer done", "test_compiles.inner done"]


@pytest.mark.parametrize("collects", [True, False])
def test_no_garbage_is_collected_while_kernels_compile(kernels, collects):
    first, second = kernels
    before = gc.isenabled()
    (gc.enable if collects else gc.disable)()
    try:
        with suppress(ZeroDivisionError), watched(Heard()), compiling(first):
            with compiling(second):
                assert not gc.isenabled()
            assert not gc.isenabled()
            raise ZeroDivisionError
        assert gc.isenabled() == collects
    finally:
        (gc.enable if before else gc.disable)()


def test_watchers_take_turns(kernels):
    with watched(first := Heard()):
        with watched(second := Heard()), compiling(kernels[0]):
            pass
        with compiling(kernels[1]):
            pass
    assert (len(first.words), len(second.words)) == (2, 2)


class Patient:
    """A timer whose time never comes."""

    started = ()
    daemon = False

    def __init__(self, seconds, function, arguments):
        self.seconds = seconds
        self.run = lambda: function(*arguments)

    def start(self):
        Patient.started = (*Patient.started, self)


class Impatient(Patient):
    """A timer whose time comes at once."""

    def start(self):
        self.run()


class Impossible(Patient):
    def start(self):
        raise RuntimeError("can't start new thread")


@pytest.fixture
def terminal(monkeypatch):
    stream = io.StringIO()
    monkeypatch.setattr(compiles, "sys", SimpleNamespace(stderr=stream))
    monkeypatch.setenv(VARIABLE, "1")
    monkeypatch.setattr(compiles, "Timer", Impatient)
    monkeypatch.setattr(Patient, "started", ())
    return stream


def test_a_long_compile_has_its_line(terminal):
    line = ProgressLine()
    line.begun("softmax.softmax")
    assert terminal.getvalue().endswith("compiling softmax.softmax (once; later runs load it from the cache) ...")
    line.ended("softmax.softmax", 1.23)
    assert terminal.getvalue().endswith("... 1.2 s\n")


def test_a_short_compile_after_a_long_one_has_none(terminal, monkeypatch):
    line = ProgressLine()
    line.begun("softmax.softmax")
    line.ended("softmax.softmax", 1.23)
    written = terminal.getvalue()
    monkeypatch.setattr(compiles, "Timer", Patient)
    line.begun("softmax.log_softmax")
    line.ended("softmax.log_softmax", 0.1)
    assert terminal.getvalue() == written


def test_the_line_comes_before_one_wonders_and_no_program_waits_for_it_to_end(terminal, monkeypatch):
    monkeypatch.setattr(compiles, "Timer", Patient)
    ProgressLine().begun("softmax.softmax")
    timer = Patient.started[-1]
    assert 0 < timer.seconds <= 1
    assert timer.daemon


@pytest.mark.parametrize("timer", [Patient, Impossible])
def test_a_short_compile_has_none(terminal, monkeypatch, timer):
    monkeypatch.setattr(compiles, "Timer", timer)
    line = ProgressLine()
    line.begun("softmax.softmax")
    line.ended("softmax.softmax", 0.1)
    for late in Patient.started:  # the compile ended as the time came
        late.run()
    assert terminal.getvalue() == ""


@pytest.mark.parametrize(
    ("asked", "is_terminal", "wanted"),
    [("1", False, True), ("0", True, False), (None, True, True), (None, False, False), ("yes", False, False)],
)
def test_lines_are_for_terminals_unless_the_environment_says_otherwise(
    terminal, monkeypatch, asked, is_terminal, wanted
):
    monkeypatch.delenv(VARIABLE)
    if asked is not None:
        monkeypatch.setenv(VARIABLE, asked)
    terminal.isatty = lambda: is_terminal
    ProgressLine().begun("softmax.softmax")
    assert bool(terminal.getvalue()) == wanted


def test_no_standard_error_and_a_closed_one_are_no_trouble(terminal, monkeypatch):
    line = ProgressLine()
    terminal.close()
    line.begun("softmax.softmax")
    line.ended("softmax.softmax", 1.0)
    compiles.sys.stderr = None
    line.begun("softmax.softmax")
    line.ended("softmax.softmax", 1.0)
    monkeypatch.delenv(VARIABLE)
    line.begun("softmax.softmax")


PROGRAM = """
import numpy as np
from autograd_cnn.kernels import compiles, softmax
compiles.PATIENCE = 0
softmax.log_softmax(np.zeros((1, 2), np.float32))
"""


@pytest.mark.skipif(bool(numba.config.DISABLE_JIT), reason="it compiles in processes of its own, with JIT or without")
@pytest.mark.parametrize("asked", ["1", "0", None])
def test_a_real_compile_is_told_once_and_loading_from_the_cache_never(tmp_path, asked):
    environment = os.environ | {"NUMBA_CACHE_DIR": str(tmp_path)}
    for variable in (VARIABLE, "NUMBA_DISABLE_JIT"):
        environment.pop(variable, None)
    if asked is not None:
        environment[VARIABLE] = asked

    def run():
        command = [sys.executable, "-c", PROGRAM]
        return subprocess.run(command, env=environment, check=True, capture_output=True, text=True).stderr

    assert ("compiling softmax.log_softmax (once" in run()) == (asked == "1")
    assert run() == ""


def add_two(x):
    return x + 2


def test_files_of_the_cache_are_found(monkeypatch, tmp_path):
    monkeypatch.setattr(numba.config, "DISABLE_JIT", 0)
    monkeypatch.setattr(numba.config, "CACHE_DIR", str(tmp_path))
    cached = jit(add_two)
    cached(1)
    (folder,) = (folder for folder in cached_files() if folder.is_relative_to(tmp_path))
    assert {file.suffix for file in cached_files()[folder]} == {".nbi", ".nbc"}


def test_a_kernel_without_a_cache_has_no_files(monkeypatch):
    kernel = Kernel(outer)
    kernel.stats = type("Stats", (), {"cache_path": None})
    monkeypatch.setattr("autograd_cnn.kernels.jit.announced", lambda: [kernel])
    assert cached_files() == {}
