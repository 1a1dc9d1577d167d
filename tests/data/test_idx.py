"""IDX files: round trips, the bytes themselves, and whatever may be wrong with a file."""

import contextlib
import gzip
import struct
import tracemalloc

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

import autograd_cnn as ag
from autograd_cnn import data

ARRAYS = st.sampled_from(["u1", "i1", "<i2", "<i4", "<f4", "<f8", ">i2", ">i4", ">f4", ">f8"]).flatmap(
    lambda dtype: hnp.arrays(dtype, hnp.array_shapes(min_dims=0, max_dims=4, min_side=0, max_side=4))
)
settings_on_one_file = settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
WORDS = bytes([0, 0, 8, 2, 0, 0, 0, 2, 0, 0, 0, 3]) + bytes(range(6))


def written(path, content):
    path.write_bytes(content)
    return path


@settings_on_one_file
@given(array=ARRAYS, name=st.sampled_from(["x-idx", "x-idx.gz"]))
def test_what_is_written_is_read(tmp_path, array, name):
    data.write_idx(tmp_path / name, array)
    found = data.read_idx(tmp_path / name)
    assert found.dtype == array.dtype.newbyteorder("=")
    assert found.flags.writeable
    np.testing.assert_array_equal(found, array, strict=False)
    assert found.shape == array.shape


@settings_on_one_file
@given(array=ARRAYS)
def test_the_bytes_are_those_of_the_format(tmp_path, array):
    """Another writer, by struct alone."""
    letters = {"u1": "B", "i1": "b", "i2": "h", "i4": "i", "f4": "f", "f8": "d"}
    codes = {"u1": 8, "i1": 9, "i2": 11, "i4": 12, "f4": 13, "f8": 14}
    kind = array.dtype.str[1:]
    header = struct.pack(f">HBB{array.ndim}I", 0, codes[kind], array.ndim, *array.shape)
    expected = header + struct.pack(f">{array.size}{letters[kind]}", *array.reshape(-1).tolist())
    data.write_idx(tmp_path / "x", array)
    assert (tmp_path / "x").read_bytes() == expected
    data.write_idx(tmp_path / "x.gz", array)
    assert gzip.decompress((tmp_path / "x.gz").read_bytes()) == expected


def test_known_bytes_are_read(tmp_path):
    assert data.read_idx(written(tmp_path / "x", WORDS)).tolist() == [[0, 1, 2], [3, 4, 5]]
    number = written(tmp_path / "y", bytes.fromhex("00000b01 00000002 0102 fffe"))
    assert data.read_idx(number).tolist() == [258, -2]


def test_the_same_array_gives_the_same_compressed_file(tmp_path):
    for name in ("a.gz", "b.gz"):
        data.write_idx(tmp_path / name, np.arange(9, dtype=np.uint8))
    assert (tmp_path / "a.gz").read_bytes() == (tmp_path / "b.gz").read_bytes()


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "starts with nothing, expected 00 00"),
        (b"\x89PNG\r\n", "is no IDX file: it starts with 89 50 4e 47"),
        (b"\0\0\x0a\x01" + bytes(8), "a type from 08 to 0e"),
        (b"\0\0\x08\xff" + bytes(4 * 255), "a rank up to 64"),
        (WORDS[:10], "truncated within its header of 2 dimensions"),
        (WORDS[:-1], "far more than the file holds|truncated"),
        (WORDS + b"\0", "goes on after its 2 × 3 of uint8"),
        (b"\0\0\x0e\x02" + b"\x80\0\0\0" * 2, "2147483648 × 2147483648 of float64, far more than the file holds"),
        (b"\0\0\x08\x03" + b"\xff" * 8 + bytes(4), r"declares the shape \(4294967295, 4294967295, 0\)"),
        (gzip.compress(WORDS, mtime=0)[:-9], "truncated: its gzip data end too early"),
        (gzip.compress(WORDS, mtime=0)[:-8] + bytes(8), "is damaged: CRC check failed"),
        (b"\x1f\x8b\x08\0" + b"\xff" * 40, "is damaged"),
        (gzip.compress(WORDS[:-1], mtime=0), "truncated: 5 bytes of elements, but 2 × 3 of uint8 take 6"),
        (gzip.compress(WORDS, mtime=0) + b"rubbish", "is damaged"),
    ],
)
def test_what_is_wrong_with_a_file_is_said(tmp_path, content, message):
    with pytest.raises(ag.DataFileError, match=message) as it:
        data.read_idx(written(tmp_path / "x", content))
    assert "/x'" in str(it.value)


def test_a_bomb_takes_no_more_memory_than_its_header_says(tmp_path):
    bomb = gzip.compress(WORDS + bytes(20_000_000), 9)
    liar = gzip.compress(b"\0\0\x08\x01\x0f\xff\xff\xff" + bytes(1000))
    for content, message in ((bomb, "goes on"), (liar, "far more")):
        path = written(tmp_path / "bomb", content)
        tracemalloc.start()
        try:
            with pytest.raises(ag.DataFileError, match=message):
                data.read_idx(path)
            assert tracemalloc.get_traced_memory()[1] < 3_000_000
        finally:
            tracemalloc.stop()


@settings_on_one_file
@given(
    st.sampled_from([WORDS, gzip.compress(WORDS, mtime=0)]),
    st.lists(st.tuples(st.integers(0, 60), st.integers(0, 255)), max_size=4),
    st.integers(0, 60),
    st.binary(max_size=8),
)
def test_changed_files_are_read_or_refused(tmp_path, content, changes, end, more):
    changed = bytearray(content[:end])
    for position, byte in changes:
        if position < len(changed):
            changed[position] = byte
    with contextlib.suppress(ag.DataFileError):
        assert data.read_idx(written(tmp_path / "x", bytes(changed) + more)).nbytes <= 60


@settings_on_one_file
@given(st.binary(max_size=300), st.booleans())
def test_random_bytes_are_read_or_refused(tmp_path, content, packed):
    path = written(tmp_path / "x", gzip.compress(content) if packed else content)
    with contextlib.suppress(ag.DataFileError):
        assert data.read_idx(path).nbytes < 300


def test_what_cannot_be_written_is_told(tmp_path):
    with pytest.raises(ag.DtypeError, match=r"int64 is no type of IDX, which has uint8, .*convert by \.astype"):
        data.write_idx(tmp_path / "x", np.arange(3))
    with pytest.raises(ag.ShapeError, match="ends at 2³²"):
        data.write_idx(tmp_path / "x", np.empty((2**32, 0), np.uint8))
    with pytest.raises(ag.FileAccessError, match="cannot write"):
        data.write_idx(tmp_path / "nowhere" / "x", np.zeros(3, np.uint8))
    with pytest.raises(ag.FileAccessError, match="No such file"):
        data.read_idx(tmp_path / "x")
    assert not list(tmp_path.iterdir())
