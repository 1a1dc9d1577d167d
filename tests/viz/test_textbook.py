"""The learning-rate curves are real runs; and the page that binds all textbook pictures, in a real browser."""

import inspect
import itertools
import math
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

import viz
from tests.viz.accessibility import faults
from tests.viz.legibility import illegible
from tests.viz.test_charts import check_drawing
from tests.viz.test_reports import outline
from tests.viz.textbook_layers import layers_of
from tests.viz.waiting import until
from viz.charts import Line, Points, Rule, Zone
from viz.errors import TextbookError, UnknownThemeError
from viz.page import Page
from viz.style import LIGHT
from viz.textbook import binding, rates
from viz.textbook.rates import Run


@pytest.fixture(scope="module")
def trained() -> dict[str, Run]:
    return {run.name: run for run in rates.runs()}


def test_the_four_curves_have_the_shapes_of_the_notes(trained: dict[str, Run]) -> None:
    """CS231n, neural networks part 3: very high diverges, high falls fast and gets stuck, low is slow."""
    very_high, high, good, low = (trained[name].losses for name in ("very high", "high", "good", "low"))
    assert very_high[0] == high[0] == good[0] == low[0]
    assert not very_high[-1] < 1e20
    early, late = slice(4, 9), slice(-12, None)
    assert np.mean(high[early]) < 0.9 * np.mean(good[early])
    assert np.mean(high[late]) > 1.15 * np.mean(good[late])
    assert abs(np.mean(high[-16:-8]) / np.mean(high[-8:]) - 1) < 0.1  # stuck
    assert np.mean(low[late]) > 1.8 * np.mean(good[late])
    assert (np.diff(low) < 0).all()
    assert max(high[1:]) < high[0]


def test_the_chart_shows_these_runs(trained: dict[str, Run]) -> None:
    picture = viz.textbook.learning_rates({"good": 0.1, "very high": 0.9}, epochs=1)
    for panel in (0, 1):
        drawn = {line.name.split(":")[0]: line for line in layers_of(picture, Line, panel)}
        for name, line in drawn.items():
            count = len(line.x)
            assert line.y == trained[name].losses[:count]  # the same seed, the same run
            assert line.x == trained[name].epochs[:count]
        [cross] = layers_of(picture, Points, panel)
        gone = next(
            i for i, loss in enumerate(trained["very high"].losses) if loss > picture.content.data.panels[panel].y.high
        )
        assert cross.x == (trained["very high"].epochs[gone],)


@pytest.mark.parametrize(
    "settings",
    [
        *({"rates": rates} for rates in ({}, {"none": 0.0}, {"x": math.nan}, {"x": "fast"}, {"x": None})),
        *({"epochs": epochs} for epochs in (0, 1.5, "two", True)),
    ],
)
def test_runs_that_cannot_be_made_are_told(settings: dict[str, Any]) -> None:
    with pytest.raises(TextbookError, match="learning_rates"):
        viz.textbook.learning_rates(**settings)


@pytest.fixture(scope="module")
def chapters(trained: dict[str, Run]) -> tuple[binding.Chapter, ...]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(rates, "runs", lambda *_, **settings: tuple(trained.values()))  # trained once is enough
        return binding.chapters()


@pytest.fixture(scope="module")
def bound(chapters: tuple[binding.Chapter, ...]) -> Page:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(binding, "chapters", lambda seed: chapters)
        return viz.textbook.page()


def test_every_chart_is_readable_in_black_and_white(chapters: tuple[binding.Chapter, ...]) -> None:
    for picture in itertools.chain(*((*chapter.pictures, *chapter.more) for chapter in chapters)):
        check_drawing(picture.source)
        for panel in picture.content.data.panels:
            lines = {x.name: (x.dash, getattr(x, "mark", "")) for x in panel.layers if isinstance(x, Line | Rule)}
            marks = {layer.name: layer.mark for layer in panel.layers if isinstance(layer, Points)}
            zones = {layer.name: layer.hatch for layer in panel.layers if isinstance(layer, Zone)}
            for looks in (lines, marks, zones):
                assert len(set(looks.values())) == len(looks)


def test_the_page_is_one_well_formed_file(bound: Page, chapters: tuple[binding.Chapter, ...]) -> None:
    page = outline(bound.html)
    links = [attributes["href"] for tag, attributes in page.elements if tag == "a" and attributes["href"] != "#main"]
    assert links == [f"#{chapter.key}" for chapter in chapters]
    assert [tag for tag, _ in page.elements].count("svg") == sum(len(c.pictures) + len(c.more) for c in chapters)
    assert {paragraph for chapter in chapters for paragraph in chapter.words} <= set(page.words)
    assert len(bound.html) < 1_500_000


def test_the_page_can_be_read_by_everyone(browser: Callable[..., Any], bound: Page) -> None:
    page = browser(bound)
    page.locator("summary").press("Enter")
    assert faults(page) == []
    for i in range(page.locator(".picture svg").count()):
        assert illegible(page, i) == []
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_on_paper_no_chart_is_cut(browser: Callable[..., Any], bound: Page) -> None:
    page = browser(bound, viewport={"width": 718, "height": 1000})  # A4 without its margins
    page.emulate_media(media="print")
    cut = "(pictures) => pictures.filter((picture) => picture.scrollWidth > picture.clientWidth).length"
    assert page.eval_on_selector_all(".figures .picture", cut) == 0


def test_a_small_screen_scrolls_charts_not_the_page(browser: Callable[..., Any], bound: Page) -> None:
    page = browser(bound, viewport={"width": 400, "height": 800})
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    chart = page.locator(".picture").first
    chart.focus()
    page.keyboard.press("ArrowRight")
    until(lambda: page.evaluate("document.querySelector('.picture').scrollLeft > 0"))


def test_names_that_look_like_markup_are_words(browser: Callable[..., Any]) -> None:
    picture = viz.textbook.decision_line((1, 1, 0), [[0, 1], [1, 0]], [0, 1], title="</svg><script>alert(1)</script>")
    page = browser(picture.page())
    assert faults(page) == []
    assert illegible(page) == []
    assert "</svg><script>alert(1)</script>" in page.locator("svg title").first.text_content()


def test_every_function_draws_both_themes() -> None:
    light, dark = (viz.textbook.activation("relu", theme=theme) for theme in ("light", "dark"))
    assert light.content.data == dark.content.data
    assert LIGHT.page in light.source
    assert LIGHT.page not in dark.source
    with pytest.raises(UnknownThemeError):
        viz.textbook.receptive_field(theme="blue")
    assert replace(light.content.data, title="x") != light.content.data
    drawn = [getattr(viz.textbook, name) for name in viz.textbook.__all__]
    assert all(
        "theme" in inspect.signature(f).parameters
        for f in drawn
        if "Picture" in str(inspect.signature(f).return_annotation)
    )
