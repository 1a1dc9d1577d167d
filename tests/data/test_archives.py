"""Archives: what they hold comes out, and nothing else happens."""

import contextlib
import gzip
import io
import os
import shutil
import stat
import struct
import subprocess
import sys
import tarfile
import tracemalloc
import zipfile

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import autograd_cnn as ag
from autograd_cnn import data
from autograd_cnn.data import archive_members

FILES = {"a.txt": b"first", "sub/b.bin": bytes(range(256)) * 9, "sub/deep/c": b""}
settings_on_one_folder = settings(suppress_health_check=[HealthCheck.function_scoped_fixture])


def tar(mode="w", files=FILES, **options):
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode=mode, **options) as archive:
        for name, content in files.items():
            info = name if isinstance(name, tarfile.TarInfo) else tarfile.TarInfo(name)
            if info.isreg():
                info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    return made.getvalue()


def zipped(files=FILES, compression=zipfile.ZIP_DEFLATED):
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", compression) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return made.getvalue()


ARCHIVES = {
    "tar": tar(),
    "pax": tar(format=tarfile.PAX_FORMAT),
    "gz": tar("w:gz"),
    "bz2": tar("w:bz2"),
    "zip": zipped(),
    "stored": zipped(compression=zipfile.ZIP_STORED),
}


def unpacked(tmp_path, content, **options):
    (tmp_path / "archive").write_bytes(content)
    return data.extract(tmp_path / "archive", tmp_path / "made" / "here", **options)


def below(folder):
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def only_the_archive_is_in(tmp_path):
    made = tmp_path / "made"
    return not (made.exists() and os.listdir(made)) and set(os.listdir(tmp_path)) <= {"archive", "made"}


@pytest.mark.parametrize("kind", ARCHIVES)
def test_what_is_packed_comes_out(tmp_path, kind):
    folder = unpacked(tmp_path, ARCHIVES[kind])
    assert below(folder) == FILES
    assert os.listdir(tmp_path / "made") == ["here"]


def test_folders_and_long_names_come_out(tmp_path):
    folder = tarfile.TarInfo("empty")
    folder.type = tarfile.DIRTYPE
    here = tarfile.TarInfo("./")
    here.type = tarfile.DIRTYPE
    files = {here: b"", folder: b"", "x" * 90 + "/" + "ü" * 90: b"long"}
    assert below(unpacked(tmp_path, tar(files=files))) == {"x" * 90 + "/" + "ü" * 90: b"long"}
    assert (tmp_path / "made" / "here" / "empty").is_dir()


LINK, HARD, DEVICE, PIPE = (tarfile.TarInfo("link") for _ in range(4))
LINK.type, LINK.linkname = tarfile.SYMTYPE, "/etc"
HARD.type, HARD.linkname = tarfile.LNKTYPE, "/etc/passwd"
DEVICE.type, PIPE.type = tarfile.CHRTYPE, tarfile.FIFOTYPE
ZIP_LINK = zipfile.ZipInfo("link")
ZIP_LINK.external_attr = (stat.S_IFLNK | 0o777) << 16


def backwards():
    """Give the first member a size below 0, in the GNU form, and its header the sum that it then has."""
    content = bytearray(ARCHIVES["tar"])
    content[124:136] = b"\xff" * 10 + b"\xfc\x00"
    content[148:156] = b" " * 8
    content[148:156] = b"%06o\0 " % sum(content[:512])
    return bytes(content)


def nameless():
    """Cut the name of a stored file to nothing, in both places where it stands."""
    local, directory = zipped({"n": b""}, zipfile.ZIP_STORED).split(b"PK\1\2")
    header, end = directory.split(b"PK\5\6")
    local = local[:26] + b"\0\0" + local[28:30]
    header = header[:24] + b"\0\0" + header[26:42]
    sizes = struct.pack("<2L", len(header) + 4, len(local))
    return local + b"PK\1\2" + header + b"PK\5\6" + end[:8] + sizes + end[16:]


