"""MNIST and Fashion-MNIST from folders and from a server, on small files of the same names and format."""

import gzip
import hashlib
import io
import os
import re
import shutil
import sys

import numpy as np
import pytest

import autograd_cnn as ag
from autograd_cnn import data
from autograd_cnn.data import idx_collections
from tests.data.serving import republished, served

PIXELS = np.random.default_rng(0).integers(0, 256, (50, 6, 5), dtype=np.uint8)
LABELS = np.arange(50, dtype=np.uint8) % 10


def stored(folder, train=40):
    folder.mkdir(parents=True, exist_ok=True)
    for part, chosen in (("train", slice(train)), ("t10k", slice(train, None))):
        data.write_idx(folder / f"{part}-images-idx3-ubyte.gz", PIXELS[chosen])
        data.write_idx(folder / f"{part}-labels-idx1-ubyte.gz", LABELS[chosen])
    return folder


def test_the_parts_are_those_that_are_published(tmp_path):
    found = data.mnist(stored(tmp_path))
    np.testing.assert_array_equal(found.train.images, (PIXELS[:40, None] / 255).astype(np.float32))
    np.testing.assert_array_equal(found.test.images * 255, PIXELS[40:, None])
    assert found.train.labels.tolist() == LABELS[:40].tolist()
    assert found.test.labels.dtype == np.int64
    assert len(found.validation) == 0
    assert repr(found).splitlines() == [
        "Splits(train=Dataset(40 images of shape (1, 6, 5) float32, 10 classes from 0 to 9),",
        "       validation=Dataset(0 images of shape (1, 6, 5) float32, 10 classes from 0 to 9),",
        "       test=Dataset(10 images of shape (1, 6, 5) float32, 10 classes from 0 to 9))",
    ]
    assert data.fashion_mnist(tmp_path).test.classes[9] == "Ankle boot"


def test_a_share_of_each_class_is_kept_for_validation(tmp_path):
    found = data.mnist(stored(tmp_path), validation=0.25, seed=3, dtype="uint8")
    assert np.bincount(found.validation.labels).tolist() == [1] * 10
    assert np.bincount(found.train.labels).tolist() == [3] * 10
    shown = [image.tobytes() for part in (found.train, found.validation) for image in part.images]
    assert sorted(shown) == sorted(image.tobytes() for image in PIXELS[:40])
    assert found.train.images.dtype == np.uint8
    again = data.mnist(tmp_path, validation=0.25, seed=3, dtype=np.float64)
    np.testing.assert_array_equal(again.validation.images * 255, found.validation.images)


def test_bytes_are_converted_batch_by_batch_as_at_once(tmp_path):
    raw, at_once = data.mnist(stored(tmp_path), dtype="uint8").train, data.mnist(tmp_path).train
    converted = data.batches(raw, 7, rng=0, transform=data.preprocessing.PixelRange(0, 1, white=255))
    for (few, _), (expected, _) in zip(converted, data.batches(at_once, 7, rng=0), strict=True):
        np.testing.assert_array_equal(few, expected, strict=True)


@pytest.mark.parametrize("home", ["mnist", "MNIST/raw", "."])
@pytest.mark.parametrize("form", ["packed", "plain", "dotted"])
def test_files_are_found_where_programs_put_them(tmp_path, home, form):
    folder = stored(tmp_path / home)
    for packed in folder.glob("*.gz") if form != "packed" else ():
        name = packed.name.removesuffix(".gz").replace("-idx", ".idx" if form == "dotted" else "-idx")
        (folder / name).write_bytes(gzip.decompress(packed.read_bytes()))
        packed.unlink()
    assert len(data.mnist(tmp_path).train) == 40


def test_missing_files_are_named_with_the_way_to_get_them(tmp_path):
    (stored(tmp_path) / "t10k-labels-idx1-ubyte.gz").unlink()
    with pytest.raises(ag.FileAccessError, match=r"mnist: '.*' lacks t10k-labels-idx1-ubyte\.gz; download=True gets"):
        data.mnist(tmp_path)
    with pytest.raises(ag.FileAccessError, match=r"there is no folder '.*none'; .* gets Fashion-MNIST \(31 MB\)"):
        data.fashion_mnist(tmp_path / "none")


@pytest.mark.parametrize(
    ("name", "array", "message"),
    [
        ("train-labels-idx1-ubyte.gz", LABELS, "holds 40 images, but .* 50 labels; the files do not belong"),
        ("train-labels-idx1-ubyte.gz", LABELS[:40] + 5, "labels image 5 as 10, expected 0 to 9"),
        ("train-labels-idx1-ubyte.gz", PIXELS[:40], "holds uint8 of rank 3, expected uint8 of rank 1"),
        ("t10k-images-idx3-ubyte.gz", PIXELS[:10].astype(np.float32), "holds float32 of rank 3"),
        ("t10k-images-idx3-ubyte.gz", PIXELS[:10, :4], r"shape \(1, 4, 5\), but those of train.* are \(1, 6, 5\)"),
    ],
)
def test_files_that_do_not_fit_each_other_are_told(tmp_path, name, array, message):
    data.write_idx(stored(tmp_path) / name, array)
    with pytest.raises(ag.DataFileError, match=message):
        data.mnist(tmp_path)


