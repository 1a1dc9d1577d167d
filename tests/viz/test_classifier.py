import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

import autograd_cnn as ag
import viz
from autograd_cnn import nn
from tests.viz.accessibility import faults
from tests.viz.test_reports import data_of, outline
from viz.classifier import Cells, predictions_of
from viz.errors import UndrawableError
from viz.predictions_page import predictions, summary


def network(seed: int = 0, channels: int = 1) -> nn.Sequential:
    rng = np.random.default_rng(seed)
    return nn.Sequential(
        conv=nn.Conv2d(channels, 4, 3, padding=1, rng=rng),
        norm=nn.BatchNorm2d(4),
        relu=nn.ReLU(),
        pool=nn.MaxPool2d(2),
        dropout=nn.Dropout(0.5, rng=rng),
        flatten=nn.Flatten(),
        fc=nn.Linear(36, 3, rng=rng),
    )


def images(count: int, channels: int = 1) -> np.ndarray:
    return np.random.default_rng(1).uniform(-1, 1, (count, channels, 6, 6)).astype(np.float32)


def values(cells: Cells) -> np.ndarray:
    return cells.low + (cells.high - cells.low) * cells.levels.astype(float) / 255


@settings(max_examples=15)
@given(hnp.arrays(np.int64, st.integers(1, 300), elements=st.integers(0, 2)), st.integers(0, 12))
def test_counts_and_order_of_the_mistakes(labels: np.ndarray, most: int) -> None:
    model, given_images = network(), images(len(labels))
    found = predictions_of(model, given_images, labels, most=most)
    model.eval()
    scores = model(ag.Tensor(given_images)).value
    said = scores.argmax(1)
    for i in range(3):
        for j in range(3):
            assert found.counts[i, j] == np.sum((labels == i) & (said == j))
    assert found.accuracy == np.mean(said == labels)
    mistakes = [e for e in found.examples if e.label != e.predicted]
    assert len(mistakes) == min(most, np.sum(said != labels))
    assert [e.right for e in mistakes] == sorted(e.right for e in mistakes)
    for e in found.examples:
        assert (e.label, e.predicted) == (labels[e.index], said[e.index])
        chance = np.exp(scores[e.index] - scores[e.index].max())
        assert e.probability == pytest.approx(chance.max() / chance.sum(), rel=1e-5)


def test_maps_and_filters_are_the_networks_own() -> None:
    model, given_images = network(), images(5)
    found = predictions_of(model, given_images, [0, 1, 2, 0, 1], chosen=[3])
    model.eval()
    scores = model(ag.Tensor(given_images[3:4], requires_grad=True))
    (example,) = found.examples
    assert [(m.layer, m.gate) for m in example.maps][-2:] == [("relu", "relu"), ("pool", "max_pool2d")]
    for shown in example.maps:
        value = [n for n in ag.nodes(scores, scope=shown.layer) if len(n.shape) == 4][-1].value[0]
        step = (shown.cells.high - shown.cells.low) / 255
        np.testing.assert_allclose(values(shown.cells), value, atol=step / 2 + 1e-9)
    weight = model.conv.weight.value
    assert found.filters is not None
    assert found.filters.layer == "conv"
    assert found.filters.cells.high == -found.filters.cells.low == np.abs(weight).max()
    np.testing.assert_allclose(values(found.filters.cells), weight[:, 0], atol=found.filters.cells.high / 250)


def test_colour_images_stay_in_colour() -> None:
    found = predictions_of(network(channels=3), images(4, 3), [0, 1, 2, 0])
    assert found.examples[0].image.levels.shape == (1, 6, 6, 3)
    assert found.filters is not None
    assert found.filters.cells.levels.shape == (4, 3, 3, 3)


def test_modes_and_statistics_are_as_before() -> None:
    model = network()
    model.dropout.eval()
    before = [layer.training for layer in model.modules()]
    mean = model.norm.running_mean.copy()
    predictions_of(model, images(4), [0, 1, 2, 0])
    assert [layer.training for layer in model.modules()] == before
    np.testing.assert_array_equal(model.norm.running_mean, mean)


