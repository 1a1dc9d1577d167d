"""Archives from strangers: unpacked without leaving the folder, without links, and whole or not at all."""

from __future__ import annotations

import os
import secrets
import shutil
from collections.abc import Collection
from contextlib import closing
from pathlib import Path

from autograd_cnn.data.archive_members import Limits, Member, members
from autograd_cnn.errors import AutogradError, DataFileError, FileAccessError
from autograd_cnn.files import as_path


def extract(archive: str | os.PathLike[str], folder: str | os.PathLike[str], *, limits: Limits | None = None) -> Path:
    """Unpack an archive into a new folder, whole or not at all.

    Parameters
    ----------
    archive : path
        A zip file, or a tar file, plain or compressed by gzip or bzip2, whatever its name.
    folder : path
        The folder to make; those above it are made too.
    limits : ArchiveLimits, optional
        How much may come out: a million files, 16 GiB, and 200 bytes for one of the archive.

    Returns
    -------
    Path
        The folder. It appears when all is in it: after a failure, or a kill at any moment, there is none of its name.

    Raises
    ------
    FileAccessError
        When the archive cannot be read, the folder exists already, or the disk is full.
    DataFileError
        When the archive is damaged or encrypted, holds links, devices, two files of one name or a path that leaves
        the folder, or unpacks to more than the limits.
    """
    target = Path(os.path.abspath(as_path(folder)))
    if os.path.lexists(target):
        raise FileAccessError(f"extract: {str(target)!r} exists already; choose another folder, or delete it")
    draft = target.with_name(f".{target.name[:100]}.{secrets.token_hex(4)}.tmp")
    try:
        draft.mkdir(parents=True)
        with closing(members(archive, limits or Limits())) as inside:
            for member in inside:
                _write(member, draft, archive)
        os.rename(draft, target)
    except AutogradError:
        raise
    except (OSError, ValueError) as error:  # ValueError: a name that the file system cannot hold
        raise FileAccessError(f"extract: cannot write {str(target)!r}: {error}") from error
    finally:
        shutil.rmtree(draft, ignore_errors=True)  # of which nothing is left after the renaming
    return target


def read_members(archive: Path, wanted: Collection[str], limits: Limits) -> dict[str, bytearray]:
    """Return the content of the files of an archive whose last name is wanted, as far as they are there."""
    found: dict[str, bytearray] = {}
    with closing(members(archive, limits)) as inside:
        for member in inside:
            name = member.path.name
            if member.is_folder or name not in wanted:
                continue
            if name in found:
                raise DataFileError(f"{str(archive)!r} holds two files named {name!r}")
            found[name] = bytearray()
            for chunk in member.chunks:
                found[name] += chunk
    return found


def _write(member: Member, draft: Path, archive: str | os.PathLike[str]) -> None:
    place = draft / member.path
    try:
        if member.is_folder:
            place.mkdir(parents=True, exist_ok=True)
            return
        place.parent.mkdir(parents=True, exist_ok=True)
        with place.open("xb") as file:
            for chunk in member.chunks:
                file.write(chunk)
    except (FileExistsError, NotADirectoryError) as error:
        raise DataFileError(
            f"{str(archive)!r} holds {str(member.path)!r} twice, or below a file of that name; it is damaged"
        ) from error
