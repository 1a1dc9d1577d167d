"""Ratios, their spread and targets; and the table that peers prints of them."""

from __future__ import annotations

import itertools
import subprocess
import sys
from typing import Any

import pytest

from tests.benchmarks import measuring, peers
from tests.benchmarks.measuring import Row, rows, turns
from tests.benchmarks.work import OURS, Measured, Work


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Any:
    """A clock that stands still unless a step turns it."""

    class Clock:
        now = 0.0

        def __call__(self) -> float:
            return self.now

        def turned(self, *seconds: float) -> Any:
            left = itertools.cycle(seconds)

            def step() -> None:
                self.now += next(left)

            return step

    clock = Clock()
    monkeypatch.setitem(measuring._CLOCKS, "wall", clock)
    return clock


def test_a_ratio_is_taken_within_its_round(clock: Any) -> None:
    steps = {OURS: clock.turned(1.0), "PyTorch": clock.turned(4.0, 4.0, 4.0, 4.0, 2.0, 8.0)}
    (row,) = rows("a row", Work(lambda: steps, {"PyTorch": 0.3}), rounds=4)
    assert (row.work, row.peer) == ("a row", "PyTorch")
    assert row.ratio == 0.25
    assert (row.ours, row.theirs) == (1.0, 4.0)
    assert (row.low, row.high) == (0.25, 0.25)
    assert row.is_met


def test_short_steps_are_repeated_within_a_turn(clock: Any) -> None:
    calls = []
    step = clock.turned(0.001)
    (row,) = rows("short", Work(lambda: {OURS: lambda: (calls.append(0), step())}, {OURS: 0.0005}, ()), rounds=2)
    assert len(calls) == 2 + 2 * 50
    assert row.ratio == pytest.approx(0.001)
    assert row.is_met is False


def test_a_step_that_measures_itself_is_believed() -> None:
    steps = {OURS: lambda: Measured(wall=3.0, process=2.0), "NumPy": lambda: Measured(wall=2.0, process=2.0)}
    work = Work(lambda: steps, {}, ("NumPy",))
    assert [row.ratio for row in rows("import", work, 3, "wall")] == [1.5]
    assert [(row.ratio, row.is_met) for row in rows("import", work, 3, "process")] == [(1.0, None)]


def test_patience_ends_after_five_rounds(clock: Any) -> None:
    assert len(turns({OURS: clock.turned(1.0)}, rounds=20, patience=0.0)) == 5


ROW = Row("a row", "PyTorch", 0.1234, 0.1, 123.4, 0.001, 0.01, 0.5)


@pytest.mark.parametrize(
    ("row", "printed"),
    [
        (ROW, ("a row", "PyTorch", "0.12", "0.10 to 123", "≤ 0.50", "yes")),
        (Row("b", "", 6.0, 5.0, 7.0, 6.0, 6.0, 5.0), ("b", "", "6.0 s", "5.0 to 7.0 s", "≤ 5.0 s", "no")),
        (Row("c", "CasADi", 12.0, 9.96, 20.0, 1.0, 1.0, None), ("c", "CasADi", "12", "10 to 20", "", "")),
    ],
)
def test_cells_of_the_table(row: Row, printed: tuple[str, ...]) -> None:
    assert peers.cells(row) == printed


def test_the_table_of_a_row(capfd: pytest.CaptureFixture[str]) -> None:
    peers.main(["import autograd_cnn", "--rounds", "1", "--markdown", "--threads", "1"])
    heading, rule, row = capfd.readouterr().out.splitlines()
    assert heading == "| work | peer | ours ÷ peer | middle half | target | met |"
    assert rule == "| --- | --- | --- | --- | --- | --- |"
    assert row.startswith("| import autograd_cnn | NumPy | ")


def test_a_row_that_fails_is_told_in_a_line() -> None:
    command = [
        sys.executable,
        "-c",
        "from tests.benchmarks.peers import child; child()",
        "no such row",
        "1",
        "0",
        "wall",
    ]
    run = subprocess.run(command, capture_output=True, text=True, check=False)
    assert run.returncode == 1
    assert run.stderr.splitlines() == ["KeyError: 'no such row'"]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["digit CNN step"], "no row is called 'digit CNN step'; did you mean 'digits CNN step'"),
        (["--rounds", "0"], "--rounds and --threads are at least 1"),
        (["--threads", "0"], "--rounds and --threads are at least 1"),
    ],
)
def test_wrong_arguments(arguments: list[str], said: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        peers.main(arguments)
    assert said in capsys.readouterr().err


def test_rows_are_found_by_the_beginning_of_their_name(capsys: pytest.CaptureFixture[str]) -> None:
    peers.main(["--list"])
    listed = capsys.readouterr().out.splitlines()
    assert peers._options(["convolution"]).work == [name for name in listed if name.startswith("convolution")]
