"""Decision regions are what the network says, point by point."""

import numpy as np
import pytest

import viz
from autograd_cnn import nn
from tests.viz.test_charts import check_drawing
from viz.charts import Field, Points
from viz.errors import TextbookError

CORNERS = np.array([[-1, -1], [-1, 1], [1, -1], [1, 1]])
XOR = np.array([0, 1, 1, 0])


def test_regions_and_wrong_points_are_those_of_the_network() -> None:
    network = nn.Sequential(nn.Linear(2, 4, rng=0), nn.Tanh(), nn.Linear(4, 1, rng=1))
    scores = {"network": network, "x0 · x1": lambda points: -points[:, 0] * points[:, 1]}
    picture = viz.textbook.decision_regions(scores, CORNERS, XOR, facts=("seed 0",), levels=(-1, 0, 1))
    check_drawing(picture.source)
    panels = picture.content.data.panels
    assert [panel.title for panel in panels] == list(scores)
    for panel, score in zip(panels, (network, scores["x0 · x1"]), strict=True):
        (field,) = (layer for layer in panel.layers if isinstance(layer, Field))
        i, j = 3, 50
        place = np.array([[field.x[j], field.y[i]]], np.float32)
        found = score(place)
        assert field.heights[i][j] == pytest.approx(float(np.ravel(getattr(found, "value", found))[0]), rel=1e-5)
        rings = [layer for layer in panel.layers if isinstance(layer, Points) and layer.mark == "ring"]
        wrong = [place for ring in rings for place in zip(ring.x, ring.y, strict=True)]
        said = np.ravel(getattr(score(CORNERS.astype(np.float32)), "value", -CORNERS[:, 0] * CORNERS[:, 1])) > 0
        np.testing.assert_array_equal(np.reshape(wrong, (-1, 2)), CORNERS[said != XOR])
        assert panel.notes == (f"{sum(said != XOR)} of 4 points on the wrong side",)
    assert "0 of 4" in panels[1].notes[0]


@pytest.mark.parametrize(
    ("points", "labels", "score", "words"),
    [
        (CORNERS, XOR, lambda points: points, r"'f' returned shape \(\d+, 2\) for \d+ points; expected one score"),
        (CORNERS, [0, 1, 2, 0], lambda points: points[:, 0], r"decision_regions: classes \[0.0, 1.0, 2.0\]"),
        (CORNERS[:, :1], XOR, lambda points: points[:, 0], r"decision_regions: points of shape \(4, 1\)"),
    ],
)
def test_what_does_not_fit_is_told(points, labels, score, words: str) -> None:
    with pytest.raises(TextbookError, match=words):
        viz.textbook.decision_regions({"f": score}, points, labels)
