"""The pictures of a search show every trial, how good it was, the border of the ranges, and what a grid misses."""

import re
from xml.etree import ElementTree

import pytest

import viz
from autograd_cnn import train
from viz.errors import UndrawableError

SPACE = {"lr": train.LogUniform(1e-4, 1), "units": train.Integer(8, 64), "act": train.Choice(["relu", "tanh"])}


def record(number, lr, units, act, value, state="complete"):
    return train.TrialRecord(number, {"lr": lr, "units": units, "act": act}, value, state)


RESULT = train.SearchResult(
    SPACE,
    (
        record(0, 0.01, 8, "relu", 0.9),
        record(1, 0.001, 64, "tanh", 0.7),
        record(2, 0.9, 32, "relu", 0.95),
        record(3, 0.1, 16, "tanh", 0.8),
        record(4, 0.0002, 9, "tanh", 0.1, "pruned"),
        record(5, 0.0003, 9, "tanh", float("nan"), "failed"),
    ),
)


def layers(picture, panel=0):
    return {layer.name: layer for layer in picture.content.data.panels[panel].layers}


def test_every_trial_stands_at_its_parameters_by_how_good_it_was():
    picture = viz.search(RESULT)
    found = layers(picture)
    quarters = [f"{which} quarter of the trials" for which in ("best", "second", "third", "last")]
    places = [(found[name].x, found[name].y) for name in quarters]
    assert places == [((0.9,), (32,)), ((0.01,), (8,)), ((0.1,), (16,)), ((0.001,), (64,))]
    assert (found["pruned"].x, found["pruned"].y) == ((0.0002,), (9,))
    assert (found["the best"].x, found["the best"].y) == ((0.9,), (32,))
    assert len({(found[name].ink, found[name].mark) for name in (*quarters, "the best", "pruned")}) == 6
    assert "the best lr lies on the upper border: better ones may lie beyond" in picture.content.data.facts


def test_axes_are_those_of_the_ranges_and_the_border_is_marked():
    panel = viz.search(RESULT, "units", "lr").content.data.panels[0]
    assert (panel.x.log, panel.y.log) == (False, True)
    assert panel.x.low < 8 < 64 < panel.x.high
    assert panel.y.low < 1e-4 < 1 < panel.y.high
    rules = [(rule.axis, rule.at) for rule in panel.layers if rule.name == "border of a range: 5% of it"]
    expected = [("x", 10.8), ("x", 61.2), ("y", 1e-4 * 10**0.2), ("y", 10**-0.2)]
    assert [axis for axis, _ in rules] == [axis for axis, _ in expected]
    assert [at for _, at in rules] == pytest.approx([at for _, at in expected])


def test_choices_stand_in_rows_and_a_single_parameter_over_the_values():
    picture = viz.search(RESULT, y="act")
    assert picture.content.data.panels[0].y.ticks == ((0.0, "relu"), (1.0, "tanh"))
    assert layers(picture)["pruned"].y == (1.0,)
    one = train.SearchResult({"lr": SPACE["lr"]}, RESULT.trials, "minimize")
    found = layers(viz.search(one))
    assert found["trials"].x == (0.001, 0.01, 0.1, 0.9)
    assert found["trials"].y == (0.7, 0.9, 0.8, 0.95)
    assert (found["the best"].x, found["the best"].y) == ((0.001,), (0.7,))


def test_a_grid_tries_fewer_values_of_what_matters(tmp_path):
    grid = tuple(record(i, 10.0 ** -(i // 2), (8, 64)[i % 2], "relu", 0.5 + i / 100) for i in range(6))
    picture = viz.grid_and_random(train.SearchResult(SPACE, grid), RESULT, "lr", "units")
    panels = picture.content.data.panels
    assert [panel.notes[0] for panel in panels[2:]] == [
        "3 values of lr were tried; the best trial: 0.55",
        "4 values of lr were tried; the best trial: 0.95",
    ]
    assert panels[2].y == panels[3].y, "both are read on one scale"
    assert layers(picture, 2)["trials"].x == (0.01, 0.01, 0.1, 0.1, 1.0, 1.0)
    words = "".join(ElementTree.parse(picture.save(tmp_path / "search.svg")).getroot().itertext())
    assert re.search(r"Grid: 6 trials.*Random: 6 trials", words, re.DOTALL)


def test_what_cannot_be_drawn_is_told():
    with pytest.raises(UndrawableError, match=r"there is no parameter 'rate'; there are \['lr', 'units', 'act'\]"):
        viz.search(RESULT, "rate")
    nothing = train.SearchResult(SPACE, RESULT.trials[4:])
    with pytest.raises(UndrawableError, match="no trial was finished"):
        viz.search(nothing)
    with pytest.raises(UndrawableError, match="no trial was finished"):
        viz.grid_and_random(nothing, RESULT, "lr", "units")