def encrypted():
    content = bytearray(zipped({"secret": b"12345"}))
    for header, offset in ((b"PK\3\4", 6), (b"PK\1\2", 8)):
        content[content.index(header) + offset] |= 1
    return bytes(content)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        *[
            (pack(files={name: b"evil"}), "a path that leads out of its folder; do not trust it")
            for name in ("../evil", "/evil", "a/../../evil", "..\\evil", "C:evil", "c:/evil")
            for pack in (tar, zipped)
        ],
        (tar(files={LINK: b"", "link/evil": b"evil"}), "'link', which is a link, a device or a sparse file"),
        (tar(files={HARD: b""}), "which is a link"),
        (tar(files={DEVICE: b""}), "only plain files and folders"),
        (tar(files={PIPE: b""}), "only plain files and folders"),
        (zipped({ZIP_LINK: b"/etc"}), "'link', which is a link or a device"),
        (backwards(), "declares a part of -1,024 bytes|damaged.*invalid offset"),  # Python 3.14 looks by itself
        (nameless(), "holds a file without a name"),
        (encrypted(), "'secret', which is encrypted"),
        (zipped(compression=zipfile.ZIP_LZMA), "packed by method 14"),
        (tar(files={"a": b"", "a/b": b""}), "holds 'a/b' twice, or below a file"),
        (tar(files={tarfile.TarInfo("a.txt"): b"1", tarfile.TarInfo("a.txt"): b"2"}), "holds 'a.txt' twice"),
        (b"", "no zip or tar file"),
        (b"PK\5\6 and nothing", "no zip or tar file"),
        (b"something else" * 100, "no zip or tar file"),
        (ARCHIVES["tar"][:512], "'a.txt' are missing"),
        (ARCHIVES["tar"][:1024], "end without a block of zeros"),
        (ARCHIVES["tar"][:1100], "end without a block of zeros"),
        (ARCHIVES["tar"][:1024] + b"x" * 512, "end without a block of zeros"),
        (ARCHIVES["gz"][:-20], "truncated|damaged"),
        (ARCHIVES["gz"][:-8] + bytes(8), "damaged.*CRC"),
        (ARCHIVES["zip"].replace(b"PK\1\2", b"PK\1\1"), "damaged"),
        (ARCHIVES["stored"].replace(b"first", b"other"), "damaged.*CRC"),
        (ARCHIVES["bz2"][:-30], "truncated|damaged"),
    ],
)
def test_what_is_wrong_leaves_nothing_behind(tmp_path, content, message):
    with pytest.raises(ag.DataFileError, match=message):
        unpacked(tmp_path, content)
    assert only_the_archive_is_in(tmp_path)
    assert not (tmp_path.parent / "evil").exists()


ZEROS = bytes(8 << 20)


@pytest.fixture
def small(monkeypatch):
    """Take what unpacks to more than 1 MiB for a bomb already."""
    monkeypatch.setattr(archive_members, "_SMALL", 1 << 20)


@pytest.fixture(scope="module")
def bombs():
    """Archives that are small and unpack to 8 MiB."""
    header = tar(files={"big": b""})[:512]
    pax = bytearray(tar(files={"pax": ZEROS[:1]})[:512])
    pax[156:157] = tarfile.XHDTYPE
    pax[124:136] = b"%011o\0" % len(ZEROS)
    pax[148:156] = b" " * 8
    pax[148:156] = b"%06o\0 " % sum(pax)
    return {
        "tar": gzip.compress(tar(files={"big": ZEROS})),
        "zip": zipped({"big": ZEROS}),
        "trailing": gzip.compress(header + ZEROS),
        "header": gzip.compress(bytes(pax) + ZEROS),
    }


@pytest.mark.parametrize(
    ("kind", "message"),
    [
        ("tar", r"unpacks to more than 1,\d*,\d*; if you trust it, raise limits"),
        ("zip", "unpacks to more than 1,"),
        ("trailing", "unpacks to more than 1,"),
        ("header", "declares a part of 8,388,608 bytes|unpacks to more than 1,"),  # Python 3.14 reads it in pieces
    ],
)
def test_bombs_are_refused_in_little_memory(tmp_path, small, bombs, kind, message):
    tracemalloc.start()
    try:
        with pytest.raises(ag.DataFileError, match=message):
            unpacked(tmp_path, bombs[kind])
        assert tracemalloc.get_traced_memory()[1] < 6_000_000
    finally:
        tracemalloc.stop()
    assert only_the_archive_is_in(tmp_path)


