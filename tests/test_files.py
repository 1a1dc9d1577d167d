"""Files that are read only when they are files, and written whole or not at all."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

import autograd_cnn as ag
from autograd_cnn.files import as_path, opened, replacing


def test_a_file_is_written_when_the_block_ends_and_keeps_its_links(tmp_path):
    file, link = tmp_path / "file", tmp_path / "link"
    file.write_bytes(b"old")
    link.symlink_to(file)
    with replacing(link) as draft:
        draft.write(b"new")
        assert file.read_bytes() == b"old"
    assert file.read_bytes() == b"new"
    assert link.is_symlink()
    assert sorted(os.listdir(tmp_path)) == ["file", "link"]


@pytest.mark.parametrize("interruption", [KeyboardInterrupt, ValueError, OSError(28, "No space left on device")])
def test_a_block_that_raises_leaves_the_old_file_alone(tmp_path, interruption):
    file = tmp_path / "file"
    file.write_bytes(b"old")
    expected = ag.FileAccessError if isinstance(interruption, OSError) else interruption

    def write_half():
        with replacing(file) as draft:
            draft.write(b"half")
            raise interruption

    with pytest.raises(expected) as it:
        write_half()
    if expected is ag.FileAccessError:
        assert "cannot write" in str(it.value)
        assert "No space left on device; is its folder there and writable, with space left?" in str(it.value)
    assert file.read_bytes() == b"old"
    assert os.listdir(tmp_path) == ["file"]


def test_a_kill_leaves_the_old_file_or_the_new_one(tmp_path):
    """The process dies by SIGKILL just before the rename, and just after it."""
    file = tmp_path / "file"
    code = """
import os, signal, sys
from autograd_cnn.files import replacing
rename = os.replace
def killed(*names):
    sys.argv[2] == "after" and rename(*names)
    os.kill(os.getpid(), signal.SIGKILL)
os.replace = killed
with replacing(sys.argv[1]) as draft:
    draft.write(b"new")
"""
    for moment, content in (("before", b"old"), ("after", b"new")):
        file.write_bytes(b"old")
        assert subprocess.run([sys.executable, "-c", code, file, moment], check=False).returncode == -9
        assert file.read_bytes() == content


def test_what_is_no_file_is_not_opened(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    for path, message in (
        (tmp_path / "none", "No such file"),
        (tmp_path, "is a folder, expected a file"),
        (tmp_path / "pipe", "is no regular file"),
        ("/dev/zero", "is no regular file"),
    ):
        with pytest.raises(ag.FileAccessError, match=message):
            opened(path)
    with pytest.raises(ag.FileAccessError, match="is its folder there"), replacing(tmp_path / "none" / "file"):
        pass


@pytest.mark.parametrize("path", [3, b"bytes", None, "a\0b"])
def test_what_is_no_path_is_told(path):
    with pytest.raises(ag.ArgumentError, match="as a path, expected a string"):
        as_path(path)


def test_a_tilde_is_the_home_folder(monkeypatch, tmp_path):
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / "file").write_bytes(b"at home")
    with opened("~/file") as file:
        assert file.read() == b"at home"
    assert as_path("~") == Path(tmp_path)
    with pytest.raises(ag.FileAccessError, match="~nobody_of_this_name"):
        as_path("~nobody_of_this_name/file")
