from collections.abc import Callable
from typing import Any

import pytest

import viz
from tests.viz.accessibility import faults
from tests.viz.references import sigmoid_neuron
from tests.viz.test_reports import data_of, outline
from viz.errors import UndrawableError
from viz.page import Page


@pytest.fixture(scope="module")
def bound() -> Page:
    neuron = sigmoid_neuron()
    pages = {"Circuit": viz.circuit(neuron, title="A neuron"), "Steps": viz.player(neuron), "<b>": viz.circuit(neuron)}
    return viz.bind(pages, title="Bound & <i>")


def test_it_is_one_file_with_every_page_inside(bound: Page) -> None:
    page = outline(bound.html)
    assert [tag for tag, attributes in page.elements if attributes.get("role") == "tab"] == ["button"] * 3
    assert {"Circuit", "Steps", "<b>", "Bound & <i>"} <= set(page.words)
    pages = data_of(bound.html)["pages"]
    assert [each["words"] for each in pages] == ["Circuit", "Steps", "<b>"]
    for each in pages:
        outline(each["html"])


def test_tabs_in_a_browser(browser: Callable[..., Any], bound: Page) -> None:
    page = browser(bound)

    def shown() -> list[str]:
        return [f.get_attribute("title") for f in page.locator("iframe").all() if f.is_visible()]

    assert shown() == ["Circuit"]
    page.frame_locator("iframe").get_by_role("heading", name="A neuron").wait_for()
    page.get_by_role("tab", name="Steps").click()
    assert shown() == ["Steps"]
    player = page.frame_locator("#panel1 iframe")
    player.get_by_role("button", name="Next").first.click()
    page.get_by_role("tab", name="Steps").press("ArrowRight")
    assert shown() == ["<b>"]
    page.keyboard.press("Home")
    assert shown() == ["Circuit"]
    page.keyboard.press("ArrowLeft")
    assert shown() == ["<b>"]
    assert page.evaluate("document.activeElement.id") == "tab2"


def test_the_theme_reaches_every_page(browser: Callable[..., Any], bound: Page) -> None:
    page = browser(bound, color_scheme="light")
    page.get_by_role("tab", name="Steps").click()
    page.locator("#theme").click()
    page.locator("#theme").click()
    assert page.locator("#theme").inner_text() == "Theme: dark"
    for i in (0, 1):
        frame = page.frame_locator(f"#panel{i} iframe")
        frame.locator("html[data-theme=dark]").wait_for(state="attached")  # it is told by a message
        assert frame.locator("#theme").is_hidden()
    page.get_by_role("tab", name="<b>").click()
    page.frame_locator("#panel2 iframe").locator("html[data-theme=dark]").wait_for()


def test_accessible(browser: Callable[..., Any], bound: Page) -> None:
    assert faults(browser(bound)) == []


def test_wrong_use() -> None:
    with pytest.raises(UndrawableError, match="no pages"):
        viz.bind({}, title="")
    with pytest.raises(UndrawableError, match="'a' is int"):
        viz.bind({"a": 3}, title="")
