"""The command line as its users meet it: output, files, errors with status 2 and no traceback."""

import argparse
import os
import re
import shlex
import signal
import subprocess
import sys

import pytest

from viz import cli
from viz.cli import main
from viz.usage import parser

DRAW = ["draw", "(x + y) * z", "x=-2", "y=5", "z=-4"]


def run(*arguments, cwd=None):
    return subprocess.run(
        [sys.executable, "-W", "error", "-m", "viz", *arguments],
        capture_output=True,
        text=True,
        check=False,
        cwd=cwd,
        encoding="utf-8",
        env={**os.environ, "PYTHONIOENCODING": "utf-8"},
    )


def test_draw_prints_and_writes(tmp_path, capsys):
    file = tmp_path / "circuit.svg"
    assert main([*DRAW, "-o", str(file)]) == 0
    out = capsys.readouterr().out
    assert "(x + y) * z = -12" in out
    assert "x = -2         gradient -4\ny = 5          gradient -4\nz = -4         gradient 3\n" in out
    svg = file.read_text(encoding="utf-8")
    for number in ("−2", "5", "−4", "3", "−12"):
        assert f">{number}</text>" in svg


def test_draw_without_output_needs_no_renderer(capsys, monkeypatch):
    monkeypatch.setattr("viz.rendering.render", lambda *a, **k: pytest.fail("rendered"))
    assert main(["draw", "-x * 2", "x=3"]) == 0
    assert "-x * 2 = -6" in capsys.readouterr().out


