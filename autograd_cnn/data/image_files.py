"""Folders of image files, one folder for each class, read by Pillow."""

from __future__ import annotations

import os
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO, NoReturn

import numpy as np
from numpy.typing import DTypeLike, NDArray

from autograd_cnn.data.datasets import Dataset
from autograd_cnn.data.published import as_dtype, image_dtype
from autograd_cnn.errors import ArgumentError, AutogradError, DataFileError, FileAccessError, extra
from autograd_cnn.files import as_path, opened
from autograd_cnn.settings import is_whole

EXTENSIONS = (".jpg", ".jpeg", ".png", ".ppm", ".bmp", ".pgm", ".tif", ".tiff", ".webp")
"""Endings of the files that are read, whatever their case; those of torchvision's ImageFolder."""
_FORMATS = ("JPEG", "PNG", "PPM", "BMP", "TIFF", "WEBP")  # others, such as EPS, would start programs
_MODES = {1: "L", 3: "RGB", 4: "RGBA"}


def image_folder(
    folder: str | os.PathLike[str],
    size: tuple[int, int] | None = None,
    channels: int = 3,
    *,
    dtype: DTypeLike = "float32",
    progress: str | None = None,
) -> Dataset:
    """Load images from a folder that holds one folder for each class.

    Parameters
    ----------
    folder : path
        Classes are its folders in the order of their names; images those of their files that end as an image
        does, in folders below, too, in the order of their paths: the order of torchvision's ImageFolder. Names that
        begin with a dot are passed over. `extract` unpacks a zip or tar file to such a folder.
    size : (int, int), optional
        Height and width that all images are resized to, each by itself, without keeping their ratio. Without it all
        images must be of one size.
    channels : {3, 1, 4}
        Colour, grey, or colour with opacity. Images of other kinds are converted: opacity is dropped unless it is
        asked for, and 16 bits become 8.
    dtype : dtype
        float32 or float64 for pixels from 0 to 1, or uint8 for 0 to 255.
    progress : str, optional
        Show a progress bar of this title on a terminal.

    Returns
    -------
    Dataset
        ``images`` (N, channels, H, W), upright as their cameras say (EXIF); ``labels`` (N,) int64; ``classes``.

    Raises
    ------
    MissingExtraError
        Without the library Pillow.
    FileAccessError
        When a folder or file cannot be read.
    DataFileError
        When a class is empty, a file is damaged or too large to be an image, or sizes differ.
    ArgumentError, DtypeError
        For a size, channels or a dtype that is none.
    """
    extra("PIL.Image", "images", "image_folder")
    wanted = image_dtype("image_folder", dtype)
    if channels not in _MODES:
        raise ArgumentError(f"image_folder: channels={channels!r}, expected 1 (grey), 3 (colour) or 4 (with opacity)")
    _check_size(size)
    classes, paths, labels = _listed(as_path(folder))
    images: NDArray[np.uint8] | None = None
    for i, path in enumerate(_shown(paths, progress)):
        pixels = _pixels(path, size, channels)
        if images is None:
            images = np.empty((len(paths), *pixels.shape), np.uint8)
        if pixels.shape != images.shape[1:]:
            first, other = (" × ".join(map(str, shape[-2:])) for shape in (images.shape, pixels.shape))
            raise DataFileError(
                f"image_folder: {str(path)!r} has {other} pixels, but {str(paths[0])!r} {first}; "
                f"size=(height, width) resizes all, such as size={images.shape[-2:]}"
            )
        images[i] = pixels
    assert images is not None  # no class is empty
    return Dataset(as_dtype(images, wanted), np.array(labels, np.int64), classes)


