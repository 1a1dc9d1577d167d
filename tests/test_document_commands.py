"""Every shell command of the documents is one that there is; what is quick runs as written.

What a fresh environment installs is tried by CI itself, and by `tests.packaging` from a wheel.
"""

import importlib.util
import re
import runpy
import shlex
import subprocess
import sys
import tomllib
from itertools import dropwhile
from pathlib import Path

import pytest

from tests.viz.test_demo import TROUBLES
from viz.cli import main
from viz.usage import parser

ROOT = Path(__file__).parent.parent
DOCUMENTS = ("README.md", "CONTRIBUTING.md", "tests/benchmarks/README.md")
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
QUICK = ("draw", "play")
ELSEWHERE = {  # what takes longer, and where it is run
    "textbook": "tests/viz/test_textbook.py",
    "warmup": "tests/viz/test_warmup.py",
    "check": "tests/viz/test_cli.py",
}


def commands():
    """Yield every command of the blocks, and those inside sentences, as lists of words, without the environment."""
    for name in DOCUMENTS:
        text = (ROOT / name).read_text(encoding="utf-8")
        blocks = re.findall(r"^```sh\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
        lines = [line for block in blocks for line in block.splitlines()]
        outside = re.sub(r"^```.*?^```", "", text, flags=re.MULTILINE | re.DOTALL)
        lines += re.findall(r"`((?:\.venv/bin/)?(?:autograd-cnn|python3?|pip|pytest) [^`]+)`", outside)
        for line in lines:
            for part in line.split(" && "):
                words = shlex.split(part, comments=True)
                words = list(dropwhile(lambda word: re.match(r"[A-Z_]+=", word), words))
                yield name, [words[0].removeprefix(".venv/bin/"), *words[1:]]


ALL = [pytest.param(words, id=f"{name}: {shlex.join(words)}") for name, words in commands()]


def test_the_documents_are_read():
    starts = {tuple(words[:2]) for _, words in commands()}
    assert starts >= {("autograd-cnn", "demo"), ("autograd-cnn", "draw"), ("pip", "install"), ("python", "-m")}


@pytest.mark.parametrize("words", ALL)
def test_a_command_of_the_documents(words, tmp_path, monkeypatch, capsys):
    program, *arguments = words
    if program == "autograd-cnn":
        run_or_find(arguments, tmp_path, monkeypatch, capsys)
    elif program == "pip":
        (extra,) = re.fullmatch(r"install(?: -q)? -e \.\[(\w+)\]", " ".join(arguments)).groups()
        assert extra in PROJECT["optional-dependencies"]
    elif program in ("python", "python3") and arguments[0] == "-m":
        assert arguments[1] == "venv" or importlib.util.find_spec(arguments[1]), arguments[1]
        assert all((ROOT / path).exists() for path in arguments if path.startswith("tests/"))
    elif program in ("python", "python3"):
        assert (ROOT / arguments[0]).exists()
        source = (ROOT / arguments[0]).read_text(encoding="utf-8")
        assert all(word.partition("=")[0] in source for word in arguments[1:] if word.startswith("--"))
    else:
        assert program in ("pytest", "ruff", "mypy", "coverage"), "an unknown program"
        assert all((ROOT / path).exists() for path in arguments if path.startswith("tests/"))
        assert f'"{program}>=' in (ROOT / "pyproject.toml").read_text(encoding="utf-8")


@pytest.mark.parametrize("module", sorted({words[2] for _, words in commands() if words[:2] == ["python", "-m"]}))
def test_a_command_says_what_it_takes(module, monkeypatch, capsys):
    if module == "venv":
        pytest.skip("Python's own")
    if module == "tests.benchmarks.golden_losses":
        pytest.importorskip("torch", reason="torch is missing: pip install -e '.[peers]'")
    if module.startswith("viz"):  # pytest loads it for its plugin, in a way that runpy cannot run
        ran = subprocess.run([sys.executable, "-m", module, "--help"], capture_output=True, text=True, check=True)
        assert ran.stdout.startswith("usage: ")
        return
    monkeypatch.setattr(sys, "argv", [module, "--help"])
    monkeypatch.setattr(sys, "excepthook", sys.excepthook)
    for loaded in (module, f"{module}.__main__"):
        monkeypatch.delitem(sys.modules, loaded, raising=False)
    package, _, name = module.rpartition(".")
    if hasattr(sys.modules.get(package), name):  # where the import of another copy would leave that one
        monkeypatch.setattr(sys.modules[package], name, getattr(sys.modules[package], name))
    with pytest.raises(SystemExit) as ended:
        runpy.run_module(module, run_name="__main__")
    assert ended.value.code == 0
    assert capsys.readouterr().out.startswith("usage: ")


def run_or_find(arguments, tmp_path, monkeypatch, capsys):
    """Run a quick command of ours in an empty folder; of a longer one say where its like is run."""
    options = parser().parse_args(arguments)
    if options.command == "demo":
        usual = vars(parser().parse_args(["demo"]))
        changed = {name: value for name, value in vars(options).items() if value != usual[name]}
        assert any(changed.items() <= settings.items() for settings, _ in TROUBLES.values()), "test_demo trains these"
    elif options.command in QUICK:
        monkeypatch.chdir(tmp_path)
        assert main(arguments) == 0
        assert capsys.readouterr().out.endswith(f"written: {options.output}\n") or options.command == "play"
        assert [path.name for path in tmp_path.iterdir()] == [options.output]
    else:
        assert (ROOT / ELSEWHERE[options.command]).exists()
