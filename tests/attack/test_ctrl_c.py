"""Ctrl-C in what takes long: every command while it works, downloads, archives. It ends at once, and leaves no file.

Trainings, searches and single calls are interrupted in tests/train and in test_interrupts.py.
"""

import os
import signal
import socketserver
import subprocess
import sys
import tarfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from autograd_cnn import data
from autograd_cnn.data import archives, downloading

pytestmark = pytest.mark.skipif(os.name != "posix", reason="sends SIGINT")

PRESSED_AT = """
import os, signal, sys
from importlib.abc import MetaPathFinder

class Press(MetaPathFinder):
    def find_spec(self, name, path=None, target=None):
        if name == sys.argv[1]:
            sys.meta_path.remove(self)
            os.kill(os.getpid(), signal.SIGINT)

assert "numpy" not in sys.modules
sys.modules.pop(sys.argv[1], None)  # what measures coverage has imported some already
sys.meta_path.insert(0, Press())
from viz.cli import main
sys.exit(main(sys.argv[2:]))
"""
COMMANDS = {
    "demo": ("autograd_cnn.kernels.jit", []),
    "draw": ("viz.rendering", ["x*y", "x=2", "y=3", "-o", "x.svg"]),
    "play": ("viz.page", ["x*y", "x=2", "y=3"]),
    "textbook": ("viz.textbook.landscape", []),
    "check": ("autograd_cnn.testing.checking", ["autograd_cnn:sin", "--input", "0.5", "-o", "x.svg"]),
    "warmup": ("autograd_cnn.kernels.jit", []),
    "draw, while NumPy is imported": ("datetime", ["x*y", "x=2", "y=3", "-o", "x.svg"]),
}
"""By the name of a command, the module whose import is the moment of the press, and what the command is given."""


def test_every_command_while_it_works(tmp_path: Path) -> None:
    """NumPy said that it was badly installed, in forty lines, where Ctrl-C met its import."""
    running = {}
    for number, (name, (moment, arguments)) in enumerate(COMMANDS.items()):
        folder = tmp_path / str(number)
        folder.mkdir()
        command = [sys.executable, "-c", PRESSED_AT, moment, name.partition(",")[0], *arguments]
        running[name] = subprocess.Popen(command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    for name, process in running.items():
        _, said = process.communicate(timeout=120)
        assert process.returncode in (130, -signal.SIGINT), (name, said)  # to a shell both are 130
        assert said == f"\nautograd-cnn {name.partition(',')[0]}: stopped\n", name
    assert not [path for path in tmp_path.rglob("*") if path.is_file()]


class Slow(socketserver.BaseRequestHandler):
    """Sends the beginning of a file, and then nothing."""

    def handle(self) -> None:
        self.request.recv(4096)
        self.request.sendall(b"HTTP/1.0 200 OK\r\nContent-Length: 1000000\r\n\r\n" + bytes(300_000))
        os.kill(os.getpid(), signal.SIGINT)
        threading.Event().wait(0.2)


@contextmanager
def slow_server() -> Iterator[str]:
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Slow) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}/"
        finally:
            server.shutdown()
            thread.join()


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # pooch's own file is closed late
def test_a_download(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("pooch", reason="pooch, which downloads, is missing")
    pytest.importorskip("requests", reason="requests, which pooch downloads with, is missing")
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    file = downloading.PublishedFile("a.gz", "0" * 64, 1_000_000)
    with slow_server() as address, pytest.raises(KeyboardInterrupt):
        downloading.fetched(file, [address], tmp_path)
    assert not os.listdir(tmp_path)


def test_an_archive(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_bytes(bytes(100))
    with tarfile.open(tmp_path / "a.tar", "w") as made:
        for name in "abc":
            made.add(tmp_path / "file", name)
    write = archives._write

    def pressed(member: Any, *rest: Any) -> None:
        write(member, *rest)
        if member.path.name == "b":
            os.kill(os.getpid(), signal.SIGINT)

    monkeypatch.setattr(archives, "_write", pressed)
    with pytest.raises(KeyboardInterrupt):
        data.extract(tmp_path / "a.tar", tmp_path / "out")
    assert sorted(os.listdir(tmp_path)) == ["a.tar", "file"]
