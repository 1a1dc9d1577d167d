"""Files that are read only when they are files, and written whole or not at all."""

from __future__ import annotations

import os
import secrets
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from autograd_cnn.errors import ArgumentError, FileAccessError


def opened(path: str | os.PathLike[str]) -> BinaryIO:
    """Open a file to read bytes from; ``~`` is the home folder.

    Raises
    ------
    FileAccessError
        When it is not there, not readable, or no regular file: a pipe could keep its reader waiting forever.
    """
    place = as_path(path)
    try:
        mode = place.stat().st_mode
        if stat.S_ISREG(mode):
            return place.open("rb")
    except OSError as error:
        raise FileAccessError(f"cannot read {str(place)!r}: {error.strerror or error}") from error
    raise FileAccessError(
        f"{str(place)!r} is {'a folder' if stat.S_ISDIR(mode) else 'no regular file'}, expected a file"
    )


@contextmanager
def replacing(path: str | os.PathLike[str]) -> Iterator[BinaryIO]:
    """Open a draft beside `path` to write bytes to, which takes the name `path` once the block ends.

    Whoever reads meanwhile, or after a kill at any moment, finds the old file or the new one, never half
    of it. When the block raises, the draft is deleted and the old file stays.

    Raises
    ------
    FileAccessError
        When the folder is not there or not writable, or the disk is full.
    """
    target = Path(os.path.realpath(as_path(path)))  # a link keeps pointing to its file
    draft = target.with_name(f".{target.name[:100]}.{secrets.token_hex(4)}.tmp")
    try:
        # O_EXCL with mode 0o666: what the umask leaves, as for any new file
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0), 0o666)
        try:
            with os.fdopen(descriptor, "wb") as file:
                yield file
                file.flush()
                os.fsync(file.fileno())  # or a power cut could leave the new name on an empty file
            os.replace(draft, target)
        except BaseException:
            draft.unlink(missing_ok=True)
            raise
    except FileAccessError:
        raise
    except OSError as error:
        raise FileAccessError(
            f"cannot write {str(path)!r}: {error.strerror or error}; is its folder there and writable, with space left?"
        ) from error


def as_path(path: str | os.PathLike[str]) -> Path:
    """Return the path with ``~`` replaced by the home folder."""
    if not isinstance(path, str | os.PathLike) or not isinstance(text := os.fspath(path), str) or "\0" in text:
        raise ArgumentError(f"got {path!r} as a path, expected a string without NUL or a pathlib.Path")
    try:
        return Path(text).expanduser()
    except RuntimeError as error:  # ~somebody, who has no home
        raise FileAccessError(f"{text!r}: {error}") from error
