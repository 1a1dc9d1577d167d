"""The picture of a cross-validation shows every fold, the means, their spread and the best k."""

import re
from xml.etree import ElementTree

import numpy as np

import viz
from autograd_cnn.models import CrossValidation

RESULT = CrossValidation((10, 1, 3), np.array([[0.5, 0.6], [0.8, 0.8], [0.7, 0.95]]))


def test_every_fold_and_the_spread_of_each_k_is_drawn():
    picture = viz.cross_validation(RESULT)
    found = {layer.name: layer for layer in picture.content.data.panels[0].layers}
    folds, mean = found["one fold"], found["mean of the folds"]
    assert list(zip(folds.x, folds.y, strict=True)) == [(1, 0.8), (1, 0.8), (3, 0.7), (3, 0.95), (10, 0.5), (10, 0.6)]
    assert mean.x == (1, 3, 10)
    np.testing.assert_allclose(mean.y, [0.8, 0.825, 0.55])
    bars = found["± one standard deviation"]
    stems = {x: bars.y[i : i + 2] for i, x in enumerate(bars.x[:-1]) if x == bars.x[i + 1]}
    np.testing.assert_allclose([stems[k] for k in (1, 3, 10)], [(0.8, 0.8), (0.7, 0.95), (0.5, 0.6)])
    best = found["best: k = 3"]
    assert (best.x, best.y) == ((3.0,), (mean.y[1],))


def test_it_is_a_picture_as_all_are(tmp_path):
    path = viz.cross_validation(RESULT, title="Folds <of> mine", theme="dark").save(tmp_path / "k.svg")
    words = "".join(ElementTree.parse(path).getroot().itertext())
    assert re.search(r"Folds <of> mine.*accuracy on the validation fold.*k, number of neighbours", words, re.DOTALL)
    assert "2 folds" in words
