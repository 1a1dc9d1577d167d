"""CIFAR-10 and CIFAR-100 in their binary version, from the published archive or the folder unpacked from it."""

from __future__ import annotations

import os
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import DTypeLike

from autograd_cnn.data.archive_members import Limits, members
from autograd_cnn.data.archives import read_members
from autograd_cnn.data.byte_streams import taken
from autograd_cnn.data.datasets import Dataset, Splits
from autograd_cnn.data.downloading import PublishedFile
from autograd_cnn.data.published import Collection, image_dtype, labelled, located, root, splits
from autograd_cnn.errors import ArgumentError, DataFileError, FileAccessError, suggestion
from autograd_cnn.files import opened

PIXELS = 3 * 32 * 32
_LARGEST = 1 << 29
"""More bytes than all files of either collection have."""


@dataclass(frozen=True)
class _Layout:
    """Which files hold what.

    Attributes
    ----------
    collection : Collection
        Of a single file, the archive.
    folder : str
        What the archive unpacks to.
    train, test : tuple of str
    names : dict of str to (str, int)
        For each kind of label, the file of its classes' names, and how many there are. A record starts with one
        byte for each kind, in this order.
    pickled : tuple of str
        Names that the version for Python goes by.
    """

    collection: Collection
    folder: str
    train: tuple[str, ...]
    test: tuple[str, ...]
    names: dict[str, tuple[str, int]]
    pickled: tuple[str, ...]

    @property
    def files(self) -> tuple[str, ...]:
        return (*self.train, *self.test, *(name for name, _ in self.names.values()))


_MIRRORS = ("https://www.cs.toronto.edu/~kriz/",)
# Sizes and SHA-256 as TensorFlow Datasets publishes them, in tensorflow_datasets/url_checksums/cifar10.txt
# and cifar100.txt.
CIFAR10 = _Layout(
    Collection(
        "CIFAR-10",
        "cifar10",
        _MIRRORS,
        (
            PublishedFile(
                "cifar-10-binary.tar.gz", "c4a38c50a1bc5f3a1c5537f2155ab9d68f9f25eb1ed8d9ddda3db29a59bca1dd", 170052171
            ),
        ),
    ),
    "cifar-10-batches-bin",
    tuple(f"data_batch_{i}.bin" for i in range(1, 6)),
    ("test_batch.bin",),
    {"label": ("batches.meta.txt", 10)},
    ("cifar-10-python.tar.gz", "cifar-10-batches-py", "data_batch_1"),
)
CIFAR100 = _Layout(
    Collection(
        "CIFAR-100",
        "cifar100",
        _MIRRORS,
        (
            PublishedFile(
                "cifar-100-binary.tar.gz", "58a81ae192c23a4be8b1804d68e518ed807d710a4eb253b1f2a199162a40d8ec", 168513733
            ),
        ),
    ),
    "cifar-100-binary",
    ("train.bin",),
    ("test.bin",),
    {"coarse": ("coarse_label_names.txt", 20), "fine": ("fine_label_names.txt", 100)},
    ("cifar-100-python.tar.gz", "cifar-100-python", "meta"),
)


def cifar10(
    folder: str | os.PathLike[str] | None = None,
    *,
    download: bool = False,
    validation: float = 0.0,
    seed: int = 0,
    dtype: DTypeLike = "float32",
) -> Splits:
    """Load 60,000 colour photographs of 32 × 32 pixels in ten classes: 50,000 to learn from, 10,000 for judgement.

    A. Krizhevsky, "Learning Multiple Layers of Features from Tiny Images", 2009.

    Parameters
    ----------
    folder : path, optional
        Where ``cifar-10-binary.tar.gz`` lies, or the folder ``cifar-10-batches-bin`` unpacked from it; these
        themselves will do, too. Without it, the cache folder of this user.
    download : bool
        Get the archive where it is missing, into ``folder/cifar10``; needs the extra ``download``.
    validation : float
        Share of the 50,000 to keep for choosing settings, from every class alike; 0 keeps none.
    seed : int
        Which images are kept; the same seed keeps the same ones.
    dtype : dtype
        float32 or float64 for pixels from 0 to 1, or uint8 for 0 to 255. All images take 737 MB as float32 and
        184 MB as uint8, to convert batch by batch:
        ``data.batches(..., transform=data.preprocessing.PixelRange(0, 1, white=255))``.

    Returns
    -------
    Splits
        Of datasets with ``images`` (N, 3, 32, 32), channels in the order red, green, blue; ``labels`` (N,) int64,
        and ``classes`` as the archive names them.

    Raises
    ------
    FileAccessError
        When files are missing, cannot be read, or cannot be downloaded.
    DataFileError
        When a file is damaged, or the version for Python: unpickling it could run whatever is written in it, so
        that it is never read.
    MissingExtraError
        When pooch is needed and not installed.
    ArgumentError, DtypeError
        For a share, a seed or a dtype that is none.

    Notes
    -----
    A record is one byte for the label, then 1024 bytes for each of red, green and blue, row by row.
    """
    return _load(CIFAR10, "label", folder, download, validation, seed, dtype)


