"""Bytes from plain and compressed files, never more of them than were declared."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol

from autograd_cnn.errors import DataFileError
from autograd_cnn.files import as_path, opened

DEFLATE_RATIO = 1032  # zlib, "Maximum Compression Factor": no more bytes come out of one that goes in
_CHUNK = 1 << 20


class Readable(Protocol):
    """What bytes are read from: a file, or the content of a compressed one."""

    def read(self, size: int = -1, /) -> bytes:
        """Return up to `size` bytes; none at the end."""


@contextmanager
def content(path: str | os.PathLike[str]) -> Iterator[tuple[Readable, int]]:
    """Open a file that may be compressed by gzip: yield what it holds, and how many bytes that can be at most.

    Whether it is compressed is read from the file, not from its name.

    Raises
    ------
    FileAccessError
        When it cannot be read.
    DataFileError
        When the compressed data are damaged; also raised while the stream is read.
    """
    import gzip
    import zlib

    with opened(path) as file:
        packed = file.read(2) == b"\x1f\x8b"
        file.seek(0)
        size = os.fstat(file.fileno()).st_size
        if not packed:
            yield file, size
            return
        try:
            with gzip.GzipFile(fileobj=file) as stream:
                yield stream, size * DEFLATE_RATIO
        except EOFError:
            raise DataFileError(
                f"{str(as_path(path))!r} is truncated: its gzip data end too early; get it anew"
            ) from None
        except (gzip.BadGzipFile, zlib.error) as error:
            raise DataFileError(f"{str(as_path(path))!r} is damaged: {error}; get it anew") from error


def taken(stream: Readable, count: int) -> bytearray:
    """Return the next `count` bytes, or less where the stream ends before.

    Memory grows with the bytes that come, not with the number that was promised.
    """
    found = bytearray()
    while len(found) < count and (chunk := stream.read(min(count - len(found), _CHUNK))):
        found += chunk
    return found


def is_at_end(stream: Readable) -> bool:
    """Return whether nothing follows; a compressed stream has then checked its sum."""
    return not stream.read(1)