def _listed(folder: Path) -> tuple[tuple[str, ...], list[Path], list[int]]:
    """Return the names of the classes, the images, and the class of each."""
    try:
        with os.scandir(folder) as entries:
            classes = sorted(entry.name for entry in entries if entry.is_dir() and not entry.name.startswith("."))
    except OSError as error:
        raise FileAccessError(f"image_folder: cannot read {str(folder)!r}: {error.strerror}") from error
    if not classes:
        raise DataFileError(f"image_folder: {str(folder)!r} holds no folder; expected one for each class, with images")
    paths: list[Path] = []
    labels: list[int] = []
    for label, name in enumerate(classes):
        found = [path for path in _files(folder / name) if path.suffix.lower() in EXTENSIONS]
        if not found:
            raise DataFileError(
                f"image_folder: class {name!r} has no image; {str(folder / name)!r} holds no file that ends in "
                f"{', '.join(EXTENSIONS)}"
            )
        paths += found
        labels += [label] * len(found)
    return tuple(classes), paths, labels


def _files(folder: Path) -> list[Path]:
    """Return the files below a folder in the order of their paths; links to folders are followed, but once."""

    def fail(error: OSError) -> NoReturn:
        raise FileAccessError(f"image_folder: cannot read {error.filename!r}: {error.strerror}") from error

    found, seen = [], {_identity(folder.parent)}
    for place, folders, names in os.walk(folder, followlinks=True, onerror=fail):
        if _identity(place) in seen:  # a link to a folder above would go on forever
            folders.clear()
            continue
        seen.add(_identity(place))
        folders[:] = [name for name in folders if not name.startswith(".")]
        found.append((place, sorted(name for name in names if not name.startswith("."))))
    return [Path(place, name) for place, names in sorted(found) for name in names]


def _identity(folder: str | Path) -> tuple[int, int]:
    status = os.stat(folder)
    return status.st_dev, status.st_ino


def _shown(paths: list[Path], progress: str | None) -> Iterator[Path]:
    if progress is None:
        yield from paths
        return
    from tqdm import tqdm

    yield from tqdm(paths, desc=progress, unit="image", disable=None)  # None: no bar where stderr is no terminal


def _pixels(path: Path, size: tuple[int, int] | None, channels: int) -> NDArray[np.uint8]:
    """Return the pixels of a file, (C, H, W)."""
    from PIL import Image

    with opened(path) as file, warnings.catch_warnings():
        warnings.simplefilter("error", Image.DecompressionBombWarning)
        try:
            pixels = _decoded(file, size, channels)
        except AutogradError:
            raise
        except (Image.DecompressionBombWarning, Image.DecompressionBombError) as error:
            raise DataFileError(
                f"{str(path)!r} is refused: {error}; if you trust it, raise PIL.Image.MAX_IMAGE_PIXELS"
            ) from error
        except Exception as error:  # decoders raise whatever a damaged file leads them to
            raise DataFileError(
                f"{str(path)!r} cannot be read as an image: {error or type(error).__name__}; replace or delete it"
            ) from error
    return pixels


def _decoded(file: BinaryIO, size: tuple[int, int] | None, channels: int) -> NDArray[np.uint8]:
    from PIL import Image, ImageOps

    with Image.open(file, formats=_FORMATS) as image:
        upright = ImageOps.exif_transpose(image)
        if upright.mode.startswith("I;16") or (upright.mode == "I" and image.format == "PNG"):
            # 65,535 becomes 255; Pillow would cut off what is above 255
            upright = Image.fromarray(((np.asarray(upright).astype(np.uint32) + 128) // 257).astype(np.uint8))
        if upright.mode in ("I", "F"):
            raise DataFileError(f"{file.name!r} has pixels of 32 bits, whose white is unknown; save it with 8 bits")
        if upright.mode == "P" and "transparency" in upright.info:
            upright = upright.convert("RGBA")  # on the way to another mode Pillow would warn
        converted = upright.convert(_MODES[channels])
    if size is not None:
        converted = converted.resize((size[1], size[0]), Image.Resampling.BILINEAR)
    pixels = np.asarray(converted)
    return pixels[None] if channels == 1 else np.moveaxis(pixels, -1, 0)


def _check_size(size: Any) -> None:
    if size is None:
        return
    valid = isinstance(size, tuple | list) and len(size) == 2
    if not valid or not all(is_whole(n, 1, 65_500) for n in size):
        raise ArgumentError(f"image_folder: size={size!r}, expected (height, width) in pixels")
