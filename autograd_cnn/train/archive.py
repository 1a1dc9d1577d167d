"""Plain data in one .npz file: arrays beside a JSON text that says where each belongs. No pickle, nothing is run.

A file is untrusted until it is read: members are stored as they are, never compressed, so that nothing in it can
be larger than the file itself; every declared size is compared with that before memory is asked for.
"""

from __future__ import annotations

import io
import json
import re
import struct
import zipfile
from collections.abc import Mapping
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from autograd_cnn.data.npy import array_from_npy
from autograd_cnn.errors import ArgumentError, DataFileError, NewerFileError
from autograd_cnn.settings import a_kind
from autograd_cnn.train.saved import count

FORMAT, SCHEMA = "autograd_cnn checkpoint", 1
HEADER = "header.npy"
_DAMAGE = (
    zipfile.BadZipFile, EOFError, IndexError, KeyError, NotImplementedError, OSError, OverflowError, RecursionError,
    RuntimeError, TypeError, ValueError, struct.error,
)  # fmt: skip
"""What Python's readers of zip, JSON and npy raise for files that they cannot make sense of."""


class Packed:
    """Plain data taken apart into arrays and a JSON text, before any file is touched.

    Parameters
    ----------
    content : dict of str to object
        None, bools, numbers, strings, NumPy arrays and numbers, and lists, tuples and dicts of these.

    Raises
    ------
    ArgumentError
        For anything else; the message names its place.
    """

    def __init__(self, content: Mapping[str, Any]) -> None:
        self.arrays: dict[str, NDArray[Any]] = {}
        header = {"format": FORMAT, "schema": SCHEMA, "content": self._packed(content, "")}
        self.header = np.frombuffer(json.dumps(header).encode(), np.uint8)

    def write(self, file: BinaryIO) -> None:
        """Write the .npz file."""
        with zipfile.ZipFile(file, "w", zipfile.ZIP_STORED) as archive:
            for name, array in {HEADER: self.header, **self.arrays}.items():
                with archive.open(zipfile.ZipInfo(name), "w", force_zip64=True) as member:
                    np.lib.format.write_array(member, array, allow_pickle=False)

    def _packed(self, x: Any, place: str) -> Any:
        """Return what stands for a part of the content in the JSON text."""
        if isinstance(x, np.ndarray | np.generic):
            return {"$number" if isinstance(x, np.generic) else "$array": self._added(np.asarray(x), place)}
        if x is None or isinstance(x, bool | int | float | str):
            return x
        if isinstance(x, Mapping):
            pairs = [(self._key(key, place), self._packed(part, f"{place}/{key}")) for key, part in x.items()]
            plain = all(isinstance(key, str) and not key.startswith("$") for key, _ in pairs)
            return dict(pairs) if plain else {"$dict": pairs}
        if isinstance(x, list | tuple):
            parts = [self._packed(part, f"{place}/{i}") for i, part in enumerate(x)]
            return parts if isinstance(x, list) else {"$tuple": parts}
        raise ArgumentError(
            f"checkpoint: {place[1:]} is {a_kind(x)}, expected numbers, strings, arrays, and lists, tuples "
            "and dicts of them, or an object with state_dict()"
        )

    def _key(self, key: Any, place: str) -> Any:
        if not isinstance(key, str | int | float | bool | None) or isinstance(key, np.generic):
            raise ArgumentError(f"checkpoint: {place[1:]} has the key {key!r}, expected strings or numbers as keys")
        return key

    def _added(self, array: NDArray[Any], place: str) -> str:
        """Take in an array; return the name of its member, which tells its place to whoever lists the file."""
        if array.dtype.kind not in "biufc":
            raise ArgumentError(f"checkpoint: {place[1:]} is an array of {array.dtype}, expected numbers")
        stem = re.sub(r"[^A-Za-z0-9_.\-/]", "_", place[1:])
        name, tries = f"{stem}.npy", 1
        while name in self.arrays or name == HEADER:
            name, tries = f"{stem}.{tries}.npy", tries + 1
        self.arrays[name] = array
        return name


def read(file: BinaryIO, what: str) -> dict[str, Any]:
    """Return what `Packed` was made of.

    Parameters
    ----------
    file : binary file
        Open at its beginning; it can seek.
    what : str
        Its name, for messages.

    Raises
    ------
    NewerFileError
        When it is of a newer version.
    DataFileError
        When it is damaged, or no such file.
    """
    try:
        with zipfile.ZipFile(file) as archive:
            size = file.seek(0, io.SEEK_END)
            header = json.loads(_arrays(archive, [archive.getinfo(HEADER)], size)[HEADER].tobytes())
            version = count(header, "schema")
            if header["format"] != FORMAT or version < 1:
                raise ValueError(f"its header names version {version} of the format {header['format']!r}")
            if version <= SCHEMA:  # a newer one may have members of other kinds
                arrays = _arrays(archive, archive.infolist(), size)
                del arrays[HEADER]
                content: dict[str, Any] = _unpacked(header["content"], arrays)
                return dict(content)
    except _DAMAGE as error:
        raise DataFileError(f"{what} is damaged, or no checkpoint: {error or type(error).__name__}") from error
    raise NewerFileError(
        f"{what} was written by a newer autograd_cnn: it has version {version} of the format, this one reads {SCHEMA}; "
        "install the one that wrote it, or a newer one"
    )


def _arrays(archive: zipfile.ZipFile, members: list[zipfile.ZipInfo], size: int) -> dict[str, NDArray[Any]]:
    """Return arrays of a file of this size; raise ValueError when together they say to be larger than it."""
    if sum(member.file_size for member in members) > size:
        raise ValueError("its members are larger than the file")
    if any(
        member.compress_type != zipfile.ZIP_STORED or member.compress_size != member.file_size for member in members
    ):
        raise ValueError("a member is compressed")  # or says so: zipfile would take as much memory as that
    return {member.filename: array_from_npy(archive.read(member)) for member in members}


def _unpacked(x: Any, arrays: dict[str, NDArray[Any]]) -> Any:
    """Return the part of the content that this stands for; every array is taken once."""
    if isinstance(x, list):
        return [_unpacked(part, arrays) for part in x]
    if not isinstance(x, dict):
        return x
    if len(x) != 1 or not next(iter(x)).startswith("$"):
        return {name: _unpacked(part, arrays) for name, part in x.items()}
    ((kind, part),) = x.items()
    if kind == "$array":
        return arrays.pop(part)
    if kind == "$number":
        return arrays.pop(part)[()]
    if kind == "$tuple":
        return tuple(_unpacked(part, arrays))
    if kind == "$dict":
        return {key: _unpacked(value, arrays) for key, value in part}
    raise ValueError(f"{kind} in its header")
