"""Exponents, and the picture of the curves."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.benchmarks import scaling
from tests.benchmarks.scaling import Curve, Measured, curves, measured, slope


@pytest.mark.parametrize("exponent", [-1.0, 0.5, 1.0, 2.0])
def test_the_slope_of_a_power_is_its_exponent(exponent: float) -> None:
    assert slope([1, 2, 4, 8], [3.0 * n**exponent for n in (1, 2, 4, 8)]) == pytest.approx(exponent)


def test_fixed_costs_of_small_sizes_do_not_count() -> None:
    curve = Curve("images", (1, 2, 4, 8, 16), lambda size: {}, 1, "work")
    assert Measured(curve, "we", (5.0, 5.0, 8.0, 16.0, 32.0)).exponent == pytest.approx(1.0)


def test_every_curve_does_its_work() -> None:
    for name, curve in curves(10**3).items():
        assert list(curve.sizes) == sorted({*curve.sizes}), name
        for step in curve.steps(curve.sizes[0]).values():
            step()


def test_exponents_are_printed_and_curves_drawn(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    small = Curve("gates", (10, 100), scaling.graph_steps, 1, "chain of gates")
    alone = Curve("threads", (1,), scaling.graph_steps, -1, "one thread")
    monkeypatch.setattr(scaling, "curves", lambda most: {"nodes": small, "threads": alone})
    scaling.main([str(tmp_path / "new"), "--rounds", "1"])
    printed = capsys.readouterr().out.splitlines()
    assert printed[0] == "| time against | library | exponent | work's own |"
    assert [line.split(" | ")[0] for line in printed[2:4]] == ["| nodes", "| nodes"]
    assert not any("threads" in line for line in printed), "one point has no slope"
    drawn = (tmp_path / "new" / "scaling.svg").read_text()
    for words in ("How time grows with the work", "chain of gates", "time (ms)", "exponent"):
        assert words in drawn
    assert (tmp_path / "new" / "scaling.html").exists()


def test_a_curve_that_is_unknown(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        scaling.main([str(tmp_path), "depth"])
    assert "no curve is called 'depth'; there are nodes, batch" in capsys.readouterr().err


def test_a_curve_has_a_point_for_every_size() -> None:
    curve = Curve("gates", (10, 100, 1000), scaling.graph_steps, 1, "chain")
    for line in measured(curve, 1, "process"):
        assert len(line.seconds) == 3, line.who
        assert min(line.seconds) > 0, line.who
