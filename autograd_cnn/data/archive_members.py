"""What is inside zip and tar files from strangers: each member checked before it is given, all within limits."""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, BinaryIO

from autograd_cnn.data.byte_streams import Readable
from autograd_cnn.errors import AutogradError, DataFileError
from autograd_cnn.files import as_path, opened

if TYPE_CHECKING:
    import zipfile

_AT_ONCE = 1 << 20
_SMALL = 1 << 26  # an archive that unpacks to no more than this is no bomb, however well it is packed


@dataclass(frozen=True)
class Limits:
    """How much may come out of an archive.

    Attributes
    ----------
    members : int
        Files and folders.
    size : int
        Bytes of all files together.
    ratio : float
        Bytes that come out for one of the archive; looked at beyond 64 MiB.
    """

    members: int = 1_000_000
    size: int = 1 << 34
    ratio: float = 200.0


@dataclass(frozen=True)
class Member:
    """A file or folder of an archive, under a path that stays within.

    Attributes
    ----------
    path : PurePosixPath
    is_folder : bool
    chunks : iterator of bytes
        What the file holds, to be read before the next member is asked for.
    """

    path: PurePosixPath
    is_folder: bool
    chunks: Iterator[bytes]


def members(archive: str | os.PathLike[str], limits: Limits) -> Generator[Member, None, None]:
    """Yield the files and folders of a zip file, or of a tar file that may be compressed by gzip or bzip2.

    Raises
    ------
    FileAccessError
        When the archive cannot be read.
    DataFileError
        When it is damaged or encrypted, holds what is neither file nor folder, a path that leaves the archive,
        or more than the limits allow.
    """
    with opened(archive) as file:
        whole = _Whole(str(as_path(archive)), os.fstat(file.fileno()).st_size, limits)
        magic = file.read(4)
        file.seek(0)
        inside = _of_zip if magic in (b"PK\3\4", b"PK\5\6") else _of_tar
        for count, member in enumerate(inside(file, magic, whole), 1):
            if count > limits.members:
                raise DataFileError(f"{whole.name!r} holds more than {limits.members:,} files; {_WAY_OUT}")
            yield member


_WAY_OUT = "if you trust it, raise limits=data.ArchiveLimits(...)"


@dataclass(frozen=True)
class _Whole:
    """The archive: its name, its size in bytes, and what may come out of it."""

    name: str
    size: int
    limits: Limits

    def check(self, unpacked: int) -> None:
        """Raise when so many bytes are too many."""
        most = min(self.limits.size, max(_SMALL, int(self.limits.ratio * self.size)))
        if unpacked > most:
            raise DataFileError(f"{self.name!r} of {self.size:,} bytes unpacks to more than {most:,}; {_WAY_OUT}")

    def path(self, name: str) -> PurePosixPath:
        """Return the path of a member; raise when it leads out of the archive, here or on another system."""
        path = PurePosixPath(name)
        if not name:
            raise DataFileError(f"{self.name!r} holds a file without a name; it is damaged")
        if path.is_absolute() or ".." in path.parts or "\\" in name or "\0" in name or re.match("[A-Za-z]:", name):
            raise DataFileError(
                f"{self.name!r} holds {name[:100]!r}, a path that leads out of its folder; do not trust it"
            )
        return path

    def refusal(self, name: str, kind: str) -> DataFileError:
        """Return the error for a member that is not taken."""
        return DataFileError(
            f"{self.name!r} holds {name[:100]!r}, which is {kind}; only plain files and folders are taken"
        )

    @contextmanager
    def reading(self) -> Iterator[None]:
        """Translate what the libraries raise for damaged archives."""
        import tarfile
        import zipfile
        import zlib
        from struct import error as struct_error

        damages = (tarfile.TarError, zipfile.BadZipFile, zlib.error, struct_error, OSError, ValueError)
        try:
            yield
        except AutogradError:
            raise
        except EOFError:
            raise DataFileError(f"{self.name!r} is truncated: it ends too early; get it anew") from None
        except (*damages, OverflowError, LookupError, RuntimeError) as error:  # recursion is a RuntimeError
            raise DataFileError(f"{self.name!r} is damaged, or no zip or tar file: {error}") from error


