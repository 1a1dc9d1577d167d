"""The floors of the house, checked on the code's own imports."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent


def python(code):
    return subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)


def test_import_contracts_hold():
    result = python("from importlinter.cli import lint_imports; import sys; sys.exit(lint_imports())")
    assert result.returncode == 0, result.stdout + result.stderr


@pytest.mark.parametrize(
    ("package", "heavy"),
    [
        ("autograd_cnn", ("numba", "llvmlite", "networkx", "graphviz", "pygraphviz", "tqdm", "viz")),
        ("viz", ("numba", "llvmlite", "networkx", "graphviz", "pygraphviz", "tqdm")),
        ("viz.cli", ("numba", "llvmlite", "networkx", "graphviz", "pygraphviz", "tqdm")),
    ],
)
def test_heavy_libraries_are_imported_where_they_are_used(package, heavy):
    result = python(f"import {package}, sys; print([m for m in {heavy!r} if m in sys.modules])")
    assert result.stdout.strip() == "[]", result.stderr
