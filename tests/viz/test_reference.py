"""The reference: every public name has one place, every gate its page, and Sphinx finds nothing malformed."""

import collections
import inspect
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import autograd_cnn as ag
from autograd_cnn.errors import MissingExtraError
from autograd_cnn.gates.facts import fact, lesson
from viz.reference import CHAPTERS, build, building
from viz.reference.applications import application
from viz.reference.docstrings import is_told_elsewhere, shorten
from viz.reference.gate_pages import definition, gate_page, save_pictures
from viz.reference.names import entries, entries_of
from viz.reference.sources import write_sources

MODULES = collections.Counter(m for chapter in CHAPTERS for section in chapter.sections for m in section.modules)
GATES = {entry.what.name: entry for entry in entries() if isinstance(entry.what, ag.Gate)}


def test_every_public_name_has_a_place_in_one_chapter():
    missing = {entry.home: entry.names for entry in entries() if entry.home not in MODULES}
    assert not missing, "give these modules a place in viz/reference/chapters.py"
    assert not [module for module, count in MODULES.items() if count > 1]


def test_every_place_has_something_to_say():
    packages = {module for module in MODULES if hasattr(sys.modules[module], "__path__")}
    assert not [module for module in MODULES if module not in packages and not entries_of(module)]


def test_names_are_found_under_every_package_that_hands_them_out():
    by_name = {name: entry for entry in entries() for name in entry.names}
    relu = by_name["autograd_cnn.relu"]
    assert by_name["autograd_cnn.functional.relu"] is relu
    assert relu.home == "autograd_cnn.gates.activation"
    assert by_name["autograd_cnn.amax"].name == "autograd_cnn.max"
    assert by_name["autograd_cnn.GATES"].name == "autograd_cnn.registry.GATES"
    assert by_name["autograd_cnn.gates.convolution.conv2d"].what is ag.GATES["conv2d"]


def test_names_stand_in_the_order_of_their_file():
    names = [entry.what.name for entry in entries_of("autograd_cnn.gates.arithmetic")]
    assert names[:4] == ["add", "subtract", "multiply", "divide"]


@pytest.mark.parametrize("name", sorted(GATES))
def test_every_gate_has_a_page_with_formula_numbers_picture_and_definition(name):
    gate, page = GATES[name].what, gate_page(GATES[name])
    assert f"``{fact(gate, 'Formula')}``" in page
    assert gate.rule is None or f"``{fact(gate, 'Local gradient')}``" in page
    assert page.count(".. image::") == (4 if gate.expand else 2)  # each in light and dark
    assert f"def {name}(" in page
    assert lesson(gate) not in definition(gate), "it stands at the head of the page"
    applied = application(gate)
    assert np.isfinite(applied.output.value).all()
    if gate.has_gradient and name != "step":
        assert any(np.any(node.grad) for node in applied.inputs if node.grad is not None), "numbers that teach nothing"


def test_pictures_of_a_gate(tmp_path):
    for name in ("relu", "max_pool2d"):
        save_pictures(GATES[name].what, tmp_path)
    shown = ("max_pool2d-circuit", "max_pool2d-expanded", "relu-curve")
    names = [f"{each}-{theme}.svg" for each in shown for theme in ("dark", "light")]
    assert sorted(path.name for path in tmp_path.iterdir()) == names
    assert all(path.read_text(encoding="utf-8").rstrip().endswith("</svg>") for path in tmp_path.iterdir())
    for image in re.findall(r"image:: (\S+)", gate_page(GATES["relu"]) + gate_page(GATES["max_pool2d"])):
        assert (tmp_path / image).exists()


def test_docstrings_are_read_without_what_the_page_says_already():
    gate = ag.GATES["max_pool2d"]
    lines = inspect.getdoc(gate).splitlines()
    shorten(None, "function", "max_pool2d", gate, None, lines)
    text = "\n".join(lines)
    assert "switches" in text
    assert "Formula:" not in text
    assert "Kink:" not in text
    untouched = ["Formula: of a function"]
    shorten(None, "function", "f", test_pictures_of_a_gate, None, untouched)
    assert untouched == ["Formula: of a function"]


def test_methods_that_are_gates_have_their_own_pages():
    assert is_told_elsewhere(None, "class", "relu", vars(ag.Node)["relu"], False, None)
    assert is_told_elsewhere(None, "class", "item", vars(ag.Node)["item"], False, None) is None
    assert is_told_elsewhere(None, "class", "nothing", None, False, None) is None
    assert is_told_elsewhere(None, "class", "extra_repr", ag.nn.Linear.extra_repr, False, None)
    assert is_told_elsewhere(None, "class", "extra_repr", ag.nn.Module.extra_repr, False, None) is None


def test_every_page_is_in_a_table_of_contents(tmp_path):
    chapters = [chapter for chapter in CHAPTERS if chapter.key != "gates"]
    write_sources(tmp_path, chapters)
    assert len(list(tmp_path.rglob("*.rst"))) == 1 + sum(1 + len(chapter.sections) for chapter in chapters)
    opening = (tmp_path / "index.rst").read_text(encoding="utf-8")
    for chapter in chapters:
        assert f"{chapter.key}/index" in opening
        listed = (tmp_path / chapter.key / "index.rst").read_text(encoding="utf-8")
        assert all(f"   {page.stem}\n" in listed for page in (tmp_path / chapter.key).iterdir() if page.stem != "index")


def test_a_missing_generator_is_told(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "furo", None)
    with pytest.raises(MissingExtraError, match=r"pip install 'autograd-cnn\[docs\]'"):
        build(tmp_path)
    assert not list(tmp_path.iterdir())


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    """Two chapters, built by the command in a process of its own: Sphinx changes much in the one it runs in."""
    for library in ("sphinx", "numpydoc", "furo"):
        pytest.importorskip(library, reason="the reference needs the extra 'docs'")
    folder = tmp_path_factory.mktemp("reference")
    command = [sys.executable, "-m", "viz.reference", str(folder), "--chapter", "backward", "--chapter", "compile"]
    ran = subprocess.run(command, cwd=Path(__file__).parents[2], capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr
    assert str(folder / "index.html") in ran.stdout
    return folder


def test_pages_hold_what_the_docstrings_say(built):
    page = (built / "compile" / "replaying-a-function.html").read_text(encoding="utf-8")
    assert 'id="autograd_cnn.compile"' in page
    assert "Parameters" in page


def test_pages_fetch_nothing(built):
    for page in built.rglob("*.html"):
        text = page.read_text(encoding="utf-8")
        assert not re.findall(r'<(?:script|img|link)[^>]+(?:src|href)="(?:https?:)?//[^"]+"', text), page
    assert (built / "searchindex.js").exists()


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # of libraries, in Pythons to come
def test_what_sphinx_warns_of_is_an_error(tmp_path, monkeypatch):
    pytest.importorskip("sphinx", reason="the reference needs the extra 'docs'")
    monkeypatch.setattr(building, "write_sources", lambda folder, chapters: write_malformed(folder))
    with pytest.raises(building.MalformedReferenceError, match=r"index\.rst:4: .*Undefined substitution"):
        build(tmp_path)


def write_malformed(folder):
    folder.mkdir()
    (folder / "index.rst").write_text("A\n=\n\n|x|\n", encoding="utf-8")
