"""CIFAR-10 and CIFAR-100, on small files made by hand in their format."""

import contextlib
import io
import os
import pickle
import tarfile
import tracemalloc
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import autograd_cnn as ag
from autograd_cnn import data
from autograd_cnn.data import cifar
from tests.data.serving import republished, served

NAMES10 = ["airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"]
NAMES100 = [f"fine_{i}" for i in range(100)]
GROUPS = [f"group_{i}" for i in range(20)]
RANDOM = np.random.default_rng(0)
PIXELS = RANDOM.integers(0, 256, (60, 3072), dtype=np.uint8)
LABELS = np.arange(60) % 10


def records(labels, chosen):
    """What the format says: label bytes, then red, green and blue, row by row."""
    return b"".join(bytes(np.atleast_1d(labels[i]).tolist()) + PIXELS[i].tobytes() for i in chosen)


def files10():
    batches = {f"data_batch_{k + 1}.bin": records(LABELS, range(10 * k, 10 * k + 10)) for k in range(5)}
    return {
        "batches.meta.txt": "\n".join([*NAMES10, "", ""]).encode(),
        **batches,
        "test_batch.bin": records(LABELS, range(50, 60)),
    }


def files100():
    labels = np.stack([np.arange(60) % 20, np.arange(60) + 40], 1)
    return {
        "coarse_label_names.txt": "\n".join(GROUPS).encode() + b"\n",
        "fine_label_names.txt": "\n".join(NAMES100).encode() + b"\n",
        "train.bin": records(labels, range(50)),
        "test.bin": records(labels, range(50, 60)),
    }


def folder_of(folder, files):
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        (folder / name).write_bytes(content)
    return folder


def archive_of(path, files, inside):
    path.parent.mkdir(parents=True, exist_ok=True)
    with tarfile.open(path, "w:gz") as archive:
        for name, content in files.items():
            info = tarfile.TarInfo(f"{inside}/{name}")
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    return path


def check10(found):
    images = (PIXELS.reshape(60, 3, 32, 32) / 255).astype(np.float32)
    np.testing.assert_array_equal(found.train.images, images[:50], strict=True)
    np.testing.assert_array_equal(found.test.images, images[50:], strict=True)
    assert found.train.labels.tolist() == LABELS[:50].tolist()
    assert found.test.labels.dtype == np.int64
    assert found.train.classes == tuple(NAMES10)
    assert found.train.images.flags.c_contiguous
    assert found.train.images.flags.writeable


@pytest.mark.parametrize("home", ["cifar-10-batches-bin", "cifar10/cifar-10-batches-bin", "."])
def test_unpacked_folders_are_found(tmp_path, home):
    folder_of(tmp_path / home, files10())
    check10(data.cifar10(tmp_path))
    assert repr(data.cifar10(tmp_path).train) == (
        "Dataset(50 images of shape (3, 32, 32) float32, 10 classes from airplane to truck)"
    )


@pytest.mark.parametrize("home", ["cifar10", "."])
def test_the_archive_is_read_without_unpacking(tmp_path, home):
    archive = archive_of(tmp_path / home / "cifar-10-binary.tar.gz", files10(), "cifar-10-batches-bin")
    check10(data.cifar10(tmp_path))
    check10(data.cifar10(archive))
    assert os.listdir(archive.parent) == [archive.name]


def test_channels_are_red_green_blue_and_rows_run_first(tmp_path):
    red = np.zeros((3, 32, 32), np.uint8)
    red[0, 1, 2] = 200  # second row, third column
    record = bytes([7]) + red.tobytes()
    assert record[1 + 34] == 200
    folder_of(tmp_path, {**files10(), "test_batch.bin": record})
    test = data.cifar10(tmp_path, dtype="uint8").test
    assert test.images[0].nonzero() == (0, 1, 2)
    assert test.classes[test.labels[0]] == "horse"


