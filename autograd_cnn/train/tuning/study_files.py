"""A study in a file that several processes write at the same time, and that none of them can break by being killed.

Optuna's journal is a file to which every event is appended as a line of JSON. Its own lock would stay behind when the
worker that holds it is killed, and half a line would make all that follows unreadable. Here the operating system holds
the lock, and lets it go with the process; and whoever appends next removes half a line first.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

from optuna.storages.journal import JournalFileBackend

from autograd_cnn.errors import DataFileError, FileAccessError
from autograd_cnn.files import as_path, opened

try:
    import fcntl
except ImportError:  # Windows: there Optuna's own lock serves
    fcntl = None  # type: ignore[assignment]

FIRST = b'{"op_code":'
"""How every line begins."""


class StudyFile(JournalFileBackend):
    """The journal of a study.

    Parameters
    ----------
    path : path
        The file; it is made when it is not there, in a folder that is.

    Raises
    ------
    FileAccessError
        When it cannot be read and written, or the disk is full.
    DataFileError
        When it is something else than a journal: nothing is written then.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.path = as_path(path)
        with _said("use", self.path):
            self.path.touch()
            with opened(self.path) as file:
                start = file.read(len(FIRST))
            if start != FIRST[: len(start)]:
                raise DataFileError(f"{os.fspath(path)!r} is no study: it begins with {start!r}; give another file")
            super().__init__(str(self.path))

    def append_logs(self, logs: list[dict[str, Any]]) -> None:
        """Write events at the end, all of them or none."""
        if fcntl is None:
            super().append_logs(logs)
            return
        lines = b"".join(json.dumps(log, separators=(",", ":")).encode() + b"\n" for log in logs)
        with _said("write", self.path), _alone(self.path) as file:
            end = _end_of_whole_lines(file)
            file.truncate(end)
            try:
                file.seek(end)
                rest = memoryview(lines)
                while rest:  # a write may end early, where the disk is nearly full
                    rest = rest[file.write(rest) :]
                os.fsync(file.fileno())
            except BaseException:
                file.truncate(end)
                raise


@contextmanager
def _alone(path: Path) -> Iterator[BinaryIO]:
    """Open a file that no other process writes meanwhile; a process that dies lets it go."""
    with path.open("r+b", buffering=0) as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield file  # closing lets it go


def _end_of_whole_lines(file: BinaryIO, block: int = 4096) -> int:
    """Return where the last line that is whole ends: at the end, unless a writer was killed."""
    end = file.seek(0, os.SEEK_END)
    while end:
        start = max(0, end - block)
        file.seek(start)
        found = file.read(end - start).rfind(b"\n")
        if found >= 0:
            return start + found + 1
        end = start
    return 0


@contextmanager
def _said(what: str, path: Path) -> Iterator[None]:
    """Say which file an error of the operating system is about."""
    try:
        yield
    except FileAccessError:
        raise
    except OSError as error:
        raise FileAccessError(
            f"cannot {what} the study {str(path)!r}: {error.strerror or error}; "
            "is its folder there and writable, with space left?"
        ) from error
