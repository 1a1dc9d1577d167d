"""No file is longer than 300 lines without a reason; what one thing is tested for stands in one file of tests."""

from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
MOST, MOST_OF_TESTS = 300, 550
LONGER = {
    "autograd_cnn/kernels/tape.py": "one loop over opcodes, for a call, for many samples and for training",
    "autograd_cnn/kernels/winograd_tiles.py": "convolution and weight gradient cut out and put back the same tiles",
    "autograd_cnn/train/trainer.py": "the loop of the notes in one piece; a third of it says what its options are",
    "viz/pages/zoom.js": "the one script of a page that works from a single file",
}
FILES = sorted(
    path
    for folder in ("autograd_cnn", "viz", "examples", "tests")
    for path in (ROOT / folder).rglob("*")
    if path.suffix in (".py", ".js", ".css")
)


def lines_of(path):
    return len(path.read_text(encoding="utf-8").splitlines())


@pytest.mark.parametrize("folder", ["autograd_cnn", "viz", "examples", "tests"])
def test_no_file_is_long_without_a_reason(folder):
    most = MOST_OF_TESTS if folder == "tests" else MOST
    own = {path.relative_to(ROOT).as_posix(): lines_of(path) for path in FILES if path.is_relative_to(ROOT / folder)}
    assert len(own) > 20
    assert {name: count for name, count in own.items() if count > most and name not in LONGER} == {}


@pytest.mark.parametrize("name", LONGER)
def test_a_reason_is_given_only_where_it_is_needed(name):
    assert lines_of(ROOT / name) > MOST, "take it out of LONGER"
