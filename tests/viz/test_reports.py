import json
import math
import re
from collections.abc import Callable
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import autograd_cnn as ag
from autograd_cnn import health
from autograd_cnn.health.report import Report
from autograd_cnn.health.wording import brief, decades, number, tiny
from tests.viz.measured import measured
from tests.viz.test_flows import broken, chain, layer, reports
from viz import rendering
from viz.course_charts import points_of
from viz.errors import FormatError, RendererNotFound, SaveError, UndrawableError
from viz.page import PAGE_THEME, json_words, variables, with_variables
from viz.reports import report
from viz.style import DARK, LIGHT, Theme

VOID = {"meta", "link", "br", "hr", "img", "input", "col", "source"}
CSP = "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; img-src data:"


class Outline(HTMLParser):
    """The elements of a page, with a complaint for each that is closed out of order."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.words: list[str] = []
        self.complaints: list[str] = []
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        if not self.open or self.open.pop() != tag:
            self.complaints.append(f"</{tag}> at {self.getpos()}")

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] not in ("script", "style"):
            self.words.append(data)


def outline(html: str) -> Outline:
    """Return the page's outline once it is known to be well-formed and to fetch nothing."""
    found = Outline(html)
    assert found.complaints == []
    assert found.open == []
    ids = [attributes["id"] for _, attributes in found.elements if "id" in attributes]
    assert len(ids) == len(set(ids))
    for tag, attributes in found.elements:
        for name in ("src", "href", "xlink:href", "action", "data", "poster", "srcset"):
            assert (attributes.get(name) or "#").startswith("#"), f"<{tag}> fetches {attributes[name]}"
            target = attributes.get(name)
            assert target is None or target[1:] in ids, f"{target} leads nowhere"
        assert not any(name.startswith("on") for name in attributes), f"<{tag}> runs a script"
    assert [tag for tag, _ in found.elements].count("script") == 2
    assert not re.search(r"@import|url\((?!#)", html)
    return found


def data_of(html: str) -> dict:
    return json.loads(re.search(r'<script type="application/json" id="data">(.*?)</script>', html, re.DOTALL)[1])


@pytest.mark.parametrize("name", ["healthy", "dead", "saturated", "residual"])
def test_the_page_holds_the_numbers_and_findings_of_the_report(name: str) -> None:
    found = measured(name)
    page = outline(report(found, title=name).html)
    words = [w.strip() for w in page.words]
    assert number(found.loss) in words
    assert sum(
        attributes.get("class") in ("critical", "warning") for tag, attributes in page.elements if tag == "li"
    ) == len(found.findings)
    for finding in found.findings:
        assert {finding.evidence, finding.cause, finding.remedy} <= set(words)
        assert f"since step {finding.since}" in words
    for each in found.layers:
        assert {each.name, tiny(each.gradient.rms), brief(each.activation.rms), decades(each.attenuation)} <= set(words)
    assert ("✓ healthy: no finding" in words) == (not found.findings)


def test_findings_and_rows_lead_to_the_card_that_shows_the_layer() -> None:
    page = outline(report(measured("saturated")).html)
    links = {attributes["href"] for tag, attributes in page.elements if tag == "a" and "href" in attributes}
    assert links == {"#main", *(f"#flow-layer{i}" for i in range(8))}  # 14 layers on 8 cards


def test_policy_and_language_come_first() -> None:
    page = outline(report(measured("dead")).html)
    assert page.elements[0] == ("html", {"lang": "en"})
    policy = [a["content"] for _, a in page.elements if a.get("http-equiv") == "Content-Security-Policy"]
    assert policy == [CSP]


@pytest.mark.parametrize(
    "name", ["<script>alert(1)</script>", "</script>", '" onload="x', "</svg><img src=x>", "$title", "&lt;"]
)
def test_hostile_names_are_just_text(name: str) -> None:
    found = chain(layer(name), layer("other"))
    html = report(found, title=name, loss_curve={name: [1.0, 0.5]}).html
    page = outline(html)
    assert page.words.count(name) >= 2  # the title and the row
    assert data_of(html)["curves"]["loss"] == {name: [[0, 1.0], [1, 0.5]]}
    assert not [tag for tag, _ in page.elements if tag == "img"]


@settings(max_examples=15)
@given(reports(longest=4), st.text(max_size=40))
def test_any_report_gives_a_page_that_fetches_nothing(found: Report, title: str) -> None:
    html = report(found, title=title, loss_curve=[1.0, math.nan, math.inf]).html
    outline(html)
    assert report(found, title=title, loss_curve=[1.0, math.nan, math.inf]).html == html


def test_both_themes_reach_the_picture_as_variables() -> None:
    html = report(measured("dead")).html
    svg = html[html.index("<svg") : html.index("</svg>")]
    assert "var(--ok_tint)" in svg
    assert not re.search(r"#[0-9a-fA-F]{6}\b", svg)
    for theme in (LIGHT, DARK):
        assert f"--gradient:{theme.gradient};" in html
    assert "prefers-color-scheme:dark" in html


