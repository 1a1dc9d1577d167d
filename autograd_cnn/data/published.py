"""Published collections of images: where their files lie, and the splits that are made of them."""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from autograd_cnn.data.datasets import Dataset, Splits
from autograd_cnn.data.downloading import PublishedFile, cache_folder, fetched
from autograd_cnn.data.splitting import stratified_split
from autograd_cnn.errors import ArgumentError, DataFileError, DtypeError, FileAccessError
from autograd_cnn.files import as_path
from autograd_cnn.settings import real


@dataclass(frozen=True)
class Collection:
    """The files of one published collection.

    Attributes
    ----------
    title : str
        Its name, such as ``"Fashion-MNIST"``.
    key : str
        The function that loads it, and the folder of its own that it is downloaded to.
    mirrors : tuple of str
        Addresses that the files' names are put behind.
    files : tuple of PublishedFile
    homes : tuple of str
        Folders of its own that other programs give it.
    classes : tuple of str
        Where no file names them.
    """

    title: str
    key: str
    mirrors: tuple[str, ...]
    files: tuple[PublishedFile, ...]
    homes: tuple[str, ...] = ()
    classes: tuple[str, ...] = ()

    def places(self, folder: Path) -> list[Path]:
        """Return where the files may be: in a folder of the collection's own, or in `folder` itself."""
        return [folder / self.key, *(folder / home for home in self.homes), folder]


def root(folder: str | os.PathLike[str] | None) -> Path:
    """Return the folder that the user named, or the one where downloads are kept."""
    return cache_folder() if folder is None else as_path(folder)


def located(collection: Collection, folder: Path, download: bool) -> list[Path]:
    """Return the place of each file of a collection; with `download`, get those that are missing.

    Raises
    ------
    FileAccessError
        When files are missing; says which, and how to get them.
    """
    found = max((_found(collection, place) for place in collection.places(folder)), key=len)
    missing = [file for file in collection.files if file not in found]
    if missing and not download:
        names = ", ".join(file.name for file in missing)
        there = f"{str(folder)!r} lacks {names}" if os.path.isdir(folder) else f"there is no folder {str(folder)!r}"
        raise FileAccessError(
            f"{collection.key}: {there}; download=True gets {collection.title} "
            f"({sum(file.size for file in missing) / 1e6:.0f} MB), or put its files there: {collection.mirrors[0]}"
        )
    if missing:  # all of them from one place: halves of two copies need not belong together
        own = folder / collection.key
        found = _found(collection, own)
        for file in collection.files:
            if file not in found:
                found[file] = fetched(file, collection.mirrors, own)
    return [found[file] for file in collection.files]


def splits(
    train: Dataset, test: Dataset, *, caller: str, validation: float = 0.0, seed: int = 0, dtype: DTypeLike = "float32"
) -> Splits:
    """Return published parts of uint8 images as splits, a share of the first kept for validation.

    Raises
    ------
    ArgumentError
        For a share outside 0 to 1, or a seed below 0.
    DtypeError
        For a dtype that is none of float32, float64 and uint8.
    """
    wanted = image_dtype(caller, dtype)
    share = real(validation)
    if not 0 <= share < 1:
        raise ArgumentError(f"{caller}: validation={validation!r}, expected the share of train to keep, from 0 to 1")
    parts = stratified_split(train, (1 - share, share), seed=seed)
    # nothing to keep: the published order stays, and no image is copied
    train, validated = parts if share else (train, parts[1])
    return Splits(*(replace(part, images=as_dtype(part.images, wanted)) for part in (train, validated, test)))


def labelled(images: NDArray[Any], labels: NDArray[Any], classes: Iterable[str], source: Path) -> Dataset:
    """Return images and labels from a file as a dataset; raise DataFileError for labels of no class."""
    names = tuple(classes)
    strange = np.flatnonzero(labels >= len(names))
    if len(strange):
        raise DataFileError(
            f"{str(source)!r} labels image {strange[0]} as {labels[strange[0]]}, expected 0 to {len(names) - 1}; "
            "it is damaged, or of another collection"
        )
    return Dataset(images, labels.astype(np.int64), names)


def image_dtype(caller: str, dtype: DTypeLike) -> np.dtype[Any]:
    """Return the dtype that images are wanted in; raise DtypeError when they cannot be."""
    try:
        wanted = np.dtype(dtype)
    except TypeError:
        wanted = np.dtype(object)
    if wanted.name not in ("float32", "float64", "uint8"):
        raise DtypeError(
            f"{caller}: dtype={dtype!r}, expected 'float32' or 'float64' for pixels from 0 to 1, or 'uint8'"
        )
    return wanted


def as_dtype(images: NDArray[np.uint8], dtype: np.dtype[Any]) -> NDArray[Any]:
    """Return bytes as they are, or as floats from 0 to 1, without a wider copy on the way."""
    return images if dtype == np.uint8 else np.divide(images, 255, dtype=dtype)


def _found(collection: Collection, place: Path) -> dict[PublishedFile, Path]:
    """Return those files of a collection that lie in a folder."""
    return {
        file: place / name
        for file in collection.files
        for name in reversed((file.name, *file.aliases))  # the last one counts: the published name
        if os.path.isfile(place / name)  # False, too, where the folder is closed
    }
