"""Every reader of files answers to hostile ones: no code run, no file outside, no end of memory, no wait."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.mark.skipif(sys.platform != "linux", reason="limits the memory of a process")
def test_hostile_files(tmp_path: Path) -> None:
    """A short form of `python -m tests.attack.hostile_files FOLDER`, always with the same files."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.attack.hostile_files", str(tmp_path / "files"), "15", "0"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.endswith("hostile files for 14 readers, seed 0: 0 answers that are none\n")


READING = {"opened", "zipfile.ZipFile", "tarfile.open", "np.fromfile", "np.memmap", "json.load", "gzip.open", "open"}
KNOWN = {
    # read by what hostile_files tries, or by what it calls
    *("data/archive_members.py", "data/byte_streams.py", "data/cifar.py", "data/idx_collections.py"),
    *("data/image_files.py", "models/weights.py", "train/archive.py", "train/checkpoints.py"),
    *("train/tuning/study_files.py", "loading.py"),
    # of the machine and of this package, not of others
    *("kernels/cores.py", "data/bundled.py", "files.py", "page.py", "reference/building.py"),
    "data/downloading.py",  # which compares what comes with its hash
}


def test_there_is_no_reader_that_hostile_files_does_not_know() -> None:
    found = set()
    for package in ("autograd_cnn", "viz"):
        for path in (ROOT / package).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if not isinstance(node, ast.Call):
                    continue
                called = ast.unparse(node.func)
                if called in READING or called.rpartition(".")[2] in ("read_bytes", "read_text"):
                    found.add(path.relative_to(ROOT / package).as_posix())
    assert not found - KNOWN, "give a new reader a line in hostile_files.READERS"
