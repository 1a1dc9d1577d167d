"""What an example is called with, and how it ends when nobody listens any more."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from viz.scripts import arguments

ROOT = Path(__file__).parent.parent.parent
LESSON = """Bumps add up to any
function, 98% of them.

Run: python bumps.py [folder] [--quick]
"""
READY = "from autograd_cnn.endings import end_quietly; end_quietly()\n"


def called(monkeypatch, *words, **settings):
    monkeypatch.setattr(sys, "argv", ["bumps.py", *words])
    monkeypatch.setattr(sys, "excepthook", sys.excepthook)
    return arguments(LESSON, **settings)


def test_what_a_script_is_called_with(monkeypatch, tmp_path):
    given = called(monkeypatch, str(tmp_path), "--quick")
    assert (given.folder, given.quick, given.numbers) == (tmp_path, True, {})
    given = called(monkeypatch, "--split", "2", split=0)
    assert (given.folder, given.quick, given.numbers) == (Path(), False, {"split": 2})


def test_help_is_the_lesson(monkeypatch, capsys):
    with pytest.raises(SystemExit) as ended:
        called(monkeypatch, "--help")
    assert ended.value.code == 0
    assert "Bumps add up to any function, 98% of them.\n\npositional" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("words", "settings", "told"),
    [
        (("--quik",), {}, "unrecognized arguments: --quik; did you mean '--quick'?"),
        (("nowhere/at-all",), {}, "there is no folder 'nowhere/at-all'; make it first: mkdir nowhere/at-all"),
        (("--quick",), {"quick": False}, "unrecognized arguments: --quick"),
        (("--split", "-1"), {"split": 0}, "-1 is negative"),
    ],
)
def test_what_is_mistyped_ends_a_script_at_once(monkeypatch, capsys, words, settings, told):
    with pytest.raises(SystemExit) as ended:
        called(monkeypatch, *words, **settings)
    assert ended.value.code == 2
    assert told in capsys.readouterr().err


@pytest.mark.parametrize(
    "words",
    [
        ("-c", READY + "while True: print('a line', flush=True)"),
        ("-c", READY + "import time; time.sleep(0.5); print('a line')"),  # told of at the end, when it is flushed
        (str(ROOT / "examples" / "05_newton.py"),),
        ("-m", "autograd_cnn.gates"),
        ("-m", "viz", "draw", "x * y", "x=1", "y=2"),
    ],
)
def test_a_reader_that_has_seen_enough(tmp_path, words):
    reader, writer = os.pipe()
    os.close(reader)
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONIOENCODING": "utf-8"}
    ran = subprocess.run(
        [sys.executable, *words], cwd=tmp_path, env=environment, stdout=writer, stderr=subprocess.PIPE, check=False
    )
    os.close(writer)
    assert ran.stderr == b""


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="needs Linux's file that is always full")
@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("-c", READY + "print('a line')"), "-c: error: "),  # told of at the end, when it is flushed
        (("-uc", READY + "print('a line')"), "-c: error: "),
        ((str(ROOT / "examples" / "05_newton.py"),), "05_newton.py: error: "),
        (("-m", "autograd_cnn.gates"), "autograd_cnn.gates: error: "),
        (("-m", "viz", "draw", "x * y", "x=1", "y=2"), "autograd-cnn draw: error: "),
    ],
)
def test_a_full_disk_is_told_in_a_line(tmp_path, words, told):
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONIOENCODING": "utf-8", "PYTHONUNBUFFERED": ""}
    with open("/dev/full", "w") as full:
        ran = subprocess.run(
            [sys.executable, *words], cwd=tmp_path, env=environment, stdout=full, stderr=subprocess.PIPE, check=False
        )
    assert ran.stderr.decode() == f"{told}cannot write the output: No space left on device\n"
    assert ran.returncode == 2


@pytest.mark.parametrize("example", ["29_hyperparameter_search", "43_checkpoints"])
def test_an_example_names_the_extra_that_it_needs(tmp_path, example):
    path = str(ROOT / "examples" / f"{example}.py")
    run = "import runpy, sys; sys.modules |= dict.fromkeys(['optuna', 'safetensors', 'safetensors.numpy'])\n"
    run += f"sys.argv = [{path!r}, '--quick']; runpy.run_path({path!r}, run_name='__main__')"
    ran = subprocess.run([sys.executable, "-c", run], cwd=tmp_path, capture_output=True, text=True, check=False)
    (told,) = ran.stderr.splitlines()
    extra = "weights" if example.startswith("43") else "tune"
    assert told.startswith(f"{example}.py: error: ")
    assert told.endswith(f"pip install 'autograd-cnn[{extra}]'")
    assert ran.returncode == 2


@pytest.mark.skipif(os.name == "nt", reason="closes a file as shells of POSIX do")
@pytest.mark.parametrize(
    "words",
    [
        (str(ROOT / "examples" / "05_newton.py"),),
        ("-m", "autograd_cnn.gates"),
        ("-m", "viz", "draw", "x * y", "x=1", "y=2", "-o", "x.svg"),
    ],
)
def test_nobody_reads_from_the_beginning(tmp_path, words):
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONIOENCODING": "utf-8"}
    command = ["sh", "-c", 'exec "$@" >&-', "sh", sys.executable, *words]
    ran = subprocess.run(command, cwd=tmp_path, env=environment, stderr=subprocess.PIPE, check=False)
    assert (ran.returncode, ran.stderr) == (0, b"")


@pytest.mark.skipif(os.name == "nt", reason="Windows has no SIGINT to send")
def test_ctrl_c_ends_a_script_without_a_traceback():
    waiting = "print('ready', flush=True); import time; time.sleep(60)"
    with subprocess.Popen(
        [sys.executable, "-c", READY + waiting], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as running:
        assert running.stdout.readline() == "ready\n"
        running.send_signal(signal.SIGINT)
        _, told = running.communicate(timeout=60)
    assert told == "\n-c: stopped\n"
    assert running.returncode == -signal.SIGINT


def test_other_errors_are_told_as_ever():
    ran = subprocess.run([sys.executable, "-c", READY + "1 / 0"], capture_output=True, text=True, check=False)
    assert ran.returncode == 1
    assert ran.stderr.startswith("Traceback")
    assert ran.stderr.endswith("ZeroDivisionError: division by zero\n")
