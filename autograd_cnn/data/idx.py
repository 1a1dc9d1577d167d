"""The IDX format of MNIST: arrays of any rank in a few bytes of header and big-endian numbers."""

from __future__ import annotations

import math
import os
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from autograd_cnn.data.byte_streams import Readable, content, is_at_end, taken
from autograd_cnn.errors import DataFileError, DtypeError, ShapeError
from autograd_cnn.files import as_path, replacing

_DTYPES = {0x08: "u1", 0x09: "i1", 0x0B: ">i2", 0x0C: ">i4", 0x0D: ">f4", 0x0E: ">f8"}
_CODES = {np.dtype(name).newbyteorder("="): code for code, name in _DTYPES.items()}
_HIGHEST_RANK = 64  # of NumPy; the format could tell 255


def read_idx(path: str | os.PathLike[str]) -> NDArray[Any]:
    """Read an array from an IDX file, such as MNIST's ``train-images-idx3-ubyte.gz``.

    Parameters
    ----------
    path : path
        A plain file, or one compressed by gzip, whatever its name.

    Returns
    -------
    array
        uint8, int8, int16, int32, float32 or float64 in this machine's byte order, of any rank.

    Raises
    ------
    FileAccessError
        When the file cannot be read.
    DataFileError
        When it is no IDX file, truncated or damaged, or longer than its header says.

    Notes
    -----
    Two zero bytes, one for the type (0x08 is uint8, then int8, 0x0B int16, int32, float32, float64) and one for
    the rank; then each dimension in four bytes and the elements, the last dimension running fastest; all numbers
    big-endian (Y. LeCun, C. Cortes, C. Burges, "The MNIST database of handwritten digits"). The header is held
    against the size of the file before memory is taken.

    Examples
    --------
    >>> import tempfile, numpy as np
    >>> from autograd_cnn import data
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     data.write_idx(folder + "/labels.gz", np.array([5, 0, 4], np.uint8))
    ...     data.read_idx(folder + "/labels.gz")
    array([5, 0, 4], dtype=uint8)
    """
    name = str(as_path(path))
    with content(path) as (stream, most):
        dtype, shape = _header(stream, name)
        count = math.prod(shape) * dtype.itemsize
        if count > most:
            raise DataFileError(
                f"{name!r} declares {_words(shape, dtype)}, far more than the file holds; it is damaged"
            )
        elements = taken(stream, count)
        if len(elements) < count:
            raise DataFileError(
                f"{name!r} is truncated: {len(elements):,} bytes of elements, but {_words(shape, dtype)} "
                f"take {count:,}; get it anew"
            )
        if not is_at_end(stream):
            raise DataFileError(f"{name!r} goes on after its {_words(shape, dtype)}; it is damaged, or no IDX file")
    try:
        array = np.frombuffer(elements, dtype).reshape(shape)
    except ValueError as error:  # one dimension is 0, and the others are more than NumPy can count
        raise DataFileError(f"{name!r} declares the shape {shape}: {error}") from error
    return array.astype(dtype.newbyteorder("="), copy=False)


def write_idx(path: str | os.PathLike[str], array: ArrayLike) -> None:
    """Write an array as an IDX file, whole or not at all; compressed by gzip when the name ends in ``.gz``.

    Parameters
    ----------
    path : path
    array : array
        Of uint8, int8, int16, int32, float32 or float64.

    Raises
    ------
    DtypeError
        For any other dtype.
    ShapeError
        For a dimension of 2³² or more.
    FileAccessError
        When the file cannot be written.
    """
    import gzip

    array = np.asarray(array)
    dtype = array.dtype.newbyteorder("=")
    if dtype not in _CODES:
        known = ", ".join(str(known) for known in _CODES)
        raise DtypeError(f"write_idx: {dtype} is no type of IDX, which has {known}; convert by .astype(...)")
    if max(array.shape, default=0) >= 2**32:
        raise ShapeError(f"write_idx: shape {array.shape}, but a dimension of IDX ends at 2³² − 1")
    code = _CODES[dtype]
    header = bytes([0, 0, code, array.ndim]) + np.array(array.shape, ">u4").tobytes()
    with replacing(path) as file:
        if not str(path).endswith(".gz"):
            file.write(header + array.astype(_DTYPES[code]).tobytes())
            return
        # without name and time, so that the same array gives the same file
        with gzip.GzipFile("", "wb", 6, file, mtime=0) as packed:
            packed.write(header + array.astype(_DTYPES[code]).tobytes())


def _header(stream: Readable, name: str) -> tuple[np.dtype[Any], tuple[int, ...]]:
    magic = bytes(taken(stream, 4))
    if len(magic) < 4 or magic[:2] != b"\0\0" or magic[2] not in _DTYPES or magic[3] > _HIGHEST_RANK:
        raise DataFileError(
            f"{name!r} is no IDX file: it starts with {magic.hex(' ') or 'nothing'}, expected 00 00, "
            f"a type from 08 to 0e and a rank up to {_HIGHEST_RANK}"
        )
    sizes = bytes(taken(stream, 4 * magic[3]))
    if len(sizes) < 4 * magic[3]:
        raise DataFileError(f"{name!r} is truncated within its header of {magic[3]} dimensions; get it anew")
    return np.dtype(_DTYPES[magic[2]]), tuple(int(size) for size in np.frombuffer(sizes, ">u4"))


def _words(shape: tuple[int, ...], dtype: np.dtype[Any]) -> str:
    return f"{' × '.join(map(str, shape)) or 'one'} of {dtype.newbyteorder('=')}"
