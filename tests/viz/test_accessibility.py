"""The checks of accessibility find what they look for."""

import pytest

from tests.viz.accessibility import faults, tab_stops
from viz.page import Page

GOOD = """<!DOCTYPE html><html lang="en"><head><title>t</title><style>
:root { --ink: #222; --page: #fff } :root[data-theme=dark] { --ink: #eee; --page: #111 }
body { background: var(--page); color: var(--ink) }</style></head>
<body><main><h1>A page</h1><p id="note">Some words</p><button type="button">one</button> <button>two</button>
<svg width="90" height="30"><rect width="90" height="30" style="fill:var(--page)"/>
<text x="9" y="20" style="fill:var(--ink)">drawn</text></svg></main></body></html>"""


def test_a_good_page_has_no_fault(browser):
    assert faults(browser(Page(GOOD, "good"))) == []


@pytest.mark.parametrize(
    ("old", "new", "fault"),
    [
        ('lang="en"', "", "names no language"),
        ("<h1>A page</h1>", "<h3>A page</h3>", "has not one h1"),
        ("<p ", "<h4>deep</h4><p ", "goes from h1 to h4"),
        (">one<", "><", "a button has no name"),
        (">one<", ' id="note">one<', "id note is there twice"),
        ('type="button"', 'role="knob"', "unknown role knob"),
        ('type="button"', 'aria-colour="red"', "unknown attribute aria-colour"),
        ('type="button"', 'aria-labelledby="nothing"', "names nothing, which is not there"),
        ('type="button"', 'tabindex="3"', "positive tabindex"),
        ('type="button"', 'style="outline:none"', "does not show that it has the focus"),
        ('type="button"', 'style="position:relative;left:9rem"', "focus goes backwards"),
        ('<p id="note">', '<p style="color:#999">', "light: contrast 2.85"),
        ('<p id="note">', '<p style="opacity:.4">', "contrast"),
        ('y="20" style="fill:var(--ink)"', 'y="20" fill="#777" id="a"', "dark: contrast"),
        ('style="fill:var(--page)"', 'style="fill:var(--ink)"', "contrast 1.00 of <text"),
    ],
)
def test_each_fault_is_found(browser, old, new, fault):
    assert old in GOOD
    assert any(fault in found for found in faults(browser(Page(GOOD.replace(old, new), "bad"))))


def test_every_control_is_reached_by_tab(browser):
    page = browser(Page(GOOD, "good"))
    assert [stop["words"] for stop in tab_stops(page)] == ["<button > one", "<button > two"]
    assert page.evaluate("document.body.hasAttribute('tabindex')") is False
