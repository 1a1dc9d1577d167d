"""Datasets of arrays, in memory and in .npz files."""

import contextlib
import io
import os
import tracemalloc
import zipfile

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import autograd_cnn as ag
from autograd_cnn import data
from autograd_cnn.data import archive_members

PIXELS = np.random.default_rng(0).integers(0, 256, (5, 4, 6, 3), dtype=np.uint8)
LABELS = np.array([0, 2, 1, 1, 0])


def test_arrays_are_taken_as_they_are():
    images = PIXELS.transpose(0, 3, 1, 2) / 255
    found = data.arrays(images, LABELS, classes=["a", "b", "c"])
    assert found.images is images
    assert found.labels is LABELS
    assert found.classes == ("a", "b", "c")


def test_channels_come_first_and_bytes_are_scaled():
    found = data.arrays(PIXELS, LABELS.tolist(), layout="NHWC", dtype="float32")
    np.testing.assert_array_equal(found.images, (PIXELS.transpose(0, 3, 1, 2) / 255).astype(np.float32), strict=True)
    assert found.images.flags.c_contiguous
    grey = data.arrays(PIXELS[..., 0] / 255, LABELS, dtype="float32").images
    np.testing.assert_array_equal(grey, found.images[:, :1])


def test_strings_become_classes():
    names = ["dog", "cat", "dog", "bird", "cat"]
    found = data.arrays(PIXELS, names, layout="NHWC")
    assert found.classes == ("bird", "cat", "dog")
    assert [found.classes[label] for label in found.labels] == names
    assert data.arrays(PIXELS, names, classes=("cat", "dog", "bird")).labels.tolist() == [1, 0, 1, 2, 0]


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: data.arrays(np.ones((3, 4)), LABELS), ag.ShapeError, r"shape \(3, 4\), expected \(N, C, H, W\)"),
        (lambda: data.arrays(PIXELS, LABELS[:3]), ag.ShapeError, "do not fit"),
        (lambda: data.arrays(PIXELS, LABELS / 2), ag.DtypeError, "expected integers"),
        (lambda: data.arrays(PIXELS.astype(str), LABELS), ag.DtypeError, "expected numbers"),
        (lambda: data.arrays(PIXELS, LABELS, layout="HWC"), ag.ArgumentError, "layout='HWC'"),
        (lambda: data.arrays(PIXELS, LABELS, classes=["a", "b"]), ag.OutOfRangeError, "2 classes have names"),
        (lambda: data.arrays(PIXELS, list("aabbc"), classes=["a", "b"]), ag.ArgumentError, "label 'c' is none of"),
        (lambda: data.arrays(PIXELS, LABELS, dtype="int32"), ag.DtypeError, "arrays: dtype='int32'"),
    ],
)
def test_bad_arguments_raise_typed_errors(call, error, message):
    with pytest.raises(error, match=message):
        call()


@pytest.mark.parametrize("save", [np.savez, np.savez_compressed])
@pytest.mark.parametrize("order", ["C", "F", ">"])
def test_npz_files_are_loaded(tmp_path, save, order):
    images = PIXELS.astype(">f4") if order == ">" else np.array(PIXELS, order=order)
    save(tmp_path / "x.npz", x_train=images, y_train=LABELS, other=np.ones(3))
    found = data.load_npz(tmp_path / "x.npz", "x_train", "y_train", layout="NHWC", classes=["a", "b", "c"])
    expected = PIXELS.transpose(0, 3, 1, 2) / (1 if order == ">" else 255)
    np.testing.assert_array_equal(found.images, expected.astype(np.float32), strict=True)
    assert found.labels.tolist() == LABELS.tolist()
    assert found.images.flags.writeable
    assert found.images.flags.aligned
    if order != ">":
        raw = data.load_npz(tmp_path / "x.npz", "x_train", "y_train", layout="NHWC", dtype="uint8")
        np.testing.assert_array_equal(raw.images, PIXELS.transpose(0, 3, 1, 2), strict=True)


def test_labels_in_words_are_loaded(tmp_path):
    np.savez(tmp_path / "x.npz", images=PIXELS[..., 0], labels=["b", "a", "b", "b", "a"])
    found = data.load_npz(tmp_path / "x.npz")
    assert found.classes == ("a", "b")
    assert found.labels.tolist() == [1, 0, 1, 1, 0]


def member(shape, content=b"", descr="|u1"):
    header = f"{{'descr': {descr!r}, 'fortran_order': False, 'shape': {shape}}}".encode().ljust(117) + b"\n"
    return b"\x93NUMPY\1\0" + len(header).to_bytes(2, "little") + header + content


