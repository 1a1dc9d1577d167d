"""The floors of the house, checked on the code's own imports."""

import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent


def python(code):
    return subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)


def test_import_contracts_hold():
    result = python("from importlinter.cli import lint_imports; import sys; sys.exit(lint_imports())")
    assert result.returncode == 0, result.stdout + result.stderr


def test_contributing_names_the_floors_of_the_contract():
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["importlinter"]
    (layers,) = [each["layers"] for each in settings["contracts"] if each.get("containers") == ["autograd_cnn"]]
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    named = re.findall(r"`([\w, ]+)`", text[text.index("## Floors") : text.index("; and above all of them")])
    assert [set(floor.split(", ")) for floor in named] == [set(re.findall(r"\w+", layer)) for layer in layers[::-1]]


@pytest.mark.parametrize(
    ("package", "heavy"),
    [
        ("autograd_cnn", ("numba", "llvmlite", "networkx", "graphviz", "pygraphviz", "tqdm", "viz")),
        ("autograd_cnn", ("autograd_cnn.nn", "autograd_cnn.data", "autograd_cnn.expansion", "numpy.random")),
        ("viz", ("numba", "llvmlite", "networkx", "graphviz", "pygraphviz", "tqdm")),
        ("viz.cli", ("numba", "llvmlite", "networkx", "graphviz", "pygraphviz", "tqdm")),
    ],
)
def test_heavy_libraries_are_imported_where_they_are_used(package, heavy):
    result = python(f"import {package}, sys; print([m for m in {heavy!r} if m in sys.modules])")
    assert result.stdout.strip() == "[]", result.stderr


def test_parts_of_the_package_come_when_they_are_named():
    code = """
import autograd_cnn as ag
assert ag.nn.Linear and ag.health.inspect and ag.testing.check
assert ag.nodes(ag.Scalar(1.0) * 2) and ag.expand and ag.checkpoint
assert {"nn", "nodes", "hessian"} <= {*dir(ag)}
assert all(hasattr(ag, name) for name in ag.__all__)
try:
    ag.relux
except AttributeError as error:
    print(error)
"""
    assert python(code).stdout.strip() == "module 'autograd_cnn' has no attribute 'relux'; did you mean 'relu'?"
