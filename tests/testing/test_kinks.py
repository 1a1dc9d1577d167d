"""Graphs of gates with kinks, at ties: what the command shows of ten thousand, in a few, and that it can fail."""

from collections import Counter

import numpy as np
import pytest
from hypothesis import settings

import autograd_cnn as ag
from autograd_cnn.testing import Verdict, kinks, strategies
from autograd_cnn.testing.kinks import JUDGING, KINKED, Found, changes_of, main, table, try_batch, try_graphs
from autograd_cnn.testing.mutants import mutants, scaled
from autograd_cnn.testing.strategies.graph import Application, Graph
from tests.testing.planted import planted

#: What the command tries by default takes a third of an hour.
EXAMPLES = 10_000 if settings.default.max_examples >= 1000 else 30
POOLS = {"max_pool2d", "adaptive_max_pool2d"}


@pytest.fixture(scope="module")
def found():
    return sum(try_graphs(EXAMPLES, seed=1), Found())


def test_right_gradients_are_never_wrong_and_wrong_ones_always(found):
    assert found.failures == ()
    assert found.ok
    assert found.graphs[""] == EXAMPLES
    assert sum(n for (_, _, seen), n in found.mutants.items() if not seen) == 0
    assert sum(found.mutants.values()) >= 2 * EXAMPLES


def test_few_coordinates_stay_open_although_many_stand_on_ties(found):
    assert max(map(found.open_share, JUDGING)) <= 0.02
    assert found.open_share("skip") > 0.05


def test_pools_stand_inside_of_graphs_behind_other_gates():
    drawn = strategies.drawn(strategies.graphs(gates=["max_pool2d", "relu"], max_nodes=6, kinks=True), 60)
    nodes = [node for g in drawn for node in ag.nodes(g(*g.leaves()), gate="max_pool2d")]
    assert any(ag.nodes(node, gate="relu") for node in nodes)
    tied = [node for node in nodes if len(np.unique(node.inputs[0].value)) < node.inputs[0].size]
    assert len(tied) > 10


def test_a_check_that_calls_right_gradients_wrong_fails():
    """The right rule of the graphs is one that checks take for wrong."""
    with planted("multiply", lambda gradient, upstream, inputs: gradient * 1.001):
        found = try_batch(0, gates=["relu"], examples=3, seed=0, most_mutants=0)
    assert not found.ok
    assert "A right gradient is called wrong with kinks='nudge'" in found.failures[0]
    assert "output.backward()" in found.failures[0]


def test_a_check_that_sees_nothing_fails(monkeypatch):
    real = kinks.check
    monkeypatch.setattr(kinks, "check", lambda f, *x, **options: real(ag.sin, 0.5))
    found = try_batch(0, gates=["relu"], examples=4, seed=0, most_mutants=1)
    assert not found.ok
    assert "Not called wrong with kinks='tie': relu: " in "".join(found.failures)


def test_too_many_open_coordinates_fail():
    verdicts = Counter({("nudge", Verdict.OK): 97, ("nudge", Verdict.KINK): 3})
    assert Found(verdicts=verdicts).open_share("nudge") == 0.03
    assert not Found(verdicts=verdicts).ok
    assert Found(verdicts=Counter({("nudge", Verdict.OK): 98, ("nudge", Verdict.TIE): 2})).ok


def test_changes_are_relative_to_the_largest_element():
    graph = Graph((0.5,), (Application("sin", (0,)), Application("exp", (1,))))
    half, same, tiny, sign = changes_of(
        graph, [scaled("sin", 0.5), scaled("tanh", 2.0), scaled("exp", 1 + 1e-8), mutants("exp")[0]]
    )
    assert half == pytest.approx(0.5)
    assert same == 0
    assert tiny == pytest.approx(1e-8)
    assert sign == pytest.approx(2)


def test_the_command_prints_what_it_found(capsys):
    assert main(["relu", "max_pool2d", "--examples", "6", "--mutants", "3", "--seed", "2"]) == 0
    captured = capsys.readouterr()
    assert "| nudge |" in captured.out
    assert "| `relu` |" in captured.out
    assert captured.out.endswith("no failures\n")
    assert "6/6" in captured.err
    assert "missed" in table(Found())
    with pytest.raises(SystemExit):
        main(["exp"])
    assert "no gates with kinks: exp" in capsys.readouterr().err


def test_processes_share_the_work():
    shared = sum(try_graphs(51, seed=4, gates=["relu"], most_mutants=0, jobs=2), Found())
    assert shared.graphs[""] == 51
    assert shared.ok


def test_all_gates_with_ties_are_tried():
    assert set(KINKED) | {"step", "where"} == {name for name, gate in ag.GATES.items() if gate.branches is not None}
    assert set(KINKED) >= POOLS