def test_limits_are_the_users(tmp_path, small, bombs):
    folder = unpacked(tmp_path, bombs["zip"], limits=data.ArchiveLimits(ratio=2000))
    assert (folder / "big").stat().st_size == len(ZEROS)
    for kind in ("tar", "zip"):
        (tmp_path / "archive").write_bytes(ARCHIVES[kind])
        with pytest.raises(ag.DataFileError, match="holds more than 2 files"):
            data.extract(tmp_path / "archive", tmp_path / "x", limits=data.ArchiveLimits(members=2))
    with pytest.raises(ag.DataFileError, match="unpacks to more than 2,000"):
        data.extract(tmp_path / "archive", tmp_path / "x", limits=data.ArchiveLimits(size=2000))


def test_members_that_are_passed_over_do_not_lead_back(tmp_path):
    """It would go on forever: the next member of each member is itself."""
    (tmp_path / "archive").write_bytes(backwards())
    with pytest.raises(ag.DataFileError, match=r"points back into itself|invalid offset"):
        data.cifar10(tmp_path / "archive")


def test_a_folder_that_exists_is_left_alone(tmp_path):
    (tmp_path / "made" / "here").mkdir(parents=True)
    with pytest.raises(ag.FileAccessError, match="exists already; choose another folder"):
        unpacked(tmp_path, ARCHIVES["zip"])
    (tmp_path / "made" / "here").rmdir()
    (tmp_path / "made" / "here").symlink_to("nowhere")
    with pytest.raises(ag.FileAccessError, match="exists already"):
        unpacked(tmp_path, ARCHIVES["zip"])
    assert os.listdir(tmp_path / "made") == ["here"]


def test_a_full_disk_leaves_nothing_behind(tmp_path, monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "rename", full)
    with pytest.raises(ag.FileAccessError, match=r"cannot write .*No space left"):
        unpacked(tmp_path, ARCHIVES["zip"])
    assert only_the_archive_is_in(tmp_path)


def test_a_kill_leaves_no_folder_of_the_name(tmp_path):
    code = """
import os, signal, sys
from autograd_cnn import data
os.rename = lambda *_: os.kill(os.getpid(), signal.SIGKILL)
data.extract(*sys.argv[1:])
"""
    (tmp_path / "archive").write_bytes(ARCHIVES["zip"])
    names = [tmp_path / "archive", tmp_path / "made"]
    assert subprocess.run([sys.executable, "-c", code, *names], check=False).returncode == -9
    assert not (tmp_path / "made").exists()
    assert below(data.extract(*names)) == FILES


@settings_on_one_folder
@given(
    st.sampled_from(sorted(ARCHIVES)),
    st.lists(st.tuples(st.integers(0, 6000), st.integers(0, 255)), min_size=1, max_size=6),
    st.integers(0, 6000),
)
def test_changed_archives_are_unpacked_or_refused(tmp_path, kind, changes, end):
    changed = bytearray(ARCHIVES[kind][: max(end, 100)])
    for position, byte in changes:
        changed[position % len(changed)] = byte
    (tmp_path / "archive").write_bytes(changed)
    with contextlib.suppress(ag.DataFileError, ag.FileAccessError):
        folder = data.extract(tmp_path / "archive", tmp_path / "made" / "here")
        assert sum(map(len, below(folder).values())) < 10_000
        shutil.rmtree(folder)
    assert only_the_archive_is_in(tmp_path)


@settings_on_one_folder
@given(st.lists(st.tuples(st.integers(0, 511), st.integers(0, 255)), min_size=1, max_size=4))
def test_changed_headers_of_tar_files_with_right_sums(tmp_path, changes):
    """As the sum of a header is right again, what it says is believed: negative sizes, huge ones, other types."""
    changed = bytearray(ARCHIVES["pax"])
    for position, byte in changes:
        changed[position] = byte
    changed[148:156] = b" " * 8
    changed[148:156] = struct.pack("8s", b"%06o\0 " % sum(changed[:512]))
    (tmp_path / "archive").write_bytes(changed)
    with contextlib.suppress(ag.DataFileError, ag.FileAccessError):
        shutil.rmtree(data.extract(tmp_path / "archive", tmp_path / "made" / "here"))
    assert only_the_archive_is_in(tmp_path)
