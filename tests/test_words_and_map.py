"""README's map leads everywhere, and its words are those of the code."""

import ast
import re
from pathlib import Path

import pytest

import autograd_cnn as ag

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
MAP = README[README.index("## Map") : README.index("## Graphviz")]
WORDS = README[README.index("## Words") : README.index("## Map")]
LINKED = {target.rstrip("/") for target in re.findall(r"\]\(([^)]+)\)", MAP)}
OTHERS_SAY = {"cotangent", "adjoint", "backprop", "grad_fn", "grad_input", "grad_output", "placeholder", "variable"}
"""Names that stand elsewhere for what has a name here."""


def on_the_map():
    """Return what the map has to show: all packages, and the engine's files that are in none of them."""
    for package in ("autograd_cnn", "viz"):
        for path in sorted((ROOT / package).iterdir()):
            is_file = package == "autograd_cnn" and path.suffix == ".py" and not path.name.startswith("__")
            if is_file or (path.is_dir() and path.name != "__pycache__"):
                yield path.relative_to(ROOT).as_posix()


@pytest.mark.parametrize("path", list(on_the_map()))
def test_the_map_shows(path):
    assert path in LINKED


def test_what_the_map_shows_is_there():
    assert len(LINKED) > 30
    assert [target for target in LINKED if not (ROOT / target).exists()] == []


def names(path):
    """Yield what a file defines or takes: functions, classes, parameters, attributes."""
    for part in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(part, ast.FunctionDef | ast.ClassDef):
            yield part.name
        elif isinstance(part, ast.arg):
            yield part.arg
        elif isinstance(part, ast.Attribute):
            yield part.attr
        elif isinstance(part, ast.AnnAssign) and isinstance(part.target, ast.Name):
            yield part.target.id


NAMES = {name for package in ("autograd_cnn", "viz") for path in (ROOT / package).rglob("*.py") for name in names(path)}
PARTS = {part.lower() for name in NAMES for part in re.findall(r"[A-Z]?[a-z0-9]+|[A-Z]+(?![a-z])", name)}
SAID = re.findall(r"^\| ([^|]+) \| [^|]+ \|$", WORDS, re.MULTILINE)[1:]


@pytest.mark.parametrize("word", [part for words in SAID for part in re.split(r" / |, ", words)])
def test_every_word_is_a_name_in_the_code(word):
    """Of ``upstream gradient`` the first half: what else could be upstream?"""
    assert word.split()[0].lower() in PARTS


def test_no_other_words_are_said():
    assert len(SAID) > 10
    assert not NAMES & OTHERS_SAY


def test_words_mean_what_the_table_says():
    a = ag.Scalar(3.0)
    with ag.scope("layer"):
        product = a * a
    step = next(ag.backward_steps(product, 2.0))
    assert (step.upstream, step.downstream) == (2.0, (6.0, 6.0))  # the seed; two edges to the same node
    assert (a.is_leaf, product.is_leaf, product.scope, product.gate.name) == (True, False, "layer", "multiply")
    assert ag.GATES["conv2d"].expand is not None  # compound
    assert ag.GATES["relu"].branches is not None
