"""Folded blocks open in the page of a flow: driven in a real browser."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from autograd_cnn import functional as F  # noqa: N812
from autograd_cnn import health
from autograd_cnn.health.report import Report
from tests import published
from tests.viz.accessibility import faults
from tests.viz.test_layer_blocks import chain
from tests.viz.waiting import until
from viz.flow_pages import part_of
from viz.flows import FlowPicture, flow, shown_report
from viz.layer_blocks import Block, with_folded_blocks


@pytest.fixture(scope="module")
def inceptions() -> Report:
    return health.inspect(published.loss_of(published.start(published.googlenet(8)), batch=8))


@pytest.fixture(scope="module")
def picture(inceptions: Report) -> FlowPicture:
    return flow(inceptions, title="GoogLeNet, narrow")


def test_a_block_opens_by_click_and_by_key_and_closes(browser: Callable[..., Any], picture: FlowPicture) -> None:
    page = browser(picture.page())
    assert page.locator("g.folded[role=button]").count() == 9
    assert page.locator("dialog[open]").count() == 0
    card = page.get_by_role("button", name="Open inception4a")
    page.get_by_role("button", name="Show all").click()
    card.click()
    dialog = page.locator("dialog[open]")
    assert dialog.get_attribute("aria-label") == "inception4a"
    words = dialog.inner_text()
    for told in ("from pool4", "to inception4b", "branch1/conv", "branch4"):
        assert told in words
    page.keyboard.press("Escape")
    assert dialog.count() == 0
    for key in ("Enter", " "):
        page.locator(".stage").first.focus()
        page.keyboard.press("Tab")  # the first block, though it is out of sight
        page.keyboard.press(key)
        assert dialog.count() == 1
        dialog.get_by_role("button", name="Close").click()
        assert dialog.count() == 0


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_page_is_accessible(browser: Callable[..., Any], picture: FlowPicture, scheme: str) -> None:
    page = browser(picture.page(), color_scheme=scheme)
    assert faults(page) == []
    page.get_by_role("button", name="Open inception3a").focus()
    page.keyboard.press("Enter")
    assert faults(page) == []


def test_a_tall_picture_begins_at_its_upper_end(browser: Callable[..., Any], picture: FlowPicture) -> None:
    page = browser(picture.page())
    until(lambda: page.evaluate("document.querySelector('.stage svg').viewBox.baseVal.height < 1000"))
    assert page.locator("#picture-input").is_visible()


def test_blocks_in_blocks_open_too(browser: Callable[..., Any]) -> None:
    names = [f"stage{s}/block{b}/{x}" for s in range(2) for b in range(20) for x in ("conv", "norm", "relu", "add")]
    report = chain(["stem", *names, "fc"])
    page = browser(flow(report, fold=True, merge_activations=False).page())
    page.get_by_role("button", name="Open stage1").press("Enter")
    page.get_by_role("button", name="Open stage1/block7").press("Enter")
    assert page.locator("dialog[open]").count() == 2
    assert "norm" in page.locator("dialog[open]").last.inner_text()


def test_hostile_names_are_just_text(browser: Callable[..., Any]) -> None:
    scope = '<img src=x onerror="document.title=1">"];</dialog>$title'
    names = [f"{scope}/{x}" for x in ("a", "b" * 10_000, "層")]
    page = browser(flow(chain([*names, "fc"]), fold=True, merge_activations=False, title="T").page())
    page.locator("g.folded").press("Enter")
    assert page.locator("dialog[open] h2").inner_text() == scope
    assert page.title() == "T"


def test_a_flow_without_blocks_is_an_ordinary_page() -> None:
    html = flow(chain(["a", "b"])).page().html
    assert "<dialog" not in html


def test_the_part_of_a_block_keeps_its_layers_and_shares(inceptions: Report) -> None:
    whole = shown_report(inceptions)
    drawn = with_folded_blocks(whole)
    (block,) = [layer for layer in drawn.layers if isinstance(layer, Block) and layer.name == "inception4a"]
    part, ends = part_of(whole, drawn, block)
    assert ends == ("from pool4", "to inception4b")
    assert part.layers == block.members
    entering = [w for w in whole.connections if w.source == "pool4"]
    assert [replace(w, source="pool4") for w in part.connections if not w.source] == entering
    (leaving,) = [w for w in part.connections if not w.target]
    assert leaving.gradient == block.gradient.rms


def test_a_flow_straight_from_a_model() -> None:
    model = published.start(published.lenet())
    images, labels = published.digits(batch=8)
    buffers = {name: b.copy() for name, b in model.named_buffers()}
    picture = flow(model, images, loss=lambda scores: F.cross_entropy(scores, labels), title="LeNet")
    expected = flow(F.cross_entropy(model(images), labels), title="LeNet")
    assert picture.source == expected.source
    assert all(p.grad is None for p in model.parameters())
    assert all((b == buffers[name]).all() for name, b in model.named_buffers())