@pytest.mark.parametrize("packed", [False, True])
def test_the_hundred_classes_and_their_groups(tmp_path, packed):
    if packed:
        archive_of(tmp_path / "cifar-100-binary.tar.gz", files100(), "cifar-100-binary")
    else:
        folder_of(tmp_path / "cifar-100-binary", files100())
    fine, coarse = data.cifar100(tmp_path, dtype="uint8"), data.cifar100(tmp_path, labels="coarse", dtype="uint8")
    assert fine.test.labels.tolist() == list(range(90, 100))
    assert coarse.train.labels.tolist() == (np.arange(50) % 20).tolist()
    assert fine.test.classes[99] == "fine_99"
    assert coarse.train.classes == tuple(GROUPS)
    np.testing.assert_array_equal(fine.train.images.reshape(50, -1), PIXELS[:50])
    np.testing.assert_array_equal(coarse.test.images.reshape(10, -1), PIXELS[50:])


def test_a_share_of_each_class_is_kept_for_validation(tmp_path):
    found = data.cifar10(folder_of(tmp_path, files10()), validation=0.2, dtype="float64")
    assert np.bincount(found.validation.labels).tolist() == [1] * 10
    assert len(found.train) == 40
    assert found.train.images.dtype == np.float64


def test_the_version_for_python_is_refused_unread(tmp_path):
    class Evil:
        def __reduce__(self):
            return (os.system, (f"touch {tmp_path / 'ran'}",))

    pickled = {"data_batch_1": pickle.dumps(Evil()), "batches.meta": b""}
    message = "pickled: reading it could run code; get the binary version, cifar-10-binary.tar.gz"
    folder_of(tmp_path / "a" / "cifar-10-batches-py", pickled)
    archive = archive_of(tmp_path / "b" / "cifar-10-python.tar.gz", pickled, "cifar-10-batches-py")
    for place in (tmp_path / "a", tmp_path / "a" / "cifar-10-batches-py", archive.parent, archive):
        with pytest.raises(ag.DataFileError, match=message):
            data.cifar10(place)
    assert not (tmp_path / "ran").exists()


def test_missing_files_are_named_with_the_way_to_get_them(tmp_path):
    with pytest.raises(
        ag.FileAccessError, match=r"cifar10: there is no folder '.*'; download=True gets CIFAR-10 \(170 MB\)"
    ):
        data.cifar10(tmp_path / "none")
    with pytest.raises(ag.FileAccessError, match=r"lacks cifar-100-binary\.tar\.gz; download=True gets"):
        data.cifar100(tmp_path)
    files = files10()
    del files["data_batch_3.bin"], files["batches.meta.txt"]
    folder_of(tmp_path / "cifar-10-batches-bin", files)
    with pytest.raises(ag.FileAccessError, match=r"lacks data_batch_3\.bin, batches\.meta\.txt; unpack"):
        data.cifar10(tmp_path)
    with pytest.raises(ag.DataFileError, match=r"lacks data_batch_3\.bin, batches\.meta\.txt; is it cifar-10-binary"):
        data.cifar10(archive_of(tmp_path / "some.tar.gz", files, "cifar-10-batches-bin"))


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("data_batch_2.bin", records(LABELS, range(10))[:-1], "30,729 bytes, expected one or more records of 3,073"),
        ("data_batch_2.bin", b"", "0 bytes, expected one or more records"),
        ("test_batch.bin", records(LABELS + 3, range(10)), "test_batch.bin' labels image 7 as 10, expected 0 to 9"),
        ("batches.meta.txt", b"cat\ndog\n", "names 2 classes, expected 10"),
        ("batches.meta.txt", b"\xff\xfe" * 9, "is no text"),
    ],
)
@pytest.mark.parametrize("packed", [False, True])
def test_what_is_wrong_with_a_file_is_said(tmp_path, name, content, message, packed):
    files = {**files10(), name: content}
    if packed:
        archive_of(tmp_path / "cifar-10-binary.tar.gz", files, "cifar-10-batches-bin")
    else:
        folder_of(tmp_path / "cifar-10-batches-bin", files)
    with pytest.raises(ag.DataFileError, match=message) as it:
        data.cifar10(tmp_path)
    assert name in str(it.value)


