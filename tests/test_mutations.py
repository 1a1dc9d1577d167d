"""Mutation testing tells mutants found, surviving and explained apart; what is explained still stands in its file."""

import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
from collections import Counter
from pathlib import Path

import pytest

from tests.mutations.__main__ import ROOT, TESTS, explanations

EXPLAINED = explanations()
LISTED = tomllib.loads((ROOT / "tests/mutations/survivors.toml").read_text(encoding="utf-8"))["survivors"]
TOY = """\
FACTOR, LIMIT = 3, 10


def tripled(x, least=0):
    # At x = least both branches are `least`, which no test can tell apart.
    return FACTOR * (least if x < least else x)


def far(x):  # where it begins is not tested
    return not x <= LIMIT
"""
TOY_TESTS = """\
from tests.toy import far, tripled


def test_what_is_below_is_lifted():
    assert [tripled(x) for x in (-3, -1, 2, 4)] == [0, 0, 6, 12]


def test_far():
    assert far(12) and not far(9.5)
"""
EQUIVALENT = (
    *("tests/toy.py", "return FACTOR * (least if x < least else x)"),
    "return FACTOR * (least if x <= least else x)",
)
GAPS = [
    ("tests/toy.py", "return not x <= LIMIT", "return not x < LIMIT"),
    ("tests/toy.py", "FACTOR, LIMIT = 3, 10", "FACTOR, LIMIT = 3, 11"),
]
PRINTED = """\
tests/toy.py:10
    - return not x <= LIMIT
    + return not x < LIMIT
tests/toy.py:1
    - FACTOR, LIMIT = 3, 10
    + FACTOR, LIMIT = 3, 11
"""


@pytest.fixture
def project(tmp_path):
    """A project of one module, not tested wholly, beside a copy of the tool, which explains one mutant."""
    pytest.importorskip("cosmic_ray", reason="cosmic-ray, of the dev extra, changes the code")
    shutil.copytree(
        ROOT / "tests/mutations", tmp_path / "tests/mutations", ignore=shutil.ignore_patterns("__pycache__")
    )
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    (tmp_path / "tests/toy.py").write_text(TOY)
    (tmp_path / "tests/test_toy.py").write_text(TOY_TESTS)
    explain(tmp_path, EQUIVALENT)
    return tmp_path


def explain(project, *mutants):
    entries = [
        f"[[survivors]]\nfile = {json.dumps(file)}\nwhy = 'as it is'\nchanges = [{json.dumps(change)}]\n"
        for file, *change in mutants
    ]
    (project / "tests/mutations/survivors.toml").write_text("\n".join(entries))


def run(project, *options):
    """Return how mutation testing of the toy ends, and all that it prints."""
    done = subprocess.run(
        [*(sys.executable, "-m", "tests.mutations", "tests/toy.py", "--tests", "tests/test_toy.py"), *options],
        cwd=project,
        env=os.environ | {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=100,
    )
    return done.returncode, done.stdout


def test_what_survives_is_printed_until_it_is_explained(project):
    """Changes of functions and of what runs on import are found; nothing on the disk is changed."""
    code, output = run(project, "--workers", "2", "--survivors", "survivors.json")
    assert code == 1
    found = re.search(rf"\n{re.escape(PRINTED)}(\d+) mutants of 1 files: (\d+) found by tests, (.*?);.*\n\Z", output)
    assert found, output
    times = [output.count(f"    + {after}\n") for _, _, after in (EQUIVALENT, *GAPS)]
    assert times == [0, 2, 2]  # as it survives, and in the end
    assert found[3] == "1 explained, 2 neither"
    assert int(found[1]) == int(found[2]) + 3
    assert int(found[2]) >= 5  # both mutants of 3 and of 0, one of 10, and some more
    assert {tuple(mutant) for mutant in json.loads((project / "survivors.json").read_text())} == set(GAPS)
    assert (project / "tests/toy.py").read_text() == TOY

    explain(project, EQUIVALENT, *GAPS)
    code, output = run(project, "--survivors", "survivors.json")
    assert code == 0
    assert "2 mutants of 1 files: 0 found by tests, 2 explained, 0 neither" in output


def test_what_is_explained_can_be_tried_all_the_same(project):
    explain(project, EQUIVALENT, *GAPS)
    code, output = run(project, "--explained")
    assert code == 0
    assert [output.count(f"    + {after}\n") for _, _, after in (EQUIVALENT, *GAPS)] == [1, 1, 1]
    assert "3 explained, 0 neither" in output


def test_what_runs_on_import_meets_all_tests_of_its_file():
    """A line may do both: a decorator runs on import, and a lambda among its arguments when a test calls it."""
    reached = pytest.importorskip("tests.mutations.reached", reason="coverage, of the dev extra, tells what runs")
    found = reached.Reached({"toy.py": {1: ["test_rule"], 5: ["test_all"]}}, {"test_rule": 0.1, "test_all": 0.2})
    assert found.by("toy.py", range(1, 2)) == ["test_rule"]
    assert found.by("toy.py", range(1, 2), on_import=True) == ["test_rule", "test_all"]


def test_nothing_is_changed_while_a_test_fails(project):
    with (project / "tests/test_toy.py").open("a") as file:
        file.write("\n\ndef test_wrong():\n    assert far(1)\n")
    code, output = run(project)
    assert code == 1
    assert "all tests must pass before anything is changed; these do not: ['tests/test_toy.py::test_wrong']" in output


@pytest.mark.parametrize("file", sorted({entry["file"] for entry in LISTED}))
def test_what_is_explained_stands_in_its_file(file):
    """An entry that outlives its line explains nothing."""
    lines = [line.strip() for line in (ROOT / file).read_text(encoding="utf-8").splitlines()]
    for _, before, after in (name for name in EXPLAINED if name[0] == file):
        wanted = [line.strip() for line in before.splitlines()]
        places = [i for i in range(len(lines)) if lines[i : i + len(wanted)] == wanted]
        assert places, f"{file} has no line\n{before}\nany more: take it out of survivors.toml"
        assert after != before


def test_each_survivor_is_explained_once_with_a_reason():
    named = Counter((entry["file"], *change) for entry in LISTED for change in entry["changes"])
    assert [name for name, count in named.items() if count > 1] == []
    assert all(entry["why"].endswith(".") and entry["changes"] for entry in LISTED)
    assert {Path(entry["file"]).parent.as_posix() for entry in LISTED} <= set(TESTS)
