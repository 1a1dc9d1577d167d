"""Files that are complete or not there."""

from __future__ import annotations

from pathlib import Path

from autograd_cnn.errors import FileAccessError
from autograd_cnn.files import replacing
from viz.errors import SaveError


def write_atomically(path: Path, content: bytes) -> None:
    """Write beside `path`, then rename over it: a reader sees the old file or the new one, never half of it."""
    try:
        with replacing(path) as file:
            file.write(content)
    except FileAccessError as error:
        raise SaveError(f"save: {error}") from error
