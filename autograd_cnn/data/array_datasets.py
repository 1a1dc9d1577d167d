"""Datasets of arrays: from memory, and from .npz files without pickle."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, DTypeLike, NDArray

from autograd_cnn.data.archive_members import Limits, members
from autograd_cnn.data.archives import read_members
from autograd_cnn.data.datasets import Dataset
from autograd_cnn.data.npy import array_from_npy
from autograd_cnn.data.published import as_dtype, image_dtype
from autograd_cnn.errors import ArgumentError, DataFileError, DtypeError, ShapeError, suggestion
from autograd_cnn.files import as_path

Layout = Literal["NCHW", "NHWC"]


def arrays(
    images: ArrayLike,
    labels: ArrayLike,
    *,
    classes: Sequence[str] = (),
    layout: Layout = "NCHW",
    dtype: DTypeLike | None = None,
) -> Dataset:
    """Return images and labels that are arrays as a dataset.

    Parameters
    ----------
    images : (N, C, H, W), (N, H, W, C) or (N, H, W) array
        Numbers; images without a channel axis are grey.
    labels : (N,) array of integers or strings
        What each image shows. Strings become the classes, in their order.
    classes : sequence of str, optional
        The name of each class: label 0 is the first. With labels that are strings, all that there may be.
    layout : {"NCHW", "NHWC"}
        Where the channels are: before height and width, as everywhere here, or after them, as in most image
        libraries.
    dtype : dtype, optional
        float32 or float64; bytes are then scaled from 0 to 1. Without it images stay what they are.

    Returns
    -------
    Dataset
        Of the arrays themselves where nothing has to be changed.

    Raises
    ------
    ShapeError, DtypeError, ArgumentError, OutOfRangeError
        For arrays that are no images with one label each, and names that are not those of the labels.

    Examples
    --------
    >>> import numpy as np
    >>> from autograd_cnn import data
    >>> data.arrays(np.zeros((3, 8, 8), np.uint8), ["cat", "dog", "cat"], dtype="float32")
    Dataset(3 images of shape (1, 8, 8) float32, 2 classes from cat to dog)
    """
    pixels = np.asarray(images)
    if pixels.dtype.kind not in "biuf":
        raise DtypeError(f"arrays: images of dtype {pixels.dtype}, expected numbers")
    if pixels.ndim not in (3, 4):
        raise ShapeError(f"arrays: images of shape {pixels.shape}, expected (N, C, H, W), (N, H, W, C) or (N, H, W)")
    if layout not in ("NCHW", "NHWC"):
        raise ArgumentError(f"arrays: layout={layout!r}, expected 'NCHW' or 'NHWC'")
    if pixels.ndim == 3:
        pixels = pixels[:, None]
    elif layout == "NHWC":
        pixels = np.ascontiguousarray(np.moveaxis(pixels, -1, 1))
    if dtype is not None:
        wanted = image_dtype("arrays", dtype)
        pixels = as_dtype(pixels, wanted) if pixels.dtype == np.uint8 else pixels.astype(wanted, copy=False)
    return Dataset(pixels, *_coded(np.asarray(labels), classes))


def load_npz(
    path: str | os.PathLike[str],
    images: str = "images",
    labels: str = "labels",
    *,
    classes: Sequence[str] = (),
    layout: Layout = "NCHW",
    dtype: DTypeLike = "float32",
    limits: Limits | None = None,
) -> Dataset:
    """Load a dataset from a file that ``np.savez`` or ``np.savez_compressed`` wrote; nothing is unpickled.

    Parameters
    ----------
    path : path
    images, labels : str
        The names of the arrays, such as ``"x_train"`` and ``"y_train"``.
    classes, layout
        As of `arrays`.
    dtype : dtype
        float32 or float64; bytes are scaled from 0 to 1. Or uint8, when the file holds bytes.
    limits : ArchiveLimits, optional
        How much may come out of the file: 16 GiB, and 200 bytes for one of the file.

    Returns
    -------
    Dataset

    Raises
    ------
    FileAccessError
        When the file cannot be read.
    DataFileError
        When it is damaged, holds no arrays of these names or pickled ones, or is larger than the limits.
    ShapeError, DtypeError, ArgumentError, OutOfRangeError
        As of `arrays`.

    Examples
    --------
    >>> import tempfile, numpy as np
    >>> from autograd_cnn import data
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     np.savez(f"{folder}/some.npz", x=np.zeros((2, 8, 8), np.uint8), y=[0, 1])
    ...     data.load_npz(f"{folder}/some.npz", "x", "y")
    Dataset(2 images of shape (1, 8, 8) float32)
    """
    place, limits = as_path(path), limits or Limits()
    found = read_members(place, (f"{images}.npy", f"{labels}.npy"), limits)
    for name in (images, labels):
        if f"{name}.npy" not in found:
            known = [member.path.name.removesuffix(".npy") for member in members(place, limits)]
            raise DataFileError(
                f"{str(path)!r} holds no array {name!r}, but {', '.join(known) or 'none at all'}"
                f"{suggestion(name, known)}; name them by images= and labels="
            )
    try:
        pixels, numbers = (array_from_npy(found.pop(f"{name}.npy"), "biufU") for name in (images, labels))
    except ValueError as error:
        raise DataFileError(f"{str(path)!r} is damaged, or holds what is pickled: {error}") from error
    if image_dtype("load_npz", dtype) == np.uint8 != pixels.dtype:
        raise DtypeError(f"load_npz: dtype='uint8', but {images!r} is of {pixels.dtype}; ask for 'float32'")
    pixels, numbers = (array.astype(array.dtype.newbyteorder("="), copy=False) for array in (pixels, numbers))
    return arrays(pixels, numbers, classes=classes, layout=layout, dtype=dtype)


def _coded(labels: NDArray[Any], classes: Sequence[str]) -> tuple[NDArray[Any], tuple[str, ...]]:
    """Return labels as integers, and the names of their classes."""
    if not isinstance(classes, Sequence) or isinstance(classes, str | bytes):
        raise ArgumentError(f"arrays: classes={classes!r}, expected the names of the classes")
    if labels.dtype.kind != "U":
        return labels, tuple(classes)
    names = tuple(classes) or tuple(str(name) for name in np.unique(labels))
    codes = {name: code for code, name in enumerate(names)}
    if strange := sorted(set(labels.reshape(-1).tolist()) - set(codes)):
        raise ArgumentError(f"arrays: label {strange[0]!r} is none of the classes{suggestion(strange[0], names)}")
    return np.array([codes[label] for label in labels.reshape(-1).tolist()], np.int64).reshape(labels.shape), names
