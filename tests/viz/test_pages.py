"""What all pages share, in a real browser: the frame, its numbers, and the stage of a picture."""

import json
import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import viz
from tests.viz.accessibility import faults
from tests.viz.references import sigmoid_neuron
from tests.viz.waiting import until
from viz.page import Page, json_words
from viz.style import number


@pytest.fixture(scope="module")
def circuit_page() -> Page:
    return viz.circuit(sigmoid_neuron(), title="A sigmoid neuron", explain=True).page()


def view(page: Any) -> list[float]:
    return [float(x) for x in page.locator(".stage svg").first.get_attribute("viewBox").split()]


def test_numbers_are_written_as_in_python(browser: Callable[..., Any], circuit_page: Page) -> None:
    rng = np.random.default_rng(0)
    tried = list(rng.standard_normal(500) * 10.0 ** rng.integers(-20, 20, 500))
    tried += [k / 8 for k in range(-20_000, 100_000, 517)] + [1234.5, 1235.5, 0.0001, 0.00009999, 9999.5, 99995.0, -0.0]
    tried += [None, 1e308, 5e-324, 2.5, 12345, 0.5, -1e-5]
    page = browser(circuit_page)
    found = page.evaluate("numbers => numbers.map(number)", tried)
    assert found == [number(x) for x in tried]
    words = json.loads(json_words([math.nan, math.inf, -math.inf]))
    assert page.evaluate("words => words.map(number)", words) == [number(x) for x in (math.nan, math.inf, -math.inf)]


def test_the_theme_follows_the_system_until_it_is_chosen(browser: Callable[..., Any], circuit_page: Page) -> None:
    page = browser(circuit_page, color_scheme="dark")

    def background() -> str:
        return page.evaluate("getComputedStyle(document.body).backgroundColor")

    dark = background()
    page.locator("#theme").click()
    light = background()
    assert light != dark
    page.locator("#theme").press("Enter")
    assert background() == dark
    assert page.locator("#theme").inner_text() == "Theme: dark"


def test_a_picture_is_enlarged_moved_and_shown_whole(browser: Callable[..., Any], circuit_page: Page) -> None:
    page = browser(circuit_page)
    whole = view(page)
    page.locator(".stage").focus()
    page.keyboard.press("+")
    assert view(page)[2] == pytest.approx(whole[2] / 1.25)
    page.keyboard.press("Shift+ArrowRight")
    assert view(page)[0] > whole[0]
    page.keyboard.press("0")
    assert view(page) == pytest.approx(whole)
    page.get_by_role("button", name="Full size").click()
    box = page.locator(".stage").bounding_box()
    assert view(page)[2] == pytest.approx(box["width"] * 0.75, rel=0.01)  # 4 pixels for 3 points
    page.mouse.move(box["x"] + 200, box["y"] + 100)
    page.mouse.down()
    page.mouse.move(box["x"] + 140, box["y"] + 130, steps=4)
    page.mouse.up()
    moved = view(page)
    page.keyboard.down("Control")
    page.mouse.wheel(0, -300)
    page.keyboard.up("Control")
    until(lambda: view(page)[2] < moved[2])
    page.get_by_role("button", name="Show all").click()
    assert view(page) == pytest.approx(whole)


def test_the_wheel_alone_scrolls_the_page(browser: Callable[..., Any], circuit_page: Page) -> None:
    page = browser(circuit_page, viewport={"width": 900, "height": 300})
    whole = view(page)
    page.locator(".stage").hover()
    page.mouse.wheel(0, 200)
    until(lambda: page.evaluate("scrollY") > 0)
    assert view(page) == whole


def test_search_finds_boxes_by_their_words_and_numbers(browser: Callable[..., Any], circuit_page: Page) -> None:
    page = browser(circuit_page)
    field = page.get_by_role("searchbox")
    field.fill("W0")
    assert page.locator("g.found").count() == 1
    assert page.locator("output").inner_text() == "1 found; Enter goes on"
    field.press("Enter")
    assert page.locator("g.here").text_content().count("w0") >= 1
    found, frame = page.locator("g.here").bounding_box(), page.locator(".stage").bounding_box()
    middles = [(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2) for box in (found, frame)]
    assert math.dist(*middles) < 3
    field.fill("nothing like this")
    assert page.locator("g.found").count() == 0
    assert page.locator("output").inner_text() == "nothing found"


def test_accessible(browser: Callable[..., Any], circuit_page: Page) -> None:
    assert faults(browser(circuit_page)) == []
