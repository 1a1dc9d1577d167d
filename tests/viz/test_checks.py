"""Pictures of gradient checks: bands, kinks, the first wrong gate in red, and nothing left behind."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given

import autograd_cnn as ag
import viz
from autograd_cnn.errors import ArgumentError
from autograd_cnn.testing import Report, Verdict, check
from autograd_cnn.testing.mutants import mutants, scaled
from autograd_cnn.testing.strategies import graphs
from autograd_cnn.testing.survey import surveyed
from viz.check_page import Gathered, check_page
from viz.checks import check_diagram, status_of
from viz.diagram import Box, Diagram
from viz.errors import TooLargeError, UndrawableError, UnknownThemeError
from viz.labels import check_labels
from viz.style import DARK, LIGHT


def f(x: ag.Node, y: ag.Node) -> ag.Node:
    return ag.maximum(ag.sin(x * y), 0.1) + ag.exp(y) * x


def boxes(diagram: Diagram, status: str) -> list[Box]:
    return [box for box in diagram.boxes if box.status == status]


def test_a_right_gradient_is_quiet() -> None:
    diagram = check_diagram(check(f, 0.5, 2.0))
    judged = [box for box in diagram.boxes if box.role in ("gate", "parameter")]
    assert {box.status for box in judged} == {"happy"}
    assert [box.words for box in judged if box.role == "parameter"] == ["input 0", "input 1"]
    assert "happy" in diagram.legend
    assert not {"kinks", "uncomfortable", "wrong", "culprit", "kink", "unknown"} & set(diagram.legend)
    assert (diagram.title, diagram.facts) == ("Gradient check: OK", ())


@pytest.mark.parametrize("theme", [LIGHT, DARK])
def test_the_first_wrong_gate_is_red_and_says_its_numbers(theme: object) -> None:
    with scaled("sin", 1.5).applied():
        report = check(f, 0.5, 2.0)
    diagram = check_diagram(report)
    (culprit,) = boxes(diagram, "culprit")
    slope = np.cos(1.0)
    assert culprit.words == "sin"
    assert culprit.lines == ("✕ to input 0", f"rule {1.5 * slope:.6g}", f"differences {slope:.6g}")
    assert {box.words for box in boxes(diagram, "wrong")} == {"input 0", "input 1"}
    assert diagram.facts == (report.blame().message,)
    source = viz.gradient_check(report, theme=theme.name).source
    (line,) = [line for line in source.splitlines() if "culprit" in line]
    assert f'fillcolor="{theme.critical}"' in line
    check_labels(source)


@pytest.mark.parametrize(
    ("factor", "status"), [(1 + 1e-9, "happy"), (1 + 1e-6, "kinks"), (1 + 1e-3, "uncomfortable"), (1.1, "wrong")]
)
def test_leaves_lie_in_the_bands_of_the_notes(factor: float, status: str) -> None:
    with scaled("sin", factor).applied():
        report = check(lambda x: ag.sin(x), 0.5)
    (leaf,) = [box for box in check_diagram(report).boxes if box.role == "parameter"]
    assert leaf.status == status == status_of(abs(factor - 1))
    assert status_of(float("nan")) == status_of(float("inf")) == "wrong"


def test_kinks_are_marked() -> None:
    diagram = check_diagram(check(lambda x: ag.relu(x) * ag.sin(x + 1), np.array([0.0, 1.0]), kinks="skip"))
    (relu,) = [box for box in diagram.boxes if box.words == "ReLU"]
    assert relu.lines[-1] == "∧ kink"
    assert "kink" in diagram.legend
    alone = check_diagram(check(lambda x: ag.relu(x), 0.0, kinks="skip"))
    assert {box.status for box in alone.boxes if box.role == "gate"} == {"unknown"}


def test_a_rule_that_raises_is_drawn_too() -> None:
    gate = ag.GATES["sin"]
    own = gate.rule

    def raises(*args: object, **kwargs: object) -> None:
        raise ZeroDivisionError("oh")

    gate.rule = raises
    try:
        report = check(f, 0.5, 2.0)
    finally:
        gate.rule = own
    (culprit,) = boxes(check_diagram(report), "culprit")
    assert culprit.lines == ("✕ its rule raised ZeroDivisionError: oh",)
    assert viz.gradient_check(report).svg().count("culprit") == 1


def test_of_several_outputs_the_one_with_the_wrong_gate_is_drawn() -> None:
    with scaled("sin", 2).applied():
        report = check(lambda x: (ag.exp(x), ag.sin(x)), 0.5)
    diagram = check_diagram(report)
    assert [box.words for box in boxes(diagram, "culprit")] == ["sin"]
    assert "one of 2 outputs" in diagram.subtitle


def test_what_was_never_judged_is_drawn_without_bands() -> None:
    report = check(lambda x: x * float(np.random.default_rng().normal()), 0.5)
    assert report.verdict is Verdict.NONDETERMINISTIC
    assert "no coordinate was judged" in check_diagram(report).subtitle
    nonfinite = check(lambda x: ag.log(x), -1.0)
    assert check_diagram(nonfinite).title == "Gradient check: NONFINITE"


def test_everything_is_left_as_it_was() -> None:
    x, y = ag.Scalar(0.5, name="x"), ag.Scalar(2.0, name="y")
    x.grad = 7.0
    report = check(f, x, y)
    rule = ag.GATES["sin"].rule
    with surveyed(report) as survey:
        assert survey.output.grad == 1.0
        assert {survey.findings[x].input, survey.findings[y].input} == {"x", "y"}
        assert x.grad == pytest.approx(2 * np.cos(1.0) + np.exp(2.0))
    assert (x.grad, y.grad, x.value, survey.output.grad) == (7.0, None, 0.5, None)
    assert ag.GATES["sin"].rule is rule


def test_what_cannot_be_drawn_says_why() -> None:
    report = check(f, 0.5, 2.0)
    with pytest.raises(UndrawableError, match="expected the report"):
        viz.gradient_check(report.blame())
    with pytest.raises(UnknownThemeError, match="'dark'"):
        viz.gradient_check(report, theme="drak")
    with pytest.raises(TooLargeError, match=r"6 gates to draw, readable up to 2"):
        viz.gradient_check(check(lambda x: ag.sin(ag.exp(ag.sin(ag.cos(ag.tanh(ag.sin(x)))))), 0.5), limit=2)
    with pytest.raises(ArgumentError, match="holds no graph"):
        viz.gradient_check(Report(Verdict.OK))


def test_long_sums_fold_where_every_node_would_be_too_many() -> None:
    def long_sum(*xs: ag.Node) -> ag.Node:
        total = xs[0]
        for x in xs[1:]:
            total = total + x
        return total

    report = check(long_sum, *np.linspace(0.1, 2.0, 20).tolist())
    assert sum(box.role == "gate" for box in check_diagram(report).boxes) == 19
    assert any(box.role == "folded" for box in check_diagram(report, limit=5).boxes)


@given(graphs(max_nodes=8))
def test_any_checked_graph_can_be_drawn(graph: object) -> None:
    report = check(graph, *graph.leaves(), mode="directions")
    diagram = check_diagram(report)
    assert report.verdict is not Verdict.WRONG
    assert not boxes(diagram, "culprit")
    assert not boxes(diagram, "wrong")
    check_labels(viz.gradient_check(report).source)


def test_single_precision_is_not_called_wrong() -> None:
    x = np.linspace(0.1, 2.0, 6, dtype=np.float32).reshape(2, 3)
    diagram = check_diagram(check(lambda x: ag.functional.softmax(x, -1).astype(np.float64).sum(), x))
    assert not boxes(diagram, "wrong")
    assert not boxes(diagram, "uncomfortable")


def test_of_second_order_the_graph_of_the_gradient_is_drawn() -> None:
    report = check(lambda x: ag.sin(x) * x, 0.5, order=2)
    assert any(box.words == "cos" for box in check_diagram(report).boxes)


def test_every_mutant_of_a_gate_is_red() -> None:
    for mutant in mutants("multiply"):
        with mutant.applied():
            report = check(lambda x, y: ag.sin(x * y) + y, 0.5, 2.0)
        if not report.ok:
            assert [box.words for box in boxes(check_diagram(report), "culprit")] == ["×"], mutant


def entry(test: str, *reports: Report) -> dict[str, object]:
    gathered = Gathered()
    for report in reports:
        gathered.add(report)
        assert len(gathered) > 0
    return gathered.entry(test)


def reports(*factors: float) -> list[Report]:
    found = []
    for factor in factors:
        with scaled("sin", factor).applied():
            found.append(check(f, 0.5, 2.0))
    return found


def test_the_page_lists_failing_tests_first_and_holds_their_pictures() -> None:
    right, wrong = reports(1.0, 1.5)
    html = check_page([entry("test_right <b>", right), entry("test_wrong", wrong)]).html
    assert html.index("test_wrong") < html.index("test_right &lt;b&gt;")
    assert "1 not proved right" in html
    assert "1 proved right · 2 tests" in html
    assert 'id="test0" open' in html
    assert html.count('class="bar"') == 2
    assert "sin is to blame" in html
    assert "://" not in html.replace("http://www.w3.org/", "")
    assert "no gradient was checked" in check_page([]).html
    undrawn = entry("t", Report(Verdict.NONFINITE))
    assert "No picture: surveyed: the report holds no graph" in check_page([undrawn]).html


def test_every_check_of_a_test_has_its_row_and_every_failing_one_its_picture() -> None:
    made = entry("test_many", *reports(1.0, 1.5, 1.0, 2.0))
    assert [c["ok"] for c in made["checks"]] == [True, False, True, False]
    assert [bool(c.get("source")) for c in made["checks"]] == [False, True, False, True]
    html = check_page([made]).html
    assert html.count('class="bar"') == 1 + 4  # the test, and each of its checks
    assert "4 checks, 2 not proved right" in html
    assert html.count("sin is to blame") >= 2
    assert "check 2 of 4" in html
    assert "check 4 of 4" in html
    assert "2 proved right · 1 test<" in html


def test_of_right_checks_the_one_with_the_largest_error_is_drawn() -> None:
    made = entry("test_right", *(check(lambda x: ag.sin(x) * x, x) for x in (0.1, 0.9, 0.3)))
    errors = [c["error"] for c in made["checks"]]
    assert [bool(c.get("source")) for c in made["checks"]] == [e == max(errors) for e in errors]


def test_of_many_failing_checks_the_last_are_drawn() -> None:
    """Hypothesis fails hundreds of times on its way to the smallest case."""
    gathered = Gathered()
    for report in reports(*[1.5] * 5, 1.0):
        gathered.add(report)
    made = gathered.entry("test_shrunk")
    assert [bool(c.get("source")) for c in made["checks"]] == [False, False, True, True, True, False]
    assert "2 earlier failing checks of this test are not drawn" in check_page([made]).html
