"""No file is ever run: neither package calls what could turn data into code."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SOURCES = sorted(path for package in ("autograd_cnn", "viz") for path in (ROOT / package).rglob("*.py"))

MODULES = {"pickle", "_pickle", "cPickle", "dill", "cloudpickle", "joblib", "marshal", "shelve", "dbm", "yaml", "code"}
FUNCTIONS = {"eval", "exec", "compile", "__import__", "breakpoint"}
CALLS = {
    *("np.load", "numpy.load", "torch.load", "os.system", "os.popen", "runpy.run_path", "runpy.run_module"),
    *("pandas.read_pickle", "np.fromregex", "subprocess.getoutput", "subprocess.getstatusoutput"),
}
ARGUMENTS = {"allow_pickle", "shell"}

ALLOWED = {
    # Operators are written out once, from a text that stands beside; nothing from outside goes into it.
    ("autograd_cnn/operands.py", "exec"),
}


def dangers(tree: ast.AST) -> Iterator[str]:
    """Yield what in a source could run data."""
    for node in ast.walk(tree):
        match node:
            case ast.Import(names=names):
                yield from (x.name for x in names if x.name.partition(".")[0] in MODULES)
            case ast.ImportFrom(module=str(module), names=names):
                if module.partition(".")[0] in MODULES:
                    yield module
                yield from (f"{module}.{x.name}" for x in names if f"{module}.{x.name}" in CALLS)
            case ast.Call(func=function, keywords=keywords, args=arguments):
                called = ast.unparse(function)
                if called in FUNCTIONS or called in CALLS:
                    yield called
                if called.rpartition(".")[2] == "import_module" and isinstance(arguments[0], ast.Constant):
                    name = str(arguments[0].value)
                    if name.partition(".")[0] in MODULES:
                        yield name
                for keyword in keywords:
                    if keyword.arg in ARGUMENTS and not _is_false(keyword.value):
                        yield f"{keyword.arg}="


def _is_false(value: ast.expr) -> bool:
    return isinstance(value, ast.Constant) and value.value is False


def test_neither_package_runs_data() -> None:
    assert len(SOURCES) > 300
    found = {
        (path.relative_to(ROOT).as_posix(), danger)
        for path in SOURCES
        for danger in dangers(ast.parse(path.read_text(encoding="utf-8")))
    }
    assert found == ALLOWED


@pytest.mark.parametrize(
    "text",
    [
        *("import pickle", "import yaml as y", "from pickle import loads", "from os import system, path"),
        *("eval(text)", "exec(text)", "compile(text, '', 'exec')", "np.load(file)", "torch.load(file)", "os.system(x)"),
        *("np.lib.format.read_array(file, allow_pickle=True)", "subprocess.run(x, shell=True)", "f(shell=wanted)"),
        *("import_module('pickle')", "importlib.import_module('dill')", "__import__('pickle')"),
    ],
)
def test_each_danger_would_be_seen(text: str) -> None:
    assert list(dangers(ast.parse(text)))


@pytest.mark.parametrize(
    "text",
    ["import ast, json", "ag.compile(f)", "model.eval()", "write_array(x, allow_pickle=False)", "run(shell=False)"],
)
def test_what_is_harmless_is_not(text: str) -> None:
    assert not list(dangers(ast.parse(text)))