def npz(path, method=zipfile.ZIP_DEFLATED, **contents):
    with zipfile.ZipFile(path, "w", method) as archive:
        for name, content in contents.items():
            archive.writestr(f"{name}.npy", content)
    return path


class Evil:
    def __init__(self, trace):
        self.trace = trace

    def __reduce__(self):
        return (os.system, (f"touch {self.trace}",))


def test_pickled_arrays_are_not_read(tmp_path):
    np.savez(tmp_path / "x.npz", images=np.array([Evil(tmp_path / "ran")]), labels=[0])
    with pytest.raises(ag.DataFileError, match="damaged, or holds what is pickled"):
        data.load_npz(tmp_path / "x.npz")
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize(
    ("images", "message"),
    [
        (member((2**40, 2**40), b"abc"), "in 3 bytes"),
        (member((4, 1, 1, -1), b"abcd"), r"an array of shape \(4, 1, 1, -1\)"),
        (member((1.5,), b"abcd"), r"an array of shape \(1\.5,\)"),
        (member((3,), b"abc", "<f3"), "an array of '<f3'"),
        (member((0, 2**40, 2**40)), "damaged"),
        (member((1,) * 70, b"a"), "damaged"),
        (member((3,), b"abc")[:60], "header of 128 bytes"),
        (b"\x93NUMPY\2\0\xff\xff\xff\x7f" + bytes(5000), "header of 2,147,483,659 bytes"),
        (member((3,), b"abc", "|O"), "an array of '.O'"),
        (member("__import__('os')", b"abc"), "damaged"),
        (b"\x93NUMPY\3\0" + bytes(300), "starts with 93 4e 55 4d 50 59 03 00"),
        (b"rubbish", "damaged"),
        (b"", "damaged"),
    ],
)
def test_members_that_lie_are_refused(tmp_path, images, message):
    with pytest.raises(ag.DataFileError, match=message):
        data.load_npz(npz(tmp_path / "x.npz", images=images, labels=member((3,), b"abc")))


def test_what_is_wrong_with_a_file_is_said(tmp_path):
    np.savez(tmp_path / "x.npz", image=PIXELS, labels=LABELS)
    message = "holds no array 'images', but image, labels; did you mean 'image'.*; name them by images= and labels="
    with pytest.raises(ag.DataFileError, match=message):
        data.load_npz(tmp_path / "x.npz")
    np.savez(tmp_path / "x.npz", images=PIXELS / 255, labels=LABELS)
    with pytest.raises(ag.DtypeError, match="dtype='uint8', but 'images' is of float64"):
        data.load_npz(tmp_path / "x.npz", dtype="uint8")
    (tmp_path / "x.npz").write_bytes((tmp_path / "x.npz").read_bytes()[:-50])
    with pytest.raises(ag.DataFileError, match="damaged"):
        data.load_npz(tmp_path / "x.npz")


def test_bombs_are_refused_in_little_memory(tmp_path, monkeypatch):
    monkeypatch.setattr(archive_members, "_SMALL", 1 << 20)
    npz(tmp_path / "x.npz", images=member((8 << 20,), bytes(8 << 20)), labels=member((1,), b"a"))
    tracemalloc.start()
    try:
        with pytest.raises(ag.DataFileError, match=r"unpacks to more than .* raise limits"):
            data.load_npz(tmp_path / "x.npz")
        assert tracemalloc.get_traced_memory()[1] < 4_000_000
    finally:
        tracemalloc.stop()


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.booleans(),
    st.lists(st.tuples(st.integers(0, 10**4), st.integers(0, 255)), max_size=4),
    st.integers(0, 2000),
)
def test_changed_files_are_read_or_refused(tmp_path, compressed, changes, end):
    whole = io.BytesIO()
    (np.savez_compressed if compressed else np.savez)(whole, images=PIXELS, labels=LABELS)
    changed = bytearray(whole.getvalue()[: end if end > 100 else None])
    for position, byte in changes:
        changed[position % len(changed)] = byte
    (tmp_path / "x.npz").write_bytes(changed)
    with contextlib.suppress(ag.AutogradError):
        assert data.load_npz(tmp_path / "x.npz", layout="NHWC").images.size == PIXELS.size


@given(st.lists(st.tuples(st.integers(0, 127), st.integers(0, 255)), max_size=4), st.binary(max_size=3))
def test_changed_arrays_are_read_or_refused(changes, more):
    from autograd_cnn.data.npy import array_from_npy

    changed = bytearray(member((2, 3), b"abcdef") + more)
    for position, byte in changes:
        changed[position] = byte
    with contextlib.suppress(ValueError):
        assert array_from_npy(changed).nbytes <= 9
