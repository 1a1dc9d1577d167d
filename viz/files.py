"""Files that are complete or not there."""

from __future__ import annotations

import os
import secrets
from pathlib import Path

from viz.errors import SaveError


def write_atomically(path: Path, content: bytes) -> None:
    """Write beside `path`, then rename over it: a reader sees the old file or the new one, never half of it."""
    target = Path(os.path.realpath(path))  # a link keeps pointing to its file
    draft = target.with_name(f".{target.name[:100]}.{secrets.token_hex(4)}.tmp")
    try:
        # O_EXCL with mode 0o666: what the umask leaves, as for any new file
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0), 0o666)
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(content)
            os.replace(draft, target)
        except BaseException:
            draft.unlink(missing_ok=True)
            raise
    except OSError as error:
        raise SaveError(
            f"save: cannot write {str(path)!r}: {error.strerror}; is its folder there and writable?"
        ) from error
