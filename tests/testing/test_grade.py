"""The documented table of kill rates is what the command prints."""

import re

import pytest

import autograd_cnn as ag
from autograd_cnn.testing.grade import COLUMNS, grade
from tests.test_documents import ROOT

GRADED = sorted(name for name, gate in ag.GATES.items() if gate.has_gradient)
#: Of each family one that is quick to grade; grading all takes most of a minute.
SAMPLE = ["maximum", "tanh", "relu", "max_pool2d", "softmax", "getitem", "step"]


def documented():
    """Cells by gate, and the line with the sum below them."""
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    _, _, rest = text.partition(f"| {' | '.join(COLUMNS)} |\n| {' | '.join(['---'] * len(COLUMNS))} |\n")
    rows, _, rest = rest.partition("\n\n")
    cells = [tuple(cell.strip() for cell in row.strip("|").split("|")) for row in rows.splitlines()]
    return {row[0].strip("`"): row for row in cells}, rest.partition("\n")[0]


@pytest.mark.parametrize("name", SAMPLE)
def test_documented_rows_are_those_of_this_version(name):
    assert documented()[0][name] == grade(name).row(), "run `python -m autograd_cnn.testing.grade` and paste its table"


def test_every_gate_is_documented_and_the_sum_is_that_of_the_rows():
    rows, total = documented()
    assert sorted(rows) == GRADED, "run `python -m autograd_cnn.testing.grade` and paste its table"
    mutants, killed, equivalent, survived = (sum(int(row[i]) for row in rows.values()) for i in (1, 2, 3, 4))
    assert mutants == killed + equivalent + survived
    assert survived == 0
    words = re.fullmatch(r"(\d+) of (\d+) mutants killed \(100\.0%\); (\d+) equivalent\.", total)
    assert words
    assert tuple(map(int, words.groups())) == (killed, killed + survived, equivalent)