def cifar100(
    folder: str | os.PathLike[str] | None = None,
    labels: Literal["fine", "coarse"] = "fine",
    *,
    download: bool = False,
    validation: float = 0.0,
    seed: int = 0,
    dtype: DTypeLike = "float32",
) -> Splits:
    """Load 60,000 colour photographs of 32 × 32 pixels in a hundred classes, in the form of `cifar10`.

    Parameters
    ----------
    folder, download, validation, seed, dtype
        As of `cifar10`; the archive is ``cifar-100-binary.tar.gz``, the folder ``cifar-100-binary``.
    labels : {"fine", "coarse"}
        The hundred classes, or the twenty groups of five that they belong to.

    Returns
    -------
    Splits

    Raises
    ------
    ArgumentError
        For labels that are neither.
    FileAccessError, DataFileError, MissingExtraError, DtypeError
        As of `cifar10`.

    Notes
    -----
    A record is one byte for the coarse label and one for the fine label, then the pixels as in CIFAR-10.
    """
    if labels not in ("fine", "coarse"):
        hint = suggestion(str(labels), ("fine", "coarse"))
        raise ArgumentError(f"cifar100: labels={labels!r}, expected 'fine' or 'coarse'{hint}")
    return _load(CIFAR100, labels, folder, download, validation, seed, dtype)


def _load(
    layout: _Layout,
    kind: str,
    folder: str | os.PathLike[str] | None,
    download: bool,
    validation: float,
    seed: int,
    dtype: DTypeLike,
) -> Splits:
    caller = layout.collection.key
    image_dtype(caller, dtype)  # before minutes of downloading
    source, contents = _contents(layout, root(folder), download)
    name, count = layout.names[kind]
    classes = _names(contents.pop(name), count, source / name)
    train, test = (
        _dataset(layout, kind, classes, {name: contents.pop(name) for name in names}, source)
        for names in (layout.train, layout.test)
    )
    return splits(train, test, caller=caller, validation=validation, seed=seed, dtype=dtype)


def _contents(layout: _Layout, folder: Path, download: bool) -> tuple[Path, dict[str, bytearray]]:
    """Return where the files are, the archive or its unpacked folder, and what they hold."""
    own = folder / layout.collection.key
    for place in (folder / layout.folder, own / layout.folder, folder):
        if all(os.path.isfile(place / name) for name in layout.files):
            return place, {name: _content(place / name) for name in layout.files}
    if os.path.isfile(folder):
        archive = folder
    else:
        try:
            (archive,) = located(layout.collection, folder, download)
        except FileAccessError:
            if not download:
                _explain(layout, folder)
            raise
    contents = read_members(archive, layout.files, Limits(size=_LARGEST))
    if missing := [name for name in layout.files if name not in contents]:
        with closing(members(archive, Limits(size=_LARGEST))) as inside:
            _check_pickled(layout, {member.path.name for member in inside}, archive)
        raise DataFileError(f"{str(archive)!r} lacks {', '.join(missing)}; is it {layout.collection.files[0].name}?")
    return archive, contents


def _explain(layout: _Layout, folder: Path) -> None:
    """Raise when a folder holds the version for Python, or a part of the unpacked files."""
    _check_pickled(layout, {name for name in layout.pickled if os.path.exists(folder / name)}, folder)
    for place in (folder / layout.folder, folder):
        missing = [name for name in layout.files if not os.path.isfile(place / name)]
        if len(missing) < len(layout.files):
            raise FileAccessError(
                f"{layout.collection.key}: {str(place)!r} lacks {', '.join(missing)}; unpack "
                f"{layout.collection.files[0].name} anew, or let download=True get it"
            )


def _check_pickled(layout: _Layout, names: set[str], source: Path) -> None:
    for name in sorted(names & set(layout.pickled)):
        raise DataFileError(
            f"{str(source)!r} holds {name!r} of the version for Python, which is pickled: reading it could run code; "
            f"get the binary version, {layout.collection.files[0].name}, such as by download=True"
        )


def _content(path: Path) -> bytearray:
    with opened(path) as file:
        content = taken(file, _LARGEST + 1)
    if len(content) > _LARGEST:
        raise DataFileError(f"{str(path)!r} has more than {_LARGEST:,} bytes, which no file of CIFAR has")
    return content


def _names(content: bytearray, count: int, path: Path) -> tuple[str, ...]:
    try:
        names = tuple(content.decode("utf-8").split())
    except UnicodeDecodeError as error:
        raise DataFileError(f"{str(path)!r} is no text: {error.reason}; get it anew") from error
    if len(names) != count:
        raise DataFileError(f"{str(path)!r} names {len(names)} classes, expected {count}; get it anew")
    return names


def _dataset(
    layout: _Layout, kind: str, classes: tuple[str, ...], contents: dict[str, bytearray], source: Path
) -> Dataset:
    """Return the records of some files as one dataset."""
    size = len(layout.names) + PIXELS
    parts = []
    for name, content in contents.items():
        count, rest = divmod(len(content), size)
        if rest or not count:
            raise DataFileError(
                f"{str(source / name)!r} has {len(content):,} bytes, expected one or more records of {size:,}; "
                "it is truncated, or another file"
            )
        records = np.frombuffer(content, np.uint8).reshape(count, size)
        labels = records[:, list(layout.names).index(kind)]
        images = records[:, len(layout.names) :].reshape(count, 3, 32, 32)
        parts.append(labelled(images, labels, classes, source / name))
    return Dataset(
        np.concatenate([part.images for part in parts]), np.concatenate([part.labels for part in parts]), classes
    )
