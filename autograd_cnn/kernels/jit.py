"""The one decorator of all kernels: how they are compiled and where the machine code is kept.

Kernels release the GIL, follow IEEE arithmetic to the letter (never fastmath, which would lose
NaN) and divide by zero as numpy does. Machine code is cached on disk, so only the first run on a
machine pays for compiling, and says so: :mod:`.compiles`. numba notices an edit by the file a kernel
stands in and no other: keep a kernel and the kernels it calls in one file.

With ``NUMBA_DISABLE_JIT=1`` kernels run as plain Python, under the same silent IEEE rules.
"""

from __future__ import annotations

import os
import stat
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any, TypeVar, cast, overload

import numba
import numpy as np
from numba.core import ccallback, event, sigutils

from autograd_cnn.kernels.compiles import announce, announced

Function = TypeVar("Function", bound=Callable[..., object])
Kernel = TypeVar("Kernel")
config: Any = numba.config  # its names are set at run time
CFunc: Any = ccallback.CFunc
normalize_signature: Any = sigutils.normalize_signature


@overload
def jit(function: Function) -> Function: ...


@overload
def jit(*, flags: frozenset[str]) -> Callable[[Function], Function]: ...


def jit(function: Any = None, *, flags: frozenset[str] = frozenset()) -> Any:
    """Compile ``function`` at its first call and cache the machine code where that is possible.

    ``flags`` are those of LLVM's liberties with arithmetic that the kernel argues for, such as "contract", which
    rounds a product and a sum once together; they do not reach into the kernels that it calls. "nnan" and "ninf"
    are never among them.

    numba refuses to decorate when it may write neither beside the source nor in the user's cache
    folder, as in a read-only installation without a home. Then the code is cached in a private
    folder for temporary files, or, failing that, compiled anew in every process.
    """
    if function is None:
        return partial(jit, flags=flags)
    if config.DISABLE_JIT:
        return np.errstate(all="ignore")(function)
    return _cached(lambda cache: _compiled(function, flags, cache=cache))


def native(function: Callable[..., object], signature: Any) -> MicroKernel:
    """Compile ``function`` now, as a C function of ``signature`` whose ``.address`` other code calls."""
    return _cached(lambda cache: MicroKernel(function, signature, cache=cache))


def _cached(decorate: Callable[[bool], Kernel]) -> Kernel:
    """Decorate a kernel with a cache where numba finds a place for one, with a private one, or without."""
    try:
        return decorate(True)
    except RuntimeError:  # "no locator available"
        folder = None if config.CACHE_DIR else private_cache_folder()
    if folder is None:
        return decorate(False)
    with _numba_caching_in(folder):
        return decorate(True)


def _compiled(function: Function, flags: frozenset[str], *, cache: bool) -> Function:
    njit: Any = numba.njit  # its types know some of its options only
    compiled = njit(
        nogil=True,
        cache=cache,
        error_model="numpy",
        fastmath=set(flags) or False,
        no_cfunc_wrapper=True,  # a second way in, for C, that nobody takes and everybody would wait for
    )(function)
    announce(compiled)
    return cast(Function, compiled)


class MicroKernel(CFunc):  # type: ignore[misc]
    """A C function whose compile is announced as that of any other kernel; numba tells of its dispatchers only."""

    def __init__(self, function: Callable[..., object], signature: Any, *, cache: bool) -> None:
        super().__init__(function, normalize_signature(signature), {}, {"error_model": "numpy"})
        self.py_func = function
        if cache:
            self.enable_caching()
        announce(self)
        self.compile()

    @property
    def stats(self) -> Any:
        """Where the machine code is kept and how often it was found there, as numba's dispatchers say it."""
        return SimpleNamespace(cache_path=self._cache.cache_path, cache_hits=self.cache_hits)

    def _compile_uncached(self) -> Any:
        with event.trigger_event("numba:compile", data={"dispatcher": self}):
            return super()._compile_uncached()


def cached_files() -> dict[Path, list[Path]]:
    """Return the folders in which machine code of our kernels is kept, and the files there, old ones too.

    Only kernels whose files have been imported are known.
    """
    found: dict[Path, set[Path]] = {}
    for kernel in announced():
        if kernel.stats.cache_path is not None:
            folder, file = Path(kernel.stats.cache_path), Path(kernel.py_func.__code__.co_filename)
            found.setdefault(folder, set()).update(folder.glob(f"{file.stem}.*.nb[ic]"))
    return {folder: sorted(files) for folder, files in found.items()}


def private_cache_folder() -> str | None:
    """Return a folder under the temp folder that nobody else can write to, or None.

    Cached machine code is executed, and anyone may create names in a shared temp folder: the
    folder must be a real one (no link), owned by this user and closed to all others.
    """
    if not hasattr(os, "getuid"):  # Windows, where numba's user-wide folder serves
        return None
    folder = os.path.join(tempfile.gettempdir(), f"autograd_cnn-numba-{os.getuid()}")
    try:
        os.makedirs(folder, mode=0o700, exist_ok=True)
        status = os.lstat(folder)
        tempfile.TemporaryFile(dir=folder).close()
    except OSError:
        return None
    private = stat.S_ISDIR(status.st_mode) and stat.S_IMODE(status.st_mode) == 0o700
    return folder if private and status.st_uid == os.getuid() else None


@contextmanager
def _numba_caching_in(folder: str) -> Iterator[None]:
    """Point numba at ``folder`` for one decoration; kernels of other libraries stay where they are."""
    before = config.CACHE_DIR
    config.CACHE_DIR = folder
    try:
        yield
    finally:
        config.CACHE_DIR = before