@pytest.mark.parametrize("base", [LIGHT, DARK])
def test_stand_in_colours_are_unique_and_belong_to_no_theme(base: Theme) -> None:
    stand_ins = [v for k, v in vars(PAGE_THEME).items() if isinstance(v, str) and k != "name"]
    assert len(set(stand_ins)) == len(stand_ins)
    assert not set(stand_ins) & set(vars(base).values())
    assert with_variables(f'fill="{PAGE_THEME.ink}"') == 'fill="var(--ink)"'
    assert variables().count(f"--ink:{base.ink};") == (1 if base is LIGHT else 2)


def test_curves_are_data_and_what_is_not_finite_becomes_words() -> None:
    html = report(
        measured("dead"),
        loss_curve=[2.0, math.nan, -math.inf],
        accuracy={"training": [(0, 0.1), (20, 0.9)], "validation": [(0, 0.1), (20, 0.8)]},
    ).html
    assert data_of(html)["curves"] == {
        "loss": {"loss": [[0, 2.0], [1, "NaN"], [2, "−∞"]]},
        "accuracy": {"training": [[0, 0.1], [20, 0.9]], "validation": [[0, 0.1], [20, 0.8]]},
    }
    assert {"90.0%", "80.0%", "training accuracy"} <= set(outline(html).words)


def test_without_curves_their_section_is_hidden() -> None:
    page = outline(report(measured("dead")).html)
    assert "hidden" in next(attributes for _, attributes in page.elements if attributes.get("id") == "curves")


def test_several_reports_show_the_last_and_all_losses() -> None:
    first, last = measured("healthy"), measured("dead")
    html = report(iter([replace(first, step=3), last])).html
    assert data_of(html)["curves"]["loss"] == {"loss": [[3, first.loss], [last.step, last.loss]]}
    assert "62% dead" in html


def test_a_monitor_and_a_loss_are_read() -> None:
    x, weight = ag.Tensor([[1.0, 2.0]]), ag.Parameter([[3.0], [4.0]], name="weight")
    monitor = health.Monitor()
    for _ in range(2):
        weight.zero_grad()
        with ag.scope("fc"):
            loss = (x @ weight).sum()
        loss.backward()
        monitor.observe(loss)
        weight.assign(weight.value - 0.01 * weight.grad)
    assert [step for step, _ in data_of(report(monitor).html)["curves"]["loss"]["loss"]] == [0, 1]
    assert "fc" in outline(report(loss).html).words


def test_nan_is_marked_and_said() -> None:
    page = outline(report(broken()).html)
    assert ("span", {"class": "not-finite"}) in page.elements
    assert any("NaN in value" in words for words in page.words)
    assert any("vanishing" in words for words in page.words)


def test_json_cannot_close_its_script() -> None:
    assert "<" not in json_words({"</script>": ["<!--", 1.5]})
    assert json.loads(json_words({"</script>": ["<!--", math.inf]})) == {"</script>": ["<!--", "∞"]}


def test_saved_page_is_the_page(tmp_path: Path) -> None:
    made = report(measured("healthy"), title="A title")
    path = made.save(tmp_path / "report.html")
    assert path.read_text(encoding="utf-8") == made.html
    assert list(tmp_path.iterdir()) == [path]
    assert "A title" in repr(made)
    with pytest.raises(FormatError, match=r"suffix '.svg'; a page is saved as .html"):
        made.save(tmp_path / "report.svg")
    with pytest.raises(SaveError):
        made.save(tmp_path / "nowhere" / "report.html")


def test_a_notebook_gets_a_frame_of_its_own() -> None:
    frame = report(measured("healthy"), title='"><script>')._repr_html_()
    (element,) = Outline(frame).elements
    assert element[0] == "iframe"
    assert element[1]["sandbox"] == "allow-scripts"
    assert Outline(element[1]["srcdoc"]).complaints == []


def test_without_graphviz_the_page_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(*_: object, **__: object) -> bytes:
        raise RendererNotFound("no Graphviz on this host")

    monkeypatch.setattr(rendering, "render", missing)
    page = Outline(report(measured("dead")).html)
    assert page.complaints == []
    assert any("could not be drawn: no Graphviz" in words for words in page.words)


def test_wrong_use_says_what_to_pass() -> None:
    for wrong in (3, "report", [1, 2], []):
        with pytest.raises(UndrawableError, match="expected a health Report or Monitor"):
            report(wrong)
    with pytest.raises(UndrawableError, match=r"accuracy 'accuracy' holds something else"):
        report(measured("dead"), accuracy=["high"])
    with pytest.raises(UndrawableError, match=r"pass \{'training'"):
        points_of("loss_curve", {"a": [(1, 2, 3)]})


def test_a_browser_draws_the_curves_and_blocks_nothing(browser: Callable[..., Any]) -> None:
    page = browser(report(measured("dead"), loss_curve=[2.0, 1.5, math.nan], accuracy=[(0, 0.1), (2, 0.8)]))
    assert page.locator("svg.chart").count() == 2
    assert "NaN from step 2" in page.content()
    assert page.locator("#theme").is_visible()