def test_a_network_without_pictures_has_no_maps() -> None:
    model = nn.Sequential(flatten=nn.Flatten(), fc=nn.Linear(36, 3, rng=np.random.default_rng(0)))
    found = predictions_of(model, images(3), [0, 1, 2])
    assert found.filters is None
    assert {e.maps for e in found.examples} == {()}
    outline(predictions(model, images(3), [0, 1, 2]).html)


@pytest.mark.parametrize("name", ["</script><script>alert(1)</script>", '"><img src=x>', "模型", "$title", "a\nb"])
def test_hostile_class_names_are_text(name: str) -> None:
    page = predictions(network(), images(3), [0, 1, 2], classes=[name, "b", "c"], title=name)
    outline(page.html)
    assert data_of(page.html)["predictions"]["classes"][0] == name


def test_saved_as_json_and_loaded(tmp_path: Path) -> None:
    page = predictions(network(), images(4), [0, 1, 2, 0])
    again = viz.load(page.save(tmp_path / "x.json"))
    assert again.html == page.html
    assert json.loads((tmp_path / "x.json").read_text())["kind"] == "predictions"


def test_the_summary_names_the_worst_class() -> None:
    model, given_images = network(), images(40)
    said = predictions_of(model, given_images, np.zeros(40, int))
    assert summary(said).startswith(f"{said.accuracy:.1%} of 40 images right; class 0 does worst")


@pytest.mark.parametrize(
    ("given_images", "labels", "options", "message"),
    [
        (images(3)[:, 0], [0, 1, 2], {}, r"shape \(3, 6, 6\)"),
        (images(3), [0, 1], {}, r"labels of shape \(2,\)"),
        (images(3), [0.0, 1.0, 2.0], {}, "dtype float64"),
        (images(0), [], {}, "expected"),
        (images(3), [0, 1, -1], {}, "label -1"),
        (images(3), [0, 1, 7], {}, r"scores of shape \(3, 3\) for labels up to 7"),
        (images(3), [0, 1, 2], {"classes": ["a"]}, "1 names for 3 classes"),
        (images(3), [0, 1, 2], {"chosen": [3]}, "chosen=3, expected 0 to 2"),
    ],
)
def test_wrong_use(given_images: np.ndarray, labels: list, options: dict, message: str) -> None:
    with pytest.raises(UndrawableError, match=message):
        predictions(network(), given_images, labels, **options)


def test_the_page_in_a_browser(browser: Callable[..., Any]) -> None:
    model, given_images, labels = network(), images(30), np.arange(30) % 3
    shown = predictions_of(model, given_images, labels)
    page = browser(predictions(model, given_images, labels))
    cells = page.locator("#confusion tbody tr").all()
    counts = [[b.inner_text().replace("·", "0") for b in row.locator("button").all()] for row in cells]
    assert [[int(x) for x in row] for row in counts] == shown.counts.tolist()

    wrong = [e for e in shown.examples if e.label != e.predicted]
    first = wrong[0]
    page.locator("#confusion tbody tr").nth(first.label).locator("button").nth(first.predicted).click()
    kept = [e for e in wrong if (e.label, e.predicted) == (first.label, first.predicted)]
    assert page.locator("#examples button").count() == len(kept)
    page.locator("#examples button").last.press("Enter")
    assert f"Image {kept[-1].index}," in page.locator("#maps .note").inner_text()
    relu = next(m for m in kept[-1].maps if m.layer == "relu")
    painted = page.evaluate(
        """() => [...document.querySelectorAll("#maps h3")].find((h) => h.textContent.startsWith("relu "))
             .nextSibling.querySelectorAll("canvas")[2].getContext("2d").getImageData(0, 0, 6, 6).data.slice()"""
    )
    red, levels = np.array(painted)[::4].astype(int), relu.cells.levels[2].ravel().astype(int)
    order = np.argsort(levels, kind="stable")  # the ramp leads from light to dark blue: red falls as levels rise
    assert (np.diff(red[order]) <= 0).all()
    assert red[order[0]] - red[order[-1]] > 50
    assert faults(page) == []
