"""The frozen layout: whatever step it shows, it says what an ordinary drawing of that step says."""

import copy
from collections import Counter
from xml.etree import ElementTree

from hypothesis import given, settings
from hypothesis import strategies as st

from autograd_cnn.health.report import Report
from tests.viz.measured import measured
from tests.viz.test_flows import broken, reports
from tests.viz.trainings import training
from viz.flow_drawing import document
from viz.flows import shown_report
from viz.frozen import frozen_picture, looks_of
from viz.page import PAGE_THEME
from viz.painting import painted
from viz.picture import Picture

SVG = "{http://www.w3.org/2000/svg}"


def words_of(root: ElementTree.Element) -> Counter[str]:
    """The texts inside of boxes and beside wires, not those of the header; bottlenecks are not written there."""
    groups = [group for group in root.iter(f"{SVG}g") if (group.get("class") or "").split()[:1] in (["node"], ["edge"])]
    texts = [text.text for group in groups for text in group.iter(f"{SVG}text")]
    return Counter(
        text for text in texts if text and text.strip() and not text.startswith("◀") and " decades in " not in text
    )


def static_words(report: Report) -> Counter[str]:
    return words_of(ElementTree.fromstring(Picture(document(report, PAGE_THEME)).svg()))


def frozen_words(shown: Report, others: list[Report]) -> Counter[str]:
    return words_of(painted(frozen_picture([*others, shown]), looks_of(shown)))


@settings(max_examples=8)
@given(reports(longest=4))
def test_any_report_says_the_same(report: Report) -> None:
    report = shown_report(report)
    assert frozen_words(report, []) == static_words(report)


def test_every_step_of_a_training_says_the_same_on_one_layout() -> None:
    timeline = training(lr=30.0)
    steps = [shown_report(timeline.at(step)) for step in range(0, 24, 3)]
    layout = frozen_picture(steps)
    for report in steps:
        assert words_of(painted(copy.deepcopy(layout), looks_of(report))) == static_words(report)


def test_nothing_moves_from_step_to_step() -> None:
    timeline = training(lr=30.0)
    steps = [shown_report(timeline.at(step)) for step in (0, 2, 23)]
    layout = frozen_picture(steps)

    def places(root: ElementTree.Element) -> list[str]:
        return [path.get("d", "") for path in root.iter(f"{SVG}path") if path.get("d")]

    assert len({tuple(places(painted(copy.deepcopy(layout), looks_of(report)))) for report in steps}) == 1


def test_what_no_number_is_says_so() -> None:
    words = frozen_words(shown_report(broken()), [])
    assert words == static_words(shown_report(broken()))
    root = painted(frozen_picture([shown_report(broken())]), looks_of(shown_report(broken())))
    assert any(shape.get("fill") == "var(--not_finite)" for shape in root.iter(f"{SVG}rect"))


@given(st.sampled_from(["healthy", "dead", "saturated", "residual"]))
@settings(max_examples=4)
def test_slots_are_painted_once(name: str) -> None:
    report = shown_report(measured(name))
    once = painted(frozen_picture([report]), looks_of(report))
    again = painted(copy.deepcopy(once), looks_of(report))
    assert ElementTree.tostring(once) == ElementTree.tostring(again)
