"""A training on a report's page: the slider, what it moves, and the numbers behind it; in a real browser."""

import re
from collections.abc import Callable
from itertools import pairwise
from typing import Any

import pytest

from autograd_cnn import data, health
from autograd_cnn.health.wording import brief, decades, number, tiny
from tests.viz.accessibility import faults
from tests.viz.test_reports import data_of, outline
from tests.viz.trainings import network, training
from tests.viz.waiting import stopped
from viz.exchange import decoded, encoded
from viz.predictions_page import predictions
from viz.reports import report
from viz.timelines import MOST_MOMENTS, chosen, course_of, findings_over_time

Browser = Callable[..., Any]
DYING = {"lr": 30.0}

MOMENT = "document.getElementById('moment').textContent"


def card_words(page: Any, card: str) -> list[str]:
    return page.eval_on_selector_all(f"#flow-{card} text", "texts => texts.map(text => text.textContent)")


def test_the_last_step_restyled_is_the_static_drawing(browser: Browser) -> None:
    page = browser(report(training(**DYING)))
    page.evaluate("window.still = document.querySelector('.flow svg').cloneNode(true)")
    assert page.evaluate(MOMENT).startswith("step 23")
    page.keyboard.press("Home")
    assert page.evaluate(MOMENT).startswith("step 0 (epoch 1)")
    assert not page.evaluate("document.querySelector('.flow svg').isEqualNode(window.still)")
    for _ in range(5):
        page.keyboard.press("ArrowRight")
    page.keyboard.press("End")
    assert page.evaluate("document.querySelector('.flow svg').isEqualNode(window.still)")


def test_every_step_shows_the_numbers_of_its_report(browser: Browser) -> None:
    timeline = training(**DYING)
    page = browser(report(timeline))
    page.keyboard.press("Home")
    for step in range(24):
        now = timeline.at(step)
        assert page.evaluate(MOMENT).startswith(f"step {step} (epoch {step // 8 + 1})  ·  loss {number(now.loss)}")
        for i, layer in enumerate(now.layers):
            words = card_words(page, f"layer{i}")
            assert {tiny(layer.gradient.rms), brief(layer.activation.rms)} <= set(words)
            assert layer.attenuation is None or f"{decades(layer.attenuation)} dec" in words
            if layer.parameters:
                assert f"update {tiny(layer.update_ratio)}" in words
            status = layer.findings[0].severity if layer.findings else "ok"
            assert page.get_attribute(f"#flow-layer{i}", "class") == f"node card {status}"
            for finding in layer.findings[:1]:
                assert any(finding.words in word for word in words)
        assert f"loss\xa0 {number(now.loss)}" in card_words(page, "loss")
        page.keyboard.press("ArrowRight")


def test_wires_are_as_wide_as_the_gradient_of_the_step(browser: Browser) -> None:
    page = browser(report(training(std=0.01, activation="sigmoid")))
    widths = []
    for key in ("Home", "End"):
        page.keyboard.press(key)
        widths.append(
            page.eval_on_selector_all(".flow g.edge path", "ps => ps.map(p => p.getAttribute('stroke-width'))")
        )
    assert widths[0] != widths[1]
    assert len(widths[0]) == len(widths[1])


def test_slider_buttons_and_keys_move_by_steps(browser: Browser) -> None:
    page = browser(report(training()))
    slider = page.locator("#timeline input")
    assert slider.get_attribute("max") == "23"
    for act, step in (("first", 0), ("on", 1), ("on", 2), ("back", 1), ("last", 23)):
        page.click(f"[data-act={act}]")
        assert page.evaluate(MOMENT).startswith(f"step {step} ")
    slider.focus()
    page.keyboard.press("ArrowLeft")
    assert page.evaluate(MOMENT).startswith("step 22 ")
    assert slider.get_attribute("aria-valuetext").startswith("step 22 (epoch 3)")
    slider.fill("5")
    assert page.evaluate(MOMENT).startswith("step 5 ")


@pytest.mark.parametrize("motion", ["reduce", "no-preference"])
def test_play_runs_to_the_end_and_stops(browser: Browser, motion: str) -> None:
    page = browser(report(training(steps=4)), reduced_motion=motion)
    clock = stopped(page)
    play = page.locator("[data-act=play]")
    play.click()
    for step in range(4):
        assert page.evaluate(MOMENT).startswith(f"step {step} ")
        assert play.get_attribute("aria-pressed") == "true"
        clock.run_for(400)
    assert page.evaluate(MOMENT).startswith("step 3 ")
    assert play.get_attribute("aria-pressed") == "false"


def test_a_finding_leads_to_its_step_and_its_card(browser: Browser) -> None:
    timeline = training(**DYING)
    page = browser(report(timeline))
    finding = timeline.last.findings[0]
    assert finding.kind == "dead"
    button = page.locator(".findings button.since").first
    assert button.text_content() == f"since step {finding.since} (epoch {timeline.epoch(finding.since)})"
    button.click()
    assert page.evaluate(MOMENT).startswith(f"step {finding.since} ")
    assert re.fullmatch(r"#flow-layer\d", page.evaluate("location.hash"))
    held = page.eval_on_selector_all(".findings li", "items => items.map(item => !item.classList.contains('elsewhen'))")
    course = course_of(timeline)
    told, now = findings_over_time(course)
    assert [i for i, holds in enumerate(held) if holds] == now[finding.since]
    assert len(held) == len(told)


