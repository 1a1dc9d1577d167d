"""Which branches a run took: every gate with a kink, gates without gradients, integers, Python's own if."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import autograd_cnn as ag
from autograd_cnn.testing import branches_taken, strategies
from autograd_cnn.testing.ties import DECLARED

KINKED = sorted(name for name, gate in ag.GATES.items() if gate.branches is not None)


def difference(f, x, y):
    here, there = (branches_taken(f(ag.Tensor(np.asarray(v, float), requires_grad=True))) for v in (x, y))
    return here.first_difference(there)


@pytest.mark.parametrize("name", KINKED)
@given(data=st.data())
@settings(max_examples=20)
def test_a_small_step_off_the_kinks_takes_the_same_branches(name, data):
    graph = data.draw(strategies.graphs(gates=[name], max_nodes=5, kinks=False))
    leaves = graph.leaves()
    moved = [type(x)(x.value + 2.0**-20, requires_grad=True) for x in leaves]
    taken, beside = (branches_taken(graph(*points)) for points in (leaves, moved))
    assert taken.first_difference(beside) is None
    assert taken.taken


@pytest.mark.parametrize("name", ["relu", "abs", "leaky_relu", "elu", "selu", "step"])
@given(st.floats(0.01, 2), st.floats(0.01, 2))
def test_sides_of_zero_are_branches(name, a, b):
    gate = ag.GATES[name]
    assert difference(gate, [a, b], [b, a]) is None
    assert difference(gate, [a, b], [a, -b]) == f"{name} (node 1)"
    assert difference(gate, [a, b], [a, 0.0]) is not None


def test_what_chooses_without_a_gradient_is_a_branch():
    assert difference(lambda x: x * (x > 1), [0.5, 2.0], [0.6, 3.0]) is None
    assert difference(lambda x: x * (x > 1), [0.5, 2.0], [1.5, 3.0]) == "greater (node 1)"
    assert difference(lambda x: x * ag.sign(x), [1.0], [-1.0]) == "sign (node 1)"


def test_positions_are_branches():
    assert difference(lambda x: x.max(), [1.0, 2.0], [1.5, 2.0]) is None
    assert difference(lambda x: x.max(), [1.0, 2.0], [2.5, 2.0]) == "max (node 1)"
    assert difference(lambda x: x[ag.argmax(x)], [1.0, 2.0], [2.5, 2.0]) == "getitem (node 1)"


def test_another_graph_is_another_branch():
    f = lambda x: ag.sin(x) if x.value[0] > 0 else ag.cos(x)  # noqa: E731
    assert difference(f, [1.0], [2.0]) is None
    assert difference(f, [1.0], [-1.0]) == "the graph itself"


def test_a_gate_that_is_only_its_expansion_is_looked_into():
    f = lambda x: ag.checkpoint(lambda x: ag.relu(x) * 2, x)  # noqa: E731
    assert difference(f, [1.0], [2.0]) is None
    assert difference(f, [1.0], [-1.0]) == "checkpoint (node 1)"


def test_every_gate_with_kinks_declares_its_ties():
    """``where`` chooses by its condition, which no step changes."""
    assert set(KINKED) - set(DECLARED) == {"where"}
