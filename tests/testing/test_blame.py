"""Planted bugs: `blame` names the gate, in graphs of twenty nodes and more, and on the values of the failing run."""

import numpy as np
import pytest

import autograd_cnn as ag
from autograd_cnn.testing import Verdict, check, mutants, strategies
from tests.testing.planted import part_changed, planted, scaled

#: Every gate with a gradient; that of step is 0 everywhere, where no factor shows.
GATES = sorted(name for name, gate in ag.GATES.items() if gate.has_gradient and name != "step")


@pytest.mark.parametrize("gate", GATES)
def test_a_bug_planted_in_any_gate_is_wrong_and_blamed_in_a_graph_of_twenty_nodes(gate):
    """A millionth too large, or of the wrong sign, in the first random graph where it shows."""
    graphs = strategies.drawn(strategies.graphs(gates=[gate], max_nodes=4, min_nodes=20), 5)
    for mutant in (mutants.scaled(gate, factor) for factor in (1 + 1e-6, -1.0)):
        graph = next(graph for graph in graphs if part_changed(graph, mutant) > 1e-7)
        assert len(ag.nodes(graph(*graph.leaves()))) >= 20
        with mutant.applied():
            report = check(graph, *graph.values)
        assert report.verdict is Verdict.WRONG, f"{mutant}\n{graph!r}"
        blame = report.blame()  # the rule is right again by now: the report remembers the one that failed
        assert blame.gate == gate, f"{mutant}\n{blame}\n{graph!r}"
        assert gate in str(blame)
        assert abs(blame.analytic - blame.numeric) > blame.bar


def test_blame_tells_slot_element_and_numbers():
    def f(x, y):
        return (ag.sin(x) * y).sum() + x.sum()

    def second_slot(gradient, upstream, inputs):
        return gradient + (gradient.ndim == 0)

    with planted("multiply", second_slot):
        report = check(f, np.array([1.0, 2.0]), 3.0)
        assert report.blame().gate is None or report.blame().gate == "multiply"

    @ag.gate("halved")
    def halved_second(a, b):
        return a * b

    @halved_second.vjp
    def _(upstream, output, a, b):
        return upstream * b, upstream * a * np.array([1.0, 0.5])

    try:
        blame = check(lambda a, b: halved_second(a, b).sum(), np.array([1.0, 2.0]), np.array([3.0, 4.0])).blame()
    finally:
        del ag.GATES["halved_second"]
    assert (blame.gate, blame.slot, blame.index) == ("halved_second", 1, (1,))
    assert (blame.analytic, blame.numeric) == pytest.approx((1.0, 2.0))
    assert "input 1, element [1]" in str(blame)


def test_the_gate_nearest_to_the_output_comes_first():
    with planted("sin", scaled(2.0)), planted("tanh", scaled(2.0)):
        assert check(lambda x: ag.sin(ag.tanh(x)), 0.5).blame().gate == "sin"
        assert check(lambda x: ag.tanh(ag.sin(x)), 0.5).blame().gate == "tanh"


@pytest.mark.parametrize("change", [lambda g, u, x: g[:1], lambda g, u, x: 1 / 0, lambda g, u, x: g.nonsense])
def test_a_rule_that_raises_is_wrong_and_blamed(change):
    with planted("exp", change):
        report = check(lambda x: ag.sin(ag.exp(x)).sum(), np.ones(2))
        assert report.verdict is Verdict.WRONG
        assert report.blame().gate == "exp"
    assert "raised" in str(report)


def test_a_bug_inside_a_gate_that_is_only_its_expansion():
    with planted("sin", scaled(1.5)):
        report = check(lambda x: ag.checkpoint(lambda x: ag.sin(x) * 2, x), 0.5)
        assert report.blame().gate == "sin"


def test_blame_is_asked_at_the_moved_point_where_it_failed():
    """At 0 both rules stand on their kink; off it, only one of them is wrong."""
    with planted("leaky_relu", lambda g, u, x: ag.where(ag.equal(x[0], 0.0), g, g * 1.01)):
        report = check(lambda x: ag.GATES["leaky_relu"](x).sum(), np.zeros(2))
        assert report.verdict is Verdict.WRONG
        assert report.blame().gate == "leaky_relu"


def test_a_report_without_a_run_blames_nobody():
    calls = []

    def f(x):
        calls.append(None)
        return x * len(calls)

    assert check(f, 1.0).blame().gate is None