def _of_zip(file: BinaryIO, _: bytes, whole: _Whole) -> Iterator[Member]:
    import zipfile

    with whole.reading():
        packed = zipfile.ZipFile(file)
    total = 0
    for info in packed.infolist():
        mode = stat.S_IFMT(info.external_attr >> 16)
        if info.flag_bits & 1:
            raise whole.refusal(info.filename, "encrypted")
        if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2):
            raise whole.refusal(info.filename, f"packed by method {info.compress_type}")
        if mode not in (0, stat.S_IFREG, stat.S_IFDIR):
            raise whole.refusal(info.filename, "a link or a device")
        total += info.file_size
        whole.check(total)
        yield Member(whole.path(info.filename), info.filename.endswith("/"), _zip_chunks(packed, info, whole))


def _zip_chunks(packed: zipfile.ZipFile, info: zipfile.ZipInfo, whole: _Whole) -> Iterator[bytes]:
    with whole.reading():
        stream = packed.open(info)  # which gives no more than the declared bytes, and checks their sum
    with stream:
        yield from _chunks(stream.read, info.file_size, info.filename, whole)


def _of_tar(file: BinaryIO, magic: bytes, whole: _Whole) -> Iterator[Member]:
    import bz2
    import gzip
    import tarfile

    unpacked: Readable = file
    if magic[:2] == b"\x1f\x8b":
        unpacked = gzip.GzipFile(fileobj=file)
    elif magic[:3] == b"BZh":
        unpacked = bz2.BZ2File(file)
    stream = _Forward(unpacked, whole)
    with whole.reading():
        packed = tarfile.TarFile(fileobj=stream)  # type: ignore[arg-type]  # it reads, seeks forward and tells
    while True:
        with whole.reading():
            info = packed.next()
        if info is None:
            break
        if not (info.isreg() or info.isdir()) or info.issparse():
            raise whole.refusal(info.name, "a link, a device or a sparse file")
        size = info.size if info.isreg() else 0
        whole.check(stream.tell() + size)
        yield Member(whole.path(info.name), info.isdir(), _chunks(stream.read, size, info.name, whole))
    if stream.last != bytes(512):  # which tarfile takes for an end, too
        raise DataFileError(f"{whole.name!r} is truncated or damaged: its members end without a block of zeros")
    while stream.read(_AT_ONCE):
        pass  # to the end, where a compressed stream checks its sum


class _Forward:
    """A stream as tarfile wants it, that only goes forward: nothing is unpacked twice, and little at once."""

    def __init__(self, stream: Readable, whole: _Whole) -> None:
        self.stream, self.whole, self.position = stream, whole, 0
        self.last = b""  # what the last call of read gave

    def read(self, size: int) -> bytes:
        if not 0 <= size <= _AT_ONCE:
            raise DataFileError(f"{self.whole.name!r} declares a part of {size:,} bytes; it is damaged")
        with self.whole.reading():
            found = self.last = self.stream.read(size)
        self.position += len(found)
        self.whole.check(self.position)
        return found

    def seek(self, position: int) -> int:
        if position < self.position:
            raise DataFileError(f"{self.whole.name!r} points back into itself; it is damaged")
        while self.position < position and self.read(min(position - self.position, _AT_ONCE)):
            pass
        return self.position

    def tell(self) -> int:
        return self.position


def _chunks(read: Callable[[int], bytes], size: int, name: str, whole: _Whole) -> Iterator[bytes]:
    while size:
        with whole.reading():
            chunk = read(min(size, _AT_ONCE))
        if not chunk:
            raise DataFileError(f"{whole.name!r} is truncated: {size:,} bytes of {name[:100]!r} are missing")
        size -= len(chunk)
        yield chunk
