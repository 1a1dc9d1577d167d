"""Every kind of picture, measured in a real browser: words apart, large enough, whole, and told by a legend."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import autograd_cnn as ag
import viz
from autograd_cnn.testing import check
from tests import published
from tests.testing.planted import planted, scaled
from tests.viz.legibility import illegible
from tests.viz.measured import measured
from tests.viz.references import PICTURES
from viz.picture import Picture

WIDE, LONG = "层" * 40, "a_very_long_name_" * 20


def network_flow(model: Any, *, size: int = 32) -> Picture:
    loss = published.loss_of(published.start(model), size=size, batch=4)
    loss.backward()
    return viz.flow(loss)


def wrong_check() -> Picture:
    with planted("tanh", scaled(1.5)):
        return viz.gradient_check(check(lambda x, y: ag.tanh(x * y) + ag.relu(y), 0.3, -2.0))


def named(name: str) -> Picture:
    with ag.scope(name):
        f = ag.tanh(ag.Scalar(1.0, name=name) * ag.Scalar(2.0, name="y")) + 1
    f.name = name
    f.backward()
    return viz.circuit(f, title=name, subtitle=name)


GALLERY: dict[str, Callable[[], Picture]] = {
    **{f"circuit {name}": (lambda name=name: PICTURES[name]) for name in PICTURES},
    **{f"flow {name}": (lambda name=name: viz.flow(measured(name))) for name in ("healthy", "dead", "saturated")},
    "flow VGG-16": lambda: network_flow(published.vgg16()),
    "flow ResNet-18": lambda: network_flow(published.resnet18()),
    "flow GoogLeNet": lambda: network_flow(published.googlenet()),
    "flow squeeze and excitation": lambda: network_flow(published.squeeze_excitation()),
    "gradient check": wrong_check,
    "circuit with a CJK name": lambda: named(WIDE),
    "circuit with a long name": lambda: named(LONG),
    "flow with a long name": lambda: viz.flow(measured("dead"), title=LONG, subtitle=WIDE, facts=(LONG, WIDE)),
}


@pytest.mark.parametrize("name", GALLERY)
def test_a_picture_can_be_read(name: str, browser: Callable[..., Any]) -> None:
    picture = GALLERY[name]()
    page = browser(picture.page(), viewport={"width": 1400, "height": 1000})
    page.get_by_role("button", name="Full size").first.click()
    assert illegible(page) == []
    words = page.locator(".stage svg").first.text_content()
    assert "gradient" in words
    assert "1e−8" in words  # the scale of the wires


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("name", ["circuit sigmoid_neuron", "flow dead", "gradient check"])
def test_in_grey_every_word_stands_out_from_what_is_behind_it(
    name: str, theme: str, browser: Callable[..., Any]
) -> None:
    """Printed without colour a word has the lightness of its ink; AA asks for a contrast of 4.5 to what is behind."""
    page = browser(GALLERY[name]().page(), color_scheme=theme)
    pairs = page.evaluate(
        """() => [...document.querySelector(".stage svg").querySelectorAll("text")].filter((t) => t.textContent.trim())
           .map((t) => {
             const b = t.getBoundingClientRect(), x = b.left + b.width / 2, y = b.top + b.height / 2;
             const under = document.elementsFromPoint(x, y).filter((e) => e !== t && e instanceof SVGGeometryElement);
             const fills = under.map((e) => getComputedStyle(e).fill).filter((f) => f !== "none" && !f.includes("url"));
             const behind = fills[0] || getComputedStyle(document.body).backgroundColor;
             return [t.textContent, getComputedStyle(t).fill, behind];
           })"""
    )
    assert len(pairs) > 10
    for words, ink, behind in pairs:
        light, dark = sorted((lightness(ink), lightness(behind)), reverse=True)
        assert (light + 0.05) / (dark + 0.05) >= 4.5, f"{words!r}: {ink} on {behind}"


def lightness(colour: str) -> float:
    """Relative luminance of ``rgb(r, g, b)``, as WCAG defines it."""
    parts = np.array([float(x) for x in colour[colour.index("(") + 1 : -1].split(",")[:3]]) / 255
    linear = np.where(parts <= 0.04045, parts / 12.92, ((parts + 0.055) / 1.055) ** 2.4)
    return float(linear @ (0.2126, 0.7152, 0.0722))
