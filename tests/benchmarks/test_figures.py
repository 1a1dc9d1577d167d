"""Figures go between their marks, and nowhere else."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.benchmarks import figures
from tests.benchmarks.figures import DOCUMENTS, machine, replaced, sections

DOCUMENT = "before\n<!-- figures: memory -->\nold\n<!-- end of figures -->\nafter\n"


def test_figures_replace_what_stands_between_their_marks() -> None:
    new = replaced(DOCUMENT, "memory", "new\n")
    assert new == DOCUMENT.replace("old", "new")
    assert replaced(new, "memory", "new\n") == new


def test_other_sections_are_left_alone() -> None:
    assert replaced(DOCUMENT, "scaling", "new") == DOCUMENT


def test_a_mark_without_an_end_raises() -> None:
    with pytest.raises(ValueError, match="figures: memory"):
        replaced("<!-- figures: memory -->\nold\n", "memory", "new")


def test_every_section_has_its_place() -> None:
    both = "".join(document.read_text(encoding="utf-8") for document in DOCUMENTS)
    for name in sections(3):
        assert f"<!-- figures: {name} -->" in both, name


def test_the_machine_is_named() -> None:
    assert "numpy" in machine()
    assert "cores" in machine()


def test_measured_sections_are_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    document = tmp_path / "README.md"
    document.write_text(DOCUMENT)
    monkeypatch.setattr(figures, "DOCUMENTS", (document,))
    monkeypatch.setattr(figures, "sections", lambda rounds: {"memory": ["peers", "--list"]})
    figures.main(["memory"])
    assert "digits CNN step\n" in document.read_text()
    assert machine() in document.read_text()


def test_a_section_that_is_unknown(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        figures.main(["speed"])
    assert "no section is called 'speed'; there are 'peers, one thread'" in capsys.readouterr().err
