"""The code blocks of README and CONTRIBUTING run as written; docstring examples too."""

import ast
import doctest
import importlib
import inspect
import os
import pkgutil
import re
import subprocess
import sys
from pathlib import Path

import pytest

import autograd_cnn
import viz
from autograd_cnn.registry import GATES

ROOT = Path(__file__).parent.parent
DOCUMENTED = ast.Module | ast.ClassDef | ast.FunctionDef


def blocks(name):
    return re.findall(r"^```python\n(.*?)^```", (ROOT / name).read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)


@pytest.mark.parametrize(
    ("name", "number"), [(n, i) for n in ("README.md", "CONTRIBUTING.md") for i in range(len(blocks(n)))]
)
def test_code_block(name, number, tmp_path):
    result = subprocess.run(
        [sys.executable, "-W", "error", "-c", blocks(name)[number]],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
        encoding="utf-8",
        env={**os.environ, "PYTHONIOENCODING": "utf-8", "PYTHONPATH": str(ROOT)},
    )
    assert result.returncode == 0, result.stderr
    if "print(f.value)" in blocks(name)[number]:
        assert result.stdout.startswith("-12.0\n-4.0 -4.0 3.0\n")
        assert (tmp_path / "circuit.svg").exists()


def test_links_point_to_files():
    for name in ("README.md", "CONTRIBUTING.md", "CHANGELOG.md"):
        for target in re.findall(r"\]\(([^)]+)\)", (ROOT / name).read_text(encoding="utf-8")):
            assert (ROOT / target).exists(), f"{name}: {target}"


def modules():
    for package in (autograd_cnn, viz):
        yield package.__name__
        for module in pkgutil.walk_packages(package.__path__, package.__name__ + "."):
            if not module.name.endswith("__main__"):
                yield module.name


@pytest.mark.parametrize("name", sorted(modules()))
def test_docstring_examples(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)  # examples may write files
    if ".tuning." in name:
        pytest.importorskip("optuna", reason="optuna is missing: pip install 'autograd-cnn[tune]'")
    module = importlib.import_module(name)
    done = doctest.testmod(module)
    assert done.failed == 0
    tried = done.attempted - getattr(done, "skipped", 0)  # from Python 3.13 on those are among the attempted
    gates = [gate for gate in GATES.values() if gate.forward.__module__ == name]
    tried += sum(len(test.examples) for gate in gates for test in doctest.DocTestFinder().find(gate.forward))
    parts = [part for part in ast.walk(ast.parse(inspect.getsource(module))) if isinstance(part, DOCUMENTED)]
    written = [ast.get_docstring(part) or "" for part in parts]
    examples = [example for text in written for example in doctest.DocTestParser().get_examples(text)]
    assert tried == sum(not example.options.get(doctest.SKIP) for example in examples), "some are not run"


@pytest.mark.parametrize("name", sorted(GATES))
def test_gate_docstring_examples(name):
    """Gates are no functions, so doctest does not find them by itself."""
    for test in doctest.DocTestFinder().find(GATES[name].forward, name):
        assert doctest.DocTestRunner().run(test).failed == 0
