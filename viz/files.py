"""Files that are complete or not there, and what their names may end in."""

from __future__ import annotations

import os
from collections.abc import Container
from pathlib import Path

from autograd_cnn.errors import FileAccessError
from autograd_cnn.files import replacing
from viz.errors import FormatError, SaveError


def write_atomically(path: Path, content: bytes) -> None:
    """Write beside `path`, then rename over it: a reader sees the old file or the new one, never half of it."""
    try:
        with replacing(path) as file:
            file.write(content)
    except FileAccessError as error:
        raise SaveError(f"save: {error}") from error


def suffix_of(caller: str, path: Path, known: Container[str], wanted: str) -> str:
    """Return the suffix of a file in small letters; raise FormatError, which says what is wanted, for another one."""
    suffix = path.suffix.lower()
    if suffix in known:
        return suffix
    has = "has no suffix" if not suffix else f"has suffix {path.suffix!r}"
    given = f"{str(path)!r} is a folder" if os.path.isdir(path) else f"{path.name!r} {has}"
    raise FormatError(f"{caller}: {given}; {wanted}")
