"""Two trainings on one page: matched by name, moved together, told apart in words."""

from collections.abc import Callable
from typing import Any

import pytest

from autograd_cnn.health.wording import brief, number, tiny
from tests.viz.accessibility import faults
from tests.viz.measured import measured
from tests.viz.test_reports import data_of, outline
from tests.viz.trainings import training
from viz.comparing import compare
from viz.differences import differences, pairs_of, unmatched
from viz.errors import UndrawableError
from viz.timelines import course_of

Browser = Callable[..., Any]
NAMES = ("sigmoid", "relu")


def pair() -> tuple[Any, Any]:
    return training(activation="sigmoid", std=0.01), training()


def test_the_slower_layer_is_said_with_its_factor() -> None:
    a, b = (course_of(timeline, merge_activations=True) for timeline in pair())
    words = differences(a, b, NAMES)
    speeds = next(each.speeds for each in pairs_of(a, b) if each.name == "fc1")
    line = next(line for line in words if line.startswith("fc1 learns"))
    factor = float(line.split("learns ")[1].split("×")[0].replace(",", ""))
    assert factor == pytest.approx(speeds[1] / speeds[0], rel=0.06)
    assert f"slower with sigmoid: median update {tiny(speeds[0])} a step, {tiny(speeds[1])} with relu" in line
    assert words[0] == (
        f"sigmoid ends at loss {number(a.last.loss)} (step 23), relu ends at loss {number(b.last.loss)} (step 23)"
    )


def test_the_same_training_twice_differs_in_nothing() -> None:
    course = course_of(training(), merge_activations=True)
    assert len(differences(course, course, ("a", "b"))) == 2  # how both end: their losses and accuracies


def test_dead_units_are_told() -> None:
    a, b = (course_of(training(lr=lr), merge_activations=True) for lr in (30.0, 0.05))
    (line,) = (line for line in differences(a, b, ("large", "small")) if line.startswith("dead units"))
    counts = [sum(len(layer.units.dead) for layer in c.last.layers if layer.units) for c in (a, b)]
    assert f"{counts[0]} of 32" in line
    assert f"{counts[1]} of 32" in line


def test_layers_that_only_one_has_are_said() -> None:
    with_norm, without = training(norm=True), training()
    a, b = (course_of(timeline, merge_activations=True) for timeline in (with_norm, without))
    assert unmatched(a, b)[1] == []
    assert {"norm1", "norm2"} <= set(unmatched(a, b)[0])
    assert any(line.startswith("only batch norm has norm1") for line in differences(a, b, ("batch norm", "plain")))
    outline(compare(with_norm, without, names=("batch norm", "plain")).html)


def test_reports_compare_too() -> None:
    html = compare(measured("healthy"), measured("dead"), names=("<b>", "&")).html
    page = outline(html)
    assert {"<b>", "&"} <= {words.strip() for words in page.words}
    assert [len(side["moments"]) for side in data_of(html)["sides"]] == [1, 1]


def test_one_slider_moves_both_and_the_numbers_are_those_of_each(browser: Browser) -> None:
    timelines = pair()
    page = browser(compare(*timelines, names=NAMES))
    page.keyboard.press("Home")
    for step, key in ((0, "ArrowRight"), (1, "End"), (23, "ArrowLeft"), (22, "ArrowLeft")):
        assert page.text_content("#moment") == f"step {step}"
        for prefix, timeline in zip("ab", timelines, strict=True):
            assert page.text_content(f"#{prefix}-moment").startswith(f"step {step} (epoch {step // 8 + 1})")
            words = page.eval_on_selector_all(f"[id={prefix}-layer0] text", "all => all.map(x => x.textContent)")
            now = timeline.at(step)
            act = next(layer for layer in now.layers if layer.name == "act1")
            assert {tiny(act.gradient.rms), brief(act.activation.rms)} <= set(words)
        page.keyboard.press(key)


def test_equal_networks_share_one_layout(browser: Browser) -> None:
    page = browser(compare(*pair(), names=NAMES))
    boxes = [
        page.eval_on_selector_all(
            f"[id^={prefix}-layer] > g > a > path:first-child", "all => all.map(x => x.getAttribute('d'))"
        )
        for prefix in "ab"
    ]
    assert boxes[0] == boxes[1]
    assert boxes[0]


def test_a_shorter_training_stays_at_its_end(browser: Browser) -> None:
    page = browser(compare(training(steps=6), training(), names=("short", "long")))
    page.keyboard.press("End")
    assert page.text_content("#a-moment").startswith("step 5 ")
    assert page.text_content("#b-moment").startswith("step 23 ")


def test_charts_hold_both_on_one_axis(browser: Browser) -> None:
    page = browser(compare(*pair(), names=NAMES))
    titles = page.eval_on_selector_all("#charts figcaption strong", "heads => heads.map(head => head.textContent)")
    assert titles[:4] == ["loss", "accuracy", "update ratio of fc1", "update ratio of output"]
    assert page.locator("#charts figure").first.locator("path.line").count() == 2


def test_the_page_is_accessible(browser: Browser) -> None:
    assert faults(browser(compare(*pair(), names=NAMES), viewport={"width": 900, "height": 800})) == []


@pytest.mark.parametrize("names", [("a",), ("a", "a"), ("a", "b", "c")])
def test_names_are_two_different_ones(names: tuple[str, ...]) -> None:
    with pytest.raises(UndrawableError, match="two different names"):
        compare(measured("dead"), measured("dead"), names=names)