def test_files_of_the_other_collection_are_told(tmp_path, monkeypatch):
    """Both have the same file names: clothes must not pass for digits."""
    clothes = republished(idx_collections.FASHION_MNIST, stored(tmp_path), "")
    monkeypatch.setattr(idx_collections, "FASHION_MNIST", clothes)
    with pytest.raises(ag.DataFileError, match="is of Fashion-MNIST, whose files are named like those of MNIST"):
        data.mnist(tmp_path)
    assert len(data.fashion_mnist(tmp_path).train) == 40


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"dtype": "int32"}, ag.DtypeError, "mnist: dtype='int32', expected 'float32'"),
        ({"dtype": "nothing"}, ag.DtypeError, "dtype='nothing'"),
        ({"validation": 1}, ag.ArgumentError, "mnist: validation=1, expected the share of train"),
        ({"validation": float("nan")}, ag.ArgumentError, "validation=nan"),
        ({"validation": True}, ag.ArgumentError, "validation=True"),
        ({"seed": -1}, ag.ArgumentError, "seed=-1"),
    ],
)
def test_bad_arguments_raise_typed_errors(tmp_path, options, error, message):
    with pytest.raises(error, match=message):
        data.mnist(stored(tmp_path), **options)


def test_published_files_are_known_by_sha256():
    for collection in (idx_collections.MNIST, idx_collections.FASHION_MNIST):
        assert len({file.sha256 for file in collection.files}) == 4
        assert all(len(bytes.fromhex(file.sha256)) == 32 for file in collection.files)
        assert len(collection.classes) == 10


@pytest.fixture
def published(tmp_path, monkeypatch):
    """Serve small files as MNIST; return the folder that is served."""
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    folder = stored(tmp_path / "server")
    with served(folder) as address:
        collection = republished(idx_collections.MNIST, folder, address + "nowhere/", address)
        monkeypatch.setattr(idx_collections, "MNIST", collection)
        yield folder


def test_missing_files_are_downloaded_from_the_first_mirror_that_has_them(tmp_path, published, monkeypatch):
    class Terminal(io.StringIO):
        def isatty(self):
            return True

    monkeypatch.setattr(sys, "stderr", Terminal())
    monkeypatch.setenv("HOME", str(tmp_path))
    home = tmp_path / "home"
    assert len(data.mnist("~/home", download=True).train) == 40
    assert re.search(r"t10k-labels-idx1-ubyte\.gz: 100%", sys.stderr.getvalue())  # a bar of progress
    for file in published.iterdir():
        assert (home / "mnist" / file.name).read_bytes() == file.read_bytes()
    shutil.rmtree(published)  # from now on nothing can come
    assert len(data.mnist(home, download=True).train) == len(data.mnist(home).train) == 40


def test_a_file_that_is_there_is_not_replaced(tmp_path, published):
    own = tmp_path / "home" / "mnist"
    own.mkdir(parents=True)
    data.write_idx(own / "train-labels-idx1-ubyte.gz", LABELS[39::-1])
    assert data.mnist(tmp_path / "home", download=True).train.labels.tolist() == LABELS[39::-1].tolist()


@pytest.mark.parametrize("change", ["other", "longer"])
def test_what_is_not_the_published_file_is_not_kept(tmp_path, published, change):
    changed = published / "train-labels-idx1-ubyte.gz"
    content = changed.read_bytes()
    changed.write_bytes(bytes(len(content)) if change == "other" else content + bytes(3_000_000))
    with pytest.raises(ag.FileAccessError, match="cannot get train-labels") as it:
        data.mnist(tmp_path / "home", download=True)
    assert "nowhere/ and http://127.0.0.1" in str(it.value)
    assert os.listdir(tmp_path / "home" / "mnist") == ["train-images-idx3-ubyte.gz"]


def test_a_forged_file_is_told(tmp_path, published, monkeypatch):
    address = idx_collections.MNIST.mirrors[1]
    monkeypatch.setattr(idx_collections, "MNIST", republished(idx_collections.MNIST, published, address))
    (published / "t10k-labels-idx1-ubyte.gz").write_bytes(b"forged")
    digest = idx_collections.MNIST.files[3].sha256[:12]
    with pytest.raises(ag.DataFileError, match=f"gave another file than .* SHA-256 {digest}…; it was not kept"):
        data.mnist(tmp_path / "home", download=True)
    assert hashlib.sha256(b"forged").hexdigest()[:12] != digest


def test_without_a_folder_the_cache_is_used(tmp_path, published, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    assert len(data.mnist(download=True).train) == len(data.mnist().train) == 40
    if sys.platform == "linux":
        assert (tmp_path / "cache" / "autograd_cnn" / "mnist" / "t10k-labels-idx1-ubyte.gz").is_file()


def test_without_pooch_the_extra_is_named(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "pooch", None)
    with pytest.raises(
        ag.MissingExtraError, match=r"download=True needs pooch.*pip install 'autograd-cnn\[download\]'"
    ):
        data.mnist(tmp_path, download=True)
    assert len(data.mnist(stored(tmp_path)).train) == 40
