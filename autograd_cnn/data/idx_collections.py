"""MNIST and Fashion-MNIST: four IDX files each."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

from numpy.typing import DTypeLike

from autograd_cnn.data.datasets import Dataset, Splits
from autograd_cnn.data.downloading import PublishedFile
from autograd_cnn.data.idx import read_idx
from autograd_cnn.data.published import Collection, image_dtype, labelled, located, root, splits
from autograd_cnn.errors import DataFileError
from autograd_cnn.files import opened


def _file(name: str, size: int, sha256: str) -> PublishedFile:
    plain = name.removesuffix(".gz")
    dotted = plain.replace("-idx", ".idx")  # as some programs unpack it
    return PublishedFile(name, sha256, size, (plain, dotted, dotted + ".gz"))


# Sizes and SHA-256 as TensorFlow Datasets publishes them, in tensorflow_datasets/url_checksums/mnist.txt
# and fashion_mnist.txt.
MNIST = Collection(
    "MNIST",
    "mnist",
    ("https://ossci-datasets.s3.amazonaws.com/mnist/", "https://storage.googleapis.com/cvdf-datasets/mnist/"),
    (
        _file(
            "train-images-idx3-ubyte.gz", 9912422, "440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f203523609"
        ),
        _file("train-labels-idx1-ubyte.gz", 28881, "3552534a0a558bbed6aed32b30c495cca23d567ec52cac8be1a0730e8010255c"),
        _file("t10k-images-idx3-ubyte.gz", 1648877, "8d422c7b0a1c1c79245a5bcf07fe86e33eeafee792b84584aec276f5a2dbc4e6"),
        _file("t10k-labels-idx1-ubyte.gz", 4542, "f7ae60f92e00ec6debd23a6088c31dbd2371eca3ffa0defaefb259924204aec6"),
    ),
    ("MNIST/raw",),
    tuple("0123456789"),
)
FASHION_MNIST = Collection(
    "Fashion-MNIST",
    "fashion_mnist",
    ("http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/",),  # it has no https
    (
        _file(
            "train-images-idx3-ubyte.gz", 26421880, "3aede38d61863908ad78613f6a32ed271626dd12800ba2636569512369268a84"
        ),
        _file("train-labels-idx1-ubyte.gz", 29515, "a04f17134ac03560a47e3764e11b92fc97de4d1bfaf8ba1a3aa29af54cc90845"),
        _file("t10k-images-idx3-ubyte.gz", 4422102, "346e55b948d973a97e58d2351dde16a484bd415d4595297633bb08f03db6a073"),
        _file("t10k-labels-idx1-ubyte.gz", 5148, "67da17c76eaffca5446c3361aaab5c3cd6d1c2608764d35dfb1850b086bf8dd5"),
    ),
    ("FashionMNIST/raw",),
    (
        *("T-shirt/top", "Trouser", "Pullover", "Dress", "Coat"),
        *("Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot"),
    ),
)

_LARGEST_LABELS = 100_000
"""More bytes than the compressed labels of any collection have."""


def mnist(
    folder: str | os.PathLike[str] | None = None,
    *,
    download: bool = False,
    validation: float = 0.0,
    seed: int = 0,
    dtype: DTypeLike = "float32",
) -> Splits:
    """Load 70,000 handwritten digits of 28 × 28 pixels: 60,000 to learn from, 10,000 to be judged on.

    Y. LeCun, C. Cortes and C. J. C. Burges, "The MNIST database of handwritten digits", 1998.

    Parameters
    ----------
    folder : path, optional
        Where the four IDX files lie, compressed or not: there, in ``folder/mnist``, or where torchvision puts them,
        in ``folder/MNIST/raw``. Without it, the cache folder of this user.
    download : bool
        Get files that are missing, into ``folder/mnist``; needs the extra ``download``. Files that are there are
        never replaced.
    validation : float
        Share of the 60,000 to keep for choosing settings, from every class alike; 0 keeps none.
    seed : int
        Which images are kept; the same seed keeps the same ones.
    dtype : dtype
        float32 or float64 for pixels from 0 (paper) to 1 (ink); or uint8 for 0 to 255 in a quarter of the memory, to
        convert batch by batch: ``data.batches(..., transform=data.preprocessing.PixelRange(0, 1, white=255))``.

    Returns
    -------
    Splits
        Of datasets with ``images`` (N, 1, 28, 28), ``labels`` (N,) int64 and ``classes``.

    Raises
    ------
    FileAccessError
        When files are missing, cannot be read, or cannot be downloaded.
    DataFileError
        When a file is damaged, or of another collection.
    MissingExtraError
        When pooch is needed and not installed.
    ArgumentError, DtypeError
        For a share, a seed or a dtype that is none.
    """
    return _load(MNIST, folder, download, validation, seed, dtype)


def fashion_mnist(
    folder: str | os.PathLike[str] | None = None,
    *,
    download: bool = False,
    validation: float = 0.0,
    seed: int = 0,
    dtype: DTypeLike = "float32",
) -> Splits:
    """Load 70,000 pictures of clothes of 28 × 28 pixels in ten classes, in the form of `mnist`.

    H. Xiao, K. Rasul and R. Vollgraf, "Fashion-MNIST: a Novel Image Dataset for Benchmarking Machine Learning
    Algorithms", arXiv:1708.07747; MIT licence.

    Parameters
    ----------
    folder, download, validation, seed, dtype
        As of `mnist`; the folders of its own are ``folder/fashion_mnist`` and ``folder/FashionMNIST/raw``.

    Returns
    -------
    Splits

    Raises
    ------
    FileAccessError, DataFileError, MissingExtraError, ArgumentError, DtypeError
        As of `mnist`.
    """
    return _load(FASHION_MNIST, folder, download, validation, seed, dtype)


def _load(
    collection: Collection,
    folder: str | os.PathLike[str] | None,
    download: bool,
    validation: float,
    seed: int,
    dtype: DTypeLike,
) -> Splits:
    image_dtype(collection.key, dtype)  # before the download
    train_images, train_labels, test_images, test_labels = located(collection, root(folder), download)
    train = _dataset(collection, train_images, train_labels)
    test = _dataset(collection, test_images, test_labels)
    if train.images.shape[1:] != test.images.shape[1:]:
        raise DataFileError(
            f"{str(test_images)!r} has images of shape {test.images.shape[1:]}, but those of {train_images.name} "
            f"are {train.images.shape[1:]}; the files do not belong together"
        )
    return splits(train, test, caller=collection.key, validation=validation, seed=seed, dtype=dtype)


def _dataset(collection: Collection, images_path: Path, labels_path: Path) -> Dataset:
    _check_collection(collection, labels_path)
    images, labels = read_idx(images_path), read_idx(labels_path)
    for array, path, rank in ((images, images_path, 3), (labels, labels_path, 1)):
        if array.dtype.name != "uint8" or array.ndim != rank:
            raise DataFileError(
                f"{str(path)!r} holds {array.dtype} of rank {array.ndim}, expected uint8 of rank {rank}; "
                "are images and labels swapped?"
            )
    if len(images) != len(labels):
        raise DataFileError(
            f"{str(images_path)!r} holds {len(images):,} images, but {labels_path.name} {len(labels):,} labels; "
            "the files do not belong together"
        )
    return labelled(images[:, None], labels, collection.classes, labels_path)


def _check_collection(collection: Collection, labels_path: Path) -> None:
    """Raise for the labels of another collection: its files have the same names, and would be read as well."""
    with opened(labels_path) as file:
        sha256 = hashlib.sha256(file.read(_LARGEST_LABELS)).hexdigest()
    for other in (MNIST, FASHION_MNIST):
        if other is not collection and sha256 in (file.sha256 for file in other.files):
            raise DataFileError(
                f"{str(labels_path)!r} is of {other.title}, whose files are named like those of {collection.title}; "
                f"put these into {str(labels_path.parent / collection.key)!r}"
            )
