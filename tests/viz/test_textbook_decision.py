"""A neuron's line, its wrong points and its gradient are the engine's."""

import itertools
import math
from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

import viz
from autograd_cnn import nn
from tests.viz.test_charts import check_drawing
from tests.viz.textbook_layers import layers_of
from viz.charts import Line, Points
from viz.errors import TextbookError
from viz.style import number
from viz.textbook.decision import decide, ends_of_line, two_clouds

WEIGHTS = st.floats(-3, 3).map(lambda w: round(w, 3))


@given(WEIGHTS, WEIGHTS, WEIGHTS, st.integers(0, 99))
def test_a_neuron_decides_as_its_forward_pass_does(w0: float, w1: float, b: float, seed: int) -> None:
    neuron = nn.Neuron(2, None)
    for parameter, value in zip(neuron.parameters(), (w0, w1, b), strict=True):
        parameter.assign(value)
    points, labels = two_clouds(12, rng=seed)
    found = decide((w0, w1, b), points, labels)
    scores = [neuron(list(point)).value for point in points]
    assert found.scores == pytest.approx(scores, abs=1e-12)
    wrong = [i for i, (score, label) in enumerate(zip(scores, labels, strict=True)) if score * label <= 0]
    assume(all(abs(score) > 1e-9 for score in scores))
    assert list(found.wrong) == wrong
    assert found.loss == pytest.approx(np.mean(np.maximum(0, 1 - np.array(scores) * labels)))
    violating = 1 - np.array(scores) * labels > 0
    pull = [-(labels * violating * column).mean() for column in (*points.T, np.ones(12))]
    assert found.gradient == pytest.approx(pull, abs=1e-12)


@given(WEIGHTS, WEIGHTS, WEIGHTS)
def test_the_line_is_where_the_score_is_zero(w0: float, w1: float, b: float) -> None:
    low, high = (-2.0, -1.0), (3.0, 1.5)
    ends = ends_of_line((w0, w1, b), low, high)
    for x, y in ends:
        assert w0 * x + w1 * y + b == pytest.approx(0, abs=1e-6)
        assert low[0] - 1e-6 <= x <= high[0] + 1e-6
        assert low[1] - 1e-6 <= y <= high[1] + 1e-6
    corners = [w0 * x + w1 * y + b for x, y in itertools.product((low[0], high[0]), (low[1], high[1]))]
    if min(corners) < -1e-6 and max(corners) > 1e-6:
        assert len(ends) == 2


def test_the_picture_of_a_neuron_holds_its_numbers() -> None:
    points, labels = two_clouds(30, rng=2)
    neuron = nn.Neuron(2, "tanh", rng=1)
    weights = tuple(parameter.item() for parameter in neuron.parameters())
    picture = viz.textbook.decision_line(neuron, points, (labels + 1) / 2, push=0.1)
    found = decide(weights, points, labels)
    marks = {layer.name: layer for layer in layers_of(picture, Points)}
    assert list(zip(marks["class 1"].x, marks["class 1"].y, strict=True)) == [
        tuple(p) for p in points[labels > 0].tolist()
    ]
    assert len(marks["on the wrong side"].x) == len(found.wrong) > 0
    facts = picture.content.data.facts[0]
    assert f"{len(found.wrong)} of 30 points on the wrong side" in facts
    assert f"mean hinge loss {number(found.loss)}" in facts
    moved = [w - 0.1 * g for w, g in zip(found.weights, found.gradient, strict=True)]
    pushed = next(line for line in layers_of(picture, Line) if line.name.startswith("after one step"))
    assert [moved[0] * x + moved[1] * y + moved[2] for x, y in zip(pushed.x, pushed.y, strict=True)] == pytest.approx(
        [0, 0], abs=1e-9
    )
    assert decide(moved, points, labels).loss < found.loss
    field = picture.content.data.panels[0].layers[0]
    assert field.heights[3][5] == pytest.approx(weights[0] * field.x[5] + weights[1] * field.y[3] + weights[2])


def test_a_neuron_that_decides_nothing_has_no_line() -> None:
    points, labels = two_clouds(4)
    picture = viz.textbook.decision_line((0.0, 0.0, 0.0), points, labels)
    assert layers_of(picture, Line) == []
    assert "4 of 4 points on the wrong side" in picture.content.data.facts[0]
    check_drawing(picture.source)


@pytest.mark.parametrize(
    ("neuron", "points", "labels", "words"),
    [
        ((1, 2), [[0, 0]], [1], "expected a neuron of two inputs"),
        (nn.Neuron(3), [[0, 0]], [1], "expected a neuron of two inputs"),
        (nn.Linear(2, 1), [[0, 0]], [1], "got Linear, expected a Neuron"),
        (5, [[0, 0]], [1], "got int"),
        ((1, 1, math.nan), [[0, 0]], [1], "three finite numbers"),
        ((1, 1, 1), [[0, 0, 0]], [1], r"points of shape \(1, 3\)"),
        ((1, 1, 1), [[0, 0]], [1, 0], r"classes of \(2,\)"),
        ((1, 1, 1), [[0, math.inf]], [1], "not finite"),
        ((1, 1, 1), [[0, 0], [1, 1]], [1, 2], "classes .*expected −1 and 1, or 0 and 1"),
    ],
)
def test_points_that_do_not_fit_are_told(neuron: Any, points: Any, labels: Any, words: str) -> None:
    with pytest.raises(TextbookError, match=words):
        viz.textbook.decision_line(neuron, points, labels)