def test_draw_shows_infinities_without_a_warning(tmp_path):
    result = run("draw", "1 / x + log(x)", "x=0", "-o", "c.dot", cwd=tmp_path)
    assert (result.returncode, result.stderr) == (0, "")
    assert (tmp_path / "c.dot").read_text(encoding="utf-8").startswith("digraph")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ([], "required: COMMAND"),
        (["drow"], "did you mean 'draw'"),
        (["demo", "--actvation", "relu"], "did you mean '--activation'"),
        (["demo", "--activation", "relo"], "did you mean 'relu'"),
        (["demo", "--lr", "-1"], "not a positive number"),
        (["demo", "--lr", "nan"], "not a positive number"),
        (["demo", "--lr", "fast"], "'fast' is not a number"),
        (["demo", "--epochs", "x"], "'x' is not a whole number"),
        (["demo", "--epochs", "0"], "not at least 1"),
        (["demo", "--momentum", "1"], "not between 0 and 1"),
        (["demo", "--seed", "-1"], "negative"),
        (["draw"], "required: expression"),
        (["draw", "x +", "x=1"], "syntax error"),
        (["draw", "open('f')", "x=1"], "is no gate"),
        (["draw", "x", "x=one"], "no number"),
        (["draw", "x", "x=1", "-o", "x.gif"], "supported: .svg, .png, .pdf, .dot"),
        (["draw", "x", "x=1", "-o", "."], "'.' is a folder, expected a file"),
        (["draw", "x", "x=1", "-o", "drawing"], "'drawing' has no suffix; supported: .svg"),
        (["draw", "x", "x=1", "-o", "missing/folder/x.svg"], "there is no folder 'missing/folder'; make it first"),
        (["textbook", "-o", "x.pdf"], "'x.pdf' does not end in .html or .htm"),
        (["play", "x", "x=1", "-o", "x.svg"], "'x.svg' does not end in .html or .htm or .json"),
        (["textbook", "-o", "missing/x.html"], "--output: there is no folder 'missing'"),
        (["check", "autograd_cnn:sin", "--input", "1.0", "-o", "missing/x.svg"], "there is no folder 'missing'"),
        (["draw", "x", "x=1", "--theme", "drak"], "did you mean 'dark'"),
        (["warmup", "--flaot64"], "did you mean '--float64'"),
        (["warmup", "now"], "unrecognized arguments: now"),
        (["check"], "required: MODULE:NAME"),
        (["check", "autograd_cnn"], "expected package.module:name"),
        (["check", "autograd_cnn:maximm", "--input", "1.0"], "did you mean 'maximum'"),
        (["check", "autograd_cn:maximum", "--input", "1.0"], "cannot be imported: ModuleNotFoundError"),
        (["check", "nowhere.py:f"], "there is no file 'nowhere.py'"),
        (["check", "autograd_cnn:__name__"], "is str, expected a function of nodes"),
        (["check", "autograd_cnn:sin"], "has no inputs; give one --input"),
        (["check", "autograd_cnn:sin", "--input", "1"], "no input needs a gradient"),
        (["check", "autograd_cnn:sin", "--input", "[1.0, [2.0]]"], "is no array"),
        (["check", "autograd_cnn:sin", "--input", "x"], "is no array"),
        (["check", "autograd_cnn:sin", "--input", '"x"'], "holds something else than numbers"),
        (["check", "autograd_cnn:sin", "--input", "1.0", "--input", "1.0"], "sin"),
        (["check", "autograd_cnn:sin", "--input", "1.0", "--orakle", "x"], "did you mean '--oracle'"),
        (["check", "autograd_cnn:sin", "--input", "1.0", "-o", "x.gif"], "supported: .svg"),
    ],
)
def test_wrong_use_exits_with_2_and_one_or_two_lines(arguments, words, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    try:
        status = main(arguments)
    except SystemExit as end:  # argparse found it
        status = end.code
    errors = capsys.readouterr().err
    assert status == 2
    assert len(errors.splitlines()) <= 3
    assert re.search(words, errors), errors
    assert errors.startswith("autograd-cnn")
    assert not list(tmp_path.iterdir())


def test_wrong_use_of_the_installed_command_shows_no_traceback(tmp_path):
    result = run("draw", "x", "x=1", "--theme", "drak", cwd=tmp_path)
    assert result.returncode == 2
    assert "Traceback" not in result.stderr


def test_an_old_picture_survives_an_error(tmp_path):
    file = tmp_path / "c.svg"
    file.write_text("old")
    assert run("draw", "x", "-o", str(file)).returncode == 2
    assert file.read_text() == "old"


def test_the_demo_refuses_a_folder_it_cannot_write(tmp_path):
    (tmp_path / "file").write_text("")
    result = run("demo", "-o", str(tmp_path / "file" / "sub"))
    assert result.returncode == 2
    assert "choose another folder" in result.stderr


COMMANDS = next(a for a in parser()._actions if isinstance(a, argparse._SubParsersAction)).choices


@pytest.mark.parametrize("name", COMMANDS)
def test_help_of_a_command_says_what_each_option_does_and_what_it_is_by_itself(name, capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    with pytest.raises(SystemExit) as end:
        main([name, "--help"])
    assert end.value.code == 0
    text = capsys.readouterr().out
    assert text.startswith(f"usage: autograd-cnn {name} [-h]")
    assert all(len(line) <= 80 for line in text.splitlines() if not line.startswith("  autograd-cnn"))
    for action in COMMANDS[name]._actions:
        assert action.help, action.dest
        if action.option_strings and action.nargs != 0 and not isinstance(action, argparse._AppendAction):
            assert re.search(r"\(default: .+\)", action.help), action.dest
            if action.default not in (None, "."):
                assert f"(default: {action.default}" in action.help


@pytest.mark.parametrize("name", COMMANDS)
def test_examples_of_help_are_right_command_lines(name):
    examples = [line for line in COMMANDS[name].epilog.splitlines() if line.startswith("  autograd-cnn")]
    assert examples
    for example in examples:
        _, *words = shlex.split(example, comments=True)
        assert parser().parse_args(words).command == name


def test_the_first_help_names_every_command_and_the_version(capsys):
    for asked in ("--help", "--version"):
        with pytest.raises(SystemExit) as end:
            main([asked])
        assert end.value.code == 0
    text = capsys.readouterr().out
    assert all(f"\n    {name} " in text for name in COMMANDS)
    assert re.search(r"^autograd-cnn \d+\.\d+", text, re.MULTILINE)


def test_help_does_not_wait_for_the_engine():
    """And Ctrl-C while the engine is imported comes where the command line can answer it."""
    code = "import sys, viz.cli; viz.cli.parser().format_help(); print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert "viz.usage" in loaded
    assert not {"autograd_cnn", "numpy"} & {*loaded}


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_ends_with_130_after_an_interrupt(name, monkeypatch, capsys):
    def interrupted(options):
        raise KeyboardInterrupt

    monkeypatch.setitem(cli._RUN, name, interrupted)
    required = {"draw": ["x", "x=1"], "play": ["x", "x=1"], "check": ["autograd_cnn:sin"]}
    assert main([name, *required.get(name, [])]) == 130
    assert capsys.readouterr() == ("", f"\nautograd-cnn {name}: stopped\n")


@pytest.mark.skipif(os.name != "posix", reason="sends SIGINT")
def test_an_interrupted_training_leaves_no_file(tmp_path):
    command = [sys.executable, "-u", "-m", "viz", "demo", "--epochs", "100000", "-o", str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as demo:
        assert demo.stdout.readline().startswith("A CNN of")  # it has begun
        demo.send_signal(signal.SIGINT)
        _, errors = demo.communicate(timeout=60)
    assert demo.returncode == 130
    assert errors.endswith("\nautograd-cnn demo: stopped\n")
    assert "Traceback" not in errors
    assert not list(tmp_path.iterdir())


FUNCTIONS = """
import autograd_cnn as ag

@ag.gate("squared")
def squared(x):
    return x * x

@squared.vjp
def _(upstream, output, x):
    return upstream * {slope} * x

def f(x, y):
    return squared(ag.sin(x)) + y

f.inputs = 0.5, [1.0, 2.0]

def fails(x):
    raise OSError("no data")

fails.inputs = 1.0
"""


@pytest.mark.parametrize(("slope", "status"), [(2, 0), (1, 1)])
def test_check_finds_a_function_in_a_file_and_judges_it(slope, status, tmp_path):
    (tmp_path / "mine.py").write_text(FUNCTIONS.format(slope=slope))
    by_file = run("check", "mine.py:f", "--input", "0.5", "--input", "[1.0, 2.0]", "-o", "c.svg", cwd=tmp_path)
    by_module = run("check", "mine:f", cwd=tmp_path)
    assert by_file.stderr == by_module.stderr == ""
    assert by_file.returncode == by_module.returncode == status
    assert (b"culprit" in (tmp_path / "c.svg").read_bytes()) == bool(status)
    for result in (by_file, by_module):
        assert result.stdout.startswith("OK: 3 OK" if status == 0 else "WRONG: 1 WRONG, 2 OK")
        assert ("squared is to blame" in result.stdout) == bool(status)


def test_check_suggests_the_nearest_file_and_says_what_a_function_raised(tmp_path):
    (tmp_path / "mine.py").write_text(FUNCTIONS.format(slope=2))
    (tmp_path / "broken.py").write_text("import sys; sys.exit(3)")
    for target, words in (
        ("mime.py:f", "did you mean 'mine.py'"),
        ("mine.py:fail", "did you mean 'fails'"),
        ("mine.py:fails", "raised OSError: no data"),
        ("broken.py:f", "cannot be imported: SystemExit: 3"),
    ):
        result = run("check", target, cwd=tmp_path)
        assert result.returncode == 2
        assert words in result.stderr
        assert "Traceback" not in result.stderr


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="needs Linux's /dev/full")
def test_a_full_disk_under_the_output_is_said_in_one_line():
    shell = f'"{sys.executable}" -m viz draw "x*x" x=2 >/dev/full'
    result = subprocess.run(shell, shell=True, capture_output=True, text=True, check=False)
    assert result.returncode == 2
    assert "cannot write the output" in result.stderr
    assert "Traceback" not in result.stderr


def test_a_reader_that_stops_early_is_no_error(tmp_path):
    shell = f'"{sys.executable}" -m viz draw "x*x+x" x=2 | head -1'
    result = subprocess.run(shell, shell=True, capture_output=True, text=True, check=False, cwd=tmp_path)
    assert "Traceback" not in result.stderr
