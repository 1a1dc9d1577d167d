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