def test_damaged_archives_are_told(tmp_path):
    archive = archive_of(tmp_path / "cifar-10-binary.tar.gz", files10(), "cifar-10-batches-bin")
    archive.write_bytes(archive.read_bytes()[:-3000])
    with pytest.raises(ag.DataFileError, match="truncated: it ends too early; get it anew"):
        data.cifar10(tmp_path)
    two = {**files10(), "more/test_batch.bin": b""}
    with pytest.raises(ag.DataFileError, match=r"holds two files named 'test_batch\.bin'"):
        data.cifar10(archive_of(archive, two, "cifar-10-batches-bin"))


def test_files_without_end_take_bounded_memory(tmp_path, monkeypatch):
    monkeypatch.setattr(cifar, "_LARGEST", 2_000_000)
    folder_of(tmp_path, files10())
    with open(tmp_path / "test_batch.bin", "wb") as sparse:
        sparse.truncate(10 * 2**30)
    tracemalloc.start()
    try:
        with pytest.raises(ag.DataFileError, match="has more than 2,000,000 bytes"):
            data.cifar10(tmp_path)
        assert tracemalloc.get_traced_memory()[1] < 10_000_000
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"dtype": "float16"}, ag.DtypeError, "cifar100: dtype='float16'"),
        ({"labels": "cours"}, ag.ArgumentError, "labels='cours', expected 'fine' or 'coarse'; did you mean 'coarse'"),
        ({"validation": -0.1}, ag.ArgumentError, "cifar100: validation=-0.1"),
    ],
)
def test_bad_arguments_raise_typed_errors(tmp_path, options, error, message):
    with pytest.raises(error, match=message):
        data.cifar100(folder_of(tmp_path, files100()), **options)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(st.tuples(st.integers(0, 10**6), st.integers(0, 255)), max_size=4),
    st.integers(0, 10**6),
    st.binary(max_size=4),
)
def test_changed_archives_are_read_or_refused(tmp_path, changes, end, more):
    path = tmp_path / "cifar-10-binary.tar.gz"
    if not path.exists():
        archive_of(path, files10(), "cifar-10-batches-bin")
        (tmp_path / "whole").write_bytes(path.read_bytes())
    changed = bytearray((tmp_path / "whole").read_bytes()[:end])
    for position, byte in changes:
        if changed:
            changed[position % len(changed)] = byte
    path.write_bytes(bytes(changed) + more)
    with contextlib.suppress(ag.DataFileError):
        assert len(data.cifar10(tmp_path).train) == 50


def test_the_archive_is_downloaded_where_it_is_missing(tmp_path, monkeypatch):
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    archive_of(tmp_path / "server" / "cifar-10-binary.tar.gz", files10(), "cifar-10-batches-bin")
    with served(tmp_path / "server") as address:
        collection = republished(cifar.CIFAR10.collection, tmp_path / "server", address)
        monkeypatch.setattr(cifar, "CIFAR10", replace(cifar.CIFAR10, collection=collection))
        check10(data.cifar10(tmp_path / "home", download=True))
    check10(data.cifar10(tmp_path / "home", download=True))  # the server is gone
    with pytest.raises(ag.FileAccessError, match=r"cannot get cifar-10-binary\.tar\.gz from"):
        data.cifar10(tmp_path / "elsewhere", download=True)
    assert (tmp_path / "home" / "cifar10" / "cifar-10-binary.tar.gz").is_file()


def test_published_files_are_known_by_sha256():
    digests = {file.sha256 for layout in (cifar.CIFAR10, cifar.CIFAR100) for file in layout.collection.files}
    assert len(digests) == 2
    assert all(len(bytes.fromhex(digest)) == 32 for digest in digests)