def test_charts_follow_the_slider_and_lead_to_a_step(browser: Browser) -> None:
    timeline = training()
    page = browser(report(timeline))
    titles = page.eval_on_selector_all("#charts figcaption strong", "heads => heads.map(head => head.textContent)")
    assert titles == ["loss", "accuracy", "update ratio", "gradient of the weights"]
    page.keyboard.press("Home")
    readout = page.locator("#charts figcaption output").first
    assert readout.text_content() == f"step 0: {number(timeline.steps[0].loss)}"
    page.locator("#charts svg").first.focus()
    for key, step in (("ArrowRight", 1), ("End", 23), ("ArrowLeft", 22)):
        page.keyboard.press(key)
        assert page.evaluate(MOMENT).startswith(f"step {step} ")
        assert readout.text_content() == f"step {step}: {number(timeline.steps[step].loss)}"
    page.locator("#charts svg").nth(2).click(position={"x": 60, "y": 40})
    assert page.evaluate(MOMENT).startswith("step 0 ")


def test_the_page_says_when_each_unit_died(browser: Browser) -> None:
    timeline = training(**DYING)
    page = browser(report(timeline))
    spells = [spell for spell in timeline.spells["act1"] if spell.until is None]
    assert spells
    rows = page.locator(".raster").first.locator("rect.dead")
    assert rows.count() == sum(spell.state == "dead" for spell in timeline.spells["act1"])
    label = page.locator(".raster").first.get_attribute("aria-label")
    dead = [spell for spell in spells if spell.state == "dead"]
    first = min(spell.since for spell in dead)
    assert f"act1: {len(dead)} of 16 dead at the end, the first since step {first} (epoch 1)" in label
    rows.first.hover()
    readout = page.locator("#rasters figcaption output").first.text_content()
    assert re.match(r"unit \d+: dead since step \d+ \(epoch \d\)", readout)
    rows.first.click()
    assert page.evaluate(MOMENT).startswith("step ")
    page.locator(".lives summary").first.click()
    ids = {spell.unit for spell in timeline.spells["act1"] if spell.since == first and spell.state == "dead"}
    line = page.locator(".lives details[open] li", has_text=f"step {first} (epoch 1): died").first.text_content()
    assert {int(x) for x in line.split("unit")[1].lstrip("s").split(",")} == ids


def test_the_ledger_follows_the_slider(browser: Browser) -> None:
    timeline = training(activation="sigmoid", std=0.01, depth=4)
    page = browser(report(timeline))
    assert "decades" in page.text_content(".ledger-words")
    ends = page.text_content(".ledger-words"), page.locator(".ledger tbody tr").count()
    page.keyboard.press("Home")
    assert page.text_content(".ledger-words") != ends[0]
    assert page.locator(".ledger tbody tr").count() == ends[1] > 3


@pytest.mark.parametrize("settings", [DYING, {"activation": "sigmoid", "std": 0.01}])
def test_the_page_is_accessible(browser: Browser, settings: dict[str, Any]) -> None:
    page = browser(report(training(**settings)))
    assert faults(page) == []


@pytest.mark.parametrize("width", [320, 420, 1000])
def test_a_small_window_shows_the_whole_slider(browser: Browser, width: int) -> None:
    page = browser(report(training()), viewport={"width": width, "height": 800})
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    card, slider = (page.locator(part).first.bounding_box() for part in (".flow", ".timeline input"))
    assert slider["x"] + slider["width"] <= card["x"] + card["width"]
    assert slider["width"] > 100


def test_hostile_layer_names_are_just_text(browser: Browser) -> None:
    names = ("<img src=x onerror=\"document['title']=1\">", "\"];<script>document['title']=1<!--&amp;\\N")
    page = browser(report(training(names=names, steps=6)))
    for key in ("Home", "ArrowRight", "End"):
        page.keyboard.press(key)
    assert page.title() == "Health of a network"
    assert not page.locator("img").count()
    assert names[0] in page.text_content("#layers")


def test_two_hundred_steps_of_twenty_layers_stay_small() -> None:
    timeline = training(steps=200, depth=10, frames_every=1)
    html = report(timeline).html
    assert len(timeline.last.layers) == 21
    assert len(data_of(html)["sides"][0]["moments"]) == 200
    assert len(html.encode()) < 5_000_000
    outline(html)


def test_a_long_training_is_thinned_and_its_ends_are_kept() -> None:
    for n in (1, 5, MOST_MOMENTS, MOST_MOMENTS + 1, 1000, 12345):
        steps = chosen(range(n))
        assert steps == sorted(set(steps))
        assert (steps[0], steps[-1]) == (0, n - 1)
        assert len(steps) <= MOST_MOMENTS
        gaps = [b - a for a, b in pairwise(steps[10:-1])]
        assert len(set(gaps[1:])) <= 1


def test_a_training_survives_the_way_through_json() -> None:
    timeline = training(**DYING)
    assert decoded(health.Timeline, encoded(timeline)) == timeline
    again = decoded(health.Timeline, encoded(timeline))
    assert report(again, title="x").html == report(timeline, title="x").html


def test_a_single_report_has_no_slider() -> None:
    page = outline(report(training().last).html)
    assert not [a for _, a in page.elements if a.get("id") == "timeline"]


def test_predictions_follow_on_the_same_page(browser: Browser) -> None:
    digits = data.digits().validation
    model = network("relu", None)
    seen = predictions(lambda images: model(images.reshape(len(images), -1)), digits.images[:40], digits.labels[:40])
    page = browser(report(training(**DYING), predictions=seen))
    page.keyboard.press("Home")
    assert page.evaluate(MOMENT).startswith("step 0 ")
    assert page.locator("#confusion td").count() >= 100
