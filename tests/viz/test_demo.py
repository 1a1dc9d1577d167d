"""The demo's four networks: each shows its own trouble, in the table and in the picture alike."""

import re
import tempfile
from pathlib import Path

import pytest

import viz.demo
from viz.demo import demo
from viz.errors import SaveError

TROUBLES = {
    "healthy": ({}, set()),
    "saturated": ({"activation": "sigmoid", "init_std": 3.0}, {"saturated"}),
    "vanishing": ({"activation": "sigmoid", "init_std": 0.01}, {"vanishing"}),
    "dead": ({"activation": "relu", "lr": 10.0}, {"dead"}),
}


def leave_out_single_numbers(monkeypatch):
    """Write the report without the zoom, which is half of the demo's time and does not change with the trouble."""
    monkeypatch.setattr(viz.demo, "bound", lambda page, *_: page)


@pytest.mark.parametrize("name", TROUBLES)
def test_each_trouble_shows_at_a_glance_and_the_picture_says_what_the_table_says(name, tmp_path, capsys, monkeypatch):
    settings, expected = TROUBLES[name]
    if name not in ("healthy", "dead"):
        leave_out_single_numbers(monkeypatch)
    report = demo(folder=tmp_path, **settings)
    printed = capsys.readouterr().out
    assert {finding.kind for finding in report.findings if finding.severity == "critical"} == expected
    if not expected:
        assert not report.findings
        accuracy = re.search(r"test accuracy ([\d.]+)%", printed)
        assert float(accuracy[1]) > 95
    svg = (tmp_path / "gradient-flow.svg").read_text(encoding="utf-8")
    texts = set(re.findall(r">([^<>]+)</text>", svg))
    for layer in report.layers:
        row = next(line for line in printed.splitlines() if line.startswith(f"{layer.name} "))
        assert layer.name in texts
        for finding in layer.findings:
            assert any(finding.words in text for text in texts), (layer.name, finding.words)
        gradient = re.search(r"(\S+)\s+(?:[−+]\d+\.\d\d|—)\s", row)  # the column before the attenuation
        assert gradient
        if layer.parameters:
            assert gradient[1] in texts, (layer.name, gradient[1])
    assert "<title>" in (tmp_path / "report.html").read_text(encoding="utf-8")


def test_the_demo_is_reproducible(tmp_path, monkeypatch):
    leave_out_single_numbers(monkeypatch)
    first = demo(folder=tmp_path, epochs=1)
    assert demo(folder=tmp_path, epochs=1) == first


def test_a_folder_that_cannot_be_written_is_told_before_the_training(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def refused(**_: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(tempfile, "TemporaryFile", refused)
    with pytest.raises(SaveError, match="Permission denied; choose another folder with -o"):
        demo(folder=tmp_path)
    assert capsys.readouterr().out == ""
