"""Who hears of it when numba compiles a kernel: it takes a second or so, once, and looks like a hang.

By default a line goes to standard error when a kernel has been compiling for `PATIENCE` seconds, if that is a
terminal; with ``AUTOGRAD_CNN_PROGRESS=1`` in the environment always, with 0 never. Inside `watched` somebody
else is told instead, of every kernel. A kernel that is loaded from the cache is nobody's news.

numba compiles in one thread at a time, and a kernel that is called by another within the other's compile. It makes
hundreds of thousands of objects, few of which are rubbish before it is done: going through them again and again would
be a tenth of the time, so Python's cycle collector rests meanwhile.
"""

from __future__ import annotations

import gc
import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from threading import Lock, Timer
from typing import Any, Protocol
from weakref import WeakSet

from numba.core import event

PATIENCE = 0.5  # seconds
VARIABLE = "AUTOGRAD_CNN_PROGRESS"


class Watcher(Protocol):
    """Is told of compiles."""

    def begun(self, kernel: str) -> None:
        """Hear that the compile of a kernel begins; its name, such as ``softmax.log_softmax``."""

    def ended(self, kernel: str, seconds: float) -> None:
        """Hear how long it took, with all kernels that this one calls."""


class ProgressLine:
    """Writes a line to standard error about a kernel that takes long."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._compiling = ""  # the kernel at work
        self._shown = False  # whether its line has begun

    def begun(self, kernel: str) -> None:
        """Show the kernel after a while."""
        if _is_wanted():
            self._compiling = kernel
            timer = Timer(PATIENCE, self._show, [kernel])
            timer.daemon = True
            with suppress(RuntimeError):  # no thread may start
                timer.start()

    def ended(self, kernel: str, seconds: float) -> None:
        """End the line that was begun."""
        with self._lock:
            if self._shown:
                _write(f" {seconds:.1f} s\n")
            self._compiling, self._shown = "", False

    def _show(self, kernel: str) -> None:
        with self._lock:
            if self._compiling == kernel:
                _write(f"autograd_cnn: compiling {kernel} (once; later runs load it from the cache) ...")
                self._shown = True


def _is_wanted() -> bool:
    asked = os.environ.get(VARIABLE)
    if asked in ("0", "1"):
        return asked == "1"
    return sys.stderr is not None and sys.stderr.isatty()


def _write(words: str) -> None:
    with suppress(AttributeError, OSError, ValueError):  # no standard error, or a closed one: nobody to tell
        sys.stderr.write(words)
        sys.stderr.flush()


class _Announcer(event.Listener):
    """Tells the watcher of the outermost compiles of our own kernels, during which no garbage is collected."""

    def __init__(self) -> None:
        self.kernels: WeakSet[Any] = WeakSet()
        self.watcher: Watcher = ProgressLine()
        self._starts: list[float] = []
        self._collects = False  # whether Python collected garbage before

    def on_start(self, event: Any) -> None:
        """Begin a compile, perhaps within another."""
        kernel = event.data["dispatcher"]
        if kernel in self.kernels:
            if not self._starts:
                self.watcher.begun(name(kernel))
                self._collects = gc.isenabled()
                gc.disable()
            self._starts.append(time.perf_counter())

    def on_end(self, event: Any) -> None:
        """End a compile, also one that failed."""
        kernel = event.data["dispatcher"]
        if kernel in self.kernels:
            start = self._starts.pop()
            if not self._starts:
                if self._collects:
                    gc.enable()
                self.watcher.ended(name(kernel), time.perf_counter() - start)


_announcer = _Announcer()
event.register("numba:compile", _announcer)  # type: ignore[no-untyped-call]


def announce(kernel: Callable[..., object]) -> None:
    """From now on tell of the compiles of this kernel."""
    _announcer.kernels.add(kernel)


def announced() -> list[Any]:
    """Return all kernels that were compiled or may be."""
    return list(_announcer.kernels)


@contextmanager
def watched(watcher: Watcher) -> Iterator[None]:
    """Tell somebody of every compile, instead of writing progress lines."""
    before, _announcer.watcher = _announcer.watcher, watcher
    try:
        yield
    finally:
        _announcer.watcher = before


def name(kernel: Any) -> str:
    """Return the file and the name of a kernel: ``softmax.log_softmax``."""
    function = kernel.py_func
    return f"{function.__module__.rpartition('.')[2]}.{function.__name__.lstrip('_')}"
