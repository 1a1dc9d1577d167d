"""Any arguments of the command line: an exit status of 0, 1 or 2, a few lines, and no file but the one asked for."""

import io
import os
import sys
import warnings
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from viz import cli
from viz.cli import main

EXPRESSIONS = st.lists(
    st.sampled_from(
        [*"xyz0129.,()+-*/% \n\t#'\"\\=:;@[]{}", "**", "max(", "exp(", "relu(", "1e308", "lambda", "not ", "é"]
    ),
    max_size=12,
).map("".join)
VALUES = st.sampled_from(
    ["x=2", "y=-0.5", "z=1e300", "x", "=1", "x=", "x=nan", "x=9" + "9" * 400, "é=1", "a b=1", "--", ""]
)
OPTIONS = st.sampled_from(
    [
        *(
            "-o",
            "--output",
            "x.dot",
            "x.json",
            "x.exe",
            "../x.dot",
            "no/x.dot",
            ".",
            "--theme",
            "dark",
            "drak",
            "--explain",
        ),
        *("--help", "-h", "--version", "-x", "--", "-", "-1", "\0", "\ud800"),
    ]
)


def ran(arguments: list[str]) -> tuple[int, str, str]:
    """Return exit status, output and errors."""
    out, err = io.StringIO(), io.StringIO()
    with redirect_stdout(out), redirect_stderr(err):
        try:
            status: Any = main(arguments)
        except SystemExit as end:
            status = end.code or 0
    return status, out.getvalue(), err.getvalue()


@example(command="draw", expression="x*x", values=["x=2"], options=["-o", "../x.dot"])
@example(command="draw", expression="1 or x", values=["x=2"], options=[])
@given(
    command=st.sampled_from(["draw", "draw", "play", "check", "texbook", ""]),
    expression=EXPRESSIONS | st.text(max_size=12),
    values=st.lists(VALUES, max_size=3),
    options=st.lists(OPTIONS, max_size=3),
)
def test_any_arguments(
    command: str, expression: str, values: list[str], options: list[str], tmp_path_factory: pytest.TempPathFactory
) -> None:
    outer = tmp_path_factory.mktemp("outer")
    inner, before = outer / "inner", Path.cwd()
    inner.mkdir()
    os.chdir(inner)
    try:
        with warnings.catch_warnings(), np.errstate(all="warn"):
            warnings.simplefilter("error")
            status, _, said = ran([command, expression, *values, *options])
    finally:
        os.chdir(before)
    assert status in (0, 1, 2)
    assert "Traceback" not in said
    assert len(said.splitlines()) <= 8
    assert (status == 2) == bool(said)
    written = {path.relative_to(outer).as_posix() for path in outer.rglob("*") if path.is_file()}
    assert written <= {"x.dot", "inner/x.dot", "inner/x.json", "inner/player.html"}
    assert ("x.dot" in written) <= ("../x.dot" in options)
    assert "evil" not in sys.modules


NUMBERS = st.sampled_from(
    [
        "",
        "0",
        "1",
        "-1",
        "1.5",
        "nan",
        "inf",
        "-inf",
        "1e999",
        "0x1",
        "1_000",
        "\uff11\uff12",
        "9" * 5000,
        "1e-400",
        " 2 ",
        "\0",
    ]
)
SETTINGS = st.sampled_from(
    [
        *("--epochs", "--batch-size", "--seed", "--lr", "--momentum", "--init-std", "--activation", "--theme"),
        *("--order", "--mode", "--oracle", "--kinks", "--float64", "--clear", "--ep", "-o", "--input"),
    ]
)


@given(
    command=st.sampled_from(["demo", "textbook", "warmup", "check"]),
    words=st.lists(st.tuples(SETTINGS, NUMBERS | st.text(max_size=5)), max_size=4),
)
def test_any_settings_of_the_commands_that_take_long(command: str, words: list[tuple[str, str]]) -> None:
    """Without the work itself, which would begin: settings are finite numbers in their ranges, or refused."""
    reached: list[Any] = []
    with pytest.MonkeyPatch.context() as patched:
        for name in cli._RUN:
            patched.setitem(cli._RUN, name, reached.append)
        status, _, said = ran([command, *(["a:b"] if command == "check" else []), *(w for pair in words for w in pair)])
    assert status in (0, 2)
    assert (status == 2) == bool(said)
    assert "Traceback" not in said
    assert len(said.splitlines()) <= 8
    for options in reached if status == 0 else ():
        for name, value in vars(options).items():
            assert not isinstance(value, float) or np.isfinite(value), name
        if command == "demo":
            assert options.epochs >= 1
            assert options.batch_size >= 1
            assert options.lr > 0
            assert 0 <= options.momentum < 1
            assert options.seed >= 0
